// SPDX-License-Identifier: MIT OR Apache-2.0
// Which calls other than opens the kernel is asked for, against the conditions themselves.
#include "event/call_args.hpp"
#include "rules/interest.hpp"
#include "rules_support.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <functional>
#include <memory>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <vector>

using namespace rwatch;
using namespace rwatch::rules;
using event::Call;
using event::Kind;
using rwatch::rules::test::Dice;
using rwatch::rules::test::rule_text;

namespace {

CallInterest wanted(const std::string& condition) {
    return call_interest(*test::loaded(rule_text("r", condition)));
}

event::Event called(Call call, std::int64_t result, std::array<std::uint64_t, event::kMostArgs> args = {}) {
    event::Event e;
    e.call = call;
    e.kind = event::kind_of(call);
    e.has_result = true;
    e.result = result;
    e.args = args;
    e.arg_count = static_cast<std::uint8_t>(event::signature_of(call).size());
    return e;
}

event::Event talking(Call call, std::int64_t result, std::uint16_t family, std::uint8_t protocol, std::uint16_t port) {
    auto e = called(call, result);
    e.family = family;
    e.protocol = protocol;
    (event::judges_remote(e.kind) ? e.remote_port : e.local_port) = port;
    if (family != AF_UNIX)
        e.local = e.remote = {{}, static_cast<std::uint8_t>(family == AF_INET ? 4 : 6)};
    return e;
}

event::Event moded(Call call, std::int64_t result, std::uint32_t mode) {
    auto e = called(call, result);
    e.mode = mode;
    e.object.file.id = {1, 1};
    e.object.file.mode = S_IFREG | mode;
    return e;
}

} // namespace

TEST_CASE("calls: sockets by family, type and outcome") {
    const auto made = [](std::uint64_t family, std::uint64_t type, std::int64_t result) {
        return called(Call::socket, result, {family, type});
    };
    const auto raw =
        wanted("evt.type=socket and evt.rawres>=0 and (evt.arg.domain=AF_PACKET or (evt.arg.domain in (AF_INET, "
               "AF_INET6) and evt.arg.type contains SOCK_RAW)) and not proc.exepath=/usr/bin/ping");
    CHECK(raw.wants(made(AF_PACKET, SOCK_DGRAM, 3), false));
    CHECK_FALSE(raw.wants(made(AF_PACKET, SOCK_DGRAM, -EPERM), true));
    CHECK(raw.wants(made(AF_INET, SOCK_RAW | SOCK_CLOEXEC, 3), false));
    CHECK_FALSE(raw.wants(made(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 3), true));
    CHECK_FALSE(raw.wants(made(AF_UNIX, SOCK_RAW, 3), true));
    CHECK(raw.wants(made(64, SOCK_STREAM, 3), false));
    CHECK(raw.wants(made(AF_UNIX, SOCK_STREAM | 0x100, 3), false));
    CHECK(wanted("evt.type=socket").wants(made(AF_UNIX, SOCK_STREAM, 3), false));
    CHECK_FALSE(wanted("evt.type=execve").wants(made(AF_UNIX, SOCK_STREAM, 3), true));
    const auto third = wanted("evt.type=socket and evt.rawres>=5"); // which descriptor it will be nobody knows
    CHECK(third.wants(made(AF_UNIX, SOCK_STREAM, 3), false));
    CHECK(wanted("not evt.arg.domain=AF_UNIX").wants(made(AF_INET, SOCK_STREAM, 3), false));
    CHECK_FALSE(wanted("evt.type=socket and not evt.arg.domain=AF_INET").wants(made(AF_INET, SOCK_STREAM, 3), true));
}

