// SPDX-License-Identifier: MIT OR Apache-2.0
// Calls of which most are sifted in the kernel (mappings, dup, prctl), and rare ones of the system.
#include "watcher.hpp"

#include "core/handle.hpp"

#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace rwatch;
using namespace rwatch::test;

namespace {

void check_plain(const Record& record, unsigned call, const std::vector<std::uint64_t>& args, std::int64_t ret) {
    INFO("call " << call);
    const auto& r = record.as<rw_syscall>();
    CHECK(r.c.call == call);
    CHECK(r.ret == ret);
    for (std::size_t i = 0; i < args.size(); ++i)
        CHECK(r.args[i] == args[i]);
}

std::int64_t shown(std::size_t i) {
    return static_cast<std::int64_t>(shared().numbers[i]);
}

/// The result of a call for the parent.
void show(std::size_t i, long result) {
    shared().numbers[i] = static_cast<std::uint64_t>(result == -1 ? -errno : result);
}

} // namespace

TEST_CASE("memory: files mapped to be executed, memory made executable") {
    const Directory directory;
    const auto file = directory.file("payload");
    const auto result = run([&] {
        const int fd = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
        if (::ftruncate(fd, 8192) != 0)
            return 1;
        ::syscall(SYS_mmap, 0, 4096, PROT_READ, MAP_PRIVATE, fd, 0);                             // not to be executed
        ::syscall(SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); // of no file
        const long at = ::syscall(SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 4096);
        show(0, at);
        show(1, fd);
        ::syscall(SYS_mprotect, at, 4096, PROT_READ);
        show(2, ::syscall(SYS_mprotect, at, 4096, PROT_READ | PROT_EXEC));
        show(3, ::syscall(SYS_pkey_mprotect, at, 4096, PROT_EXEC, -1));
        ::syscall(SYS_mmap, 0, 4096, PROT_EXEC, MAP_SHARED, -1, 0);
        return 0;
    });
    REQUIRE(result.status == 0);
    const auto records = result.of(RW_MEMORY);
    REQUIRE(records.size() == 4);
    const auto fd = shared().numbers[1], at = shared().numbers[0];
    check_plain(records[0], RW_CALL_MMAP, {0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 4096}, shown(0));
    CHECK(records[0].text(records[0].as<rw_syscall>().path.path) == file);
    check_file(records[0].as<rw_syscall>().file, stat_of(file));
    check_plain(records[1], RW_CALL_MPROTECT, {at, 4096, PROT_READ | PROT_EXEC}, shown(2));
    CHECK(records[1].as<rw_syscall>().file.ino == 0);
    check_plain(records[2], RW_CALL_PKEY_MPROTECT, {at, 4096, PROT_EXEC}, shown(3));
    check_plain(records[3], RW_CALL_MMAP, {0, 4096, PROT_EXEC, MAP_SHARED}, -EBADF);
    CHECK(records[3].as<rw_syscall>().path.path.len == 0);
}

TEST_CASE("dup: a socket in place of standard input, output and error") {
    const auto result = run([] {
        const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(address);
        if (::bind(server, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(server, 1) != 0 ||
            ::getsockname(server, reinterpret_cast<sockaddr*>(&address), &size) != 0)
            return 1;
        const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (::connect(client, reinterpret_cast<sockaddr*>(&address), size) != 0)
            return 2;
        int ends[2];
        if (::pipe(ends) != 0)
            return 3;
        ::syscall(SYS_dup2, client, 1);
        ::syscall(SYS_dup3, client, 2, 0);
        ::close(0);
        ::syscall(SYS_dup, client);
        ::close(1);
        ::fcntl(client, F_DUPFD_CLOEXEC, 1);
        ::close(1);
        ::fcntl(client, F_DUPFD, 0);
        ::fcntl(client, F_DUPFD, 3);      // elsewhere
        ::fcntl(client, F_SETFD, 0);      // which gives 0
        ::syscall(SYS_dup2, ends[0], 0);  // a pipe
        ::syscall(SYS_dup2, client, 100); // elsewhere
        ::syscall(SYS_dup2, 99, 0);
        show(0, client);
        show(1, ntohs(address.sin_port));
        return 0;
    });
    REQUIRE(result.status == 0);
    const auto records = result.of(RW_DUP);
    REQUIRE(records.size() == 5);
    const unsigned calls[] = {RW_CALL_DUP2, RW_CALL_DUP3, RW_CALL_DUP, RW_CALL_FCNTL, RW_CALL_FCNTL};
    const int to[] = {1, 2, 0, 1, 1};
    for (std::size_t i = 0; i < 5; ++i) {
        const auto& c = records[i].as<rw_connect>();
        CHECK(c.c.call == calls[i]);
        CHECK(c.ret == to[i]);
        CHECK(c.fd == shown(0));
        CHECK(c.family == AF_INET);
        CHECK(c.type == SOCK_STREAM);
        CHECK(c.protocol == IPPROTO_TCP);
        CHECK(c.rport == shown(1));
        CHECK(c.lport != 0);
        CHECK(c.raddr[0] == 127);
        CHECK(c.laddr[0] == 127);
        CHECK((c.c.flags & RW_F_KERNEL_ADDR) != 0);
    }
}

TEST_CASE("prctl: the options that matter") {
    const auto result = run([] {
        ::prctl(PR_GET_DUMPABLE);
        ::prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0);
        show(0, ::prctl(PR_SET_NAME, "[kworker/0:1]"));
        show(1, ::prctl(PR_SET_DUMPABLE, 0));
        show(2, ::prctl(PR_SET_MM, PR_SET_MM_EXE_FILE, 999, 0, 0));
        show(3, ::prctl(PR_SET_CHILD_SUBREAPER, 1));
        return 0;
    });
    const auto records = result.of(RW_SYSTEM);
    REQUIRE(records.size() == 4);
    check_plain(records[0], RW_CALL_PRCTL, {PR_SET_NAME}, shown(0));
    CHECK(records[0].text(records[0].as<rw_syscall>().text[1]) == "[kworker/0:1]");
    check_plain(records[1], RW_CALL_PRCTL, {PR_SET_DUMPABLE, 0}, shown(1));
    check_plain(records[2], RW_CALL_PRCTL, {PR_SET_MM, PR_SET_MM_EXE_FILE, 999}, shown(2));
    CHECK(records[2].as<rw_syscall>().text[1].len == 0);
    check_plain(records[3], RW_CALL_PRCTL, {PR_SET_CHILD_SUBREAPER, 1}, shown(3));
}

