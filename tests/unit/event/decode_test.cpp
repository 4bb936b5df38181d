// SPDX-License-Identifier: MIT OR Apache-2.0
// Every kind of record decoded field by field, and what is refused.
#include "event/decode.hpp"

#include "decode_record.hpp"
#include "event/field_tables.hpp"

#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <ctime>
#include <fcntl.h>
#include <random>
#include <sys/stat.h>
#include <sys/sysmacros.h>

using namespace rwatch;
using event::decode;
using event::Kind;
using test::WireRecord;

namespace {

constexpr std::int64_t kOffset = 1'700'000'000'000'000'000;
constexpr std::uint32_t kWireDev = (254U << 20U) | 3U;

rw_file a_file() {
    return {.ino = 12, .mtime_ns = 7, .ctime_ns = 8, .dev = kWireDev, .mode = 0100644, .nlink = 1, .uid = 33};
}

WireRecord<rw_open> an_open() {
    WireRecord<rw_open> r(RW_OPEN, RW_CALL_OPENAT);
    r.fixed.file = a_file();
    r.fixed.path.path = r.string("/etc/shadow");
    r.fixed.raw = r.string("../etc/shadow");
    r.fixed.ret = 3;
    r.fixed.dfd = AT_FDCWD;
    r.fixed.open_flags = O_RDONLY | O_CLOEXEC;
    r.fixed.mode = 0600;
    r.fixed.resolve = 4;
    return r;
}

} // namespace

