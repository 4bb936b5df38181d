// SPDX-License-Identifier: MIT OR Apache-2.0
// Every field of the table: what it reads from an event built by hand that has everything, and from one that has
// nothing; that kinds of event that do not carry it have it missing. A field without a row fails the test.
#include "event/builder.hpp"
#include "event/call_args.hpp"
#include "event/fields.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <memory>
#include <set>
#include <sys/stat.h>
#include <sys/sysmacros.h>

using namespace rwatch::event;

namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::int64_t kWall = 1'700'000'000'123'456'789; // 2023-11-14 22:13:20 UTC

constexpr std::string_view kHash = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

std::string words(std::string text) {
    for (char& c : text)
        c = c == ' ' ? '\0' : c;
    return text;
}

Process process(std::uint32_t pid, const std::string& name, const std::string& exe, const std::string& arguments,
                std::uint64_t started, const Process* parent) {
    Process out;
    out.pid = pid;
    out.vpid = pid / 10;
    out.start_ns = started * kSecond;
    out.comm = name;
    out.exe_path = exe;
    out.argv = words(name + " " + arguments);
    out.cmdline = name + " " + arguments;
    out.parent = parent;
    return out;
}

Placement of_unit(std::string unit) {
    Placement out;
    out.unit = std::move(unit);
    return out;
}

/// All that an event can point to.
struct World {
    World() {
        self.sid = 80;
        self.streams = {1, 0xac, 0}; // a pipe, an IPv6 socket, closed
        login.placement = &server;
        self.session_size = &session_size;
        self.tty = 136U << 20U | 3U;
        self.cap_effective = 1;
        self.cap_permitted = 1U << 5U;
        self.cwd = "/work";
        self.script = "/opt/run.sh";
        self.exe.ctime_ns = kWall - 12 * static_cast<std::int64_t>(kSecond);
        self.exe.mtime_ns = 17;
        self.exe_memfd = self.exe_unlinked = true;
        self.execed = false;
    }
    std::uint32_t session_size = 4;
    Directory names{{{0, "root"}, {1000, "eve"}}, {{4, "adm"}}};
    Placement placement{"/a/b",      "u.service",          "s.slice", "x.service", "3",
                        "m",         std::string(64, 'c'), "podman",  "pod-1",     "ann",
                        "pts/3",     "192.0.2.7",          "sshd",    "web",       "reg:5000/a/nginx:1.25@sha256:00",
                        "sha256:11", "sha256:00",          "web-0",   "shop",      std::string(64, 'd')};
    Placement server = of_unit("sshd.service");
    Process login = process(80, "sshd", "/usr/sbin/sshd", "-D", 30, nullptr);
    Process shell = process(90, "sh", "/bin/sh", "-c x", 40, &login);
    Process self = process(100, "tool", "/opt/tool", "-a bc", 48, &shell);
};

Event bare(Call call) {
    Event e;
    e.call = call;
    e.kind = kind_of(call);
    return e;
}

/// Everything is set, also what such a call does not have.
Event full(const World& world, Call call) {
    Event e = bare(call);
    e.number = 7;
    e.flags = kFlagIoUring;
    e.boot_ns = 50 * kSecond;
    e.wall_ns = kWall;
    e.exe = {5, 77};
    e.pid = 100;
    e.tid = 101;
    e.ppid = 90;
    e.vpid = 10;
    e.uid = e.loginuid = 1000;
    e.gid = 1001;
    e.egid = 4;
    e.session = 3;
    e.process = &world.self;
    e.placement = &world.placement;
    e.directory = &world.names;
    const bool aims = kind_of(call) == Kind::ptrace || kind_of(call) == Kind::signal;
    e.target_process = aims ? &world.login : nullptr;
    e.host_mounts = true;
    e.exe_hash = kHash;
    e.old_euid = 1000;
    e.object = {"/d/a.txt", "/e/b.cfg", "a.txt", {{makedev(8, 1), 9}, S_IFREG | 0755, 1, 0, 0, 0}, {}, 0, {}};
    e.target = {"/d/new.enc", {}, "new.enc", {}, {}, 0, {}};
    e.has_result = true;
    e.result = 3;
    e.dfd = 4;
    e.open_flags = O_RDWR | O_CREAT;
    e.mode = 0755;
    e.old_mode = 0644;
    e.created = true;
    e.node_dev = 261;
    e.args = {1, 2, 3, 4, 5, 6};
    e.texts = {"t0", "t1", "t2", "t3"};
    e.owner = 0;
    e.group = 4;
    e.attribute = "security.x";
    e.length = 12;
    e.backlog = 7;
    e.arg_count = static_cast<std::uint8_t>(signature_of(call).size());
    e.family = 2;
    e.socket_type = 1;
    e.protocol = 6;
    e.local = *parse_address("10.0.0.1");
    e.remote = *parse_address("192.0.2.1");
    e.local_port = 40000;
    e.remote_port = 443;
    e.fd = 5;
    e.remote_name = "far.example";
    return e;
}

