// SPDX-License-Identifier: MIT OR Apache-2.0
// What Falco's loader takes, warns of and refuses in a rules file, beyond conditions: versions, keys of its own,
// sources, exceptions, names.
#include "rules_support.hpp"

#include <algorithm>

using namespace rwatch;
using namespace rwatch::rules;
using namespace rwatch::rules::test;

namespace {

const std::string kRule = "- rule: r\n  desc: d\n  output: o\n  priority: notice\n  condition: fd.rport = 7\n";

struct Row {
    std::string text;
    bool loads;
    std::vector<std::string> expected; ///< codes with places
};

void check_rows(const std::vector<Row>& rows) {
    for (const auto& row : rows) {
        INFO(row.text);
        const auto result = load_text(row.text);
        CHECK((result.set != nullptr) == row.loads);
        auto told = result.diagnostics;
        std::erase_if(told, [](const Diagnostic& d) { return d.severity == Severity::note; }); // lints of ours
        CHECK(brief(told) == row.expected);
    }
}

bool fires(const RuleSet& set, const Fields& fields) {
    MadeEvent event(fields);
    return set.rules().front().condition.matches(*event, scratch());
}

} // namespace

TEST_CASE("Versions of the engine and of plugins") {
    const auto engine = [](const std::string& version, bool loads, std::vector<std::string> expected) {
        return Row{"- required_engine_version: " + version + "\n" + kRule, loads, std::move(expected)};
    };
    const auto plugins = [](const std::string& list, bool loads, std::vector<std::string> expected) {
        return Row{"- required_plugin_versions: " + list + "\n" + kRule, loads, std::move(expected)};
    };
    check_rows({
        engine("0.57.0", true, {}),
        engine("26", true, {}),
        engine("0.63.0", true, {}),
        engine("0.63.1", false, {"engine-version 1:28"}),
        engine("64", false, {"engine-version 1:28"}),
        engine("1.0.0", false, {"engine-version 1:28"}),
        engine("0.57", false, {"bad-value 1:28"}),
        engine("seven", false, {"bad-value 1:28"}),
        engine("'-3'", false, {"bad-value 1:28"}),
        engine("[1]", false, {"bad-value 1:28"}),
        plugins("[{name: container, version: 0.4.0}]", true, {}),
        plugins("[{name: json, version: 0.7.0}]", true, {"plugin-missing 1:30"}),
        plugins("[{name: json, version: 0.7.0, alternatives: [{name: container, version: 0.1.0}]}]", true, {}),
        plugins("[{name: container, version: one}]", false, {"bad-value 1:57"}),
        plugins("[{name: container}]", false, {"missing-key 1:30"}),
        plugins("[{name: container, version: 0.1.0, alternatives: [{name: container, version: 0.2.0}]}]", false,
                {"bad-value 1:86"}),
        plugins("{name: container, version: 0.1.0}", false, {"wrong-type 1:29"}),
        plugins("[container]", false, {"wrong-type 1:30"}),
    });
}

TEST_CASE("A key that only Falco has makes a file Falco's: its unknown keys are warnings") {
    check_rows({
        {kRule + "  typo: x\n", false, {"unknown-key 6:3"}},
        {"- required_engine_version: 1\n" + kRule + "  typo: x\n", true, {"unknown-key 7:3"}},
        {"- required_plugin_versions: []\n" + kRule + "  typo: x\n", true, {"unknown-key 7:3"}},
        {kRule + "  warn_evttypes: false\n  typo: x\n", true, {"unknown-key 7:3"}},
        {kRule + "  skip-if-unknown-filter: true\n  typo: x\n", true, {"unknown-key 7:3"}},
        {kRule + "  source: syscall\n  typo: x\n", true, {"unknown-key 7:3"}},
        {kRule + "  capture: true\n  capture_duration: 5\n- list: l\n  items: []\n  typo: x\n",
         true,
         {"unknown-key 10:3"}},
        {kRule + "  capture: maybe\n", false, {"wrong-type 6:12"}},
        {kRule + "  capture_duration: long\n", false, {"wrong-type 6:21"}},
        {kRule + "  warn_evttypes: 5\n", false, {"wrong-type 6:18"}},
    });
}

TEST_CASE("A rule keeps its source") {
    const std::string other =
        "- rule: r\n  desc: d\n  output: o\n  priority: notice\n  condition: ka.verb = x\n  source: k8s\n";
    check_rows({
        {other + "- rule: r\n  condition: and x\n  override: {condition: append}\n", true, {"other-source 1:3"}},
        {other + "- rule: r\n  condition: and x\n  source: ''\n  override: {condition: append}\n",
         true,
         {"other-source 1:3"}},
        {other + "- rule: r\n  condition: and x\n  source: syscall\n  override: {condition: append}\n",
         false,
         {"other-source 1:3", "other-source 7:3"}},
        {other + kRule, false, {"other-source 1:3", "other-source 7:3"}},
        {kRule + kRule, true, {}},
    });
}

