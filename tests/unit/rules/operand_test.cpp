// SPDX-License-Identifier: MIT OR Apache-2.0
// Both sides of a comparison: transformers with their types, fields on the right, "oneof", "anyof" and "allof".
#include "rules_support.hpp"

#include "rules/compiler.hpp"
#include "rules/glob.hpp"
#include "rules/parser.hpp"

#include <fnmatch.h>

using namespace rwatch;
using namespace rwatch::rules;
using namespace rwatch::rules::test;

namespace {

struct Row {
    const char* condition;
    bool expected;
};

void check_rows(const Fields& fields, std::initializer_list<Row> rows) {
    MadeEvent event(fields);
    for (const auto& row : rows) {
        INFO(row.condition);
        CHECK(compiled(row.condition).matches(*event, scratch()) == row.expected);
    }
}

const Fields kOpen{{"evt.type", "openat"},    {"fd.name", "/Tmp/dir/File.txt"},  {"fs.path.name", "/Tmp/dir/File.txt"},
                   {"proc.name", "Bash"},     {"proc.exepath", "/usr/bin/bash"}, {"proc.cwd", "aGVsbG8="},
                   {"proc.aname[1]", "make"}, {"proc.aname[2]", "sshd"},         {"user.uid", "7"}};

std::vector<std::string> codes_of(std::string_view text) {
    Diagnostics found;
    const auto condition = compile_condition(text, {"c", 1, 1}, found);
    CHECK(condition.has_value() != has_errors(found));
    return brief(found);
}

} // namespace

TEST_CASE("Transformers of one text") {
    check_rows(kOpen, {
                          {"tolower(proc.name) = bash", true},
                          {"tolower(proc.name) = Bash", false},
                          {"toupper(proc.name) = BASH", true},
                          {"toupper(tolower( proc.name )) == BASH", true},
                          {"tolower(\"AbC\") = abc", true},
                          {"tolower(proc.aname) = sshd", true},
                          {"toupper(proc.aname[1]) = MAKE", true},
                          {"toupper(proc.aname[1]) = SSHD", false},
                          {"basename(proc.exepath) = bash", true},
                          {"basename(proc.exepath) = /usr/bin/bash", false},
                          {"basename(\"/a/\") = \"\"", true},
                          {"basename(\"plain\") = plain", true},
                          {"b64(proc.cwd) = hello", true},
                          {"b64(\"aGVsbG8\") = hello", true},
                          {"b64(\"d29ybGQgIQ==\") = 'world !'", true},
                          {"b64(\"\") = ''", true},
                          {"b64(proc.exepath) exists", false}, // 13 letters are no base64
                          {"b64(\"a-b_\") exists", false},
                          {"len(proc.name) = 4", true},
                          {"len(proc.name) >= 5", false},
                          {"len(proc.name) in (3, 4)", true},
                          {"len(fd.name) > 10", true},
                          {"len(tolower(\"\")) = 0", true},
                          {"tolower(fd.name) startswith /tmp/", true},
                          {"not tolower(fd.name) regex '/tmp/.*[.]txt'", false},
                          {"toupper(fd.name) glob *.TXT", true},
                          {"tolower(proc.cmdline) exists and tolower(proc.name) exists", true},
                      });
    CHECK_FALSE(matches("tolower(fd.name) != x", {{"evt.type", "execve"}, {"proc.name", "x"}}));
    CHECK_FALSE(matches("len(fd.name) = 0", {{"evt.type", "execve"}, {"proc.name", "x"}}));
}

TEST_CASE("join and concat") {
    check_rows(kOpen, {
                          {"join(\"-\", (proc.name, proc.exepath)) = Bash-/usr/bin/bash", true},
                          {"join(\",\", (user.uid, user.uid, 5)) = \"7,7,5\"", true},
                          {"join('->', (\"aaa\", 'bbb')) = aaa->bbb", true},
                          {"join(\"-\", (\"aaa\")) = aaa", true},
                          {"join(\"-\", ()) = \"\"", true},
                          {"join(proc.name, (\"a\", \"b\")) = aBashb", true},
                          {"join(\"-\", (\"x\", join(\"+\", (\"a\", toupper(proc.name))))) = x-a+BASH", true},
                          {"len(join(\"-\", (\"aaa\", \"bbb\"))) = 7", true},
                          {"join(\"-\", (proc.name, fd.rport)) exists", false},
                          {"concat(proc.name, \"!\", 12) = Bash!12", true},
                          {"toupper(concat(\"a\", proc.name)) = ABASH", true},
                          {"b64(concat(\"YWFh\", \"YmJi\")) = aaabbb", true},
                          {"concat(proc.name, fs.path.source) exists", false},
                      });
}