/// All values as text, joined by a blank; "-" where there is none.
std::string value_text(const Event& event, const FieldRef& ref) {
    static const auto scratch = std::make_unique<Scratch>();
    scratch->reset();
    Values values;
    read(ref, event, *scratch, values);
    std::string text;
    for (const auto& item : values.items()) {
        CHECK(item.type == ref.field->type);
        text += text.empty() ? "" : " ";
        append_text(item, text);
    }
    return values.empty() ? "-" : text;
}

FieldRef resolved(const std::string& name) {
    std::string error, hint;
    const auto ref = resolve_field(name, error, hint);
    INFO(name << ": " << error);
    REQUIRE(ref);
    return *ref;
}

struct Row {
    const char* field;
    Call call;
    const char *full, *bare; ///< in an event of that call that has everything, and that has nothing but its call
};

const Row kRows[] = {
    {"container.full_id", Call::execve, "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc", "-"},
    {"container.id", Call::execve, "cccccccccccc", "host"},
    {"container.image", Call::execve, "reg:5000/a/nginx:1.25@sha256:00", "-"},
    {"container.image.digest", Call::execve, "sha256:00", "-"},
    {"container.image.id", Call::execve, "sha256:11", "-"},
    {"container.image.repository", Call::execve, "reg:5000/a/nginx", "-"},
    {"container.image.tag", Call::execve, "1.25", "-"},
    {"container.name", Call::execve, "web", "host"},
    {"container.type", Call::execve, "podman", "host"},
    {"evt.arg.flags", Call::openat, "O_RDWR|O_CREAT|FD_CREATED", "O_RDONLY"},
    {"evt.arg.domain", Call::socket, "AF_UNIX", "-"},
    {"evt.args", Call::unlinkat, "dirfd=4 name=a.txt path=a.txt res=3", "dirfd=-100 name=<NA> path=<NA> res=<NA>"},
    {"evt.category", Call::connect, "net", "net"},
    {"evt.count", Call::connect, "1", "1"},
    {"evt.count.error", Call::connect, "-", "-"}, // of a call that failed: below
    {"evt.datetime", Call::connect, "2023-11-14 22:13:20.123456789", "1970-01-01 00:00:00.000000000"},
    {"evt.datetime.s", Call::connect, "2023-11-14 22:13:20", "1970-01-01 00:00:00"},
    {"evt.dir", Call::connect, "<", "<"},
    {"evt.failed", Call::connect, "false", "-"},
    {"evt.is_async", Call::connect, "false", "false"},
    {"evt.is_io", Call::connect, "false", "false"},
    {"evt.is_io_read", Call::connect, "false", "false"},
    {"evt.is_io_write", Call::connect, "false", "false"},
    {"evt.is_io_uring", Call::openat, "true", "false"},
    {"evt.arg.oldfd", Call::dup2, "5", "-1"},
    {"evt.arg.newfd", Call::dup3, "3", "0"},
    {"fd.num", Call::dup, "3", "0"},
    {"fd.rip", Call::dup, "192.0.2.1", "-"},
    {"fd.name", Call::dup2, "10.0.0.1:40000->192.0.2.1:443", "-"},
    {"fd.is_server", Call::dup, "false", "false"},
    {"fd.connected", Call::dup3, "true", "false"},
    {"fd.name", Call::mmap, "/d/a.txt /e/b.cfg", "-"},
    {"fd.name", Call::finit_module, "/d/a.txt /e/b.cfg", "-"},
    {"fd.ino", Call::mmap, "9", "-"},
    {"fd.num", Call::mmap, "5", "-"},
    {"evt.arg.prot", Call::mmap, "PROT_READ|PROT_WRITE", "-"},
    {"evt.arg.flags", Call::mmap, "4", "-"},
    {"evt.arg.option", Call::prctl, "1", "-"},
    {"evt.arg.arg2_str", Call::prctl, "t1", "-"},
    {"evt.arg.option", Call::keyctl, "KEYCTL_JOIN_SESSION_KEYRING", "-"},
    {"evt.arg.clockid", Call::clock_settime, "CLOCK_MONOTONIC", "-"},
    {"evt.arg.opcode", Call::io_uring_submit, "1", "-"},
    {"evt.arg.state", Call::service_start, "t1", "-"},
    {"evt.arg.unit", Call::service_stop, "t0", "-"},
    {"evt.arg.path", Call::swapon, "t0", "-"},
    {"evt.is_open_create", Call::openat, "true", "false"},
    {"evt.is_open_exec", Call::openat, "true", "false"},
    {"evt.is_open_read", Call::openat, "true", "true"},
    {"evt.is_open_write", Call::openat, "true", "false"},
    {"evt.is_syslog", Call::connect, "false", "false"},
    {"evt.num", Call::connect, "7", "0"},
    {"evt.rawarg.type", Call::socket, "2", "-"},
    {"evt.rawarg.mode", Call::openat, "493", "0"},
    {"evt.rawres", Call::connect, "3", "-"},
    {"evt.rawtime", Call::connect, "1700000000123456789", "0"},
    {"evt.rawtime.ns", Call::connect, "123456789", "0"},
    {"evt.rawtime.s", Call::connect, "1700000000", "0"},
    {"evt.res", Call::connect, "SUCCESS", "-"},
    {"evt.source", Call::connect, "syscall", "syscall"},
    {"evt.sysarg[1]", Call::socket, "2", "-"},
    {"evt.sysarg.hex[2]", Call::socket, "3", "-"},
    {"evt.time", Call::connect, "22:13:20.123456789", "00:00:00.000000000"},
    {"evt.time.day", Call::connect, "14", "1"},
    {"evt.time.hour", Call::connect, "22", "0"},
    {"evt.time.iso8601", Call::connect, "2023-11-14T22:13:20.123456789Z", "1970-01-01T00:00:00.000000000Z"},
    {"evt.time.minute", Call::connect, "13", "0"},
    {"evt.time.month", Call::connect, "11", "1"},
    {"evt.time.s", Call::connect, "22:13:20", "00:00:00"},
    {"evt.time.week", Call::connect, "46", "1"},
    {"evt.time.year", Call::connect, "2023", "1970"},
    {"evt.type", Call::openat2, "openat2", "openat2"},
    {"fd.cip", Call::connect, "10.0.0.1", "-"},
    {"fd.cip", Call::accept4, "192.0.2.1", "-"},
    {"fd.cip", Call::bind, "-", "-"},
    {"fd.cip.name", Call::accept4, "far.example", "-"},
    {"fd.cip.name", Call::connect, "-", "-"},
    {"fd.rip.name", Call::connect, "far.example", "-"},
    {"fd.rip.name", Call::accept, "far.example", "-"},
    {"fd.rip.name", Call::bind, "-", "-"},
    {"fd.sip.name", Call::connect, "far.example", "-"},
    {"fd.sip.name", Call::accept, "-", "-"},
    {"fd.sip", Call::recvfrom, "192.0.2.1", "-"},
    {"fd.is_server", Call::recvmsg, "false", "false"},
    {"fd.connected", Call::recvmsg, "-", "-"},
    {"fd.sip", Call::sendto, "192.0.2.1", "-"},
    {"fd.is_server", Call::sendmsg, "false", "false"},
    {"fd.connected", Call::sendto, "true", "false"}, // fast open
    {"fd.name_changed", Call::sendmmsg, "true", "true"},
    {"fd.num", Call::sendto, "5", "-1"},
    {"fd.num", Call::recvfrom, "5", "-1"},
    {"fd.name", Call::recvfrom, "10.0.0.1:40000->192.0.2.1:443", "-"},
    {"fd.cport", Call::accept, "443", "-"},
    {"fd.sip", Call::accept, "10.0.0.1", "-"},
    {"fd.sip", Call::bind, "10.0.0.1", "-"},
    {"fd.sport", Call::listen, "40000", "-"},
    {"fd.rip", Call::accept, "192.0.2.1", "-"},
    {"fd.rip", Call::listen, "-", "-"},
    {"fd.lip", Call::bind, "10.0.0.1", "-"},
    {"fd.lport", Call::accept, "40000", "-"},
    {"fd.ip", Call::bind, "10.0.0.1", "-"},
    {"fd.port", Call::listen, "40000", "-"},
    {"fd.is_server", Call::accept, "true", "true"},
    {"fd.is_server", Call::bind, "true", "true"},
    {"fd.connected", Call::accept, "true", "true"},
    {"fd.connected", Call::listen, "false", "false"},
    {"fd.name", Call::accept, "192.0.2.1:443->10.0.0.1:40000", "-"},
    {"fd.name", Call::bind, "10.0.0.1:40000", "-"},
    {"fd.name", Call::fchown, "/d/a.txt /e/b.cfg", "-"},
    {"fd.num", Call::accept, "3", "0"},
    {"fd.num", Call::listen, "5", "-1"},
    {"fd.num", Call::ftruncate, "4", "-100"},
    {"fs.path.name", Call::lsetxattr, "/d/a.txt /e/b.cfg", "-"},
    {"evt.arg.backlog", Call::listen, "7", "0"},
    {"evt.arg.addr", Call::bind, "10.0.0.1:40000", "-"},
    {"evt.arg.addr", Call::connect, "192.0.2.1:443", "-"},
    {"evt.arg.uid", Call::chown, "root", "-1"},
    {"evt.arg.gid", Call::lchown, "adm", "-1"},
    {"evt.rawarg.uid", Call::fchownat, "0", "-1"},
    {"evt.arg.length", Call::truncate, "12", "0"},
    {"evt.arg.name", Call::removexattr, "security.x", "-"},
    {"evt.arg.sig", Call::kill, "SIGINT", "-"},
    {"evt.arg.cap_effective", Call::capset, "CAP_CHOWN|CAP_DAC_OVERRIDE", "-"},
    {"evt.arg.to_path", Call::move_mount, "t3", "-"},
    {"evt.arg.flags", Call::clone3, "0x1", "-"},
    {"fd.cnet", Call::connect, "10.0.0.1", "-"},
    {"fd.connected", Call::connect, "false", "true"},
    {"fd.cport", Call::connect, "40000", "-"},
    {"fd.created", Call::openat, "true", "false"},
    {"fd.dev", Call::unlink, "2049", "-"},
    {"fd.dev.major", Call::unlink, "8", "-"},
    {"fd.dev.minor", Call::unlink, "1", "-"},
    {"fd.directory", Call::openat, "/d /e", "-"},
    {"fd.filename", Call::openat, "a.txt b.cfg", "-"},
    {"fd.ino", Call::unlink, "9", "-"},
    {"fd.ip", Call::connect, "192.0.2.1 10.0.0.1", "-"},
    {"fd.is_server", Call::connect, "false", "false"},
    {"fd.l4proto", Call::connect, "tcp", "na"},
    {"fd.lip", Call::connect, "10.0.0.1", "-"},
    {"fd.lnet", Call::connect, "10.0.0.1", "-"},
    {"fd.lport", Call::connect, "40000", "-"},
    {"fd.name", Call::connect, "10.0.0.1:40000->192.0.2.1:443", "-"},
    {"fd.name", Call::openat, "/d/a.txt /e/b.cfg", "-"},
    {"fd.name_changed", Call::connect, "false", "true"},
    {"fd.nameraw", Call::openat, "a.txt", "-"},
    {"fd.net", Call::connect, "192.0.2.1 10.0.0.1", "-"},
    {"fd.num", Call::openat, "3", "0"},
    {"fd.num", Call::connect, "5", "-1"},
    {"fd.port", Call::connect, "443 40000", "-"},
    {"fd.rip", Call::connect, "192.0.2.1", "-"},
    {"fd.rnet", Call::connect, "192.0.2.1", "-"},
    {"fd.rport", Call::connect, "443", "-"},
    {"fd.sip", Call::connect, "192.0.2.1", "-"},
    {"fd.snet", Call::connect, "192.0.2.1", "-"},
    {"fd.sockfamily", Call::connect, "ip", "ip"},
    {"fd.sport", Call::connect, "443", "-"},
    {"fd.type", Call::openat, "file", "file"},
    {"fd.typechar", Call::connect, "4", "u"},
    {"fs.mode", Call::chmod, "0755", "0000"},
    {"fs.mode.before", Call::chmod, "0644", "-"},
    {"fs.mode.exec_added", Call::chmod, "true", "false"},
    {"fs.path.name", Call::unlink, "/d/a.txt /e/b.cfg", "-"},
    {"fs.path.nameraw", Call::unlink, "a.txt", "-"},
    {"fs.path.new", Call::rename, "/d/new.enc", "-"},
    {"fs.path.new.extension", Call::rename, ".enc", "-"},
    {"fs.path.source", Call::rename, "/d/a.txt /e/b.cfg", "-"},
    {"fs.path.sourceraw", Call::rename, "a.txt", "-"},
    {"fs.path.target", Call::link, "/d/new.enc", "-"},
    {"fs.path.targetraw", Call::link, "new.enc", "-"},
    {"group.gid", Call::execve, "4", "0"},
    {"group.name", Call::execve, "adm", "-"},
    {"group.rgid", Call::execve, "1001", "0"},
    {"k8s.ns.name", Call::execve, "shop", "-"},
    {"k8s.pod.full_sandbox_id", Call::execve, "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd", "-"},
    {"k8s.pod.name", Call::execve, "web-0", "-"},
    {"k8s.pod.sandbox_id", Call::execve, "dddddddddddd", "-"},
    {"k8s.pod.uid", Call::execve, "pod-1", "-"},
    {"proc.aargs", Call::execve, "-c x -D", "-"},
    {"proc.aargs[2]", Call::execve, "-D", "-"},
    {"proc.acmdline", Call::execve, "sh -c x sshd -D", "-"},
    {"proc.acmdline[1]", Call::execve, "sh -c x", "-"},
    {"proc.aexe", Call::execve, "sh sshd", "-"},
    {"proc.aexepath[2]", Call::execve, "/usr/sbin/sshd", "-"},
    {"proc.aname", Call::execve, "sh sshd", "-"},
    {"proc.aname[0]", Call::execve, "tool", "-"},
    {"proc.aname[3]", Call::execve, "-", "-"},
    {"proc.apid", Call::execve, "90 80", "-"},
    {"proc.args", Call::execve, "-a bc", "-"},
    {"proc.args[1]", Call::execve, "bc", "-"},
    {"proc.args[2]", Call::execve, "-", "-"},
    {"proc.argv", Call::execve, "tool -a bc", "-"},
    {"proc.argv[1]", Call::execve, "-a", "-"},
    {"proc.cmdlenargs", Call::execve, "4", "-"},
    {"proc.cmdline", Call::execve, "tool -a bc", "-"},
    {"proc.cmdnargs", Call::execve, "2", "-"},
    {"proc.cwd", Call::execve, "/work", "-"},
    {"proc.duration", Call::execve, "2000000000", "-"},
    {"proc.exe", Call::execve, "tool", "-"},
    {"proc.exe.dev", Call::execve, "5", "-"},
    {"proc.exe.ino", Call::execve, "77", "-"},
    {"proc.exe_ino", Call::execve, "77", "-"},
    {"proc.exe_ino.ctime", Call::execve, "1699999988123456789", "-"},
    {"proc.exe_ino.ctime_duration_proc_start", Call::execve, "10000000000", "-"},
    {"proc.exe_ino.mtime", Call::execve, "17", "-"},
    {"proc.exeline", Call::execve, "tool -a bc", "-"},
    {"proc.exepath", Call::execve, "/opt/tool", "-"},
    {"proc.hash.sha256", Call::execve, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "-"},
    {"proc.hashes", Call::execve, "SHA256=0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF", "-"},
    {"proc.is_exe_from_memfd", Call::execve, "true", "-"},
    {"proc.is_exe_unlinked", Call::execve, "true", "-"},
    {"proc.is_in_host_mntns", Call::execve, "true", "-"},
    {"proc.is_sid_leader", Call::execve, "false", "-"},
    {"proc.name", Call::execve, "tool", "-"},
    {"proc.never_execed", Call::execve, "true", "-"},
    {"proc.pcmdline", Call::execve, "sh -c x", "-"},
    {"proc.pexe", Call::execve, "sh", "-"},
    {"proc.pexeline", Call::execve, "sh -c x", "-"},
    {"proc.pexepath", Call::execve, "/bin/sh", "-"},
    {"proc.pid", Call::execve, "100", "0"},
    {"proc.pid.ts", Call::execve, "1699999998123456789", "-"},
    {"proc.pname", Call::execve, "sh", "-"},
    {"proc.ppid", Call::execve, "90", "0"},
    {"proc.ppid.duration", Call::execve, "10000000000", "-"},
    {"proc.ppid.ts", Call::execve, "1699999990123456789", "-"},
    {"proc.pvpid", Call::execve, "9", "-"},
    {"proc.script", Call::execve, "/opt/run.sh", "-"},
    {"proc.session_size", Call::execve, "4", "-"},
    {"proc.sessionid", Call::execve, "3", "-"},
    {"proc.sid", Call::execve, "80", "-"},
    {"proc.sid.exe", Call::execve, "sshd", "-"},
    {"proc.sid.exepath", Call::execve, "/usr/sbin/sshd", "-"},
    {"proc.sname", Call::execve, "sshd", "-"},
    {"proc.target.cmdline", Call::kill, "sshd -D", "-"},
    {"proc.target.name", Call::tgkill, "sshd", "-"},
    {"proc.target.unit", Call::kill, "sshd.service", "-"},
    {"proc.target.exepath", Call::ptrace, "/usr/sbin/sshd", "-"},
    {"proc.target.pid", Call::ptrace, "80", "-"},
    {"proc.target.uid", Call::ptrace, "0", "-"},
    {"proc.target.user", Call::ptrace, "root", "-"},
    {"proc.stderr.type", Call::execve, "-", "-"},
    {"proc.stdin.type", Call::execve, "fifo", "-"},
    {"proc.stdout.type", Call::execve, "ipv6", "-"},
    {"proc.tty", Call::execve, "142606339", "-"},
    {"proc.ttyname", Call::execve, "pts/3", "-"},
    {"proc.vpid", Call::execve, "10", "0"},
    {"syscall.type", Call::openat2, "openat2", "openat2"},
    {"syscall.type", Call::procexit, "-", "-"},
    {"systemd.cgroup", Call::execve, "/a/b", "-"},
    {"systemd.machine", Call::execve, "m", "-"},
    {"systemd.session", Call::execve, "3", "-"},
    {"systemd.session.host", Call::execve, "192.0.2.7", "-"},
    {"systemd.session.service", Call::execve, "sshd", "-"},
    {"systemd.session.tty", Call::execve, "pts/3", "-"},
    {"systemd.session.user", Call::execve, "ann", "-"},
    {"systemd.slice", Call::execve, "s.slice", "-"},
    {"systemd.unit", Call::execve, "u.service", "-"},
    {"systemd.user_unit", Call::execve, "x.service", "-"},
    {"thread.cap_effective", Call::execve, "CAP_CHOWN", "-"},
    {"thread.cap_permitted", Call::execve, "CAP_KILL", "-"},
    {"thread.ismain", Call::execve, "false", "true"},
    {"thread.tid", Call::execve, "101", "0"},
    {"user.loginname", Call::execve, "eve", "-"},
    {"user.loginuid", Call::execve, "1000", "-1"},
    {"user.name", Call::execve, "root", "-"},
    {"user.ruid", Call::execve, "1000", "0"},
    {"user.uid", Call::execve, "0", "0"},
    {"user.uid.before", Call::execve, "1000", "-"},
};