TEST_CASE("calls: by outcome") {
    const auto refused = wanted("evt.type in (unlink, connect) and evt.res in (EACCES, EPERM)");
    CHECK(refused.wants(called(Call::unlink, -EPERM), false));
    CHECK_FALSE(refused.wants(called(Call::unlink, 0), true));
    CHECK_FALSE(refused.wants(called(Call::unlink, -ENOENT), true));
    CHECK_FALSE(refused.wants(called(Call::rename, -EPERM), true));
    CHECK(refused.wants(called(Call::unlink, -524), false)); // no error of the user's
    CHECK(refused.wants(talking(Call::connect, -EACCES, AF_INET, IPPROTO_TCP, 80), false));
    CHECK_FALSE(refused.wants(talking(Call::connect, -ECONNREFUSED, AF_INET, IPPROTO_TCP, 80), true));
    const auto outbound = wanted("evt.type=connect and (evt.rawres>=0 or evt.res=EINPROGRESS)");
    CHECK(outbound.wants(talking(Call::connect, -EINPROGRESS, AF_INET, IPPROTO_TCP, 80), false));
    CHECK_FALSE(outbound.wants(talking(Call::connect, -ECONNREFUSED, AF_INET, IPPROTO_TCP, 80), true));
    CHECK_FALSE(wanted("evt.type=connect and fd.connected=true")
                    .wants(talking(Call::connect, -EINPROGRESS, AF_INET, IPPROTO_TCP, 80), true));
}

TEST_CASE("calls: by an argument") {
    const auto traced = wanted("evt.type=ptrace and evt.arg.request in (PTRACE_POKETEXT, PTRACE_ATTACH)");
    CHECK(traced.wants(called(Call::ptrace, 0, {16}), false));
    CHECK_FALSE(traced.wants(called(Call::ptrace, 0, {3}), true));
    CHECK(traced.wants(called(Call::ptrace, 0, {0x4206}), false)); // too large to be told apart
    const auto killed = wanted("evt.type in (kill, tgkill) and evt.arg.sig=SIGKILL and evt.rawres=0");
    CHECK(killed.wants(called(Call::kill, 0, {1, SIGKILL}), false));
    CHECK(killed.wants(called(Call::tgkill, 0, {1, 1, SIGKILL}), false));
    CHECK_FALSE(killed.wants(called(Call::kill, 0, {SIGKILL, SIGTERM}), true));
    const auto writable = wanted("evt.type=mprotect and evt.arg.prot contains PROT_WRITE");
    CHECK(writable.wants(called(Call::mprotect, 0, {0, 0, PROT_WRITE | PROT_EXEC}), false));
    CHECK_FALSE(writable.wants(called(Call::mprotect, 0, {0, 0, PROT_READ | PROT_EXEC}), true));
    CHECK(wanted("evt.type=bpf and evt.sysarg[0]=5").wants(called(Call::bpf, 0, {5}), false));
    CHECK_FALSE(wanted("evt.type=bpf and evt.sysarg[0]=5").wants(called(Call::bpf, 0, {6}), true));
    CHECK(wanted("evt.type=bpf and evt.sysarg[1]=5").wants(called(Call::bpf, 0, {6}), false));
}

TEST_CASE("calls: chmod by its mode") {
    const auto setid = wanted("evt.type in (chmod, fchmod) and evt.rawres=0 and evt.arg.mode contains S_ISUID");
    CHECK(setid.wants(moded(Call::fchmod, 0, 04755), false));
    CHECK_FALSE(setid.wants(moded(Call::fchmod, 0, 0755), true));
    CHECK_FALSE(setid.wants(moded(Call::chmod, -EPERM, 04755), true));
    CHECK_FALSE(setid.wants(moded(Call::fchmodat, 0, 04755), true));
    const auto added = wanted("evt.type in (chmod, fchmod, fchmodat, fchmodat2) and fs.mode.exec_added=true");
    CHECK(added.wants(moded(Call::fchmodat2, 0, 0711), false));
    CHECK_FALSE(added.wants(moded(Call::fchmodat2, 0, 0666), true));
    CHECK_FALSE(added.wants(moded(Call::fchmodat2, -EPERM, 0711), true));
    CHECK(wanted("evt.type=chmod and fs.mode=0600").wants(moded(Call::chmod, -EPERM, 0644), false)); // the file's own
}

