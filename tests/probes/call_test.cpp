// SPDX-License-Identifier: MIT OR Apache-2.0
// Calls that their arguments tell all about: each with its arguments, strings and result.
#include "watcher.hpp"

#include "event/decode.hpp"
#include "event/fields.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/memfd.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace rwatch;
using namespace rwatch::test;

namespace {

constexpr pid_t kNoProcess = 0x3fffffff; // above the highest pid that there can be

struct ExpectedCall {
    unsigned kind, call;
    std::vector<std::uint64_t> args; ///< the first ones
    std::vector<std::string> texts = {};
};

/// The n-th record of these kinds, in the order of the calls.
void check_call(const Record& record, const ExpectedCall& expected, std::int64_t ret) {
    INFO("call " << expected.call);
    const auto& call = record.as<rw_syscall>();
    CHECK(call.c.kind == expected.kind);
    CHECK(call.c.call == expected.call);
    CHECK(call.ret == ret);
    for (std::size_t i = 0; i < expected.args.size(); ++i)
        CHECK(call.args[i] == expected.args[i]);
    for (std::size_t i = 0; i < RW_TEXTS; ++i)
        CHECK(record.text(call.text[i]) == (i < expected.texts.size() ? expected.texts[i] : ""));
}

Records plain_calls(const Run& result) {
    Records found;
    std::copy_if(result.records.begin(), result.records.end(), std::back_inserter(found),
                 [](const Record& r) { return r.common().kind >= RW_SOCKET && r.common().kind <= RW_SYSTEM; });
    return found;
}

/// The address of a thing as the register has it.
std::uint64_t at(const void* pointer) {
    return reinterpret_cast<std::uint64_t>(pointer);
}

/// Made in a child, in this order; each result is kept for the parent.
class Calls {
  public:
    template <typename... Args> void operator()(long number, Args... args) {
        const long result = ::syscall(number, args...);
        shared().numbers[made_++] = static_cast<std::uint64_t>(result < 0 ? -errno : result);
    }

  private:
    std::size_t made_ = 0;
};

std::string field(const Record& record, const std::string& name) {
    auto event = event::decode(record.bytes(), 0);
    REQUIRE(event);
    std::string error;
    std::string hint;
    const auto ref = event::resolve_field(name, error, hint);
    REQUIRE(ref);
    const auto scratch = std::make_unique<event::Scratch>();
    event::Values values;
    event::read(*ref, *event, *scratch, values);
    REQUIRE(values.items().size() == 1);
    std::string text;
    event::append_text(values.items()[0], text);
    return text;
}

bool has_call(const std::string& name) {
    return std::filesystem::exists("/sys/kernel/tracing/events/syscalls/sys_enter_" + name);
}

} // namespace

