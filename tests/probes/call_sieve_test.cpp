// SPDX-License-Identifier: MIT OR Apache-2.0
// Calls other than opens that no rule can want: what the probes pass over is what rules/call_interest says.
#include "event/decode.hpp"
#include "sifted.hpp"

#include <arpa/inet.h>
#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <fcntl.h>
#include <netinet/in.h>
#include <set>
#include <string>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <tuple>
#include <unistd.h>
#include <utility>

using namespace rwatch;
using namespace rwatch::test;

namespace {

constexpr std::uint16_t kServer = 62022, kClosed = 62023, kOther = 62080; // that no client is given
constexpr pid_t kNobody = 0x3fffffff;

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return to;
}

template <typename Address> const sockaddr* plain(const Address& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

void talk() {
    for (const int family : {AF_UNIX, AF_INET, AF_NETLINK})
        for (const int type : std::array<int, 3>{SOCK_STREAM, SOCK_DGRAM | SOCK_CLOEXEC, SOCK_RAW})
            ::close(::socket(family, type, 0)); // some can't be
    ::socket(77, SOCK_STREAM, 0);
    const int yes = 1;
    for (const auto port : {kServer, kOther}) {
        const int server = ::socket(AF_INET, SOCK_STREAM, 0), client = ::socket(AF_INET, SOCK_STREAM, 0);
        const auto address = loopback(port);
        ::setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        ::bind(server, plain(address), sizeof address);
        ::listen(server, 1);
        ::connect(client, plain(address), sizeof address);
        const int peer = ::accept(server, nullptr, nullptr);
        ::dup2(peer, 0);
        for (const int fd : {0, peer, client, server})
            ::close(fd);
    }
    const auto closed = loopback(kClosed);
    for (const int flags : {0, int{SOCK_NONBLOCK}}) {
        const int fd = ::socket(AF_INET, SOCK_STREAM | flags, 0);
        ::connect(fd, plain(closed), sizeof closed);
        ::close(fd);
    }
    const int datagrams = ::socket(AF_INET, SOCK_DGRAM, 0), local = ::socket(AF_UNIX, SOCK_STREAM, 0);
    for (const auto port : {kServer, kClosed, kOther}) {
        const auto to = loopback(port);
        ::sendto(datagrams, "x", 1, MSG_DONTWAIT, plain(to), sizeof to);
        ::connect(datagrams, plain(to), sizeof to);
    }
    sockaddr_un nowhere{AF_UNIX, "/nonexistent/socket"};
    ::connect(local, plain(nowhere), sizeof nowhere);
}

void change(const std::string& name) {
    const int fd = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
    for (const mode_t mode : {0600, 0644, 0755, 04755, 0444}) {
        ::fchmod(fd, mode);
        ::chmod(name.c_str(), mode);
        ::chmod((name + "x").c_str(), mode);
        ::fchmod(-1, mode);
    }
    ::unlink((name + "x").c_str());
    ::unlink(name.c_str());
    ::rename((name + "x").c_str(), name.c_str());
    ::mkdir(name.c_str(), 0700);
    ::rmdir(name.c_str());
}

void meddle() {
    for (const int signal : {SIGTERM, SIGKILL, SIGCONT})
        ::kill(kNobody, signal);
    void* const page = ::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ::mprotect(page, 4096, PROT_READ | PROT_EXEC);
    ::mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
    for (const auto request : {PTRACE_PEEKTEXT, PTRACE_POKETEXT, PTRACE_ATTACH, PTRACE_SEIZE})
        ::ptrace(request, kNobody, nullptr, nullptr);
    ::prctl(PR_SET_DUMPABLE, 1);
    ::syscall(SYS_bpf, -1, nullptr, 0);
    ::setuid(::getuid());
    ::setuid(static_cast<uid_t>(-1));
}

/// What tells a call from the others.
using Told = std::tuple<std::string, std::int64_t, std::uint64_t, std::uint64_t, std::uint32_t, std::uint16_t>;

/// Everything that rules could ask of the calls above; those that `keep` takes.
template <typename Keep> std::multiset<Told> calls(Keep keep) {
    const Directory directory;
    const auto name = directory.file("file");
    const auto made = run([&] {
        talk();
        change(name);
        meddle();
        return 0;
    });
    std::multiset<Told> out;
    for (const auto& record : made.records) {
        const auto event = event::decode(record.bytes(), 0);
        REQUIRE(event);
        if (event::judged_by(event->call) == event::JudgedBy::none || !keep(*event))
            continue;
        const bool of_memory = event->kind == event::Kind::memory; // its addresses differ from run to run
        const bool ours = event->remote_port >= kServer && event->remote_port <= kOther;
        out.emplace(event::name_of(event->call), event->result < 0 ? event->result : 0,
                    of_memory ? event->args[2] : event->args[0] & 0xffffff, of_memory ? 0 : event->args[1], event->mode,
                    ours ? event->remote_port : 0);
    }
    return out;
}

/// Where no hook tells what a chmod is about, those by name come, and those that make or unmake a program; where none
/// tells of a socket's state, connects whose port is not known any more.
bool comes_anyway(const event::Event& e) {
    if (e.kind == event::Kind::connect)
        return e.family != AF_UNIX && (e.flags & RW_F_KERNEL_ADDR) == 0;
    return e.kind == event::Kind::chmod && e.result >= 0 && !objects_seen(RW_CHMOD) &&
           (e.call != event::Call::fchmod || ((e.mode | e.old_mode) & 07111) != 0);
}

std::string shown(const std::multiset<Told>& all) {
    std::string out;
    for (const auto& [name, result, first, second, mode, port] : all)
        out += name + " " + std::to_string(result) + " " + std::to_string(first) + " " + std::to_string(second) + " " +
               std::to_string(mode) + " " + std::to_string(port) + "\n";
    return out;
}

} // namespace