TEST_CASE("calls: by peer") {
    const auto mining = wanted("evt.type=connect and fd.sport in (3333, 14444) and fd.l4proto=tcp");
    CHECK(mining.wants(talking(Call::connect, 0, AF_INET, IPPROTO_TCP, 3333), false));
    CHECK(mining.wants(talking(Call::connect, 0, AF_INET6, IPPROTO_TCP, 14444), false));
    CHECK_FALSE(mining.wants(talking(Call::connect, 0, AF_INET, IPPROTO_TCP, 3334), true));
    CHECK_FALSE(mining.wants(talking(Call::connect, 0, AF_INET, IPPROTO_UDP, 3333), true));
    CHECK_FALSE(mining.wants(talking(Call::connect, 0, AF_UNIX, 0, 0), true));
    CHECK_FALSE(mining.wants(talking(Call::accept4, 0, AF_INET, IPPROTO_TCP, 3333), true));
    const auto six = wanted("evt.type in (connect, sendto) and fd.type=ipv4");
    CHECK(six.wants(talking(Call::sendto, 0, AF_INET6, IPPROTO_UDP, 53), false)); // may send to IPv4 all the same
    CHECK_FALSE(six.wants(talking(Call::sendto, 0, AF_UNIX, 0, 0), true));
    const auto high = wanted("evt.type in (accept, accept4) and fd.lport >= 1024 and not fd.sport in (8080, 8443)");
    CHECK(high.wants(talking(Call::accept, 5, AF_INET, IPPROTO_TCP, 8081), false));
    CHECK_FALSE(high.wants(talking(Call::accept, 5, AF_INET, IPPROTO_TCP, 8080), true));
    CHECK_FALSE(high.wants(talking(Call::accept, 5, AF_INET, IPPROTO_TCP, 1023), true));
    CHECK(wanted("evt.type=sendto and fd.sport=53").wants(talking(Call::sendto, 0, AF_INET, IPPROTO_UDP, 54), false));
    std::string many = "evt.type=connect and fd.rport in (1";
    for (int port = 3; port < 2000; port += 2)
        many += ", " + std::to_string(port);
    CHECK(
        wanted(many + ")").wants(talking(Call::connect, 0, AF_INET, IPPROTO_TCP, 2), false)); // too many to tell apart
}

TEST_CASE("calls: by program") {
    const auto set = test::loaded(rule_text("r", "evt.type in (connect, unlink) and evt.rawres=0 and proc.exepath in "
                                                 "(/usr/bin/curl, /usr/bin/wget)"));
    const auto interest = interest_of(*set, {});
    CHECK((interest.exes.run("/usr/bin/curl") & kMarkOfCalls) != 0);
    CHECK(interest.exes.run("/usr/bin/cat") == 0);
    CHECK(interest.calls.wants(called(Call::unlink, 0), true));
    CHECK_FALSE(interest.calls.wants(called(Call::unlink, 0), false));
    CHECK_FALSE(interest.calls.wants(called(Call::unlink, -ENOENT), true));
    CHECK(wanted("evt.type=unlink and not proc.exepath=/usr/bin/rm").wants(called(Call::unlink, 0), false));
    CHECK(wanted("evt.type=unlink and (proc.exepath=/usr/bin/rm or user.uid=0)").wants(called(Call::unlink, 0), false));
}

TEST_CASE("calls: what is followed is wanted when it is done") {
    auto calls = wanted("evt.type=execve");
    calls.want_done(event::CallSet().set(static_cast<std::size_t>(Call::rename)));
    CHECK(calls.wants(called(Call::rename, 0), false));
    CHECK_FALSE(calls.wants(called(Call::rename, -ENOENT), true));
}

