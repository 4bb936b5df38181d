// SPDX-License-Identifier: MIT OR Apache-2.0
// Answers of name servers: through connected and other sockets, by each call; what is no answer, or from elsewhere.
#include "sockets.hpp"
#include "watcher.hpp"

#include <functional>
#include <string>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

using namespace rwatch;
using namespace rwatch::test;

namespace {

/// RFC 1035: to one question for "a", one address.
const std::string kAnswer("\x12\x34\x81\x80\0\1\0\1\0\0\0\0\1a\0\0\1\0\1\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\7", 35);

struct Hearing {
    Address server;
    long call = SYS_recvfrom;
    bool connected = true;
    std::string message = kAnswer;
    std::size_t room = 512;
};

/// How the child receives: of a call that asks for no address, nothing but connected sockets tells whose it is.
long receive(const Hearing& how, int fd, bool ask) {
    static char bytes[65536];
    Address from{};
    socklen_t size = sizeof(from);
    if (how.call == SYS_recvfrom)
        return ::syscall(how.call, fd, bytes, how.room, 0, ask ? &from : nullptr, ask ? &size : nullptr);
    iovec room{bytes, how.room};
    msghdr message{};
    message.msg_iov = &room;
    message.msg_iovlen = 1;
    if (ask) {
        message.msg_name = &from;
        message.msg_namelen = size;
    }
    return ::syscall(how.call, fd, &message, 0);
}

/// A child asks a server of its own, which answers.
Run hear(const Hearing& how, bool ask) {
    auto result = run([&] {
        const int family = how.server.any.sa_family;
        const int server = ::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        const int fd = ::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        Address own = how.server;
        (family == AF_INET ? own.v4.sin_port : own.v6.sin6_port) = 0;
        socklen_t size = size_of(own);
        if (::bind(server, &how.server.any, size) != 0 || ::bind(fd, &own.any, size) != 0 ||
            ::getsockname(fd, &own.any, &size) != 0)
            return 1;
        if (how.connected && ::connect(fd, &how.server.any, size) != 0)
            return 2;
        if (::sendto(server, how.message.data(), how.message.size(), 0, &own.any, size) < 0)
            return 3;
        shared().numbers[0] = static_cast<std::uint64_t>(fd);
        shared().numbers[1] = ntohs(own.v4.sin_port);
        return receive(how, fd, ask) > 0 ? 0 : 4;
    });
    REQUIRE(result.status == 0);
    return result;
}

} // namespace

TEST_CASE("resolve: an answer by each call, over IPv4 and IPv6, connected or not") {
    Hearing how;
    const bool six = GENERATE(false, true);
    how.server = six ? v6("::1", 53) : v4("127.0.0.77", 53);
    how.call = GENERATE(SYS_recvfrom, SYS_recvmsg);
    how.connected = GENERATE(true, false);
    const auto result = hear(how, !how.connected);
    const auto records = result.of(RW_RESOLVE);
    REQUIRE(records.size() == 1);
    const auto& c = records[0].as<rw_connect>();
    CHECK(c.c.call == (how.call == SYS_recvfrom ? RW_CALL_RECVFROM : RW_CALL_RECVMSG));
    CHECK(c.family == (six ? AF_INET6 : AF_INET));
    CHECK(c.type == SOCK_DGRAM);
    CHECK(c.protocol == IPPROTO_UDP);
    CHECK(c.ret == static_cast<int>(kAnswer.size()));
    CHECK(c.fd == static_cast<int>(shared().numbers[0]));
    CHECK(remote(c) == (six ? "::1" : "127.0.0.77"));
    CHECK(c.rport == 53);
    CHECK(local(c) == (six ? "::1" : "127.0.0.77"));
    CHECK(c.lport == shared().numbers[1]);
    CHECK(((c.c.flags & RW_F_KERNEL_ADDR) != 0) == how.connected);
    CHECK(records[0].text(c.answer) == kAnswer);
    CHECK(c.unix_path.len == 0);
    CHECK(c.backlog == 0);
}

TEST_CASE("resolve: an answer that is longer than the room, or than what is kept") {
    Hearing how;
    how.server = v4("127.0.0.77", 53);
    how.call = GENERATE(SYS_recvfrom, SYS_recvmsg);
    SECTION("room for some of it") {
        how.room = 20;
        const auto result = hear(how, false);
        const auto records = result.of(RW_RESOLVE);
        REQUIRE(records.size() == 1);
        CHECK(records[0].text(records[0].as<rw_connect>().answer) == kAnswer.substr(0, 20));
    }
    SECTION("more than is kept") {
        how.message = kAnswer + std::string(20'000, 'x');
        how.room = 65536;
        const auto result = hear(how, false);
        const auto records = result.of(RW_RESOLVE);
        REQUIRE(records.size() == 1);
        CHECK(records[0].as<rw_connect>().ret == static_cast<int>(how.message.size()));
        CHECK(records[0].text(records[0].as<rw_connect>().answer) == how.message.substr(0, 4095));
    }
}

TEST_CASE("resolve: what is no answer, of another port, or of nobody that was asked for, is not told") {
    Hearing how;
    how.server = v4("127.0.0.77", 53);
    bool ask = true;
    SECTION("a query") {
        how.message[2] = '\1';
    }
    SECTION("an error") {
        how.message[3] = '\x83';
    }
    SECTION("two questions") {
        how.message[5] = '\2';
    }
    SECTION("no address") {
        how.message[7] = '\0';
    }
    SECTION("too short") {
        how.message.resize(12);
    }
    SECTION("another port") {
        how.server = v4("127.0.0.77", 54);
    }
    SECTION("another port, not connected") {
        how.server = v4("127.0.0.77", 54);
        how.connected = false;
    }
    SECTION("sender not asked for") {
        how.connected = false;
        ask = false;
    }
    CHECK(hear(how, ask).of(RW_RESOLVE).empty());
}
