// SPDX-License-Identifier: MIT OR Apache-2.0
// What the sensor is asked for: hooks of calls that somebody wants, and records that wake the reader.
#include "watcher.hpp"

#include "event/event.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdint>
#include <fcntl.h>
#include <memory>
#include <poll.h>
#include <set>
#include <string>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace rwatch;
using namespace rwatch::test;

namespace {

std::unique_ptr<sensor::BpfSource> source_of(const event::CallSet& calls, std::uint64_t ring_size) {
    sensor::BpfOptions options;
    options.skip_alternatives = skipped_alternatives();
    options.calls = calls;
    options.ring_size = ring_size;
    return sensor::BpfSource::open(options);
}

event::CallSet only(event::Call call) {
    return event::CallSet().set(static_cast<std::size_t>(call));
}

/// Kinds of the records that a child made.
class KindsOf : public sensor::RecordHandler {
  public:
    explicit KindsOf(pid_t pid) : pid_(static_cast<std::uint32_t>(pid)) {}
    void on_record(std::span<const std::byte> bytes) noexcept override {
        if (Record(bytes).common().vpid == pid_)
            kinds.insert(Record(bytes).common().kind);
    }
    std::set<unsigned> kinds;

  private:
    std::uint32_t pid_;
};

pid_t make(int opens, int keys) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::kill(0x3fffffff, SIGCONT); // nobody
        for (int i = 0; i < opens; ++i)
            ::close(static_cast<int>(::syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY)));
        for (int i = 0; i < keys; ++i)
            ::syscall(SYS_keyctl, -1, 0, 0, 0, 0);
        ::_exit(0);
    }
    ::waitpid(child, nullptr, 0);
    return child;
}

std::set<unsigned> kinds_of_child(sensor::BpfSource& source) {
    KindsOf handler(make(1, 1));
    while (source.drain(handler, 4096) > 0) {
    }
    return handler.kinds;
}

void drain(sensor::BpfSource& source) {
    KindsOf nobody(0);
    while (source.drain(nobody, 4096) > 0) {
    }
}

bool woken(const sensor::BpfSource& source, int milliseconds) {
    pollfd fd{source.wake_fd(), POLLIN, 0};
    return ::poll(&fd, 1, milliseconds) > 0;
}

const sensor::ProbeState& probe(const sensor::BpfSource& source, const std::string& name) {
    const auto& all = source.probes();
    return *std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
}

} // namespace

TEST_CASE("sensor: calls that nobody wants are not hooked, and are as soon as somebody does", "[loads]") {
    const auto source = source_of(only(event::Call::keyctl), 1U << 20U);
    using Kinds = std::set<unsigned>;
    CHECK(kinds_of_child(*source) == Kinds{RW_KEY, RW_EXIT});
    CHECK(probe(*source, "open").hooks.empty());
    CHECK(probe(*source, "open").attached.ends_with("; no rule needs any)"));
    CHECK(probe(*source, "key").hooks.size() == 1);
    CHECK(probe(*source, "key").attached.ends_with("(1 of 3; no rule needs the others)"));
    CHECK(probe(*source, "exec").hooks.size() == 1);
    source->want_calls(only(event::Call::openat) | only(event::Call::kill));
    CHECK(kinds_of_child(*source) == Kinds{RW_OPEN, RW_SIGNAL, RW_EXIT});
    CHECK(probe(*source, "key").hooks.empty());
    source->want_calls(event::CallSet().set());
    CHECK(kinds_of_child(*source) == Kinds{RW_OPEN, RW_SIGNAL, RW_KEY, RW_EXIT});
    CHECK(probe(*source, "open").attached.find(';') == std::string::npos);
    source->want_calls({});
    CHECK(kinds_of_child(*source) == Kinds{RW_EXIT});
    source->detach();
    CHECK(kinds_of_child(*source).empty());
}

TEST_CASE("sensor: what is urgent wakes the reader, other records wait for it", "[loads]") {
    const auto source = source_of(only(event::Call::keyctl) | only(event::Call::openat), 64U << 20U);
    source->hurry(event::set_of(event::Kind::key));
    drain(*source);
    make(100, 1);
    CHECK_FALSE(woken(*source, 50)); // it reads
    drain(*source);
    source->wake_for(sensor::Wake::urgent);
    make(100, 0);
    CHECK_FALSE(woken(*source, 50));
    make(0, 1);
    CHECK(woken(*source, 2000));
    CHECK(woken(*source, 0)); // until it reads
    drain(*source);
    CHECK_FALSE(woken(*source, 0));
    make(0, 1);
    CHECK_FALSE(woken(*source, 50)); // once for each time that it waits
    drain(*source);
    source->wake_for(sensor::Wake::any);
    make(1, 0);
    CHECK(woken(*source, 2000));
}

TEST_CASE("sensor: a reader that waits is woken before the ring is full", "[loads]") {
    const auto source = source_of(only(event::Call::openat), sensor::kLeastRing);
    drain(*source);
    source->wake_for(sensor::Wake::urgent);
    make(500, 0);
    CHECK(woken(*source, 2000));
}