/// Each way of writing a field that has an argument.
std::vector<FieldRef> ways(const Field& field) {
    if (field.arg == ArgKind::key)
        return {resolved(std::string(field.name) + ".flags"), resolved(std::string(field.name) + ".mode")};
    if (field.arg == ArgKind::index)
        return {{&field, {}}, {&field, {0, {}}}, {&field, {1, {}}}};
    if (field.arg == ArgKind::index_required)
        return {{&field, {0, {}}}};
    return {{&field, {}}};
}

/// A call of each kind.
std::vector<Call> calls() {
    std::set<Kind> seen;
    std::vector<Call> out;
    for (std::size_t i = 1; i < kCalls; ++i)
        if (seen.insert(kind_of(static_cast<Call>(i))).second)
            out.push_back(static_cast<Call>(i));
    return out;
}

} // namespace

TEST_CASE("every field reads what an event holds, and nothing where it holds nothing") {
    ::setenv("TZ", "UTC", 1); // NOLINT(concurrency-mt-unsafe): the only thread
    ::tzset();
    const World world;
    std::set<const Field*> tried;
    for (const auto& row : kRows) {
        INFO(row.field << " of " << name_of(row.call));
        const auto ref = resolved(row.field);
        tried.insert(ref.field);
        CHECK(value_text(full(world, row.call), ref) == row.full);
        CHECK(value_text(bare(row.call), ref) == row.bare);
    }
    for (const auto& field : fields())
        if (field.supplied) {
            INFO("no row for " << field.name);
            CHECK(tried.count(&field) == 1);
        }
    auto failed = full(world, Call::connect);
    failed.result = -2;
    CHECK(value_text(failed, resolved("evt.count.error")) == "1");
}

