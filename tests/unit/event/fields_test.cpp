// SPDX-License-Identifier: MIT OR Apache-2.0
// The table of fields: its order, references to it, and that what a builder sets is what each field reads.
#include "event/builder.hpp"
#include "event/fields.hpp"

#include "field_value.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>

using namespace rwatch::event;
using rwatch::test::value;

namespace {

class Made {
  public:
    Made(std::initializer_list<std::pair<const char*, const char*>> fields) {
        for (const auto& [name, text] : fields) {
            std::string error;
            INFO(name << " = " << text << ": " << error);
            REQUIRE(builder_.set(name, text, error));
        }
        builder_.finish();
    }
    std::string operator[](const std::string& name) { return value(builder_.event(), name); }
    Event& event() { return builder_.event(); }

  private:
    EventBuilder builder_;
};

} // namespace

TEST_CASE("the table is sorted, has no name twice, and documents each field") {
    const auto all = fields();
    REQUIRE(all.size() > 90);
    for (std::size_t i = 0; i < all.size(); ++i) {
        INFO(all[i].name);
        CHECK(!all[i].doc.empty());
        CHECK(all[i].get != nullptr);
        CHECK(all[i].kinds != 0);
        if (i > 0)
            CHECK(all[i - 1].name < all[i].name);
    }
}

TEST_CASE("no field reads what is not there") {
    // Every field of every kind of an empty event: nothing may be read through a null pointer.
    const auto scratch = std::make_unique<Scratch>();
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
        Event event;
        event.kind = static_cast<Kind>(kind);
        for (const auto& field : fields()) {
            scratch->reset();
            Values values;
            read({&field, field.arg == ArgKind::key ? FieldArg{-1, "flags"} : FieldArg{}}, event, *scratch, values);
            for (const auto& item : values.items())
                CHECK(item.type == field.type);
            if (!field.list)
                CHECK(values.items().size() <= 1);
            if ((field.kinds & set_of(event.kind)) == 0 && kind != 0)
                CHECK(values.empty());
        }
    }
}

TEST_CASE("references") {
    std::string error;
    std::string hint;
    const auto aname = resolve_field("proc.aname[2]", error, hint);
    REQUIRE(aname);
    CHECK(aname->arg.index == 2);
    CHECK(to_string(*aname) == "proc.aname[2]");
    CHECK(to_string(*resolve_field("evt.arg[flags]", error, hint)) == "evt.arg.flags");
    CHECK(*resolve_field("evt.arg.flags", error, hint) == *resolve_field("evt.arg[flags]", error, hint));
    CHECK(resolve_field("proc.aname", error, hint)->arg.index == -1);
    CHECK(resolve_field("evt.arg.flags", error, hint)->supplied());
    for (const auto* unknown : {"evt.arg.nonsense", "evt.arg[0]", "evt.rawarg.nonsense", "evt.arg[]"}) {
        INFO(unknown);
        REQUIRE(resolve_field(unknown, error, hint));
        CHECK_FALSE(resolve_field(unknown, error, hint)->supplied());
    }
    for (const auto* bad : {"proc.nme", "proc.aname[]", "proc.aname[x]", "proc.aname[33]", "proc.aname[-1]",
                            "proc.name[1]", "evt.arg", ""}) {
        INFO(bad);
        CHECK(!resolve_field(bad, error, hint));
        CHECK(!error.empty());
    }
    CHECK(!resolve_field("proc.nme", error, hint));
    CHECK(hint == "did you mean 'proc.name'?");
}

