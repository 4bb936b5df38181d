// SPDX-License-Identifier: MIT OR Apache-2.0
// connect: IPv4, IPv6, mapped, unix; TCP and UDP; made, refused, under way.
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

/// A listener on a free port.
Fd listener(Address address, std::uint16_t& port) {
    Fd fd(::socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::bind(fd.get(), &address.any, size_of(address)) == 0);
    REQUIRE(::listen(fd.get(), 8) == 0);
    socklen_t size = sizeof(address);
    REQUIRE(::getsockname(fd.get(), &address.any, &size) == 0);
    port = ntohs(address.v4.sin_port);
    return fd;
}

/// A port that nothing listens on: bound a moment ago and given back.
std::uint16_t closed_port() {
    std::uint16_t port = 0;
    (void)listener(v4("127.0.0.1", 0), port);
    return port;
}

/// Connects in a child; it tells its own port, and errno, in shared numbers 0 and 1.
Run connect_in_child(int family, int type, const Address& address) {
    return run([&] {
        const int fd = ::socket(family, type | SOCK_CLOEXEC, 0);
        const long ret = ::syscall(SYS_connect, fd, &address, size_of(address));
        shared().numbers[1] = ret == 0 ? 0 : static_cast<std::uint64_t>(errno);
        Address own{};
        socklen_t size = sizeof(own);
        ::getsockname(fd, &own.any, &size);
        shared().numbers[0] = ntohs(own.v4.sin_port);
        shared().numbers[2] = static_cast<std::uint64_t>(fd);
        return 0;
    });
}

const rw_connect& only(const Records& records) {
    REQUIRE(records.size() == 1);
    return records[0].as<rw_connect>();
}

/// True where the sensor sees TCP's states.
bool sees_states() {
    for (const auto& probe : watcher().probes())
        if (probe.name == "connect")
            return probe.attached.find("inet_sock_set_state") != std::string::npos;
    return false;
}

} // namespace

TEST_CASE("connect: TCP over IPv4") {
    std::uint16_t port = 0;
    const auto server = listener(v4("127.0.0.1", 0), port);
    const auto result = connect_in_child(AF_INET, SOCK_STREAM, v4("127.0.0.1", port));
    const auto records = result.of(RW_CONNECT);
    const auto& c = only(records);
    CHECK(c.c.call == RW_CALL_CONNECT);
    CHECK(c.family == AF_INET);
    CHECK(c.type == SOCK_STREAM);
    CHECK(c.protocol == IPPROTO_TCP);
    CHECK(c.ret == 0);
    CHECK(c.fd == static_cast<int>(shared().numbers[2]));
    CHECK(remote(c) == "127.0.0.1");
    CHECK(c.rport == port);
    CHECK(local(c) == "127.0.0.1");
    CHECK(c.lport == shared().numbers[0]);
    CHECK((c.c.flags & RW_F_KERNEL_ADDR) != 0);
    CHECK(c.unix_path.len == 0);
}

TEST_CASE("connect: TCP refused, over IPv4 and IPv6") {
    const auto port = closed_port();
    const bool six = GENERATE(false, true);
    const auto result =
        connect_in_child(six ? AF_INET6 : AF_INET, SOCK_STREAM, six ? v6("::1", port) : v4("127.0.0.1", port));
    CHECK(shared().numbers[1] == ECONNREFUSED);
    const auto records = result.of(RW_CONNECT);
    const auto& c = only(records);
    CHECK(c.ret == -ECONNREFUSED);
    CHECK(c.family == (six ? AF_INET6 : AF_INET));
    CHECK(remote(c) == (six ? "::1" : "127.0.0.1"));
    CHECK(c.rport == port);
    CHECK(((c.c.flags & RW_F_KERNEL_ADDR) != 0) == sees_states());
    if (sees_states()) {
        CHECK(local(c) == remote(c));
        CHECK(c.lport != 0);
    }
}

TEST_CASE("connect: TCP over IPv6, and IPv4 in it") {
    std::uint16_t port = 0;
    const auto server = listener(v6("::", 0), port);
    const std::string address = GENERATE("::1", "::ffff:127.0.0.1");
    const auto result = connect_in_child(AF_INET6, SOCK_STREAM, v6(address.c_str(), port));
    const auto records = result.of(RW_CONNECT);
    const auto& c = only(records);
    CHECK(c.ret == 0);
    CHECK(c.family == AF_INET6);
    CHECK(remote(c) == address);
    CHECK(local(c) == address);
    CHECK(c.rport == port);
    CHECK(c.lport == shared().numbers[0]);
    CHECK((c.c.flags & RW_F_KERNEL_ADDR) != 0);
}

TEST_CASE("connect: UDP") {
    const bool six = GENERATE(false, true);
    const auto result =
        connect_in_child(six ? AF_INET6 : AF_INET, SOCK_DGRAM, six ? v6("::1", 5353) : v4("127.0.0.1", 5353));
    const auto records = result.of(RW_CONNECT);
    const auto& c = only(records);
    CHECK(c.ret == 0);
    CHECK(c.type == SOCK_DGRAM);
    CHECK(c.protocol == IPPROTO_UDP);
    CHECK(remote(c) == (six ? "::1" : "127.0.0.1"));
    CHECK(c.rport == 5353);
    CHECK(c.lport == shared().numbers[0]);
}

