// SPDX-License-Identifier: MIT OR Apache-2.0
// Warnings about what is allowed and surely not meant, and nothing said about what is meant.
#include "rules_support.hpp"

using namespace rwatch;
using namespace rwatch::rules;
using namespace rwatch::rules::test;

namespace {

std::string rule(std::string_view condition, std::string_view name = "r") {
    return "- rule: " + std::string(name) +
           "\n  desc: d\n  output: o\n  priority: info\n  warn_evttypes: false\n  condition: >\n    " +
           std::string(condition) + "\n";
}

/// "code column" of each, the condition beginning in column 5.
std::vector<std::string> told(const std::string& text) {
    const auto result = load_text(text);
    CHECK(result.set != nullptr);
    std::vector<std::string> out;
    for (const auto& d : result.diagnostics) {
        CHECK(d.severity != Severity::error);
        CHECK(d.where.line != 0);
        out.push_back(d.code + " " + std::to_string(d.where.column));
    }
    return out;
}

} // namespace

TEST_CASE("Lints of a condition") {
    const struct {
        const char* condition;
        std::vector<std::string> told;
    } rows[] = {
        // a name has 15 bytes
        {"proc.name = systemd-networkd", {"name-too-long 17"}},
        {"proc.name != systemd-networkd", {"name-too-long 18"}},
        {"proc.pname in (a, systemd-networkd, b)", {"name-too-long 20"}},
        {"proc.aname startswith systemd-networkd", {"name-too-long 27"}},
        {"proc.aname[2] contains systemd-networkd", {"name-too-long 28"}},
        {"proc.name = systemd-network", {}},
        {"proc.name glob systemd-n*tworkd", {}},
        {"proc.name regex \"(systemd-networkd|x)\"", {}},
        {"proc.exepath endswith /systemd-networkd", {}},
        // paths of another system, paths without their beginning
        {"proc.exepath endswith '\\\\cmd.exe'", {"windows-path 27"}},
        {"fd.name startswith 'C:\\\\Windows'", {"windows-path 24"}},
        {"fd.name endswith 'dev-disk\\x2dby.swap'", {}},
        {"fd.name glob '/a\\\\*'", {}},
        {"proc.exepath = bash", {"relative-path 20"}},
        {"proc.exepath in (/usr/bin/bash, bash, sh)", {"relative-path 22"}},
        {"fs.path.name startswith etc", {"relative-path 29"}},
        {"proc.exepath endswith bash", {}},
        {"proc.exepath = ''", {}},
        {"fd.name = bash", {}}, // a socket's name begins otherwise
        // numbers
        {"fd.rport = 65536", {"no-such-port 16"}},
        {"fd.rport in (0, 65535)", {}},
        // texts that are meant for what the event holds
        {"proc.name = proc.pname", {"field-as-text 17"}},
        {"proc.name in (sh, 'proc.aname[2] ', evt.arg.flags)", {"field-as-text 19"}},
        {"fd.name contains 'evt.rawarg.mode'", {"field-as-text 22"}},
        {"proc.cwd = 'basename( proc.exepath )'", {"field-as-text 16"}},
        {"proc.name = 'val(proc.pname)'", {"field-as-text 17"}},
        {"proc.name = val(proc.pname)", {}},
        {"proc.name = toupper", {}},
        {"proc.cwd in (a.sh, proc.nam, 'lower(proc.name)', 'proc.aname[2')", {}},
        // patterns that are none
        {"proc.name regex shell", {"plain-regex 21"}},
        {"proc.name regex ^shell$", {"plain-regex 21"}},
        {"proc.name regex .*shell.+", {"plain-regex 21"}},
        {"proc.name regex '.?shell'", {"plain-regex 21"}},
        {"proc.name regex 'sh.*l'", {}},
        {"proc.name regex 'shell.{2}'", {}},
        {"proc.name regex 'shell[.]*'", {}},
        {"proc.name regex oneof (shell, 's.*')", {"plain-regex 28"}},
        // fields
        {"evt.dir = <", {"deprecated 5", "always-true 5"}},
        {"evt.type = openat and evt.arg.nonsense = 1 and evt.arg[0] = 2", {"field-not-supplied 27"}},
        {"evt.type = openat and thread.cgroup[cpu] = x", {"field-not-supplied 27"}},
        // parts that contradict or repeat each other
        {"proc.name = a and not proc.name = a", {"never-true 23"}},
        {"proc.name = a or not proc.name = a", {"always-true 22"}},
        {"proc.name = a and proc.pname = b and proc.name = a", {"said-twice 42"}},
        {"proc.name = a or proc.name = a", {"said-twice 22"}},
        {"proc.name = a and not proc.name = b", {}},
        // types of event
        {"evt.type = open and fd.rip exists", {"never-true 5"}},
        {"evt.type = open and evt.type = connect", {"never-true 5"}},
        {"evt.dir = > and proc.name = a", {"deprecated 5", "never-true 5"}},
        {"evt.type = nosuch", {"never-true 5", "unknown-event 16"}},
        {"evt.type != open or evt.type != connect", {"always-true 5"}},
        {"evt.dir = < and evt.type = open", {"deprecated 5"}},
        {"evt.type in (open, openat) and not fd.rip exists", {}},
        {"evt.type in (open, connect) and (fd.rip exists or fs.path.name exists)", {}},
    };
    for (const auto& row : rows) {
        INFO(row.condition);
        CHECK(told(rule(row.condition)) == row.told);
    }
}

