// SPDX-License-Identifier: MIT OR Apache-2.0
// The sensor itself: what it attached, a full ring, taking the probes off, no privilege, no tracefs.
#include "watcher.hpp"

#include "core/error.hpp"
#include "core/handle.hpp"
#include "event/event.hpp"
#include "sensor/canary.hpp"
#include "sensor/probes.hpp"

#include <algorithm>
#include <array>
#include <bpf/bpf.h>
#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <filesystem>
#include <linux/capability.h>
#include <map>
#include <sched.h>
#include <set>
#include <string_view>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace rwatch;
using namespace rwatch::test;

namespace {

constexpr int kThrown = 100; // exit code of a child that ended by an exception

/// Counts records by kind.
class Counter : public sensor::RecordHandler {
  public:
    void on_record(std::span<const std::byte> bytes) noexcept override { ++kinds[Record(bytes).common().kind]; }
    std::map<unsigned, std::uint64_t> kinds;
};

/// Hands each record to a function.
class Each : public sensor::RecordHandler {
  public:
    explicit Each(std::function<void(const Record&)> with) : with_(std::move(with)) {}
    void on_record(std::span<const std::byte> bytes) noexcept override { with_(Record(bytes)); }

  private:
    std::function<void(const Record&)> with_;
};

std::uint32_t pid_namespace() {
    return static_cast<std::uint32_t>(stat_of("/proc/thread-self/ns/pid").st_ino);
}

std::uint64_t value(const std::vector<std::pair<std::string, std::uint64_t>>& list, const std::string& name) {
    for (const auto& [key, number] : list)
        if (key == name)
            return number;
    return 0;
}

void open_often(int times, const ControlGroup* group = nullptr) {
    const pid_t child = ::fork();
    if (child == 0) {
        if (group != nullptr)
            group->enter();
        for (int i = 0; i < times; ++i)
            ::close(static_cast<int>(::syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY)));
        ::_exit(0);
    }
    ::waitpid(child, nullptr, 0);
}

/// As an intruder with root would: moves the reader's position to the end of the ring that this process made last.
void empty_newest_ring() {
    std::uint32_t newest = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        bpf_map_info info{};
        std::uint32_t size = sizeof(info);
        const int fd = std::atoi(entry.path().filename().c_str());
        if (bpf_obj_get_info_by_fd(fd, &info, &size) == 0 && info.type == BPF_MAP_TYPE_RINGBUF &&
            std::string_view(info.name) == "rw_ring")
            newest = std::max(newest, info.id);
    }
    REQUIRE(newest != 0);
    const Fd ring(bpf_map_get_fd_by_id(newest));
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    auto* const consumer = ::mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED, ring.get(), 0);
    auto* const producer = ::mmap(nullptr, page, PROT_READ, MAP_SHARED, ring.get(), static_cast<off_t>(page));
    REQUIRE(consumer != MAP_FAILED);
    REQUIRE(producer != MAP_FAILED);
    std::memcpy(consumer, producer, sizeof(unsigned long));
    ::munmap(consumer, page);
    ::munmap(producer, page);
}

/// Runs in a child without the watcher, which would see it.
int status_of(const std::function<int()>& body) {
    const pid_t child = ::fork();
    if (child == 0) {
        try {
            ::_exit(body());
        } catch (const std::exception& error) { // the rest of the tests is the parent's
            std::fprintf(stderr, "%s\n", error.what());
            ::_exit(kThrown);
        }
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
}

} // namespace

TEST_CASE("sensor: every family is attached, the best way where none was left out") {
    const auto& probes = watcher().probes();
    REQUIRE(probes.size() == event::kKinds - 2); // but for none, and what systemd reports
    for (const auto& probe : probes) {
        INFO(probe.name << ": " << probe.reason);
        CHECK(!probe.attached.empty());
        CHECK(!probe.blind.empty());
        REQUIRE(!probe.alternatives.empty());
        // The tracepoint of submissions had another name before 6.4. This machine may refuse programs on functions;
        // those on which all are to be had say so.
        const bool renamed = probe.attached.find("io_uring_submit_sqe") != std::string::npos;
        const bool refused = probe.reason.find("fentry:") != std::string::npos;
        CHECK(!(refused && ::getenv("RWATCH_PROBE_BEST") != nullptr && !older()));
        if (!older() && !renamed && !refused) {
            CHECK(probe.attached.starts_with(probe.alternatives.front()));
            // A family of which this kernel has no call is not blind.
            CHECK(probe.reason == (probe.attached.ends_with("(0 of 0)") ? "this kernel has no such call" : ""));
        }
    }
#if defined(__x86_64__)
    CHECK(probes[3].attached.ends_with("(5 of 5)"));
    CHECK(probes[RW_SYSTEM - 1].attached.ends_with("(16 of 16)"));
    CHECK(probes[RW_SIGNAL - 1].attached.ends_with("(6 of 6)"));
#endif
}