TEST_CASE("calls: what is asked for is told in words") {
    const auto told = [](const std::string& condition) {
        std::string out;
        const auto needs = explain_calls(*test::loaded(rule_text("r", condition)));
        for (const auto& need : needs.at(0).needs) {
            out += (out.empty() ? "" : "; ") + std::string(event::name_of(need.call));
            for (const auto& outcome : need.outcomes)
                out += " " + outcome;
            for (const auto& value : need.values)
                out += " [" + value + "]";
            for (const auto& exe : need.exes)
                out += " by " + exe;
            out += need.every() ? " every" : "";
        }
        return out;
    };
    CHECK(told("evt.type=openat or evt.type=execve") == "");
    CHECK(told("evt.type=unlink") == "unlink every");
    CHECK(told("evt.type=unlink and evt.rawres<0 and proc.exepath=/x") == "unlink begun refused failed by /x");
    CHECK(told("evt.type=ptrace and evt.arg.request=PTRACE_ATTACH") == "ptrace [PTRACE_ATTACH] [any above 62]");
    CHECK(told("evt.type=socket and evt.arg.domain=AF_PACKET") == "socket [AF_PACKET]");
    CHECK(told("evt.type=connect and fd.rport in (22, 23, 3333)") == "connect [ip 22-23|3333]");
    CHECK(told("evt.type=connect and fd.l4proto=udp") == "connect [udp4|udp6]");
    CHECK(told("evt.type=fchmod and evt.rawres=0 and evt.arg.mode=0") == "fchmod done [0000]");
    CHECK(told("evt.type=fchmod and fs.mode.exec_added=true") == "fchmod done [any bit of 0111]");
}

namespace {

const std::vector<std::string> kTests{"evt.arg.domain = AF_PACKET",
                                      "evt.arg.domain in (AF_INET, AF_INET6, AF_UNIX)",
                                      "evt.arg.domain contains INET",
                                      "evt.arg.type contains SOCK_RAW",
                                      "evt.arg.type = SOCK_STREAM",
                                      "evt.arg.type endswith SOCK_CLOEXEC",
                                      "evt.arg.proto = 6",
                                      "evt.arg.domain != AF_INET",
                                      "tolower(evt.arg.domain) = af_inet",
                                      "evt.arg.domain exists",
                                      "evt.rawarg.domain = 2",
                                      "evt.rawres >= 0",
                                      "evt.rawres > 3",
                                      "evt.rawres = -13",
                                      "evt.rawres in (-1, 4)",
                                      "evt.rawres < -100",
                                      "evt.res in (EACCES, EPERM)",
                                      "evt.res = SUCCESS",
                                      "evt.res != EINPROGRESS",
                                      "evt.failed = true",
                                      "evt.count.error = 1",
                                      "fd.connected = true",
                                      "fd.name_changed = true",
                                      "evt.arg.request = PTRACE_ATTACH",
                                      "evt.arg.request startswith PTRACE_PEEK",
                                      "evt.rawarg.request > 70",
                                      "evt.arg.sig in (SIGKILL, SIGSTOP)",
                                      "evt.sysarg[1] = 9",
                                      "evt.sysarg.hex[2] = 7",
                                      "evt.arg.prot contains PROT_WRITE",
                                      "evt.rawarg.prot >= 6",
                                      "evt.arg.mode contains S_ISUID",
                                      "evt.arg.mode = 0",
                                      "evt.rawarg.mode > 511",
                                      "fs.mode glob \"*[1357]\"",
                                      "fs.mode = 0644",
                                      "fs.mode.exec_added = true",
                                      "fs.mode.before = 0644",
                                      "fd.sport = 22",
                                      "fd.sport in (80, 443, 8080)",
                                      "fd.rport >= 1024",
                                      "fd.lport < 1024",
                                      "fd.rport != 443",
                                      "fd.port = 22",
                                      "fd.cport > 1024",
                                      "fd.l4proto = udp",
                                      "fd.l4proto != tcp",
                                      "fd.type in (ipv4, unix)",
                                      "fd.typechar = 6",
                                      "fd.sockfamily = ip",
                                      "fd.is_server = true",
                                      "fd.sip = 10.0.0.1",
                                      "proc.exepath in (/usr/bin/curl, /usr/bin/wget)",
                                      "proc.exepath endswith /wget",
                                      "proc.exepath startswith /opt",
                                      "proc.name = x",
                                      "user.uid = 0",
                                      "evt.type = socket",
                                      "evt.type in (socket, connect, accept, bind, sendto)",
                                      "evt.type in (chmod, fchmod)",
                                      "evt.type in (kill, ptrace, mprotect)",
                                      "evt.type in (unlink, setuid, dup2)"};

const std::vector<Call> kCalls{Call::socket, Call::ptrace,  Call::kill,   Call::mprotect, Call::chmod,
                               Call::fchmod, Call::connect, Call::accept, Call::bind,     Call::sendto,
                               Call::listen, Call::unlink,  Call::setuid, Call::dup2};

/// Some call's event.
event::Event random_call(Dice& dice) {
    const auto call = dice.of(kCalls);
    const auto result = dice.of(
        std::vector<std::int64_t>{0, 0, 3, 4, 5, 100, -EACCES, -EPERM, -ENOENT, -EINPROGRESS, -ECONNREFUSED, -512});
    auto e = called(call, result);
    switch (event::judged_by(call)) {
    case event::JudgedBy::socket:
        e.args = {dice.of(std::vector<std::uint64_t>{AF_UNIX, AF_INET, AF_INET6, AF_PACKET, 45, 63, 64, 1000}),
                  dice.of(std::vector<std::uint64_t>{SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, 0, 15}) |
                      dice.of(std::vector<std::uint64_t>{0, SOCK_CLOEXEC, SOCK_NONBLOCK, 0x100}),
                  dice.below(8)};
        return e;
    case event::JudgedBy::mode:
        e = moded(call, result, dice.of(std::vector<std::uint32_t>{0, 0600, 0644, 0755, 04755, 01777, 0111, 07777}));
        e.old_mode = dice.of(std::vector<std::uint32_t>{event::kUnset, 0644, 0755});
        if (result < 0)
            e.object.file.mode = S_IFREG | 0644;
        return e;
    case event::JudgedBy::peer:
        e = talking(call, result, dice.of(std::vector<std::uint16_t>{AF_UNIX, AF_INET, AF_INET6}),
                    dice.of(std::vector<std::uint8_t>{IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, 0, 132}),
                    dice.of(std::vector<std::uint16_t>{0, 22, 23, 80, 443, 1023, 1024, 8080, 65535}));
        (event::judges_remote(e.kind) ? e.local_port : e.remote_port) = dice.one_in(2) ? 40000 : 22;
        e.flags = e.kind == Kind::send && dice.one_in(3) ? event::kFlagBound : 0;
        if (e.family == AF_UNIX)
            e.protocol = 0;
        if (e.kind == Kind::bind)
            e.remote = {};
        return e;
    default:
        for (auto& arg : e.args)
            arg = dice.of(std::vector<std::uint64_t>{0, 3, 6, 7, 9, 16, 19, 62, 63, 64, 0x4206});
        return e;
    }
}

} // namespace

