// SPDX-License-Identifier: MIT OR Apache-2.0
// The server's side: bind, listen, accept over IPv4, IPv6 and unix sockets, and a bind that fails.
#include "sockets.hpp"
#include "watcher.hpp"

#include "core/handle.hpp"

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

using namespace rwatch;
using namespace rwatch::test;

namespace {

Address loopback(int family, std::uint16_t port) {
    Address address{};
    address.any.sa_family = static_cast<sa_family_t>(family);
    if (family == AF_INET) {
        address.v4.sin_port = htons(port);
        address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    } else {
        address.v6.sin6_port = htons(port);
        address.v6.sin6_addr = in6addr_loopback;
    }
    return address;
}

/// The child binds, listens, connects to itself and accepts, by `call`.
Run serve_in_child(Address address, socklen_t size, long call) {
    return run([=]() mutable {
        const int family = address.any.sa_family;
        const int server = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (::syscall(SYS_bind, server, &address, size) != 0 || ::syscall(SYS_listen, server, 7) != 0)
            return 1;
        if (family != AF_UNIX && ::getsockname(server, &address.any, &size) != 0)
            return 2;
        const int client = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (::connect(client, &address.any, size) != 0)
            return 3;
        const long got = ::syscall(call, server, nullptr, nullptr, 0);
        Address peer{};
        socklen_t peer_size = sizeof(peer);
        ::getsockname(client, &peer.any, &peer_size);
        shared().numbers[0] = static_cast<std::uint64_t>(server);
        shared().numbers[1] = static_cast<std::uint64_t>(got);
        shared().numbers[2] = ntohs(address.v4.sin_port);
        shared().numbers[3] = ntohs(peer.v4.sin_port);
        return 0;
    });
}

const rw_connect& only(const Records& records) {
    REQUIRE(records.size() == 1);
    return records[0].as<rw_connect>();
}

} // namespace

TEST_CASE("bind, listen, accept: TCP") {
    const int family = GENERATE(AF_INET, AF_INET6);
    const bool older_call = GENERATE(false, true);
    const auto result =
        serve_in_child(loopback(family, 0), family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6),
                       older_call ? SYS_accept : SYS_accept4);
    REQUIRE(result.status == 0);
    const auto& seen = shared().numbers;
    const std::string here = family == AF_INET ? "127.0.0.1" : "::1";
    const auto binds = result.of(RW_BIND);
    REQUIRE(binds.size() == 2);
    for (const auto& record : binds) {
        const auto& b = record.as<rw_connect>();
        CHECK(b.family == family);
        CHECK(b.type == SOCK_STREAM);
        CHECK(b.protocol == IPPROTO_TCP);
        CHECK(b.ret == 0);
        CHECK(b.fd == static_cast<int>(seen[0]));
        CHECK(text_of(family, b.laddr) == here);
        CHECK(b.lport == seen[2]);
        CHECK(b.rport == 0);
        CHECK(b.unix_path.len == 0);
        CHECK((b.c.flags & RW_F_KERNEL_ADDR) != 0);
    }
    CHECK(binds[0].common().call == RW_CALL_BIND);
    CHECK(binds[0].as<rw_connect>().backlog == 0);
    CHECK(binds[1].common().call == RW_CALL_LISTEN);
    CHECK(binds[1].as<rw_connect>().backlog == 7);
    const auto accepts = result.of(RW_ACCEPT);
    const auto& a = only(accepts);
    CHECK(a.c.call == (older_call ? RW_CALL_ACCEPT : RW_CALL_ACCEPT4));
    CHECK(a.family == family);
    CHECK(a.type == SOCK_STREAM);
    CHECK(a.protocol == IPPROTO_TCP);
    CHECK(a.ret == static_cast<int>(seen[1]));
    CHECK(a.fd == static_cast<int>(seen[0]));
    CHECK(text_of(family, a.laddr) == here);
    CHECK(text_of(family, a.raddr) == here);
    CHECK(a.lport == seen[2]);
    CHECK(a.rport == seen[3]);
    CHECK((a.c.flags & RW_F_KERNEL_ADDR) != 0);
}

TEST_CASE("bind, listen, accept: unix sockets") {
    const Directory directory;
    const bool abstract = GENERATE(false, true);
    const std::string name =
        abstract ? std::string("\0rwatch-serve-", 14) + std::to_string(::getpid()) : directory.path("socket");
    Address address{};
    address.any.sa_family = AF_UNIX;
    std::memcpy(address.path.sun_path, name.data(), name.size());
    const auto result = serve_in_child(
        address, static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + (abstract ? 0 : 1)),
        SYS_accept4);
    REQUIRE(result.status == 0);
    const auto expected = abstract ? "@" + name.substr(1) : name;
    auto records = result.of(RW_BIND);
    REQUIRE(records.size() == 2);
    const auto accepts = result.of(RW_ACCEPT);
    REQUIRE(accepts.size() == 1);
    records.push_back(accepts[0]);
    for (const auto& record : records) {
        CHECK(record.as<rw_connect>().family == AF_UNIX);
        CHECK(record.text(record.as<rw_connect>().unix_path) == expected);
        CHECK((record.common().flags & RW_F_KERNEL_ADDR) != 0);
    }
}

TEST_CASE("bind that fails is told as it was asked for; nobody to accept is not told") {
    const auto result = run([] {
        const auto address = loopback(AF_INET, 4711);
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        auto foreign = address;
        foreign.v4.sin_addr.s_addr = htonl(0xc0000201); // TEST-NET-1: not ours
        const long bound = ::syscall(SYS_bind, fd, &foreign, sizeof(sockaddr_in));
        ::syscall(SYS_bind, 0, &address, sizeof(sockaddr_in)); // not a socket
        if (::listen(fd, 1) != 0 || ::syscall(SYS_accept4, fd, nullptr, nullptr, 0) >= 0)
            return 1;
        return bound == -1 ? 0 : 2;
    });
    REQUIRE(result.status == 0);
    const auto records = result.of(RW_BIND);
    REQUIRE(records.size() == 2);
    const auto& b = records[0].as<rw_connect>();
    CHECK(b.ret == -EADDRNOTAVAIL);
    CHECK(text_of(AF_INET, b.laddr) == "192.0.2.1");
    CHECK(b.lport == 4711);
    CHECK((b.c.flags & RW_F_KERNEL_ADDR) == 0);
    CHECK(records[1].as<rw_connect>().lport != 0); // listen binds to a free port
    CHECK(result.of(RW_ACCEPT).empty());
}