TEST_CASE("sensor: a full ring is counted by kind, and every record is either there or counted", "[loads]") {
    constexpr int kOpens = 5000; // far more than 64 KiB hold
    sensor::BpfOptions options;
    options.ring_size = 1; // taken up to the least
    options.skip_own = true;
    options.skip_alternatives = skipped_alternatives();
    const auto source = sensor::BpfSource::open(options);
    open_often(kOpens);
    source->detach();
    Counter counter;
    while (source->drain(counter, 1000) == 1000) {
    }
    const auto submitted = source->submitted();
    const auto lost = source->losses();
    CHECK(value(lost, "open") >= kOpens / 2);
    CHECK(value(lost, "open") + value(submitted, "open") >= kOpens);
    CHECK(value(lost, "missed") == 0);
    CHECK(value(submitted, "open") == counter.kinds[RW_OPEN]);
    CHECK(value(submitted, "exec") == counter.kinds[RW_EXEC]);
    CHECK(value(submitted, "exit") == counter.kinds[RW_EXIT]);
    // Now there is room again, and nothing comes any more.
    open_often(10);
    Counter after;
    CHECK(source->drain(after, 1000) == 0);
    CHECK(!source->ended());
}

TEST_CASE("sensor: who floods the ring loses, is named, and displaces neither others nor the life of processes",
          "[loads]") {
    constexpr int kFlood = 20000, kOthers = 100;
    const ControlGroup flooder("rwatch-test-flood-" + std::to_string(::getpid())),
        other("rwatch-test-other-" + std::to_string(::getpid()));
    sensor::BpfOptions options;
    options.ring_size = 1U << 20U;
    options.skip_own = true;
    options.skip_alternatives = skipped_alternatives();
    const auto source = sensor::BpfSource::open(options); // nobody reads it: as if the daemon were stopped
    open_often(kFlood, &flooder);
    open_often(kOthers, &other);
    source->detach();
    std::map<std::uint64_t, std::map<unsigned, int>> seen;
    Each collector([&](const Record& record) { ++seen[record.common().cgroup][record.common().kind]; });
    while (source->drain(collector, 1000) == 1000) {
    }
    std::map<std::string, std::uint64_t> lost;
    for (const auto& loss : source->group_losses()) {
        CHECK(loss.cgroup != other.id());
        if (loss.cgroup == flooder.id())
            lost[loss.kind] += loss.count;
    }
    CHECK(lost["open"] + static_cast<std::uint64_t>(seen[flooder.id()][RW_OPEN]) >= kFlood);
    CHECK(lost["open"] > kFlood / 2);
    CHECK(lost["exit"] == 0);
    CHECK(seen[flooder.id()][RW_EXIT] == 1);
    CHECK(seen[other.id()][RW_OPEN] >= kOthers);
    CHECK(seen[other.id()][RW_EXIT] == 1);
}

TEST_CASE("sensor: records that somebody else took out of the ring are missed") {
    sensor::BpfOptions options;
    options.skip_own = true;
    options.skip_alternatives = skipped_alternatives();
    const auto source = sensor::BpfSource::open(options);
    Counter counter;
    open_often(100);
    CHECK(value(source->losses(), "taken away") == 0);
    while (source->drain(counter, 1000) == 1000) {
    }
    CHECK(value(source->losses(), "taken away") == 0);
    open_often(100);
    source->detach();
    (void)source->losses();
    empty_newest_ring();
    CHECK(source->drain(counter, 1000) == 0);
    CHECK(value(source->losses(), "taken away") >= 100);
    const auto taken = value(source->losses(), "taken away");
    CHECK(source->drain(counter, 1000) == 0);
    CHECK(value(source->losses(), "taken away") == taken);
}

TEST_CASE("sensor: a drain hands over what it was asked for, and loses nothing between two", "[loads]") {
    (void)watcher();
    sensor::BpfOptions options;
    options.skip_own = true;
    options.skip_alternatives = skipped_alternatives();
    const auto source = sensor::BpfSource::open(options);
    open_often(100);
    source->detach();
    Counter counter;
    CHECK(source->drain(counter, 0) == 0);
    CHECK(source->drain(counter, 1) == 1);
    CHECK(source->drain(counter, 7) == 7);
    std::uint64_t sum = 0;
    while (source->drain(counter, 1000) == 1000) {
    }
    for (const auto& [kind, number] : counter.kinds)
        sum += number;
    std::uint64_t expected = 0;
    for (const auto& [kind, number] : source->submitted())
        expected += number;
    CHECK(sum == expected);
    CHECK(counter.kinds[RW_OPEN] >= 100);
}