TEST_CASE("keys, clocks, and what else is the system's") {
    const auto result = run([] {
        std::size_t i = 0;
        show(i++, ::syscall(SYS_keyctl, 0, -3, 0, 0, 0)); // KEYCTL_GET_KEYRING_ID
        show(i++, ::syscall(SYS_add_key, "user", "rwatch", "x", 1, -1));
        show(i++, ::syscall(SYS_request_key, "user", "rwatch:none", nullptr, -1));
        show(i++, ::syscall(SYS_settimeofday, nullptr, nullptr));
        show(i++, ::syscall(SYS_clock_settime, CLOCK_MONOTONIC, nullptr));
        show(i++, ::syscall(SYS_adjtimex, nullptr));
        show(i++, ::syscall(SYS_clock_adjtime, CLOCK_REALTIME, nullptr));
        show(i++, ::syscall(SYS_perf_event_open, nullptr, 7, -1, -1, 8));
        show(i++, ::syscall(SYS_swapon, "/nonexistent", 0));
        show(i++, ::syscall(SYS_swapoff, "/nonexistent"));
        show(i++, ::syscall(SYS_quotactl, 0x800002, "/nonexistent", 0, nullptr));
        show(i++, ::syscall(SYS_sethostname, "a.long.name", 100));
        show(i++, ::syscall(SYS_setdomainname, "example.org", 100));
        show(i++, ::syscall(SYS_acct, "/nonexistent"));
        show(i++, ::syscall(SYS_reboot, 0, 0, 0x1234567, nullptr));
#if defined(SYS_iopl)
        show(i++, ::syscall(SYS_iopl, 9));
        show(i++, ::syscall(SYS_ioperm, -1L, 1, 1));
#endif
        return 0;
    });
    Records records;
    for (const auto kind : {RW_KEY, RW_CLOCK, RW_SYSTEM})
        for (const auto& record : result.of(kind))
            records.push_back(record);
    struct {
        unsigned call;
        std::string first, second;
    } const expected[] = {
        {RW_CALL_KEYCTL, "", ""},
        {RW_CALL_ADD_KEY, "user", "rwatch"},
        {RW_CALL_REQUEST_KEY, "user", "rwatch:none"},
        {RW_CALL_SETTIMEOFDAY, "", ""},
        {RW_CALL_CLOCK_SETTIME, "", ""},
        {RW_CALL_ADJTIMEX, "", ""},
        {RW_CALL_CLOCK_ADJTIME, "", ""},
        {RW_CALL_PERF_EVENT_OPEN, "", ""},
        {RW_CALL_SWAPON, "/nonexistent", ""},
        {RW_CALL_SWAPOFF, "/nonexistent", ""},
        {RW_CALL_QUOTACTL, "", "/nonexistent"},
        {RW_CALL_SETHOSTNAME, "a.long.name", ""},
        {RW_CALL_SETDOMAINNAME, "example.org", ""},
        {RW_CALL_ACCT, "/nonexistent", ""},
        {RW_CALL_REBOOT, "", ""},
#if defined(SYS_iopl)
        {RW_CALL_IOPL, "", ""},
        {RW_CALL_IOPERM, "", ""}
#endif
    };
    REQUIRE(records.size() == std::size(expected));
    for (std::size_t i = 0; i < records.size(); ++i) {
        check_plain(records[i], expected[i].call, {}, shown(i));
        CHECK(records[i].text(records[i].as<rw_syscall>().text[0]) == expected[i].first);
        CHECK(records[i].text(records[i].as<rw_syscall>().text[1]) == expected[i].second);
    }
    CHECK(records[7].as<rw_syscall>().args[1] == 7);
    CHECK(records[14].as<rw_syscall>().args[2] == 0x1234567);
}