TEST_CASE("A rule that is tried for most types of event") {
    const auto told_of = [](const std::string& condition, const std::string& more = "") {
        return told("- rule: r\n  desc: d\n  output: o\n  priority: info\n" + more + "  condition: >\n    " +
                    condition + "\n");
    };
    const std::vector<std::string> many{"many-events 5"};
    CHECK(told_of("proc.name = a") == many);
    CHECK(told_of("not fd.rport = 1") == many);
    CHECK(told_of("proc.name = a or evt.type = open") == many);
    CHECK(told_of("proc.name = a", "  warn_evttypes: true\n") == many);
    CHECK(told_of("proc.name = a", "  warn_evttypes: false\n").empty());
    CHECK(told_of("proc.name = a and evt.type = open").empty());
    CHECK(told_of("fd.rport = 1").empty());
    CHECK(told_of("evt.num = 0 and proc.name = a") == std::vector<std::string>{"never-true 5"});
    CHECK(told_of("evt.type = open and not evt.num = 0").empty());
    CHECK(told_of("evt.type in (open, openat) and not fd.name = /x").empty());
    CHECK(told_of("evt.type = open and evt.type = connect") == std::vector<std::string>{"never-true 5"});
    CHECK(told("- rule: r\n  desc: d\n  output: o\n  priority: info\n  condition: proc.name = a\n"
               "- rule: r\n  warn_evttypes: false\n  override: {warn_evttypes: replace}\n")
              .empty());
}

TEST_CASE("A Windows path in a Sigma rule") {
    const auto message = [](const std::string& key, const std::string& value) {
        const auto result =
            load_text("title: t\nstatus: test\nlogsource: {product: linux, category: process_creation}\n"
                      "detection:\n  s:\n    " +
                          key + ": '" + value + "'\n  condition: s\n",
                      "a.yml");
        REQUIRE(result.set != nullptr);
        if (result.diagnostics.empty())
            return std::string();
        CHECK(brief(result.diagnostics) ==
              std::vector<std::string>{"windows-path 6:" + std::to_string(key.size() + 7)});
        return result.diagnostics[0].message.substr(0, result.diagnostics[0].message.find(" is no path"));
    };
    for (const auto* value : {"C:\\Windows\\cmd.exe", "C:\\x.exe", "\\cmd.exe", "*\\cmd.exe"})
        CHECK(message("Image", value) == "'" + std::string(value).substr(value[0] == '*' ? 1 : 0) + "'");
    CHECK(message("Image|endswith", "\\bash") == "'\\bash'");
    CHECK(message("Image|startswith", "C:\\x") == "'C:\\x'");
    CHECK(message("Image|contains", "\\Temp\\") == "'\\Temp\\'");
    for (const auto* value : {"/cmd.exe", "/a\\b", "a\\*", "dev-disk\\x2dby.swap"})
        CHECK(message("Image|endswith", value).empty());
}