TEST_CASE("an open") {
    Made e{{"evt.type", "openat"}, {"fd.name", "/etc/ssh/key.pem"}, {"evt.is_open_read", "true"}, {"evt.rawres", "7"}};
    CHECK(e["evt.type"] == "openat");
    CHECK(e["evt.category"] == "file");
    CHECK(e["evt.res"] == "SUCCESS");
    CHECK(e["evt.failed"] == "false");
    CHECK(e["fd.num"] == "7");
    CHECK(e["fd.name"] == "/etc/ssh/key.pem");
    CHECK(e["fs.path.name"] == "/etc/ssh/key.pem");
    CHECK(e["fd.directory"] == "/etc/ssh");
    CHECK(e["fd.filename"] == "key.pem");
    CHECK(e["fs.path.new.extension"] == ".pem");
    CHECK(e["fs.path.new"] == "/etc/ssh/key.pem");
    CHECK(e["fd.type"] == "file");
    CHECK(e["fd.typechar"] == "f");
    CHECK(e["evt.is_open_write"] == "false");
    CHECK(e["fd.rip"] == "<missing>");
    CHECK(e["fs.path.target"] == "<missing>");
    e.event().object.alias = "/mnt/key";
    CHECK(e["fd.name"] == "/etc/ssh/key.pem /mnt/key");
    CHECK(e["fd.filename"] == "key.pem key");
    e.event().result = -ENOENT;
    CHECK(e["evt.res"] == "ENOENT");
    CHECK(e["evt.failed"] == "true");
    CHECK(e["fd.num"] == "-2");
}

TEST_CASE("access by flags") {
    Event event;
    event.kind = Kind::open;
    const auto both = [&](std::uint32_t flags) {
        event.open_flags = flags;
        return value(event, "evt.is_open_read") + " " + value(event, "evt.is_open_write");
    };
    CHECK(both(O_RDONLY) == "true false");
    CHECK(both(O_WRONLY | O_CREAT) == "false true");
    CHECK(both(O_RDWR) == "true true");
    CHECK(both(O_RDONLY | O_PATH) == "false false");
    event.open_flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
    event.created = true;
    CHECK(value(event, "evt.arg.flags") == "O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC|FD_CREATED");
    event.mode = 0644;
    CHECK(value(event, "evt.is_open_exec") == "false");
    event.mode = 0755;
    CHECK(value(event, "evt.is_open_exec") == "true");
}

TEST_CASE("what follows from a process and its ancestors") {
    Made e{{"evt.type", "execve"}, {"proc.sid", "10"}, {"proc.apid[2]", "10"}, {"proc.aname[2]", "sshd"}};
    CHECK(e["proc.sname"] == "sshd");
    CHECK(Made{{"evt.type", "execve"}, {"proc.sid", "9"}, {"proc.apid[2]", "10"}}["proc.sname"] == "<missing>");

    // Started 2 s before the event, of a file that was changed 5 s before it.
    Made fresh{{"evt.type", "execve"}, {"proc.exe_ino.ctime", "95000000000"}};
    fresh.event().wall_ns = 100'000'000'000;
    fresh.event().boot_ns = 50'000'000'000;
    auto process = *fresh.event().process;
    process.start_ns = 48'000'000'000;
    fresh.event().process = &process;
    CHECK(fresh["proc.exe_ino.ctime_duration_proc_start"] == "3000000000");
    process.exe.ctime_ns = 99'000'000'000; // changed after the start
    CHECK(fresh["proc.exe_ino.ctime_duration_proc_start"] == "<missing>");
}

TEST_CASE("a connection") {
    Made e{{"fd.rip", "::ffff:192.0.2.7"},
           {"fd.rport", "443"},
           {"fd.lip", "10.0.0.1"},
           {"fd.lport", "40000"},
           {"evt.res", "EINPROGRESS"}};
    CHECK(e["evt.type"] == "connect");
    CHECK(e["fd.name"] == "10.0.0.1:40000->192.0.2.7:443");
    CHECK(e["fd.type"] == "ipv4");
    CHECK(e["fd.l4proto"] == "tcp");
    CHECK(e["fd.ip"] == "192.0.2.7 10.0.0.1");
    CHECK(e["fd.port"] == "443 40000");
    CHECK(e["fd.sip"] == "192.0.2.7");
    CHECK(e["fd.connected"] == "false");
    CHECK(e["fd.name_changed"] == "true");
    CHECK(e["fs.path.name"] == "<missing>");
    Made v6{{"fd.rip", "2001:db8::1"}, {"fd.l4proto", "udp"}};
    CHECK(v6["fd.type"] == "ipv6");
    CHECK(v6["fd.l4proto"] == "udp");
}

