// SPDX-License-Identifier: MIT OR Apache-2.0
// What is sent to an address: IPv4, IPv6, mapped; datagrams, raw packets, TCP's fast open; what is not told again.
#include "sockets.hpp"
#include "watcher.hpp"

#include "core/handle.hpp"

#include <cerrno>
#include <functional>
#include <netinet/tcp.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace rwatch;
using namespace rwatch::test;

namespace {

constexpr std::uint16_t kPort = 9; // discard: nobody listens

msghdr message_to(Address& address, iovec& bytes) {
    msghdr message{};
    message.msg_name = &address;
    message.msg_namelen = size_of(address);
    message.msg_iov = &bytes;
    message.msg_iovlen = 1;
    return message;
}

/// By the call of that number, one byte.
long send_by(long call, int fd, Address address, int flags = 0) {
    char byte = 'x';
    iovec bytes{&byte, 1};
    auto message = message_to(address, bytes);
    mmsghdr one{message, 0};
    if (call == SYS_sendto)
        return ::syscall(call, fd, &byte, 1, flags, &address, size_of(address));
    if (call == SYS_sendmsg)
        return ::syscall(call, fd, &message, flags);
    return ::syscall(call, fd, &one, 1, flags);
}

std::uint16_t own_port(int fd) {
    Address own{};
    socklen_t size = sizeof(own);
    ::getsockname(fd, &own.any, &size);
    return ntohs(own.v4.sin_port);
}

void bind_to(int fd, Address address) {
    if (::bind(fd, &address.any, size_of(address)) != 0)
        ::_exit(9);
}

/// The record of the only send in a child that does `body`, which gives its descriptor.
rw_connect only_send(const std::function<int()>& body) {
    const auto result = run([&] {
        const int fd = body();
        shared().numbers[0] = static_cast<std::uint64_t>(fd);
        shared().numbers[1] = own_port(fd);
        return 0;
    });
    REQUIRE(result.status == 0);
    const auto records = result.of(RW_SEND);
    REQUIRE(records.size() == 1);
    return records[0].as<rw_connect>();
}

std::size_t sends_of(const std::function<void()>& body) {
    const auto result = run([&] {
        body();
        return 0;
    });
    REQUIRE(result.status == 0);
    return result.of(RW_SEND).size();
}

/// True where the sensor sees the kernel's copy of an address.
bool sees_copies() {
    for (const auto& probe : watcher().probes())
        if (probe.name == "send")
            return probe.attached.find("security_socket_sendmsg") != std::string::npos;
    return false;
}

} // namespace

