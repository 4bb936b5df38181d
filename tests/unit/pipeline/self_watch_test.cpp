// SPDX-License-Identifier: MIT OR Apache-2.0
// What is ours: our process by pid in our own namespace, and the one program that we started last.
#include "pipeline/self_watch.hpp"

#include <catch2/catch.hpp>

using namespace rwatch;

namespace {

event::Event event_of(std::uint32_t pid, std::uint64_t start, std::uint32_t vpid, std::uint32_t pidns) {
    event::Event event;
    event.kind = event::Kind::open;
    event.call = event::Call::openat;
    event.pid = pid;
    event.start_ns = start;
    event.vpid = vpid;
    event.pidns = pidns;
    event.boot_ns = 500;
    return event;
}

} // namespace

TEST_CASE("own events are taken and noted, those of others are not") {
    pipeline::SelfWatch self(7, 42);
    CHECK(self.last(event::Call::openat) == 0);
    CHECK(!self.take(event_of(1007, 1, 7, 43))); // the same number in another namespace
    CHECK(!self.take(event_of(7, 1, 8, 42)));
    CHECK(self.last(event::Call::openat) == 0);
    CHECK(self.take(event_of(1007, 1, 7, 42)));
    CHECK(self.last(event::Call::openat) == 500);
    CHECK(self.last(event::Kind::open) == 500);
    CHECK(self.last(event::Kind::exec) == 0);
}

TEST_CASE("of our children the last one is ours, not a process that has its pid later") {
    pipeline::SelfWatch self(7, 42);
    auto fork = event_of(1007, 1, 7, 42);
    fork.kind = event::Kind::fork;
    fork.call = event::Call::vfork;
    fork.child_pid = 2000;
    fork.child_start_ns = 99;
    CHECK(!self.take(event_of(2000, 99, 20, 42)));
    CHECK(self.take(fork));
    CHECK(self.take(event_of(2000, 99, 20, 42)));
    CHECK(!self.take(event_of(2000, 100, 20, 42)));
    fork.child_pid = 2001;
    CHECK(self.take(fork));
    CHECK(!self.take(event_of(2000, 99, 20, 42)));
}