TEST_CASE("a process and its ancestors") {
    Made e{{"proc.exepath", "/usr/bin/python3.11"},
           {"proc.cmdline", "python3 -c import os"},
           {"proc.aexepath[2]", "/usr/sbin/nginx"},
           {"proc.pname", "sh"},
           {"user.uid", "33"},
           {"user.name", "www-data"},
           {"systemd.unit", "nginx.service"}};
    CHECK(e["evt.type"] == "execve");
    CHECK(e["proc.name"] == "python3");
    CHECK(e["proc.args"] == "-c import os");
    CHECK(e["proc.cmdline"] == "python3 -c import os");
    CHECK(e["proc.pname"] == "sh");
    CHECK(e["proc.aname"] == "sh nginx");
    CHECK(e["proc.aname[0]"] == "python3");
    CHECK(e["proc.aname[3]"] == "<missing>");
    CHECK(e["proc.aexepath"] == "/usr/sbin/nginx");
    CHECK(e["user.name"] == "www-data");
    CHECK(e["user.loginuid"] == "-1");
    CHECK(e["user.loginname"] == "<missing>");
    CHECK(e["systemd.unit"] == "nginx.service");
    CHECK(e["systemd.slice"] == "<missing>");
    CHECK(e["container.id"] == "host");
}

TEST_CASE("arguments of a call by name, as number and by place") {
    struct Row {
        const char* type;
        const char* name;
        std::vector<const char*> texts; ///< what a test may write, first what is shown
        std::int64_t raw;
        const char* hex;
        int place;
    };
    const std::vector<Row> rows{
        {"socket", "domain", {"AF_PACKET", "17", "0x11"}, 17, "11", 0},
        {"socket", "domain", {"AF_ALG"}, 38, "26", 0},
        {"socket", "domain", {"99"}, 99, "63", 0},
        {"socket", "domain", {"-1"}, -1, "ffffffff", 0},
        {"socket", "type", {"SOCK_RAW|SOCK_CLOEXEC", "0x80003"}, 0x80003, "80003", 1},
        {"socket", "proto", {"255"}, 255, "ff", 2},
        {"setuid", "uid", {"1000"}, 1000, "3e8", 0},
        {"setresuid", "euid", {"-1"}, -1, "ffffffff", 1},
        {"ptrace", "request", {"PTRACE_SEIZE"}, 0x4206, "4206", 0},
        {"ptrace", "request", {"PTRACE_TRACEME", "0"}, 0, "0", 0},
        {"ptrace", "pid", {"4711"}, 4711, "1267", 1},
        {"ptrace", "addr", {"0x7fff0010"}, 0x7fff0010, "7fff0010", 2},
        {"unshare", "flags", {"CLONE_NEWNS|CLONE_NEWUSER"}, 0x10020000, "10020000", 0},
        {"unshare", "flags", {"CLONE_NEWNET|0x1"}, 0x40000001, "40000001", 0},
        {"unshare", "flags", {"0"}, 0, "0", 0},
        {"setns", "nstype", {"CLONE_NEWPID"}, 0x20000000, "20000000", 1},
        {"setns", "fd", {"5"}, 5, "5", 0},
        {"mount", "flags", {"RDONLY|BIND"}, 0x1001, "1001", 3},
        {"umount2", "flags", {"DETACH"}, 2, "2", 1},
        {"bpf", "cmd", {"BPF_PROG_LOAD", "5"}, 5, "5", 0},
        {"finit_module", "flags", {"MODULE_INIT_IGNORE_VERMAGIC"}, 2, "2", 2},
        {"memfd_create", "flags", {"MFD_CLOEXEC|MFD_ALLOW_SEALING"}, 3, "3", 1},
        {"personality", "persona", {"0x40000"}, 0x40000, "40000", 0},
        {"syslog", "type", {"5"}, 5, "5", 0},
        {"userfaultfd", "flags", {"O_CLOEXEC|UFFD_USER_MODE_ONLY"}, 02000001, "80001", 0},
    };
    for (const auto& row : rows) {
        const auto field = std::string("evt.arg.") + row.name;
        for (const auto* text : row.texts) {
            INFO(row.type << " " << field << " " << text);
            Made e{{"evt.type", row.type}, {field.c_str(), text}};
            CHECK(e[field] == row.texts.front());
            CHECK(e[std::string("evt.rawarg.") + row.name] == std::to_string(row.raw));
            CHECK(e["evt.sysarg.hex[" + std::to_string(row.place) + "]"] == row.hex);
            CHECK(e["evt.args"].find(std::string(row.name) + "=" + row.texts.front()) != std::string::npos);
        }
    }
}