TEST_CASE("calls: sockets, identity, tracing, the system's") {
    static struct sysinfo info;
    static const std::string name = "a name \xc3\xa9";
    static bpf_attr attr{};
    const auto result = run([] {
        attr.map_type = BPF_MAP_TYPE_ARRAY;
        attr.key_size = attr.value_size = 4;
        attr.max_entries = 1;
        Calls call;
        call(SYS_socket, AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
        call(SYS_socket, 0x100000000L | AF_INET, SOCK_DGRAM, 0); // the high half is not looked at
        call(SYS_socket, -1L, 0, 0);
        call(SYS_setuid, 0);
        call(SYS_setgid, 0);
        call(SYS_setreuid, -1L, 0);
        call(SYS_setregid, 0, -1L);
        call(SYS_setresuid, -1L, -1L, 0);
        call(SYS_setresgid, 0, -1L, 0);
        call(SYS_ptrace, PTRACE_ATTACH, kNoProcess, 0, 0);
        call(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof attr);
        call(SYS_memfd_create, name.c_str(), MFD_CLOEXEC);
        call(SYS_memfd_create, nullptr, 0);
        call(SYS_personality, ADDR_NO_RANDOMIZE);
        call(SYS_sysinfo, &info);
        call(SYS_syslog, 10, nullptr, 0); // SYSLOG_ACTION_SIZE_BUFFER
        call(SYS_userfaultfd, O_CLOEXEC);
        return 0;
    });
    REQUIRE(result.status == 0);
    const auto none = ~std::uint64_t{0};
    const std::vector<ExpectedCall> expected{
        {RW_SOCKET, RW_CALL_SOCKET, {AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0}},
        {RW_SOCKET, RW_CALL_SOCKET, {0x100000000L | AF_INET, SOCK_DGRAM, 0}},
        {RW_SOCKET, RW_CALL_SOCKET, {none, 0, 0}},
        {RW_SETID, RW_CALL_SETUID, {0}},
        {RW_SETID, RW_CALL_SETGID, {0}},
        {RW_SETID, RW_CALL_SETREUID, {none, 0}},
        {RW_SETID, RW_CALL_SETREGID, {0, none}},
        {RW_SETID, RW_CALL_SETRESUID, {none, none, 0}},
        {RW_SETID, RW_CALL_SETRESGID, {0, none, 0}},
        {RW_PTRACE, RW_CALL_PTRACE, {PTRACE_ATTACH, kNoProcess, 0, 0}},
        {RW_BPF, RW_CALL_BPF, {BPF_MAP_CREATE, at(&attr), sizeof attr}},
        {RW_SYSTEM, RW_CALL_MEMFD_CREATE, {at(name.c_str()), MFD_CLOEXEC}, {name}},
        {RW_SYSTEM, RW_CALL_MEMFD_CREATE, {0, 0}},
        {RW_SYSTEM, RW_CALL_PERSONALITY, {ADDR_NO_RANDOMIZE}},
        {RW_SYSTEM, RW_CALL_SYSINFO, {at(&info)}},
        {RW_SYSTEM, RW_CALL_SYSLOG, {10, 0, 0}},
        {RW_SYSTEM, RW_CALL_USERFAULTFD, {O_CLOEXEC}},
    };
    const auto records = plain_calls(result);
    REQUIRE(records.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i)
        check_call(records[i], expected[i], static_cast<std::int64_t>(shared().numbers[i]));
    CHECK(records[2].as<rw_syscall>().ret == -EAFNOSUPPORT);
    CHECK(records[9].as<rw_syscall>().ret == -ESRCH);
    CHECK(records[12].as<rw_syscall>().ret == -EFAULT);
    CHECK(field(records[0], "evt.arg.domain") == "AF_PACKET");
    CHECK(field(records[0], "evt.arg.type") == "SOCK_RAW|SOCK_CLOEXEC");
    CHECK(field(records[1], "evt.arg.domain") == "AF_INET");
    CHECK(field(records[1], "evt.sysarg[0]") == "2");
    CHECK(field(records[9], "evt.arg.request") == "PTRACE_ATTACH");
    CHECK(field(records[13], "evt.sysarg.hex[0]") == "40000");
}

TEST_CASE("calls: another user, told as it is after the call") {
    const auto result = run([] {
        ::syscall(SYS_setresgid, 65534, 65534, 65534);
        ::syscall(SYS_setuid, 65534);
        ::syscall(SYS_setuid, 0);
        return 0;
    });
    const auto records = result.of(RW_SETID);
    REQUIRE(records.size() == 3);
    CHECK(records[0].common().egid == 65534);
    CHECK(records[0].common().euid == 0);
    CHECK(records[1].common().euid == 65534);
    CHECK(records[1].common().uid == 65534);
    CHECK(records[2].as<rw_syscall>().ret == -EPERM);
    CHECK(records[2].as<rw_syscall>().args[0] == 0);
}

TEST_CASE("calls: namespaces and mounts") {
    const Directory directory;
    const auto mountpoint = directory.directory("here");
    const auto other = directory.directory("there");
    const auto result = run([&] {
        Calls call;
        call(SYS_unshare, CLONE_NEWNS | CLONE_NEWUTS);
        call(SYS_setns, -1L, CLONE_NEWNET);
        call(SYS_mount, nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
        call(SYS_mount, "a source", mountpoint.c_str(), "tmpfs", MS_NOSUID, nullptr);
        call(SYS_mount, mountpoint.c_str(), other.c_str(), nullptr, MS_BIND, nullptr);
        call(SYS_umount2, other.c_str(), MNT_DETACH);
        call(SYS_umount2, "/nonexistent", 0);
        return 0;
    });
    REQUIRE(result.status == 0);
    const std::vector<ExpectedCall> expected{
        {RW_NAMESPACE, RW_CALL_UNSHARE, {CLONE_NEWNS | CLONE_NEWUTS}},
        {RW_NAMESPACE, RW_CALL_SETNS, {~std::uint64_t{0}, CLONE_NEWNET}},
        {RW_MOUNT, RW_CALL_MOUNT, {}, {"", "/", ""}},
        {RW_MOUNT, RW_CALL_MOUNT, {}, {"a source", mountpoint, "tmpfs"}},
        {RW_MOUNT, RW_CALL_MOUNT, {}, {mountpoint, other, ""}},
        {RW_MOUNT, RW_CALL_UMOUNT2, {at(other.c_str()), MNT_DETACH}, {other}},
        {RW_MOUNT, RW_CALL_UMOUNT2, {}, {"/nonexistent"}},
    };
    const auto records = plain_calls(result);
    REQUIRE(records.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i)
        check_call(records[i], expected[i], static_cast<std::int64_t>(shared().numbers[i]));
    CHECK(records[0].as<rw_syscall>().ret == 0);
    CHECK(records[3].as<rw_syscall>().args[3] == MS_NOSUID);
    CHECK(records[6].as<rw_syscall>().ret == -ENOENT);
    CHECK(field(records[0], "evt.arg.flags") == "CLONE_NEWNS|CLONE_NEWUTS");
    CHECK(field(records[2], "evt.arg.flags") == "REC|PRIVATE");
}

TEST_CASE("calls: roots, and mounts by descriptor") {
    const Directory directory;
    const auto root = directory.directory("root");
    const auto result = run([&] {
        Calls call;
        call(SYS_unshare, CLONE_NEWNS);
        call(SYS_fsopen, "tmpfs", 0);
        const auto context = shared().numbers[1];
        call(SYS_fsconfig, context, 1, "mode", "0700", 0); // FSCONFIG_SET_STRING
        call(SYS_fsconfig, context, 6, nullptr, nullptr, 0);
        call(SYS_fsmount, context, 0, 2); // MOUNT_ATTR_NOSUID
        call(SYS_move_mount, shared().numbers[4], "", AT_FDCWD, root.c_str(), 4);
        call(SYS_open_tree, AT_FDCWD, root.c_str(), 1); // OPEN_TREE_CLONE
        call(SYS_fspick, AT_FDCWD, root.c_str(), 1);
        call(SYS_mount_setattr, AT_FDCWD, root.c_str(), 0, nullptr, 0);
        call(SYS_pivot_root, "/nonexistent", "/missing");
        call(SYS_chroot, root.c_str());
        return 0;
    });
    REQUIRE(result.status == 0);
    const std::vector<ExpectedCall> expected{
        {RW_NAMESPACE, RW_CALL_UNSHARE, {CLONE_NEWNS}},
        {RW_MOUNT, RW_CALL_FSOPEN, {}, {"tmpfs"}},
        {RW_MOUNT, RW_CALL_FSCONFIG, {shared().numbers[1], 1}, {"", "", "mode", "0700"}},
        {RW_MOUNT, RW_CALL_FSCONFIG, {shared().numbers[1], 6}},
        {RW_MOUNT, RW_CALL_FSMOUNT, {shared().numbers[1], 0, 2}},
        {RW_MOUNT, RW_CALL_MOVE_MOUNT, {shared().numbers[4]}, {"", "", "", root}},
        {RW_MOUNT, RW_CALL_OPEN_TREE, {}, {"", root}},
        {RW_MOUNT, RW_CALL_FSPICK, {}, {"", root}},
        {RW_MOUNT, RW_CALL_MOUNT_SETATTR, {}, {"", root}},
        {RW_MOUNT, RW_CALL_PIVOT_ROOT, {}, {"/nonexistent", "/missing"}},
        {RW_MOUNT, RW_CALL_CHROOT, {}, {root}},
    };
    const auto records = plain_calls(result);
    REQUIRE(records.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i)
        check_call(records[i], expected[i], static_cast<std::int32_t>(shared().numbers[i]));
    CHECK(records[5].as<rw_syscall>().ret == 0);
    CHECK(field(records[4], "evt.arg.attr_flags") == "MOUNT_ATTR_NOSUID");
    CHECK(field(records[3], "evt.arg.cmd") == "FSCONFIG_CMD_CREATE");
    CHECK(field(records[2], "evt.arg.value") == "0700");
    CHECK(field(records[6], "evt.arg.flags") == "OPEN_TREE_CLONE");
    CHECK(field(records[10], "evt.arg.path") == root);
}

TEST_CASE("calls: modules of the kernel, where it has any") {
    if (!has_call("finit_module")) {
        WARN("this kernel has no modules: not tested");
        return;
    }
    // On the stack, which is in memory: the kernel does not look at them before it refuses, and a probe can't bring a
    // page in.
    const std::string first = "a=1";
    const std::string second = "b=2";
    const auto result = run([&] {
        Calls call;
        call(SYS_finit_module, -1L, first.c_str(), 3);
        call(SYS_delete_module, "rwatch_no_such_module", O_NONBLOCK);
        call(SYS_init_module, nullptr, 0, second.c_str());
        return 0;
    });
    const auto records = result.of(RW_MODULE);
    REQUIRE(records.size() == 3);
    check_call(records[0], {RW_MODULE, RW_CALL_FINIT_MODULE, {~std::uint64_t{0}}, {"", "a=1"}},
               static_cast<std::int64_t>(shared().numbers[0]));
    check_call(records[1], {RW_MODULE, RW_CALL_DELETE_MODULE, {}, {"rwatch_no_such_module"}},
               static_cast<std::int64_t>(shared().numbers[1]));
    check_call(records[2], {RW_MODULE, RW_CALL_INIT_MODULE, {0, 0}, {"", "", "b=2"}},
               static_cast<std::int64_t>(shared().numbers[2]));
}