TEST_CASE("sieve: other calls than opens are told where call_interest wants them") {
    const auto condition = GENERATE(
        as<std::string>(), "evt.type=execve", "evt.type=socket and evt.rawres>=0 and evt.arg.domain=AF_NETLINK",
        "evt.type=socket and evt.failed=true and evt.arg.domain=AF_NETLINK",
        "evt.type=socket and evt.arg.type contains SOCK_DGRAM", "evt.type in (connect, sendto) and fd.rport=62022",
        "evt.type=connect and (evt.rawres>=0 or evt.res=EINPROGRESS) and fd.l4proto=tcp",
        "evt.type=connect and fd.sockfamily=unix", "evt.type in (accept, bind, listen) and fd.lport > 62050",
        "evt.type=dup2", "evt.type in (chmod, fchmod) and evt.arg.mode contains S_ISUID",
        "evt.type in (chmod, fchmod) and evt.failed=true", "evt.type=fchmod and fs.mode=0444",
        "evt.type in (unlink, rename, rmdir) and evt.rawres=0", "evt.type=kill and evt.arg.sig=SIGKILL",
        "evt.type=mprotect and evt.arg.prot contains PROT_WRITE",
        "evt.type=ptrace and evt.arg.request in (PTRACE_POKETEXT, PTRACE_ATTACH)",
        "evt.type in (prctl, bpf, setuid) and evt.res != SUCCESS",
        "evt.type in (setuid, unlink, connect) and proc.exepath=/usr/bin/nobody");
    CAPTURE(condition);
    const auto everything = calls([](const event::Event&) { return true; });
    REQUIRE(everything.size() > 60);
    std::multiset<Told> expected;
    const Sifted sifted(condition);
    SECTION("a program that is not known") {
        Sifted::sieve().want(nullptr);
        expected = calls([&](const event::Event& e) { return sifted.calls().wants(e, true) || comes_anyway(e); });
        Sifted::sieve().want(&sifted.interest());
    }
    SECTION("a program that no rule names") {
        Sifted::sieve().want(nullptr);
        expected = calls([&](const event::Event& e) { return sifted.calls().wants(e, false) || comes_anyway(e); });
        Sifted::sieve().want(&sifted.interest());
        Sifted::sieve().tell_exe(id_of("/proc/self/exe"), 0);
    }
    CHECK(expected.size() < everything.size());
    CHECK(shown(calls([](const event::Event&) { return true; })) == shown(expected));
}