TEST_CASE("send: a datagram by each call, over IPv4 and IPv6") {
    const long call = GENERATE(SYS_sendto, SYS_sendmsg, SYS_sendmmsg);
    const bool six = GENERATE(false, true);
    const auto to = six ? v6("::1", kPort) : v4("127.0.0.1", kPort);
    const auto c = only_send([&] {
        const int fd = ::socket(to.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        return send_by(call, fd, to) == 1 ? fd : -1;
    });
    CHECK(c.c.call == (call == SYS_sendto ? RW_CALL_SENDTO : call == SYS_sendmsg ? RW_CALL_SENDMSG : RW_CALL_SENDMMSG));
    CHECK(c.family == to.any.sa_family);
    CHECK(c.type == SOCK_DGRAM);
    CHECK(c.protocol == IPPROTO_UDP);
    CHECK(c.ret == 1);
    CHECK(c.fd == static_cast<int>(shared().numbers[0]));
    CHECK(remote(c) == (six ? "::1" : "127.0.0.1"));
    CHECK(c.rport == kPort);
    CHECK(local(c) == (six ? "::" : "0.0.0.0"));
    CHECK(c.lport == shared().numbers[1]);
    CHECK((c.c.flags & (RW_F_BOUND | RW_F_IO_URING)) == 0);
    CHECK(((c.c.flags & RW_F_KERNEL_ADDR) != 0) == (sees_copies() && call != SYS_sendmmsg));
    CHECK(c.unix_path.len == 0);
    CHECK(c.answer.len == 0);
}

TEST_CASE("send: IPv4 through a socket of IPv6, and an address without a family") {
    const bool mapped = GENERATE(false, true);
    auto c = only_send([&] {
        const int fd = ::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        send_by(SYS_sendto, fd, mapped ? v6("::ffff:127.0.0.2", kPort) : v4("127.0.0.2", kPort));
        return fd;
    });
    CHECK(c.ret == 1);
    CHECK(c.family == AF_INET6);
    CHECK(remote(c) == "::ffff:127.0.0.2");
    CHECK(c.rport == kPort);
    c = only_send([] {
        const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        auto to = v4("127.0.0.3", kPort);
        to.any.sa_family = AF_UNSPEC;
        char byte = 'x';
        return ::syscall(SYS_sendto, fd, &byte, 1, 0, &to, sizeof(sockaddr_in)) == 1 ? fd : -1;
    });
    CHECK(c.family == AF_INET);
    CHECK(remote(c) == "127.0.0.3");
    CHECK(c.rport == kPort);
}

TEST_CASE("send: another address than the socket's peer, a bound socket, one that is refused") {
    const auto other = only_send([] {
        const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        const auto peer = v4("127.0.0.1", kPort);
        char byte = 'x';
        if (::connect(fd, &peer.any, sizeof(sockaddr_in)) != 0 || ::send(fd, &byte, 1, 0) != 1)
            return -1;
        send_by(SYS_sendto, fd, v4("127.0.0.4", 10));
        return fd;
    });
    CHECK(remote(other) == "127.0.0.4");
    CHECK(other.rport == 10);
    CHECK(local(other) == "127.0.0.1");
    const auto bound = only_send([] {
        const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        const int spare = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        bind_to(spare, v4("127.0.0.1", 0));
        const auto port = own_port(spare);
        ::close(spare);
        bind_to(fd, v4("127.0.0.1", port));
        send_by(SYS_sendto, fd, v4("127.0.0.1", kPort));
        return fd;
    });
    CHECK((bound.c.flags & RW_F_BOUND) != 0);
    CHECK(local(bound) == "127.0.0.1");
    CHECK(bound.lport == shared().numbers[1]);
    const auto refused = only_send([] {
        const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        send_by(SYS_sendto, fd, v4("127.255.255.255", kPort)); // needs SO_BROADCAST
        return fd;
    });
    CHECK(refused.ret == -EACCES);
    CHECK(remote(refused) == "127.255.255.255");
}

TEST_CASE("send: raw packets have an address and no port") {
    const auto c = only_send([] {
        const int fd = ::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
        const char echo[8] = {8};
        auto to = v4("127.0.0.1", 77);
        ::syscall(SYS_sendto, fd, echo, sizeof(echo), 0, &to, sizeof(sockaddr_in));
        return fd;
    });
    CHECK(c.type == SOCK_RAW);
    CHECK(c.protocol == IPPROTO_ICMP);
    CHECK(c.ret == 8);
    CHECK(remote(c) == "127.0.0.1");
    CHECK(c.rport == 0);
    CHECK(c.lport == 0);
}

TEST_CASE("send: TCP's fast open, made and refused") {
    Address listener = v4("127.0.0.1", 0);
    const Fd server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::bind(server.get(), &listener.any, sizeof(sockaddr_in)) == 0);
    REQUIRE(::listen(server.get(), 8) == 0);
    socklen_t size = sizeof(listener);
    REQUIRE(::getsockname(server.get(), &listener.any, &size) == 0);
    const auto open_to = [](const Address& to) {
        return only_send([&] {
            const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
            send_by(SYS_sendto, fd, to, MSG_FASTOPEN | MSG_NOSIGNAL);
            return fd;
        });
    };
    const auto made = open_to(listener);
    CHECK(made.c.call == RW_CALL_SENDTO);
    CHECK(made.type == SOCK_STREAM);
    CHECK(made.protocol == IPPROTO_TCP);
    CHECK(made.ret == 1);
    CHECK(remote(made) == "127.0.0.1");
    CHECK(made.rport == ntohs(listener.v4.sin_port));
    CHECK(local(made) == "127.0.0.1");
    CHECK(made.lport == shared().numbers[1]);
    CHECK((made.c.flags & RW_F_KERNEL_ADDR) != 0);
    const auto refused = open_to(v4("127.0.0.1", kPort));
    CHECK(refused.ret == -ECONNREFUSED);
    CHECK(remote(refused) == "127.0.0.1");
    CHECK(refused.rport == kPort);
}

