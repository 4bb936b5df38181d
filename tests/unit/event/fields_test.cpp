// SPDX-License-Identifier: MIT OR Apache-2.0
// The table of fields: its order, references to it, and that what a builder sets is what each field reads.
#include "event/builder.hpp"
#include "event/fields.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>

using namespace rwatch::event;

namespace {

/// All values of a field as text, joined by a blank; "<missing>" where there is none.
std::string value(const Event& event, const std::string& name) {
    std::string error;
    std::string hint;
    const auto ref = resolve_field(name, error, hint);
    REQUIRE(ref);
    const auto scratch = std::make_unique<Scratch>();
    scratch->reset();
    Values values;
    read(*ref, event, *scratch, values);
    std::string text;
    for (const auto& item : values.items()) {
        text += text.empty() ? "" : " ";
        append_text(item, text);
    }
    return values.empty() ? "<missing>" : text;
}

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
    for (const auto* bad : {"proc.nme", "proc.aname[]", "proc.aname[x]", "proc.aname[33]", "proc.aname[-1]",
                            "proc.name[1]", "evt.arg.nonsense", "evt.arg", ""}) {
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

TEST_CASE("an execute bit that was not there") {
    Event event;
    event.kind = Kind::chmod;
    event.call = Call::fchmodat;
    event.has_result = true;
    const auto added = [&](std::uint32_t before, std::uint32_t after) {
        event.old_mode = before;
        event.mode = after;
        return value(event, "fs.mode.exec_added") == "true";
    };
    CHECK(added(0644, 0755));
    CHECK(added(0644, 0100));
    CHECK(added(kUnset, 0755)); // unknown before: better told than missed
    CHECK(!added(0755, 0755));
    CHECK(!added(0755, 0644));
    event.object.file.id = {1, 2};
    event.object.file.mode = S_IFDIR | 0755;
    CHECK(!added(0644, 0755)); // a directory
    event.object.file.mode = S_IFREG | 0755;
    CHECK(added(0644, 0755));
    event.result = -EPERM;
    CHECK(!added(0644, 0755));
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
}

TEST_CASE("flags and modes read what they write") {
    const auto scratch = std::make_unique<Scratch>();
    scratch->reset();
    put_mode(0104755, *scratch);
    CHECK(scratch->since(0) == "S_IXOTH|S_IROTH|S_IXGRP|S_IRGRP|S_IXUSR|S_IWUSR|S_IRUSR|S_ISUID");
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