TEST_CASE("every field is missing in kinds of event that do not carry it") {
    const World world;
    std::size_t missing = 0;
    for (const auto& field : fields())
        for (const auto call : calls())
            if ((field.kinds & set_of(kind_of(call))) == 0)
                for (const auto& ref : ways(field)) {
                    INFO(field.name << " of " << name_of(call));
                    CHECK(value_text(full(world, call), ref) == "-");
                    ++missing;
                }
    CHECK(missing > 500);
}

TEST_CASE("every field that no event has is missing in all of them, and can't be set") {
    const World world;
    std::size_t count = 0;
    for (const auto& field : fields()) {
        if (field.supplied)
            continue;
        ++count;
        INFO(field.name);
        EventBuilder builder;
        std::string error;
        CHECK_FALSE(builder.set(field.name, "1", error));
        CHECK(error == "no event has '" + std::string(field.name) + "'");
        for (const auto call : calls())
            CHECK(value_text(full(world, call), {&field, {}}) == "-");
    }
    CHECK(count > 100);
    for (const auto* with_argument :
         {"evt.arg.nonsense", "evt.rawarg[3]", "container.mount.dest[/etc]", "proc.env[HOME]"})
        for (const auto call : calls())
            CHECK(value_text(full(world, call), resolved(with_argument)) == "-");
}
