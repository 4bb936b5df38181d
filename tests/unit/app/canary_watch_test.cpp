// SPDX-License-Identifier: MIT OR Apache-2.0
// A probe that does not answer is told after two rounds, one that answers again is well, and one that never comes back
// is a case for the watchdog.
#include "app/canary_watch.hpp"

#include "core/time.hpp"

#include <catch2/catch.hpp>

using namespace rwatch;

namespace {

struct World {
    app::CanaryWatch watch{60 * kSecond};
    pipeline::SelfWatch answers{7, 42};
    std::vector<sensor::ProbeState> probes{
        {"exec", {}, "tp_btf", {}, "programs", {{"exec", event::Kind::exec, event::Call::none}}},
        {"open",
         {},
         "tracepoint",
         {},
         "files",
         {{"openat", event::Kind::none, event::Call::openat}, {"open", event::Kind::none, event::Call::open}}}};
    app::CanaryWatch::Round round;
    std::int64_t now = 1000 * kSecond;

    void answer(event::Kind kind, event::Call call) {
        event::Event event;
        event.kind = kind;
        event.call = call;
        event.vpid = 7;
        event.pidns = 42;
        event.boot_ns = static_cast<std::uint64_t>(now);
        CHECK(answers.take(event));
    }
    /// Time goes on until a round is asked for; gives how long that took.
    std::int64_t wait(std::int64_t most) {
        const auto begin = now;
        while (!watch.check(now, round, probes, answers) && now - begin < most)
            now += kSecond;
        return now - begin;
    }
    void sing(bool with_open) {
        round = {now, now + kSecond / 10};
        answer(event::Kind::exec, event::Call::execve);
        answer(event::Kind::open, event::Call::openat);
        if (with_open)
            answer(event::Kind::open, event::Call::open);
        now += kSecond;
    }
};

} // namespace

TEST_CASE("probes that answer are asked at the interval") {
    World w;
    CHECK(w.wait(0) == 0);
    w.sing(true);
    CHECK(w.wait(100 * kSecond) == 59 * kSecond);
    CHECK(w.watch.silent().empty());
    CHECK(!w.watch.stuck());
}

TEST_CASE("a hook that does not answer is asked again soon, told after two rounds, and well when it answers") {
    World w;
    (void)w.wait(0);
    w.sing(true);
    (void)w.wait(100 * kSecond);
    w.sing(false);
    CHECK(w.wait(100 * kSecond) < 10 * kSecond);
    CHECK(w.watch.silent().empty());
    w.sing(false);
    CHECK(w.wait(100 * kSecond) < 10 * kSecond);
    CHECK(w.watch.silent() == std::map<std::string, std::string>{{"open", "open"}});
    CHECK(!w.watch.hopeless());
    w.sing(true);
    CHECK(w.wait(100 * kSecond) == 59 * kSecond);
    CHECK(w.watch.silent().empty());
}

TEST_CASE("a hook that answered once and is silent for long is a case for the watchdog; one that never did is not") {
    for (const bool answered : {true, false}) {
        World w;
        (void)w.wait(0);
        w.sing(answered);
        for (unsigned i = 0; i < app::CanaryWatch::kRestartAfter; ++i) {
            (void)w.wait(100 * kSecond);
            CHECK(!w.watch.hopeless());
            w.sing(false);
        }
        (void)w.wait(100 * kSecond);
        CHECK(w.watch.hopeless() == answered);
        CHECK(w.watch.silent().count("open") == 1);
    }
}

TEST_CASE("a canary that does not come back is told") {
    World w;
    CHECK(w.wait(0) == 0);
    CHECK(w.wait(29 * kSecond) == 29 * kSecond);
    CHECK(!w.watch.stuck());
    CHECK(w.wait(60 * kSecond) == 60 * kSecond);
    CHECK(w.watch.stuck());
}
