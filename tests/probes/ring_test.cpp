// SPDX-License-Identifier: MIT OR Apache-2.0
// The ring, read by ourselves: records that lie over its end, and reading in small helpings.
#include "watcher.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <fcntl.h>
#include <string>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace rwatch;
using namespace rwatch::test;

namespace {

/// Names of the opens that a child tried.
class Names : public sensor::RecordHandler {
  public:
    explicit Names(pid_t pid) : pid_(static_cast<std::uint32_t>(pid)) {}
    void on_record(std::span<const std::byte> bytes) noexcept override {
        const Record record(bytes);
        ++records;
        if (record.common().kind == RW_OPEN && record.common().vpid == pid_)
            names.push_back(record.text(record.as<rw_open>().raw));
    }
    std::size_t records = 0;
    std::vector<std::string> names;

  private:
    std::uint32_t pid_;
};

/// Of another length and other letters each.
std::string name_of(int number) {
    std::string name = "/nowhere/" + std::to_string(number) + "/";
    for (int i = 0; i < 700 + number * 37 % 1500; ++i)
        name += static_cast<char>('a' + (i + number) % 26);
    return name;
}

} // namespace

TEST_CASE("sensor: records that lie over the end of the ring are whole", "[loads]") {
    constexpr int kRounds = 40, kOpens = 6; // many times around
    sensor::BpfOptions options;
    options.skip_alternatives = skipped_alternatives();
    options.ring_size = sensor::kLeastRing;
    options.calls = event::CallSet().set(static_cast<std::size_t>(event::Call::openat));
    const auto source = sensor::BpfSource::open(options);
    for (int round = 0; round < kRounds; ++round) {
        const pid_t child = ::fork();
        if (child == 0) {
            for (int i = 0; i < kOpens; ++i)
                ::syscall(SYS_openat, AT_FDCWD, name_of(round * kOpens + i).c_str(), O_RDONLY);
            ::_exit(0);
        }
        ::waitpid(child, nullptr, 0);
        Names handler(child);
        for (std::size_t before = 0; const auto count = source->drain(handler, 3); before = handler.records) {
            REQUIRE(count <= 3);
            REQUIRE(handler.records == before + count);
        }
        REQUIRE(handler.names.size() == kOpens);
        for (int i = 0; i < kOpens; ++i)
            REQUIRE(handler.names[static_cast<std::size_t>(i)] == name_of(round * kOpens + i));
    }
}