TEST_CASE("send: many messages of one call, each to its own address, some without") {
    constexpr std::size_t kMessages = 12;
    const auto result = run([] {
        const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        Address to[kMessages];
        mmsghdr messages[kMessages]{};
        char byte = 'x';
        iovec bytes{&byte, 1};
        const int listener = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0); // or the next message would be refused
        bind_to(listener, v4("127.0.0.1", 0));
        const auto peer = v4("127.0.0.1", own_port(listener));
        for (std::size_t i = 0; i < kMessages; ++i) {
            to[i] = v4("127.0.0.1", static_cast<std::uint16_t>(7000 + i));
            messages[i].msg_hdr = message_to(to[i], bytes);
        }
        messages[0].msg_hdr.msg_name = nullptr; // to the peer
        messages[0].msg_hdr.msg_namelen = 0;
        if (::connect(fd, &peer.any, sizeof(sockaddr_in)) != 0)
            return 1;
        return ::syscall(SYS_sendmmsg, fd, messages, kMessages, 0) == kMessages ? 0 : 2;
    });
    REQUIRE(result.status == 0);
    const auto records = result.of(RW_SEND);
    REQUIRE(records.size() == kMessages - 1);
    for (std::size_t i = 0; i < records.size(); ++i) {
        const auto& c = records[i].as<rw_connect>();
        CHECK(c.rport == 7001 + i);
        CHECK(c.ret == static_cast<int>(kMessages));
    }
}

TEST_CASE("send: the same address again is not told, another port, protocol or process is") {
    CHECK(sends_of([] {
              const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
              const int second = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
              for (int i = 0; i < 100; ++i) {
                  send_by(SYS_sendto, fd, v4("127.0.0.1", kPort));
                  send_by(SYS_sendmsg, second, v4("127.0.0.1", kPort));
                  send_by(SYS_sendto, fd, v4("127.0.0.1", 10));
              }
          }) == 2);
    CHECK(sends_of([] {
              const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
              send_by(SYS_sendto, fd, v4("127.0.0.1", kPort));
          }) == 1);
}

TEST_CASE("send: a server's answers are told by address, some a second; a scan from its port to services whole") {
    const auto from_server = [](const std::function<void(int)>& body) {
        return sends_of([&] {
            const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
            bind_to(fd, v4("127.0.0.1", 40'777));
            body(fd);
        });
    };
    CHECK(from_server([](int fd) {
              for (std::uint16_t port = 50'000; port < 50'100; ++port)
                  send_by(SYS_sendto, fd, v4("127.0.0.1", port));
          }) == 1);
    const auto many = from_server([](int fd) {
        for (int host = 1; host < 255; ++host)
            send_by(SYS_sendto, fd, v4(("127.0.7." + std::to_string(host)).c_str(), 50'000));
    });
    CHECK(many >= 32);
    CHECK(many < 100); // where the machine is so slow that it takes seconds
    std::uint64_t held = 0;
    for (const auto& [kind, count] : watcher().held())
        held += kind == "send" ? count : 0;
    CHECK(held >= 254 - many);
    CHECK(from_server([](int fd) {
              for (std::uint16_t port = 900; port < 1000; ++port)
                  send_by(SYS_sendto, fd, v4("127.0.0.1", port));
          }) == 100);
}

TEST_CASE("send: what has no address, is no socket, or of another family") {
    CHECK(sends_of([] {
              char byte = 'x';
              int pair[2];
              auto to = v4("127.0.0.1", kPort);
              if (::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) != 0)
                  ::_exit(9);
              ::send(pair[0], &byte, 1, 0);
              send_by(SYS_sendto, 999, to);
              send_by(SYS_sendto, 0, to);
              send_by(SYS_sendto, pair[0], to);
              const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
              ::syscall(SYS_sendto, fd, &byte, 1, 0, 1, sizeof(sockaddr_in));
              ::syscall(SYS_sendmsg, fd, nullptr, 0);
              ::syscall(SYS_sendmmsg, fd, nullptr, 4, 0);
              ::syscall(SYS_sendto, fd, &byte, 1, 0, &to, 4);
              const int tcp = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
              send_by(SYS_sendto, tcp, to, MSG_NOSIGNAL); // not connected: the address is not looked at
          }) == 0);
}
