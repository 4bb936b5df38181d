// SPDX-License-Identifier: MIT OR Apache-2.0
// Which sockets the kernel is asked for, against the conditions themselves.
#include "rules/socket_interest.hpp"
#include "rules_support.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <functional>
#include <memory>
#include <string>
#include <sys/socket.h>
#include <vector>

using namespace rwatch;
using namespace rwatch::rules;
using rwatch::rules::test::Dice;
using rwatch::rules::test::rule_text;

TEST_CASE("sockets: family, type and result decide what they can, the rest is wanted") {
    const auto wanted = [](const std::string& condition) {
        return socket_interest(*test::loaded(rule_text("r", condition)));
    };
    const auto raw =
        wanted("evt.type=socket and evt.rawres>=0 and (evt.arg.domain=AF_PACKET or (evt.arg.domain in (AF_INET, "
               "AF_INET6) and evt.arg.type contains SOCK_RAW)) and not proc.exepath=/usr/bin/ping");
    CHECK(raw.wants(AF_PACKET, SOCK_DGRAM, 3));
    CHECK_FALSE(raw.wants(AF_PACKET, SOCK_DGRAM, -EPERM));
    CHECK(raw.wants(AF_INET, SOCK_RAW | SOCK_CLOEXEC, 3));
    CHECK_FALSE(raw.wants(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 3));
    CHECK_FALSE(raw.wants(AF_UNIX, SOCK_RAW, 3));
    CHECK(raw.wants(64, SOCK_STREAM, 3));
    CHECK(raw.wants(AF_UNIX, SOCK_STREAM | 0x100, 3));
    CHECK(wanted("evt.type=socket").wants(AF_UNIX, SOCK_STREAM, 3));
    CHECK_FALSE(wanted("evt.type=execve").wants(AF_UNIX, SOCK_STREAM, 3));
    const auto third = wanted("evt.type=socket and evt.rawres>=5"); // which descriptor it will be nobody knows
    CHECK(third.wants(AF_UNIX, SOCK_STREAM, 3));
    const auto refused = wanted("evt.type=socket and evt.res in (EACCES, EPERM)");
    CHECK(refused.wants(AF_UNIX, SOCK_STREAM, -EPERM));
    CHECK_FALSE(refused.wants(AF_UNIX, SOCK_STREAM, 3));
    CHECK(wanted("not evt.arg.domain=AF_UNIX").wants(AF_INET, SOCK_STREAM, 3));
    CHECK_FALSE(wanted("evt.type=socket and not evt.arg.domain=AF_INET").wants(AF_INET, SOCK_STREAM, 3));
}

TEST_CASE("sockets: one that makes a rule true is wanted, for random rules and calls") {
    const std::vector<std::string> kTests{"evt.arg.domain = AF_PACKET",
                                          "evt.arg.domain in (AF_INET, AF_INET6, AF_UNIX)",
                                          "evt.arg.domain contains INET",
                                          "evt.arg.type contains SOCK_RAW",
                                          "evt.arg.type = SOCK_STREAM",
                                          "evt.arg.type endswith SOCK_CLOEXEC",
                                          "evt.arg.proto = 6",
                                          "evt.rawres >= 0",
                                          "evt.rawres > 3",
                                          "evt.rawres = -13",
                                          "evt.rawres in (-1, 4)",
                                          "evt.res in (EACCES, EPERM)",
                                          "evt.res = SUCCESS",
                                          "evt.failed = true",
                                          "evt.type = socket",
                                          "evt.type in (socket, connect)",
                                          "proc.name = x",
                                          "evt.arg.domain != AF_INET",
                                          "tolower(evt.arg.domain) = af_inet",
                                          "evt.arg.domain exists",
                                          "evt.rawarg.domain = 2"};
    const auto memory = std::make_unique<event::Scratch>();
    std::size_t matches = 0, sifted = 0;
    for (std::uint32_t n = 0; n < 1500; ++n) {
        Dice dice(n);
        const std::function<std::string(int)> condition = [&](int depth) {
            if (depth == 0 || dice.one_in(3))
                return dice.of(kTests);
            const auto join = dice.one_in(3) ? " or " : " and ";
            std::string out = "(";
            for (std::size_t i = 0; i <= 1 + dice.below(2); ++i)
                out += (i == 0 ? "" : join) + std::string(dice.one_in(4) ? "not " : "") + condition(depth - 1);
            return out + ")";
        };
        std::string text;
        for (std::size_t i = 0; i <= dice.below(2); ++i)
            text += rule_text("r" + std::to_string(i), condition(3));
        const std::array<SourceText, 1> texts{{{"rules.yaml", text}}};
        const auto set = load(texts).set;
        if (set == nullptr)
            continue;
        const auto sockets = socket_interest(*set);
        for (int i = 0; i < 100; ++i) {
            event::Process process;
            process.comm = dice.one_in(2) ? "x" : "y";
            event::Event event;
            event.kind = event::Kind::socket;
            event.call = event::Call::socket;
            event.arg_count = 3;
            event.process = &process;
            event.args = {dice.of(std::vector<std::uint64_t>{AF_UNIX, AF_INET, AF_INET6, AF_PACKET, 45, 63, 64, 1000}),
                          dice.of(std::vector<std::uint64_t>{SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, 0, 15}) |
                              dice.of(std::vector<std::uint64_t>{0, SOCK_CLOEXEC, SOCK_NONBLOCK, 0x100}),
                          dice.below(8)};
            event.has_result = true;
            event.result = dice.of(std::vector<std::int64_t>{0, 3, 4, 5, 100, -EACCES, -EPERM, -ENOENT, -512});
            const bool wanted = sockets.wants(event.args[0], event.args[1], event.result);
            sifted += wanted ? 0 : 1;
            for (const auto& rule : set->rules()) {
                memory->reset();
                if (!rule.condition.matches(event, *memory))
                    continue;
                ++matches;
                INFO(rule.condition_text);
                INFO(event.args[0] << " " << event.args[1] << " " << event.result);
                REQUIRE(wanted);
            }
        }
    }
    CHECK(matches > 10'000);
    CHECK(sifted > 10'000);
}