TEST_CASE("A lint names a few of many constants") {
    std::string text = "proc.name in (";
    for (int i = 0; i < 10; ++i)
        text += (i == 0 ? "" : ", ") + ("a-name-of-18-byte" + std::to_string(i));
    const auto result = load_text(rule(text + ")"));
    REQUIRE(result.diagnostics.size() == 1);
    CHECK(result.diagnostics[0].message ==
          "'proc.name' has at most 15 bytes and can't be or hold 'a-name-of-18-byte0', "
          "'a-name-of-18-byte1', 'a-name-of-18-byte2' and 7 more");
}

TEST_CASE("Lists and macros that nothing asks for are told once a file") {
    const std::string shared =
        "- list: used\n  items: [a]\n- list: inner\n  items: [c]\n- list: outer\n  items: [inner]\n"
        "- macro: m\n  condition: proc.name in (used)\n";
    CHECK(told(shared + rule("m and proc.pname in (outer)")).empty());
    const auto result =
        load_text(shared + "- macro: idle\n  condition: proc.pname in (outer)\n" + rule("proc.name = a"));
    REQUIRE(result.diagnostics.size() == 1);
    CHECK(result.diagnostics[0].severity == Severity::note);
    CHECK(result.diagnostics[0].message == "nothing asks for m, idle");
}

TEST_CASE("A rule in place of another is told, one that is changed is not") {
    const auto again = load_text(rule("proc.name = a") + rule("proc.name = b"));
    REQUIRE(again.diagnostics.size() == 1);
    CHECK(again.diagnostics[0].code == "redefined");
    CHECK(again.diagnostics[0].message == "rule 'r' stands in place of that of a.yaml:1");
    CHECK(again.diagnostics[0].where.line == 8);
    CHECK(told(rule("proc.name = a") + "- rule: r\n  priority: debug\n  override: {priority: replace}\n").empty());
    CHECK(told(rule("proc.name = a") + "- rule: r\n  enabled: false\n  override: {enabled: replace}\n").empty());
}

TEST_CASE("A word that was meant for a list") {
    const std::string list = "- list: shell_binaries\n  items: [sh]\n- list: ls\n  items: [x]\n";
    const auto with = [&](const std::string& condition) {
        auto out = told(list + rule("proc.name in (shell_binaries, ls) or " + condition));
        return out;
    };
    for (const auto* op : {"in (", "in (a, ", "intersects (", "pmatch (", "startswith anyof ("})
        for (const auto* word : {"shel_binaries", "shell_binareis", "shell_binariess"}) {
            INFO(op << word);
            const auto all = with("proc.cwd " + std::string(op) + word + ")");
            REQUIRE(all.size() == 1);
            CHECK(all[0].starts_with("no-such-list "));
        }
    for (const auto* values : {"(shell_binaries)", "(shell_bin)", "(sl)", "('shel_binaries')", "(my_binaries)"})
        CHECK(with("proc.cwd in " + std::string(values)).empty());
    CHECK(with("proc.cwd = shel_binaries").empty());
    const auto result = load_text(list + rule("proc.cwd in (shel_binaries)"));
    REQUIRE_FALSE(result.diagnostics.empty());
    CHECK(result.diagnostics.back().hint == "did you mean the list 'shell_binaries'?");
}