TEST_CASE("arguments: texts, ids, descriptors, and what a call does not have") {
    Made mount{{"evt.type", "mount"}, {"evt.arg.dev", "/dev/sda1"}, {"evt.arg.dir", "/mnt"}, {"evt.arg.type", "ext4"}};
    CHECK(mount["evt.arg.dev"] == "/dev/sda1");
    CHECK(mount["evt.arg[dir]"] == "/mnt");
    CHECK(mount["evt.args"] == "res=0 dev=/dev/sda1 dir=/mnt type=ext4 flags=0 data=0x0");
    CHECK(mount["evt.sysarg[5]"] == "<missing>");
    CHECK(mount["evt.arg.domain"] == "<missing>");
    CHECK(mount["evt.rawarg.res"] == "0");
    CHECK(mount["evt.category"] == "file");
    Made uid{{"evt.type", "setuid"}, {"evt.arg.uid", "root"}};
    CHECK(uid["evt.arg.uid"] == "root");
    CHECK(uid["evt.rawarg.uid"] == "0");
    CHECK(uid["evt.category"] == "user");
    Made gid{{"evt.type", "setresgid"}, {"evt.arg.sgid", "adm"}};
    CHECK(gid["evt.arg.sgid"] == "adm");
    CHECK(gid["evt.arg.rgid"] == "0");
    Made memfd{{"evt.type", "memfd_create"}, {"evt.arg.name", "x"}, {"evt.rawres", "7"}};
    CHECK(memfd["evt.arg.name"] == "x");
    CHECK(memfd["evt.arg.fd"] == "7");
    CHECK(memfd["fd.num"] == "7");
    Made module{{"evt.type", "finit_module"}, {"evt.arg.fd", "3"}};
    CHECK(module["fd.num"] == "3");
    Made node{{"evt.type", "mknodat"}, {"evt.arg.mode", "S_IRUSR|S_IFCHR"}, {"fs.path.name", "/dev/x"}};
    CHECK(node["evt.arg.mode"] == "S_IRUSR|S_IFCHR");
    CHECK(node["fs.path.name"] == "/dev/x");
    CHECK(node["fs.mode"] == "<missing>"); // the umask is not known
    node.event().node_dev = 261;
    CHECK(node["evt.arg.dev"] == "261");
    CHECK(node["evt.sysarg[0]"] == "<missing>");
    Made first{{"evt.arg.domain", "AF_NETLINK"}}; // before any evt.type
    CHECK(first["evt.type"] == "socket");
    CHECK(first["evt.arg.domain"] == "AF_NETLINK");
    Made place{{"evt.type", "syslog"}, {"evt.sysarg[0]", "4"}};
    CHECK(place["evt.arg.type"] == "4");
    Made hex{{"evt.type", "personality"}, {"evt.sysarg.hex[0]", "40000"}};
    CHECK(hex["evt.rawarg.persona"] == "262144");
}