TEST_CASE("getopt reads short options as getopt(3) does") {
    const struct {
        const char *words, *letters, *found;
    } rows[] = {
        {R"("-n", "x")", "n", "n"},
        {R"("-t", "hello")", "t:", "t hello"},
        {R"("-thello")", "t:", "t hello"},
        {R"("-nt", "hello")", "nt:", "n t hello"},
        {R"("-n", "--", "-t")", "nt", "n"},
        {R"("-x", "-n")", "n", "? n"},
        {R"("-lpe", "/bin/sh")", "lp:e:", "l p e"},
        {R"("-n", "file", "-t")", "nt", "n"},
        {R"("-t")", "t:", ""},
        {R"("-t")", ":t:", ""},
        {R"("-t", "-123")", "t:", "t -123"},
        {R"("--long", "-n")", "n", "n"},
        {R"("-a", "1", "-a", "2")", "a:", "a 1 a 2"},
        {R"("-@", "-1")", "@1", "@ 1"},
    };
    for (const auto& row : rows) {
        const auto list = std::string("getopt((") + row.words + "), \"" + row.letters + "\")";
        INFO(list);
        CHECK(matches("join(\" \", " + list + ") = \"" + row.found + '"', kOpen));
    }
    check_rows(kOpen, {
                          {R"(getopt(("-n"), "n") intersects ("n", "t"))", true},
                          {R"(getopt(("-n", "-t"), "nt") in ("n"))", false},
                          {R"(getopt(("-n", "-t"), "nt") in ("n", "t", "x"))", true},
                          {R"(getopt(("x"), "n") in ("n"))", true}, // there are none: each is in it
                          {R"(getopt(("x"), "n") intersects ("n"))", false},
                          {R"(getopt(("x"), "n") exists)", true},
                          {R"(len(getopt(("-abc"), "abc")) = 3)", true},
                          {R"(tolower(getopt(("-A"), "A")) intersects (a))", true},
                          {R"(getopt(("-n", "-t", "hello"), "nt:")[t] = hello)", true},
                          {R"(getopt(("-n", "-t", "hello"), "nt:")["n"] = n)", true},
                          {R"(getopt(("-t", "a", "-t", "b"), "t:")[t] = b)", true},
                          {R"(getopt(("-t"), "t:")[t] = "")", true},
                          {R"(getopt(("-n"), "nt:")[t] != "")", false},
                          {R"(getopt(("-n"), "nt:")[t] exists)", false},
                          {R"(getopt((proc.name, "-n"), "n") intersects ("n"))", false},
                      });
}

TEST_CASE("What the event holds on the right") {
    check_rows(kOpen, {
                          {"proc.name = proc.name", false}, // a text, as Falco
                          {"proc.name = val(proc.name)", true},
                          {"proc.name != val(proc.name)", false},
                          {"proc.name != val(proc.exepath)", true},
                          {"proc.exepath endswith tolower(proc.name)", true},
                          {"proc.exepath contains val(proc.name)", false},
                          {"proc.exepath icontains val(proc.name)", true},
                          {"proc.exepath startswith val(proc.exepath)", true},
                          {"proc.exepath glob concat(\"*/b\", \"*\")", true},
                          {"proc.exepath glob concat(\"*/B\", \"*\")", false},
                          {"proc.exepath iglob concat(\"*/B\", \"*\")", true},
                          {"fd.name = val(fs.path.name)", true},
                          {"fd.name in val(fs.path.name)", true},
                          {"fd.name intersects val(proc.exepath)", false},
                          {"proc.aname = val(proc.aname[2])", true},
                          {"proc.aname[1] = val(proc.aname[2])", false},
                          {"user.uid = val(user.uid)", true},
                          {"user.uid < len(fd.name)", true},
                          {"len(proc.name) >= len(fd.name)", false},
                          {"proc.name < val(proc.exepath)", false},
                          {"proc.name > val(proc.exepath)", true},
                          {"proc.name > 1", true}, // texts in the order of their bytes
                          {"proc.name <= 1", false},
                          {"evt.is_open_read = val(evt.is_open_write)", false},
                          {"proc.name = val(fs.path.source)", false}, // missing on either side: false
                          {"proc.name != val(fs.path.source)", false},
                      });
    CHECK(matches("fd.rip = val(fd.ip)", {{"evt.type", "connect"}, {"fd.rip", "192.0.2.1"}, {"fd.lip", "10.0.0.1"}}));
}