TEST_CASE("Names, lists and appends that Falco warns of or refuses") {
    check_rows({
        {"- macro: a-b\n  condition: fd.rport = 7\n", true, {"bad-name 1:3"}},
        {"- list: a b\n  items: [x]\n", true, {"bad-name 1:3"}},
        {"- list: a-b.c\n  items: [x]\n", true, {}},
        {"- list: l\n  items: [x, ~]\n", false, {"wrong-type 2:14"}},
        {"- list: l\n  items:\n", false, {"missing-key 1:3"}},
        {"- macro: m\n  condition: unknown_one\n", false, {"unknown-macro 2:14"}},
        {"- macro: m\n  condition: x.y = 1\n", true, {"unknown-field 2:14"}},
        {kRule + "- rule: r\n  append: true\n  tags: [t]\n", false, {"bad-append 6:3", "deprecated 7:11"}},
        {kRule + "- rule: r\n  enabled: false\n", true, {"deprecated 7:12"}},
        {kRule + "- rule: r\n  tags: [t]\n  override: {tags: append}\n", true, {}},
        {kRule + "- rule: r\n  desc: d\n  output: o\n  priority: err\n  condition: fd.rport = 7\n",
         false,
         {"bad-value 9:13"}},
    });
}

TEST_CASE("Exceptions: operators with how many, fields that must exist, values that must be there") {
    const auto exceptions = [](const std::string& text) { return kRule + "  exceptions:\n" + text; };
    check_rows({
        {exceptions("  - {name: e, fields: proc.exepath, comps: startswith oneof, values: [/a, /b]}\n"), true, {}},
        {exceptions("  - {name: e, fields: [proc.exepath, proc.name], comps: [' contains allof ', '!= anyof'], values: "
                    "[[[/a, b], "
                    "x]]}\n"),
         true,
         {}},
        {exceptions("  - {name: e, fields: proc.exepath, comps: in oneof, values: [/a]}\n"), false, {"bad-value 7:44"}},
        {exceptions("  - {name: e, fields: proc.exepath, comps: contains, values: [/a]}\n"), false, {"bad-value 7:44"}},
        {exceptions("  - {name: e, fields: [proc.exepath], comps: [contains oneof more], values: [[/a]]}\n"),
         false,
         {"bad-value 7:47"}},
        {exceptions("  - {name: e, fields: [proc.nam]}\n"), false, {"unknown-field 7:24"}},
        {exceptions("  - {name: e, fields: [tolower(proc.name)], values: [[x]]}\n"), true, {}},
        {exceptions("  - {name: e, fields: ['tolower( proc.name)']}\n"), true, {}},
        {exceptions("  - {name: e, fields: [tolower(proc.pid)]}\n"), false, {"transformer-type 7:24"}},
        {exceptions("  - {name: e, fields: [a b]}\n"), false, {"bad-value 7:24"}},
        {exceptions("  - {name: e, fields: []}\n"), false, {"missing-key 7:23"}},
        {exceptions("  - {name: e, values: [x]}\n"), false, {"missing-key 7:5"}},
        {exceptions("  - {name: e, fields: proc.name, values: [x]}\n  - {name: e, fields: proc.name, values: [y]}\n"),
         true,
         {"exception-name 8:5"}},
        {exceptions("  - {name: e, fields: proc.name, values: [x]}\n") +
             "- rule: r\n  exceptions: [{name: e}]\n  override: {exceptions: append}\n",
         true,
         {"exception-append 9:16"}},
        {exceptions("  - {name: e, fields: proc.name, values: [x]}\n") +
             "- rule: r\n  exceptions: [{name: f, fields: proc.name}]\n  override: {exceptions: append}\n",
         false,
         {"exception-append 9:16"}},
        {exceptions("  - {name: e, fields: proc.name, values: [x]}\n") +
             "- rule: r\n  exceptions: [{name: e, values: [y]}]\n  override: {exceptions: replace}\n",
         false,
         {"missing-key 9:16"}},
    });
    const auto set =
        loaded("- rule: r\n  desc: d\n  output: o\n  priority: notice\n  condition: proc.name exists\n  exceptions:\n"
               "  - {name: e, fields: proc.exepath, comps: startswith anyof, values: [/usr, /opt/my app]}\n"
               "  - {name: f, fields: [tolower(proc.name), proc.exepath], values: [[cat, toupper(proc.cwd)]]}\n");
    const auto fires_for = [&](const char* name, const char* exe) {
        return fires(*set, {{"evt.type", "execve"}, {"proc.exepath", exe}, {"proc.name", name}, {"proc.cwd", "/s"}});
    };
    CHECK_FALSE(fires_for("x", "/usr/bin/x"));
    CHECK_FALSE(fires_for("x", "/opt/my app/x"));
    CHECK(fires_for("x", "/opt/x"));
    CHECK(fires_for("Cat", "/s"));
    CHECK_FALSE(fires_for("Cat", "/S"));
}