TEST_CASE("single arguments of the command line") {
    Made e{{"proc.exepath", "/usr/bin/tar"}, {"proc.cmdline", "tar -c  /etc"}};
    CHECK(e["proc.argv[0]"] == "/usr/bin/tar");
    CHECK(e["proc.argv[1]"] == "-c");
    CHECK(e["proc.argv[2]"].empty()); // there, and empty
    CHECK(e["proc.argv[3]"] == "/etc");
    CHECK(e["proc.argv[4]"] == "<missing>");
    Made none{{"proc.pid", "7"}};
    CHECK(none["proc.argv[0]"] == "<missing>");
    Made single{
        {"proc.name", "xwd"}, {"proc.argv[0]", "/bin/xwd"}, {"proc.argv[2]", "root.xwd"}, {"proc.argv[1]", "-out"}};
    CHECK(single["proc.cmdline"] == "xwd -out root.xwd");
    CHECK(single["proc.args"] == "-out root.xwd");
    CHECK(single["proc.exe"] == "/bin/xwd");
}

TEST_CASE("what a builder refuses") {
    EventBuilder builder;
    std::string error;
    CHECK(!builder.set("proc.nme", "x", error));
    CHECK(error == "unknown field 'proc.nme', did you mean 'proc.name'?");
    CHECK(!builder.set("fd.directory", "/x", error));
    CHECK(error == "field 'fd.directory' is derived from others and can't be set");
    CHECK(!builder.set("proc.pid", "12x", error));
    CHECK(error == "'12x' is no value of field 'proc.pid'");
    CHECK(!builder.set("evt.type", "opnat", error));
    CHECK(!builder.set("fd.rip", "300.1.1.1", error));
    CHECK(!builder.set("evt.res", "EWHAT", error));
    CHECK(builder.set("evt.type", "socket", error));
    CHECK(!builder.set("evt.arg.domain", "AF_NOTHING", error));
    CHECK(!builder.set("evt.arg.type", "SOCK_RAW|SOCK_NONE", error));
    CHECK(!builder.set("evt.sysarg[3]", "1", error));
    CHECK(!builder.set("evt.sysarg[0]", "x", error));
}

TEST_CASE("flags and modes read what they write") {
    const auto scratch = std::make_unique<Scratch>();
    scratch->reset();
    put_mode(04755, *scratch);
    CHECK(scratch->since(0) == "S_IXOTH|S_IROTH|S_IXGRP|S_IRGRP|S_IXUSR|S_IWUSR|S_IRUSR|S_ISUID");
    scratch->reset();
    put_mode(S_IFBLK | 0600, *scratch);
    CHECK(scratch->since(0) == "S_IWUSR|S_IRUSR|S_IFBLK");
    Made e{{"evt.type", "chmod"}, {"evt.arg.mode", "S_IXUSR|S_ISUID"}};
    CHECK(e["fs.mode"] == "4100");
    CHECK(e["fs.mode.before"] == "<missing>");
    Made renamed{{"evt.type", "rename"}, {"fs.path.source", "/a/b.pdf"}, {"fs.path.target", "/a/b.pdf.enc"}};
    CHECK(renamed["fs.path.name"] == "/a/b.pdf");
    CHECK(renamed["fs.path.new"] == "/a/b.pdf.enc");
    CHECK(renamed["fs.path.new.extension"] == ".enc");
}

TEST_CASE("a text too long for the scratch is cut and counted") {
    const auto scratch = std::make_unique<Scratch>();
    scratch->reset();
    scratch->put(std::string(Scratch::kSize + 10, 'x'));
    CHECK(scratch->since(0).size() == Scratch::kSize);
    CHECK(scratch->cut() == 1);
}

TEST_CASE("a builder makes the end of a process and a unix socket's name") {
    Made end{{"evt.arg.status", "256"}};
    CHECK(end["evt.type"] == "procexit");
    CHECK(end["evt.arg.status"] == "256");
    Made socket{{"evt.type", "connect"}, {"fd.type", "unix"}, {"fd.name", "/run/docker.sock"}};
    CHECK(socket["fd.name"] == "/run/docker.sock");
    CHECK(socket["fd.type"] == "unix");
}