TEST_CASE("connect: under way") {
    // A listener with a full queue does not answer, so that the call can't be done at once.
    Address address = v4("127.0.0.1", 0);
    const Fd server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::bind(server.get(), &address.any, sizeof(sockaddr_in)) == 0);
    REQUIRE(::listen(server.get(), 0) == 0);
    socklen_t size = sizeof(address);
    REQUIRE(::getsockname(server.get(), &address.any, &size) == 0);
    const auto result = run([&] {
        for (int i = 0; i < 6; ++i) {
            const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
            const long ret = ::syscall(SYS_connect, fd, &address, sizeof(sockaddr_in));
            if (ret != 0 && errno == EINPROGRESS)
                ++shared().numbers[0];
        }
        return 0;
    });
    std::uint64_t seen = 0;
    for (const auto& record : result.of(RW_CONNECT)) {
        const auto& c = record.as<rw_connect>();
        CHECK(c.rport == ntohs(address.v4.sin_port));
        CHECK(remote(c) == "127.0.0.1");
        CHECK(c.lport != 0);
        CHECK((c.c.flags & RW_F_KERNEL_ADDR) != 0);
        seen += c.ret == -EINPROGRESS ? 1 : 0;
    }
    CHECK(shared().numbers[0] > 0);
    CHECK(seen == shared().numbers[0]);
}

TEST_CASE("connect: what fails before anything is sent") {
    const auto result = run([] {
        const Address address = v4("127.0.0.1", 7);
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ::syscall(SYS_connect, 999, &address, sizeof(sockaddr_in)); // no such descriptor
        ::syscall(SYS_connect, 0, &address, sizeof(sockaddr_in));   // not a socket
        ::syscall(SYS_connect, fd, nullptr, sizeof(sockaddr_in));
        ::syscall(SYS_connect, fd, &address, 4);
        const Address broadcast = v4("255.255.255.255", 9); // refused by TCP's rules
        ::syscall(SYS_connect, fd, &broadcast, sizeof(sockaddr_in));
        return 0;
    });
    const auto records = result.of(RW_CONNECT);
    const auto& c = only(records);
    CHECK(c.ret == -ENETUNREACH);
    CHECK(remote(c) == "255.255.255.255");
    CHECK(c.rport == 9);
    CHECK((c.c.flags & RW_F_KERNEL_ADDR) == 0);
}

TEST_CASE("connect: unix sockets") {
    const Directory directory;
    const auto path = directory.path("socket");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const bool abstract = GENERATE(false, true);
    const std::string name = abstract ? std::string("\0rwatch-test-", 13) + std::to_string(::getpid()) : path;
    std::memcpy(address.sun_path, name.data(), name.size());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + (abstract ? 0 : 1));
    const Fd server(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::bind(server.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(server.get(), 4) == 0);
    const auto result = run([&] {
        const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (::chdir(directory.path().c_str()) != 0 || ::syscall(SYS_connect, fd, &address, size) != 0)
            return 1;
        const int other = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un missing{};
        missing.sun_family = AF_UNIX;
        std::strcpy(missing.sun_path, "./missing");
        return ::syscall(SYS_connect, other, &missing, sizeof(missing)) == 0 ? 2 : 0;
    });
    REQUIRE(result.status == 0);
    const auto records = result.of(RW_CONNECT);
    REQUIRE(records.size() == 2);
    const auto& c = records[0].as<rw_connect>();
    CHECK(c.family == AF_UNIX);
    CHECK(c.type == SOCK_STREAM);
    CHECK(c.ret == 0);
    CHECK(records[0].text(c.unix_path) == (abstract ? "@" + name.substr(1) : path));
    CHECK((c.c.flags & RW_F_KERNEL_ADDR) != 0);
    CHECK(c.rport == 0);
    const auto& failed = records[1].as<rw_connect>();
    CHECK(failed.ret == -ENOENT);
    CHECK(records[1].text(failed.unix_path) == "./missing");
    CHECK((failed.c.flags & RW_F_KERNEL_ADDR) == 0);
}

TEST_CASE("connect: a unix socket bound by a relative name is told by its file") {
    const Directory directory;
    const auto here = std::filesystem::current_path();
    std::filesystem::current_path(directory.path());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, "relative");
    const Fd server(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    REQUIRE(::bind(server.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
    const auto result = run([&] {
        const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        return ::syscall(SYS_connect, fd, &address, sizeof(address)) == 0 ? 0 : 1;
    });
    std::filesystem::current_path(here);
    REQUIRE(result.status == 0);
    const auto records = result.of(RW_CONNECT);
    const auto& c = only(records);
    CHECK(c.type == SOCK_DGRAM);
    CHECK(records[0].text(c.unix_path) == directory.path("relative"));
}