TEST_CASE("what every record carries") {
    auto bytes = an_open().bytes();
    const auto e = decode(bytes, kOffset);
    REQUIRE(e);
    CHECK(e->boot_ns == 5'000'000'000);
    CHECK(e->wall_ns == kOffset + 5'000'000'000);
    CHECK(e->start_ns == 4'000'000'000);
    CHECK(e->parent_start_ns == 1'000'000'000);
    CHECK(e->cgroup == 77);
    CHECK(e->exe == event::FileId{makedev(254, 3), 4711});
    CHECK(e->pid == 1000);
    CHECK(e->tid == 1001);
    CHECK(e->ppid == 999);
    CHECK(e->vpid == 5);
    CHECK(e->uid == 1);
    CHECK(e->euid == 2);
    CHECK(e->gid == 3);
    CHECK(e->egid == 4);
    CHECK(e->loginuid == 5);
    CHECK(e->session == 6);
    CHECK(e->pidns == 7);
    CHECK(e->mntns == 8);
    CHECK(e->comm == "bash");
    CHECK(e->process == nullptr);
    CHECK(e->number == 0);
}

TEST_CASE("a comm of sixteen bytes has no terminator") {
    auto r = an_open();
    std::memset(r.fixed.c.comm, 'x', sizeof r.fixed.c.comm);
    auto bytes = r.bytes();
    CHECK(decode(bytes, 0)->comm == "xxxxxxxxxxxxxxxx");
}

TEST_CASE("open") {
    auto r = an_open();
    r.fixed.c.flags = RW_F_CREATED;
    auto bytes = r.bytes();
    const auto e = decode(bytes, 0);
    REQUIRE(e);
    CHECK(e->kind == Kind::open);
    CHECK(e->call == event::Call::openat);
    CHECK(e->object.name == "/etc/shadow");
    CHECK(e->object.raw == "../etc/shadow");
    CHECK(e->object.mount_root.empty());
    CHECK(e->object.file.id == event::FileId{makedev(254, 3), 12});
    CHECK(e->object.file.mode == 0100644);
    CHECK(e->object.file.nlink == 1);
    CHECK(e->object.file.uid == 33);
    CHECK(e->object.file.mtime_ns == 7);
    CHECK(e->object.file.ctime_ns == 8);
    CHECK(e->has_result);
    CHECK(e->result == 3);
    CHECK(e->dfd == AT_FDCWD);
    CHECK(e->open_flags == (O_RDONLY | O_CLOEXEC));
    CHECK(e->mode == 0600);
    CHECK(e->resolve == 4);
    CHECK(e->created);
}

TEST_CASE("open through a bind mount, and one that failed") {
    auto r = an_open();
    r.fixed.path.root = r.string("/etc");
    r.fixed.path.path = r.string("/mnt/shadow");
    r.fixed.path.mnt = 4;
    auto bytes = r.bytes();
    auto e = decode(bytes, 0);
    REQUIRE(e);
    CHECK(e->object.mount_root == "/etc");
    CHECK(e->object.mount_length == 4);
    CHECK_FALSE(e->created);

    WireRecord<rw_open> failed(RW_OPEN, RW_CALL_OPEN);
    failed.fixed.base.path = failed.string("/etc");
    failed.fixed.raw = failed.string("shadow");
    failed.fixed.ret = -EACCES;
    bytes = failed.bytes();
    e = decode(bytes, 0);
    REQUIRE(e);
    CHECK(e->object.name.empty());
    CHECK(e->object.base == "/etc");
    CHECK(e->result == -EACCES);
    CHECK_FALSE(e->object.file.id);
}

TEST_CASE("a mount point longer than a cut path is not believed, but the event is kept") {
    auto r = an_open();
    r.fixed.path.root = r.string("/etc");
    r.fixed.path.mnt = 400;
    auto bytes = r.bytes();
    const auto e = decode(bytes, 0);
    REQUIRE(e);
    CHECK(e->object.name == "/etc/shadow");
    CHECK(e->object.mount_root.empty());
    CHECK(e->object.mount_length == 0);
}

TEST_CASE("exec") {
    WireRecord<rw_exec> r(RW_EXEC, RW_CALL_EXECVE);
    r.fixed.exe = a_file();
    r.fixed.exe_path.path = r.string("/usr/bin/dash");
    r.fixed.cwd.path = r.string("/root");
    r.fixed.filename = r.string("./x.sh");
    r.fixed.interp = r.string("/bin/sh");
    using namespace std::literals;
    r.fixed.argv = r.string("/bin/sh\0./x.sh\0-v"sv);
    r.fixed.argc = 3;
    r.fixed.cap_effective = 0xff;
    r.fixed.cap_permitted = 0x1ff;
    r.fixed.tty = 34816;
    r.fixed.streams[1] = 1;
    r.fixed.c.flags = RW_F_MEMFD | RW_F_ARGV_TRUNC;
    auto bytes = r.bytes();
    const auto e = decode(bytes, 0);
    REQUIRE(e);
    CHECK(e->kind == Kind::exec);
    CHECK(e->object.name == "/usr/bin/dash");
    CHECK(e->object.raw == "./x.sh");
    CHECK(e->filename == "./x.sh");
    CHECK(e->object.file.id.ino == 12);
    CHECK(e->cwd == "/root");
    CHECK(e->interp == "/bin/sh");
    CHECK(e->argv == "/bin/sh\0./x.sh\0-v"sv);
    CHECK(e->cap_effective == 0xff);
    CHECK(e->cap_permitted == 0x1ff);
    CHECK(e->tty == 34816);
    CHECK(e->streams == std::array<std::uint8_t, 3>{0, 1, 0});
    CHECK((e->flags & event::kFlagMemfd) != 0);
    CHECK((e->flags & event::kFlagArgvTruncated) != 0);
    CHECK(e->result == 0);
    CHECK(e->has_result);
}

TEST_CASE("fork and exit") {
    WireRecord<rw_fork> fork(RW_FORK, RW_CALL_CLONE);
    fork.fixed.child_start = 6;
    fork.fixed.child_cgroup = 78;
    fork.fixed.child_pid = 1002;
    fork.fixed.child_vpid = 6;
    fork.fixed.flags = 0x200000000 | 0x10000000;
    auto bytes = fork.bytes();
    auto e = decode(bytes, 0);
    REQUIRE(e);
    CHECK(e->kind == Kind::fork);
    CHECK(e->child_start_ns == 6);
    CHECK(e->child_cgroup == 78);
    CHECK(e->child_pid == 1002);
    CHECK(e->child_vpid == 6);
    CHECK(e->result == 1002);
    CHECK(e->arg_count == 1);
    CHECK(e->args[0] == (0x200000000 | 0x10000000));

    WireRecord<rw_exit> exit(RW_EXIT, RW_CALL_PROCEXIT);
    exit.fixed.status = 9;
    bytes = exit.bytes();
    e = decode(bytes, 0);
    REQUIRE(e);
    CHECK(e->kind == Kind::exit);
    CHECK(e->status == 9);
    CHECK_FALSE(e->has_result);
}

TEST_CASE("operations on names") {
    struct Case {
        rw_kind kind;
        rw_call call;
    };
    const auto c =
        GENERATE(Case{RW_CHMOD, RW_CALL_FCHMODAT2}, Case{RW_RENAME, RW_CALL_RENAMEAT2}, Case{RW_UNLINK, RW_CALL_UNLINK},
                 Case{RW_LINK, RW_CALL_LINKAT}, Case{RW_SYMLINK, RW_CALL_SYMLINK});
    WireRecord<rw_fsop> r(c.kind, c.call);
    r.fixed.base.path = r.string("/a");
    r.fixed.base2.path = r.string("/b");
    r.fixed.raw = r.string("one");
    r.fixed.raw2 = r.string("two");
    r.fixed.ret = -1;
    r.fixed.dfd = 4;
    r.fixed.dfd2 = 5;
    r.fixed.call_flags = AT_SYMLINK_NOFOLLOW;
    r.fixed.mode = 0755;
    r.fixed.old_mode = 0xffffffff;
    auto bytes = r.bytes();
    const auto e = decode(bytes, 0);
    REQUIRE(e);
    CHECK(static_cast<unsigned>(e->kind) == static_cast<unsigned>(c.kind));
    CHECK(static_cast<unsigned>(e->call) == static_cast<unsigned>(c.call));
    CHECK(e->object.base == "/a");
    CHECK(e->target.base == "/b");
    CHECK(e->object.raw == "one");
    CHECK(e->target.raw == "two");
    CHECK(e->result == -1);
    CHECK(e->dfd == 4);
    CHECK(e->dfd2 == 5);
    CHECK(e->call_flags == AT_SYMLINK_NOFOLLOW);
    CHECK(e->mode == 0755);
    CHECK(e->old_mode == event::kUnset);
}

TEST_CASE("both names where the kernel's hooks tell them; of a new link the link's file") {
    WireRecord<rw_fsop> r(RW_RENAME, RW_CALL_RENAMEAT2);
    r.fixed.file = a_file();
    r.fixed.path.path = r.string("/mnt/old");
    r.fixed.path2.path = r.string("/mnt/new");
    r.fixed.path2.root = r.string("/srv");
    r.fixed.path2.mnt = 4;
    auto bytes = r.bytes();
    const auto renamed = decode(bytes, 0);
    REQUIRE(renamed);
    CHECK(renamed->object.name == "/mnt/old");
    CHECK(renamed->object.file.id.ino == 12);
    CHECK(renamed->target.name == "/mnt/new");
    CHECK(renamed->target.mount_root == "/srv");
    CHECK(renamed->target.mount_length == 4);
    CHECK_FALSE(renamed->target.file.id);
    WireRecord<rw_fsop> link(RW_SYMLINK, RW_CALL_SYMLINKAT);
    link.fixed.file = a_file();
    link.fixed.path2.path = link.string("/srv/link");
    auto link_bytes = link.bytes();
    const auto linked = decode(link_bytes, 0);
    REQUIRE(linked);
    CHECK(linked->target.name == "/srv/link");
    CHECK(linked->target.file.id.ino == 12);
    CHECK_FALSE(linked->object.file.id);
}

TEST_CASE("mkdir and mknod") {
    WireRecord<rw_fsop> made(RW_MKNOD, RW_CALL_MKNODAT);
    made.fixed.base.path = made.string("/dev");
    made.fixed.raw = made.string("zero");
    made.fixed.dfd = 100;
    made.fixed.mode = S_IFCHR | 0600;
    made.fixed.node_dev = makedev(1, 5);
    made.fixed.ret = -EPERM;
    auto bytes = made.bytes();
    const auto e = decode(bytes, kOffset);
    REQUIRE(e);
    CHECK(e->kind == Kind::mknod);
    CHECK(e->object.base == "/dev");
    CHECK(e->object.raw == "zero");
    CHECK(e->dfd == 100);
    CHECK(e->mode == (S_IFCHR | 0600));
    CHECK(e->node_dev == makedev(1, 5));
    CHECK(e->result == -EPERM);
    WireRecord<rw_fsop> removed(RW_UNLINK, RW_CALL_RMDIR);
    bytes = removed.bytes();
    CHECK(decode(bytes, kOffset)->kind == Kind::unlink);
}

TEST_CASE("a call that its arguments tell all about") {
    constexpr std::uint64_t kRubbish = 0xdeadbeef00000000;
    WireRecord<rw_syscall> mounted(RW_MOUNT, RW_CALL_MOUNT);
    for (std::size_t i = 0; i < RW_ARGS; ++i)
        mounted.fixed.args[i] = kRubbish | i;
    mounted.fixed.text[0] = mounted.string("/dev/sda1");
    mounted.fixed.text[1] = mounted.string("/mnt");
    mounted.fixed.text[2] = mounted.string("ext4");
    mounted.fixed.ret = -EBUSY;
    auto bytes = mounted.bytes();
    const auto e = decode(bytes, kOffset);
    REQUIRE(e);
    CHECK(e->kind == Kind::mount);
    CHECK(e->arg_count == 5);
    CHECK(e->texts[0] == "/dev/sda1");
    CHECK(e->texts[1] == "/mnt");
    CHECK(e->texts[2] == "ext4");
    CHECK(e->args[3] == (kRubbish | 3)); // an unsigned long
    CHECK(e->args[5] == 0);              // not an argument of it
    CHECK(e->has_result);
    CHECK(e->result == -EBUSY);
    WireRecord<rw_syscall> opened(RW_SOCKET, RW_CALL_SOCKET);
    for (std::size_t i = 0; i < RW_ARGS; ++i)
        opened.fixed.args[i] = kRubbish | (i + 1);
    bytes = opened.bytes();
    const auto socket = decode(bytes, kOffset);
    REQUIRE(socket);
    CHECK(socket->arg_count == 3);
    CHECK(socket->args == std::array<std::uint64_t, 6>{1, 2, 3, 0, 0, 0}); // the kernel takes ints
    mounted.fixed.text[2] = {8, 4};                                        // into the fixed part
    bytes = mounted.bytes();
    CHECK(!decode(bytes, kOffset));
}

TEST_CASE("connect") {
    WireRecord<rw_connect> r(RW_CONNECT, RW_CALL_CONNECT);
    r.fixed.type = 1;
    r.fixed.protocol = 6;
    r.fixed.fd = 9;
    r.fixed.ret = -EINPROGRESS;
    r.fixed.lport = 40000;
    r.fixed.rport = 443;

    SECTION("IPv4: only four bytes are an address") {
        r.fixed.family = AF_INET;
        inet_pton(AF_INET, "192.0.2.1", r.fixed.raddr);
        r.fixed.raddr[7] = 0xee;
        auto bytes = r.bytes();
        const auto e = decode(bytes, 0);
        REQUIRE(e);
        CHECK(e->family == AF_INET);
        CHECK(e->remote == event::Address{{192, 0, 2, 1}, 4});
        CHECK(e->local.family == 4);
        CHECK(e->local_port == 40000);
        CHECK(e->remote_port == 443);
        CHECK(e->socket_type == 1);
        CHECK(e->protocol == 6);
        CHECK(e->fd == 9);
        CHECK(e->result == -EINPROGRESS);
    }
    SECTION("IPv6") {
        r.fixed.family = AF_INET6;
        inet_pton(AF_INET6, "2001:db8::1", r.fixed.raddr);
        auto bytes = r.bytes();
        const auto e = decode(bytes, 0);
        REQUIRE(e);
        CHECK(e->family == AF_INET6);
        CHECK(e->remote.family == 6);
        CHECK(e->remote.bytes[15] == 1);
    }
    SECTION("IPv4-mapped IPv6 is IPv4, with an unbound local end too") {
        r.fixed.family = AF_INET6;
        inet_pton(AF_INET6, "::ffff:192.0.2.1", r.fixed.raddr);
        auto bytes = r.bytes();
        const auto e = decode(bytes, 0);
        REQUIRE(e);
        CHECK(e->family == AF_INET);
        CHECK(e->remote == event::Address{{192, 0, 2, 1}, 4});
        CHECK(e->local == event::Address{{}, 4});
    }
    SECTION("unix") {
        r.fixed.family = AF_UNIX;
        r.fixed.unix_path = r.string("@abstract");
        auto bytes = r.bytes();
        const auto e = decode(bytes, 0);
        REQUIRE(e);
        CHECK(e->unix_path == "@abstract");
        CHECK(e->remote.family == 0);
    }
    SECTION("another family") {
        r.fixed.family = AF_NETLINK;
        auto bytes = r.bytes();
        CHECK_FALSE(decode(bytes, 0));
    }
}

TEST_CASE("the server's side") {
    WireRecord<rw_connect> r(RW_ACCEPT, RW_CALL_ACCEPT4);
    r.fixed.family = AF_INET6;
    inet_pton(AF_INET6, "::ffff:192.0.2.1", r.fixed.raddr);
    inet_pton(AF_INET6, "::ffff:10.0.0.1", r.fixed.laddr);
    r.fixed.lport = 80;
    r.fixed.rport = 5555;
    r.fixed.fd = 3;
    r.fixed.ret = 9;
    auto bytes = r.bytes();
    const auto accepted = decode(bytes, 0);
    REQUIRE(accepted);
    CHECK(accepted->kind == Kind::accept);
    CHECK(accepted->family == AF_INET);
    CHECK(accepted->remote == event::Address{{192, 0, 2, 1}, 4});
    CHECK(accepted->local == event::Address{{10, 0, 0, 1}, 4});
    CHECK(accepted->local_port == 80);
    CHECK(accepted->remote_port == 5555);
    CHECK(accepted->fd == 3);
    CHECK(accepted->result == 9);
    WireRecord<rw_connect> listening(RW_BIND, RW_CALL_LISTEN);
    listening.fixed.family = AF_INET6;
    listening.fixed.lport = 80;
    listening.fixed.backlog = 128;
    bytes = listening.bytes();
    const auto bound = decode(bytes, 0);
    REQUIRE(bound);
    CHECK(bound->kind == Kind::bind);
    CHECK(bound->family == AF_INET6);
    CHECK(bound->local.family == 6); // "::" is an address that can be bound
    CHECK(bound->remote.family == 0);
    CHECK(bound->local_port == 80);
    CHECK(bound->backlog == 128);
}

TEST_CASE("who sends from a port that he chose to one of no service answers") {
    WireRecord<rw_connect> r(RW_SEND, RW_CALL_SENDTO);
    r.fixed.family = AF_INET;
    inet_pton(AF_INET, "192.0.2.7", r.fixed.raddr);
    r.fixed.lport = 5000;
    r.fixed.c.flags = RW_F_BOUND;
    r.fixed.rport = GENERATE(__u16{53}, __u16{1023}, __u16{1024});
    auto bytes = r.bytes();
    const auto e = decode(bytes, 0);
    REQUIRE(e);
    CHECK(event::is_client(*e) == (r.fixed.rport < 1024));
    r.fixed.c.flags = 0;
    bytes = r.bytes();
    CHECK(event::is_client(*decode(bytes, 0)));
}

TEST_CASE("an answer of a name server") {
    WireRecord<rw_connect> r(RW_RESOLVE, RW_CALL_RECVMSG);
    r.fixed.family = AF_INET;
    inet_pton(AF_INET, "192.0.2.53", r.fixed.raddr);
    r.fixed.rport = 53;
    r.fixed.ret = 5;
    r.fixed.answer = r.string(std::string("a\0b\0c", 5));
    auto bytes = r.bytes();
    const auto e = decode(bytes, 0);
    REQUIRE(e);
    CHECK(e->kind == Kind::resolve);
    CHECK(e->remote == event::Address{{192, 0, 2, 53}, 4});
    CHECK(e->answer == std::string("a\0b\0c", 5));
    r.fixed.answer.len = 60;
    bytes = r.bytes();
    CHECK_FALSE(decode(bytes, 0));
}

TEST_CASE("chown, truncate and attributes") {
    struct Case {
        rw_kind kind;
        rw_call call;
    };
    const auto c = GENERATE(Case{RW_CHOWN, RW_CALL_FCHOWNAT}, Case{RW_TRUNCATE, RW_CALL_TRUNCATE},
                            Case{RW_XATTR, RW_CALL_REMOVEXATTRAT});
    WireRecord<rw_fsop> r(c.kind, c.call);
    r.fixed.raw = r.string("f");
    r.fixed.attribute = r.string("security.capability");
    r.fixed.owner = 0;
    r.fixed.group = 0xffffffff;
    r.fixed.length = 5'000'000'000;
    auto bytes = r.bytes();
    const auto e = decode(bytes, 0);
    REQUIRE(e);
    CHECK(static_cast<unsigned>(e->kind) == static_cast<unsigned>(c.kind));
    CHECK(e->owner == 0);
    CHECK(e->group == event::kUnset);
    CHECK(e->length == 5'000'000'000);
    CHECK(e->attribute == "security.capability");
    CHECK(e->object.raw == "f");
}

TEST_CASE("a signal, and the process that it is about") {
    WireRecord<rw_syscall> r(RW_SIGNAL, RW_CALL_KILL);
    r.fixed.args[0] = 50;
    r.fixed.args[1] = 9;
    r.fixed.target = 5000;
    auto bytes = r.bytes();
    const auto e = decode(bytes, 0);
    REQUIRE(e);
    CHECK(e->target_pid == 5000);
    CHECK(e->arg_count == 2);
    CHECK(e->target_process == nullptr);
}

TEST_CASE("a mapping, with its file; a name that ends where its length says") {
    WireRecord<rw_syscall> r(RW_MEMORY, RW_CALL_MMAP);
    r.fixed.file = a_file();
    r.fixed.path.path = r.string("/tmp/payload.so");
    r.fixed.args[2] = 5;
    r.fixed.ret = 0x7f0000001000;
    auto bytes = r.bytes();
    auto e = decode(bytes, 0);
    REQUIRE(e);
    CHECK(e->kind == Kind::memory);
    CHECK(e->object.name == "/tmp/payload.so");
    CHECK(e->object.file.id.ino == 12);
    CHECK(e->result == 0x7f0000001000);
    CHECK(e->args[2] == 5);
    WireRecord<rw_syscall> named(RW_SYSTEM, RW_CALL_SETHOSTNAME);
    named.fixed.text[0] = named.string("host and what lies behind");
    named.fixed.args[1] = 4;
    bytes = named.bytes();
    e = decode(bytes, 0);
    REQUIRE(e);
    CHECK(e->texts[0] == "host");
    named.fixed.args[1] = 400;
    bytes = named.bytes();
    CHECK(decode(bytes, 0)->texts[0] == "host and what lies behind");
}

TEST_CASE("what is refused") {
    const auto good = an_open();
    auto r = good;
    SECTION("nothing") {
        CHECK_FALSE(decode({}, 0));
    }
    SECTION("a kind that is none, or unknown") {
        r.fixed.c.kind = static_cast<__u16>(GENERATE(0, static_cast<int>(RW_KIND_COUNT), 65535));
        auto bytes = r.bytes();
        CHECK_FALSE(decode(bytes, 0));
    }
    SECTION("a call of another kind, or unknown") {
        r.fixed.c.call =
            static_cast<__u16>(GENERATE(static_cast<int>(RW_CALL_CONNECT), static_cast<int>(RW_CALL_COUNT), 65535));
        auto bytes = r.bytes();
        CHECK_FALSE(decode(bytes, 0));
    }
    SECTION("no time, or an impossible one") {
        r.fixed.c.ktime = GENERATE(std::uint64_t{0}, UINT64_MAX);
        auto bytes = r.bytes();
        CHECK_FALSE(decode(bytes, 0));
    }
    SECTION("a size beyond the record, or too small for its kind") {
        auto bytes = r.bytes();
        const auto size = GENERATE_COPY(static_cast<__u32>(bytes.size() + 1), static_cast<__u32>(sizeof(rw_open) - 8),
                                        static_cast<__u32>(sizeof(rw_common) - 1), 0U, 0xffffffffU);
        std::memcpy(bytes.data() + offsetof(rw_common, size), &size, sizeof size);
        CHECK_FALSE(decode(bytes, 0));
    }
    SECTION("a string in the fixed part, or past the end") {
        r.fixed.raw =
            GENERATE(rw_str{0, 4}, rw_str{sizeof(rw_open) - 1, 4}, rw_str{65535, 65535}, rw_str{sizeof(rw_open), 4096});
        auto bytes = r.bytes();
        CHECK_FALSE(decode(bytes, 0));
    }
    SECTION("a record over the limit") {
        auto bytes = r.bytes();
        bytes.resize(RW_RECORD_MAX + 8);
        CHECK_FALSE(decode(bytes, 0));
    }
}

TEST_CASE("every truncation of a record is refused, a longer reservation is not") {
    const auto bytes = an_open().bytes();
    for (std::size_t n = 0; n < bytes.size(); ++n)
        CHECK_FALSE(decode(std::span(bytes).first(n), 0));
    auto longer = bytes;
    longer.resize(bytes.size() + 512);
    CHECK(decode(longer, 0));
}

TEST_CASE("a record need not be aligned") {
    const auto bytes = an_open().bytes();
    for (std::size_t shift = 1; shift < 8; ++shift) {
        std::vector<std::byte> moved(bytes.size() + shift);
        std::copy(bytes.begin(), bytes.end(), moved.begin() + static_cast<std::ptrdiff_t>(shift));
        const auto e = decode(std::span(moved).subspan(shift), 0);
        REQUIRE(e);
        CHECK(e->object.name == "/etc/shadow");
    }
}

TEST_CASE("garbage: every view that comes out lies within the record") {
    std::mt19937_64 random(4711); // the same garbage each time
    std::size_t decoded = 0;
    for (int round = 0; round < 200'000; ++round) {
        auto bytes = an_open().bytes();
        bytes[0] = static_cast<std::byte>(1 + random() % (RW_KIND_COUNT - 1));
        bytes[2] = std::byte{0};
        for (int i = 0; i < 6; ++i)
            bytes[8 + random() % (bytes.size() - 8)] = static_cast<std::byte>(random());
        const auto e = decode(bytes, static_cast<std::int64_t>(random()));
        if (!e)
            continue;
        ++decoded;
        const auto* begin = reinterpret_cast<const char*>(bytes.data());
        for (const auto view :
             {e->object.name, e->object.raw, e->object.base, e->object.mount_root, e->target.raw, e->target.base,
              e->argv, e->cwd, e->filename, e->interp, e->unix_path, e->comm, e->attribute})
            if (!view.empty())
                REQUIRE((view.data() >= begin && view.data() + view.size() <= begin + bytes.size()));
        REQUIRE(e->object.mount_length <= e->object.name.size());
    }
    CHECK(decoded > 1000);
}

TEST_CASE("device numbers as stat(2) gives them") {
    CHECK(event::device_number((8U << 20U) | 1U) == makedev(8, 1));
    CHECK(event::device_number((4095U << 20U) | 0xfffffU) == makedev(4095, 0xfffff));
    struct stat st {};
    REQUIRE(stat("/", &st) == 0);
    CHECK(event::device_number((major(st.st_dev) << 20U) | minor(st.st_dev)) == st.st_dev);
}

TEST_CASE("decode speed", "[.bench]") {
    const auto bytes = an_open().bytes();
    constexpr int kRounds = 5'000'000;
    std::uint64_t sum = 0;
    const auto begin = std::clock(); // time of the processor: what else runs does not count
    for (int i = 0; i < kRounds; ++i)
        sum += decode(bytes, i)->object.name.size();
    const double took = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC * 1e9;
    CHECK(sum == kRounds * 11ULL);
    WARN("decode of an open: " << took / kRounds << " ns");
}