TEST_CASE("calls: one that makes a rule true is wanted, for random rules and calls") {
    const auto memory = std::make_unique<event::Scratch>();
    std::size_t matches = 0, sifted = 0, by_exe = 0;
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
        const auto interest = interest_of(*set, {});
        for (int i = 0; i < 200; ++i) {
            event::Process process;
            process.comm = dice.one_in(2) ? "x" : "y";
            process.exe_path = dice.of(std::vector<std::string>{"/usr/bin/curl", "/usr/bin/wget", "/bin/sh", "/opt/x"});
            auto event = random_call(dice);
            event.process = &process;
            event.uid = dice.one_in(2) ? 0 : 1000;
            const bool named = (interest.exes.run(process.exe_path) & kMarkOfCalls) != 0;
            const bool wanted = interest.calls.wants(event, named);
            sifted += wanted ? 0 : 1;
            by_exe += wanted && !interest.calls.wants(event, false) ? 1 : 0;
            for (const auto& rule : set->rules()) {
                memory->reset();
                if (!rule.condition.matches(event, *memory))
                    continue;
                ++matches;
                INFO(rule.condition_text);
                INFO(event::name_of(event.call) << " = " << event.result);
                INFO(event.args[0] << " " << event.args[1] << " " << event.args[2] << " mode " << event.mode
                                   << " family " << event.family << " protocol " << int{event.protocol} << " ports "
                                   << event.local_port << " " << event.remote_port);
                REQUIRE(wanted);
            }
        }
    }
    CHECK(matches > 20'000);
    CHECK(sifted > 50'000);
    CHECK(by_exe > 500);
}