TEST_CASE("sensor: the canary sings every watched call, and each of its hooks hears it") {
    for (const auto& family : sensor::families())
        for (const auto& call : family.calls) {
            INFO(call.name);
            CHECK(sensor::Canary::sings(static_cast<rw_call>(call.call)));
        }
    sensor::Canary canary;
    sensor::BpfOptions options;
    options.skip_own = true;
    options.canary = canary.thread_id();
    options.skip_alternatives = skipped_alternatives();
    const auto source = sensor::BpfSource::open(options);
    canary.sing();
    for (int i = 0; i < 1000 && canary.ended_ns() == 0; ++i)
        ::usleep(10'000);
    REQUIRE(canary.ended_ns() > canary.begun_ns());
    source->detach();
    std::set<unsigned> calls, kinds;
    Each collector([&](const Record& record) {
        const auto& c = record.common();
        if (c.pid != static_cast<std::uint32_t>(::getpid()) && c.ppid != static_cast<std::uint32_t>(::getpid()))
            return;
        CHECK((c.ppid == static_cast<std::uint32_t>(::getpid()) || c.tid == canary.thread_id()));
        calls.insert(c.call);
        kinds.insert(c.kind);
    });
    while (source->drain(collector, 1000) == 1000) {
    }
    for (const auto& probe : source->probes())
        for (const auto& hook : probe.hooks) {
            INFO(hook.name);
            CHECK((hook.call == event::Call::none ? kinds.count(static_cast<unsigned>(hook.kind))
                                                  : calls.count(static_cast<unsigned>(hook.call))) == 1);
        }
}

TEST_CASE("sensor: without privilege it says so", "[loads]") {
    const int status = status_of([] {
        if (::setresgid(65534, 65534, 65534) != 0 || ::setresuid(65534, 65534, 65534) != 0)
            return 1;
        try {
            (void)sensor::BpfSource::open({});
        } catch (const Error& error) {
            return error.code() == EPERM || error.code() == EACCES ? 0 : 2;
        }
        return 3;
    });
    CHECK(status == 0);
}

TEST_CASE("sensor: mounts tracefs where nobody has", "[loads]") {
    const int status = status_of([] {
        if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
            return 1;
        while (::umount2("/sys/kernel/tracing", MNT_DETACH) == 0) {
        }
        while (::umount2("/sys/kernel/debug", MNT_DETACH) == 0) {
        }
        if (::access("/sys/kernel/tracing/events", F_OK) == 0)
            return 2;
        const auto source = sensor::BpfSource::open({});
        for (const auto& probe : source->probes())
            if (probe.attached.empty())
                return 3;
        return ::access("/sys/kernel/tracing/events/syscalls", F_OK) == 0 ? 0 : 4;
    });
    CHECK(status == 0);
}

TEST_CASE("sensor: where tracefs can't be mounted the rest still works, and it tells", "[loads]") {
    const int status = status_of([] {
        if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
            return 1;
        while (::umount2("/sys/kernel/tracing", MNT_DETACH) == 0) {
        }
        while (::umount2("/sys/kernel/debug", MNT_DETACH) == 0) {
        }
        // May load programs, but not mount.
        __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
        std::array<__user_cap_data_struct, 2> caps{};
        caps[1].effective = caps[1].permitted = CAP_TO_MASK(CAP_BPF) | CAP_TO_MASK(CAP_PERFMON);
        if (::syscall(SYS_capset, &header, caps.data()) != 0)
            return 2;
        const auto source = sensor::BpfSource::open({});
        for (const auto& probe : source->probes()) {
            const bool needs_tracefs = probe.name != "exec" && probe.name != "fork" && probe.name != "exit";
            if (probe.attached.empty() != needs_tracefs)
                return 3;
            if (needs_tracefs && probe.reason.find("tracefs is not mounted") == std::string::npos)
                return 4;
        }
        return 0;
    });
    CHECK(status == 0);
}

TEST_CASE("sensor: leaves itself out in a pid namespace of its own too", "[loads]") {
    const int status = status_of([] {
        if (::unshare(CLONE_NEWPID) != 0)
            return 1;
        const pid_t inside = ::fork();
        if (inside != 0) {
            int inner = 0;
            ::waitpid(inside, &inner, 0);
            return WIFEXITED(inner) ? WEXITSTATUS(inner) : 9;
        }
        // Of pid 1 in here; the kernel has another number for it, and another process as its own pid 1.
        if (::getpid() != 1)
            ::_exit(2);
        sensor::BpfOptions options;
        options.skip_own = true;
        options.skip_alternatives = skipped_alternatives();
        const auto source = sensor::BpfSource::open(options);
        for (int i = 0; i < 50; ++i)
            ::close(static_cast<int>(::syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY)));
        open_often(20); // a child of it is seen
        source->detach();
        std::uint64_t own = 0;
        std::uint64_t childs = 0;
        const auto count = [&](const Record& record) {
            const auto& common = record.common();
            if (common.kind == RW_OPEN && common.pidns == pid_namespace())
                ++(common.vpid == 1 ? own : childs);
        };
        Each each(count);
        while (source->drain(each, 1000) == 1000) {
        }
        ::_exit(own != 0 ? 3 : childs >= 20 ? 0 : 4);
    });
    CHECK(status == 0);
}