TEST_CASE("oneof, anyof, allof") {
    check_rows(kOpen, {
                          {"proc.name == oneof (Bash, zsh)", true},
                          {"proc.name == oneof (Bash, Bash)", false},
                          {"proc.name = oneof (ksh, zsh)", false},
                          {"proc.name = anyof (ksh, Bash)", true},
                          {"proc.name = anyof ()", false},
                          {"proc.name = allof (Bash)", true},
                          {"proc.name = allof (Bash, zsh)", false},
                          {"proc.name = allof ()", false},
                          {"proc.name != anyof (Bash, zsh)", true},
                          {"proc.name != anyof (Bash)", false},
                          {"proc.name != allof (ksh, zsh)", true},
                          {"proc.name != allof (Bash, zsh)", false},
                          {"proc.name != oneof (Bash, zsh)", true},
                          {"proc.name != allof ()", false},
                          {"proc.name contains allof (a, s)", true},
                          {"proc.name startswith oneof (B, Ba)", false},
                          {"proc.name startswith oneof (B, C)", true},
                          {"proc.exepath endswith anyof (/zsh, /bash)", true},
                          {"proc.exepath glob anyof (/opt/*, /usr/*)", true},
                          {"proc.exepath regex allof ('/usr/.*', '.*sh')", true},
                          {"proc.exepath icontains oneof (BIN, ZSH)", true},
                          {"tolower(proc.name) == oneof (bash, zsh)", true},
                          {"user.uid = anyof (1, 7)", true},
                          {"proc.aname = anyof (init, sshd)", true},
                          {"proc.aname != allof (init, sshd)", false},
                          {"proc.aname != allof (init, getty)", true},
                          {"proc.name = oneof", false}, // alone a value like any other
                          {"proc.name = oneof or proc.name = Bash", true},
                          {"(proc.name != anyof) and user.uid = 7", true},
                          {"fd.name = anyof (x) and fd.rip != anyof (10.0.0.1)", false},
                      });
    CHECK(matches("fd.rip == anyof (10.0.0.1, 192.0.2.0/24)", {{"evt.type", "connect"}, {"fd.rip", "192.0.2.1"}}));
    CHECK(matches("fd.rport = https and fd.rport in (ssh, https) and fd.rport != domain",
                  {{"evt.type", "connect"}, {"fd.rport", "443"}}));
}

TEST_CASE("Types of operands are checked") {
    const auto expect = [](const char* text, std::vector<std::string> expected) {
        INFO(text);
        CHECK(codes_of(text) == expected);
    };
    expect("tolower(user.uid) = x", {"transformer-type 1:9"});
    expect("b64(evt.rawres) = -1", {"transformer-type 1:5"});
    expect("len(user.uid) = 1", {"transformer-type 1:5"});
    expect("tolower(proc.name, proc.name) = x", {"transformer-type 1:1"});
    expect("toupper(proc.name)[x] = y", {"transformer-type 1:1"});
    expect("join(\"-\") = x", {"transformer-type 1:1"});
    expect("join(\"-\", \"a\") = x", {"transformer-type 1:11"});
    expect("join((\"a\"), (\"b\")) = x", {"transformer-type 1:6"});
    expect("concat(\"a\") = x", {"transformer-type 1:1"});
    expect("concat(\"a\", (\"b\")) = x", {"transformer-type 1:13"});
    expect("concat(\"a\", len(proc.name)) = x", {"transformer-type 1:13"});
    expect("join(\"-\", (getopt((\"a\"), \"b\"))) = x", {"transformer-type 1:12"});
    expect("getopt(\"a\", \"b\") intersects (x)", {"transformer-type 1:8"});
    expect("getopt((\"a\"), (\"b\")) intersects (x)", {"transformer-type 1:15"});
    expect("getopt((\"a\"), \"b\")[xy] = x", {"transformer-type 1:1"});
    expect("getopt((\"a\"), \"b\") = x", {"operator-type 1:20"});
    expect("tolower(proc.nam) = x and len(x.y) = 1", {"unknown-field 1:9", "unknown-field 1:31"});
    expect("proc.name = val(user.uid)", {"operator-type 1:17"});
    expect("proc.name in getopt((\"a\"), \"b\")", {"operator-type 1:14"});
    expect("proc.name regex val(proc.exepath)", {"operator-type 1:11"});
    expect("proc.name pmatch val(proc.exepath)", {"operator-type 1:11"});
    expect("user.uid contains val(user.uid)", {"operator-type 1:10"});
    expect("fd.rip contains anyof (127.0.0.1)", {"operator-type 1:8"});
    expect("user.uid = oneof (1, x)", {"bad-value 1:22"});
}

