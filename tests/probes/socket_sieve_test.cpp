// SPDX-License-Identifier: MIT OR Apache-2.0
// Sockets that no rule can want: what the probes pass over.
#include "sifted.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cstdint>
#include <set>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

using namespace rwatch;
using namespace rwatch::test;

TEST_CASE("sieve: sockets by family, type and result") {
    using Sockets = std::multiset<std::pair<std::uint64_t, std::uint64_t>>;
    const auto told_sockets = [] {
        const auto made = run([] {
            for (const int family : {AF_UNIX, AF_INET, AF_NETLINK})
                for (const int type : std::array<int, 3>{SOCK_STREAM, SOCK_DGRAM | SOCK_CLOEXEC, SOCK_RAW})
                    ::close(::socket(family, type, 0)); // some can't be
            ::socket(77, SOCK_STREAM, 0);
            return 0;
        });
        Sockets out;
        for (const auto& record : made.of(RW_SOCKET))
            out.emplace(record.as<rw_syscall>().args[0], record.as<rw_syscall>().args[1]);
        return out;
    };
    const Sockets always{{77, SOCK_STREAM}};
    const auto with = [&](Sockets more) {
        more.insert(always.begin(), always.end());
        return more;
    };
    CHECK(told_sockets().size() == 10);
    {
        const Sifted sifted("evt.type=socket and evt.rawres>=0 and evt.arg.domain=AF_NETLINK");
        CHECK(told_sockets() == with({{AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC}, {AF_NETLINK, SOCK_RAW}}));
    }
    {
        const Sifted sifted("evt.type=socket and evt.failed=true and evt.arg.domain=AF_NETLINK");
        CHECK(told_sockets() == with({{AF_NETLINK, SOCK_STREAM}}));
    }
    {
        const Sifted sifted("evt.type=socket and evt.arg.type contains SOCK_DGRAM");
        CHECK(told_sockets() == with({{AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC},
                                      {AF_INET, SOCK_DGRAM | SOCK_CLOEXEC},
                                      {AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC}}));
    }
    const Sifted sifted("evt.type=execve");
    CHECK(told_sockets() == always);
}