TEST_CASE("Transformers nest so deep, and take so many arguments") {
    const auto nested = [](std::size_t depth) {
        std::string text;
        for (std::size_t i = 0; i < depth; ++i)
            text += "tolower(";
        return text + "proc.name" + std::string(depth, ')') + " = bash";
    };
    CHECK(matches(nested(kMaxOperandDepth), kOpen));
    CHECK(codes_of(nested(kMaxOperandDepth + 1)).front().starts_with("condition-syntax"));
    CHECK(codes_of(nested(100'000)).front().starts_with("condition-syntax"));
    const auto many = [](std::size_t count) {
        std::string text = "join(\"\", (\"a\"";
        for (std::size_t i = 1; i < count; ++i)
            text += ", \"a\"";
        return "len(" + text + "))) = " + std::to_string(count);
    };
    CHECK(matches(many(kMaxOperandArguments), kOpen));
    CHECK(codes_of(many(kMaxOperandArguments + 1)).front().starts_with("condition-syntax"));
}

TEST_CASE("Operands belong to a test's identity and to its kinds of event") {
    CHECK(compiled("tolower(proc.name) = a").fingerprint() != compiled("proc.name = a").fingerprint());
    CHECK(compiled("tolower(proc.name) = a").fingerprint() != compiled("toupper(proc.name) = a").fingerprint());
    CHECK(compiled("tolower(proc.name) = a").fingerprint() == compiled("tolower( proc.name ) == 'a'").fingerprint());
    CHECK(compiled("proc.name = val(proc.cwd)").fingerprint() != compiled("proc.name = 'proc.cwd'").fingerprint());
    CHECK(compiled("proc.name = anyof (a)").fingerprint() != compiled("proc.name = oneof (a)").fingerprint());
    const auto connect = event::calls_of(event::set_of(event::Kind::connect) | event::set_of(event::Kind::accept) |
                                         event::set_of(event::Kind::dup) | event::set_of(event::Kind::send) |
                                         event::set_of(event::Kind::resolve));
    CHECK(compiled("concat(proc.name, \"x\") = join(\"\", (fd.rport))").calls() == connect);
    CHECK(compiled("proc.pid = val(fd.rport)").calls() == connect);
    CHECK(compiled("tolower(\"A\") = a").calls() == event::CallSet().set());
    CHECK(compiled("tolower(\"A\") = b").calls().none());
    CHECK(compiled("toupper(evt.type) = CONNECT").calls() == compiled("evt.type = connect").calls());
}

TEST_CASE("A pattern from the event matches as a constant one, within bounds") {
    for (const auto* pattern : {"*", "a*b", "?b", "[a-c]*", "[!a]", "a\\", "[", "a[b"})
        for (const auto* text : {"", "a", "ab", "b", "acb", "xb", "[", "a[b"})
            CHECK(glob_matches(pattern, text, false) == (::fnmatch(pattern, text, 0) == 0));
    CHECK(glob_matches("A*", "abc", true));
    CHECK_FALSE(glob_matches(std::string(300, '?'), std::string(300, 'a'), false));
    CHECK_FALSE(glob_matches(std::string(kMaxForeignPattern + 1, '*'), "a", false));
}
