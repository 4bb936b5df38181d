// SPDX-License-Identifier: MIT OR Apache-2.0
// What is refused in rules files, and where in the file each diagnostic points.
#include "rules_support.hpp"

using namespace rwatch;
using namespace rwatch::rules;
using namespace rwatch::rules::test;

namespace {

/// A rule of the given condition, with what a rule needs beside.
std::string rule(const std::string& condition, const std::string& more = "") {
    return "- rule: r\n  desc: d\n  output: o\n  priority: notice\n  condition: " + condition + "\n" + more;
}

std::vector<std::string> complaints(std::string_view text) {
    return brief(load_text(text).diagnostics);
}

} // namespace

TEST_CASE("Unknown keys: errors with the near name, warnings in a file that declares itself Falco's") {
    const auto found = load_text(rule("fd.rport = 1", "  prioritie: x\n")).diagnostics;
    REQUIRE(brief(found) == std::vector<std::string>{"unknown-key 6:3"});
    CHECK(found[0].severity == Severity::error);
    CHECK(found[0].hint == "did you mean 'priority'?");
    const auto falco = load_text(
        "- required_engine_version: 0.57.0\n- required_plugin_versions: [{name: container, version: 0.4.0}]\n" +
        rule("fd.rport = 1", "  prioritie: x\n"));
    CHECK(falco.set != nullptr);
    REQUIRE(brief(falco.diagnostics) == std::vector<std::string>{"unknown-key 8:3"});
    CHECK(falco.diagnostics[0].severity == Severity::warning);
    CHECK(complaints("- rulle: x\n") == std::vector<std::string>{"unknown-item 1:3"});
    CHECK(complaints("- required_engine_version: [1]\n") == std::vector<std::string>{"bad-value 1:28"});
}

TEST_CASE("Wrong shapes, all told at once") {
    CHECK(complaints("a: b\n") == std::vector<std::string>{"not-rules 1:1"});
    CHECK(complaints("- x\n- [y]\n") == std::vector<std::string>{"wrong-type 1:3", "wrong-type 2:3"});
    CHECK(load_text("").set != nullptr);
    CHECK(load_text("---\n---\n[]\n").set != nullptr);
    CHECK(
        complaints("- rule: r\n  condition: [x]\n  output: {}\n  priority: loud\n  tags: {a: b}\n  enabled: maybe\n") ==
        std::vector<std::string>{"missing-key 1:3", "wrong-type 2:14", "wrong-type 3:11", "bad-value 4:13",
                                 "wrong-type 5:9", "wrong-type 6:12"});
    CHECK(complaints("- list: x\n- macro: y\n- rule:\n") ==
          std::vector<std::string>{"missing-key 1:3", "missing-key 2:3", "missing-key 3:3", "missing-key 3:3",
                                   "missing-key 3:3", "missing-key 3:3", "missing-key 3:3"});
    CHECK(complaints("- list: a\n  items: []\n  items: [b]\n") == std::vector<std::string>{"duplicate-key 3:3"});
    CHECK(complaints("- rule: [").front().starts_with("yaml-syntax"));
}

TEST_CASE("Wrong correlations, debounces and tests") {
    const auto with = [](const std::string& more) { return complaints(rule("proc.name = a", more)); };
    CHECK(with("  correlation: {type: event_cuont, timespan: 1s, condition: {gte: 1}}\n") ==
          std::vector<std::string>{"bad-value 6:23"});
    CHECK(with("  correlation: {type: event_count, timespan: soon, condition: {gte: 1}}\n") ==
          std::vector<std::string>{"bad-duration 6:46"});
    CHECK(with("  correlation: {type: event_count, timespan: 367d, condition: {gte: 1}}\n") ==
          std::vector<std::string>{"out-of-range 6:46"});
    CHECK(with("  correlation: {type: event_count, timespan: 1s, condition: {}}\n") ==
          std::vector<std::string>{"missing-key 6:61"});
    CHECK(with("  correlation: {type: event_count, timespan: 1s, condition: {gte: 1, field: fd.name}}\n") ==
          std::vector<std::string>{"bad-value 6:77"});
    CHECK(with("  correlation: {type: value_count, timespan: 1s, condition: {gte: 1}}\n") ==
          std::vector<std::string>{"missing-key 6:61"});
    CHECK(with("  correlation: {type: event_count, timespan: 1s, condition: {gte: 100001}}\n") ==
          std::vector<std::string>{"out-of-range 6:67"});
    CHECK(with("  correlation: {type: event_count, timespan: 1s, group_by: x, group-by: [fd.nam], condition: {gte: "
               "1}}\n") == std::vector<std::string>{"unknown-key 6:50", "unknown-field 6:74"});
    CHECK(with("  correlation: {}\n") == std::vector<std::string>{"missing-key 6:16", "missing-key 6:16"});
    CHECK(with("  debounce: {for: 10}\n") == std::vector<std::string>{"bad-duration 6:19"});
    CHECK(with("  debounce: {for: '1h 30'}\n") == std::vector<std::string>{"bad-duration 6:19"});
    CHECK(with("  correlation: {type: event_count, timespan: 10, condition: {gte: 1}}\n") ==
          std::vector<std::string>{"bad-duration 6:46"});
    CHECK(with("  debounce: {for: 8d}\n") == std::vector<std::string>{"out-of-range 6:19"});
    CHECK(with("  debounce: {by: proc.nam}\n") == std::vector<std::string>{"missing-key 6:13", "unknown-field 6:18"});
    CHECK(with("  tests: [{name: n, events: [{proc.nam: x, evt.args: y, fd.name: [z], repeat: 0}, 5]}]\n") ==
          std::vector<std::string>{"missing-key 6:11", "unknown-field 6:31", "derived-field 6:44", "wrong-type 6:66",
                                   "out-of-range 6:79", "wrong-type 6:83"});
}

TEST_CASE("Diagnostics point into conditions however YAML writes them") {
    const auto at = [](const std::string& written) {
        return complaints("- rule: r\n  desc: d\n  output: o\n  priority: info\n  condition: " + written + "\n");
    };
    const auto expect = [](const std::string& place) { return std::vector<std::string>{"unknown-field " + place}; };
    CHECK(at("proc.name = a and x.y = 1") == expect("5:32"));
    CHECK(at("'proc.name = ''a'' and x.y = 1'") == expect("5:37"));
    CHECK(at("\"proc.name = \\\"a\\\" and\\n x.y = 1\"") == expect("5:39"));
    CHECK(at("\"proc.name = \\\"\\u00e4\\u00e4\\\" and x.y = 1\"") == expect("5:48"));
    CHECK(at(">\n    proc.name = a\n      and\n    x.y = 1") == expect("8:5"));
    CHECK(at("> # folded\n\n    proc.name = a and x.y = 1") == expect("7:23"));
    CHECK(at("|\n    proc.name = a\n    and x.y = 1") == expect("7:9"));
    CHECK(at(">-\n    (proc.name = a or\n\n     x.y = 1)") == expect("8:6"));
    CHECK(at("proc.name = a and\n    proc.name in (b,\n    c) or x.y = 1") == expect("7:11"));
    CHECK(at("&anchor proc.name = a and x.y = 1") == expect("5:40"));
    CHECK(at("!!str proc.name = a and x.y = 1") == expect("5:38"));
}

TEST_CASE("Diagnostics of an appended text point at the text that was appended, those of a macro into the macro") {
    CHECK(complaints(rule("proc.name = a") + "- rule: r\n  append: true\n  condition: and x.y = 1\n") ==
          std::vector<std::string>{"deprecated 7:11", "unknown-field 8:18"});
    CHECK(complaints("- macro: m\n  condition: not\n    x.y = 1\n" + rule("m")) ==
          std::vector<std::string>{"unknown-field 3:5"});
    const std::vector<SourceText> texts{{"1.yaml", rule("proc.name = a")},
                                        {"2.yaml", "- rule: r\n  append: true\n  condition: and x.y = 1\n"}};
    const auto found = load(texts).diagnostics;
    REQUIRE(brief(found) == std::vector<std::string>{"deprecated 2:11", "unknown-field 3:18"});
    CHECK(found[1].where.file == "2.yaml");
}

TEST_CASE("Output templates are checked where they stand") {
    CHECK(complaints("- rule: r\n  desc: d\n  output: >\n    reads %fd.name\n    by %proc.nam now\n  priority: info\n  "
                     "condition: proc.name = a\n") == std::vector<std::string>{"unknown-field 5:8"});
    CHECK(complaints("- rule: r\n  desc: d\n  output: ''\n  priority: info\n  condition: proc.name = a\n") ==
          std::vector<std::string>{"empty-output 3:11"});
}

TEST_CASE("Values and times of tests that can't be are told when the rule is read") {
    const struct {
        const char* events;
        std::vector<std::string> told;
        const char* hint;
    } rows[] = {
        {"{evt.type: openat, fd.name: /x, evt.is_open_write: true, fd.rport: 65535}", {}, ""},
        {"{evt.type: opena}", {"bad-value 9:25"}, "did you mean 'open'?"},
        {"{evt.type: connect, fd.rport: https}", {"bad-value 9:44"}, "it takes a whole number"},
        {"{evt.type: connect, fd.rip: host}", {"bad-value 9:42"}, "it takes an IP address"},
        {"{evt.type: openat, evt.is_open_write: maybe, proc.pid: x}",
         {"bad-value 9:52", "bad-value 9:69"},
         "it takes true or false"},
        {"{evt.type: connect, fd.rport: '6553${n}', repeat: 6}", {}, ""},
        {"{evt.type: connect, fd.rport: '6553${n}', repeat: 7}", {"bad-value 9:44"}, "it takes a whole number"},
        {"{evt.type: open, proc.cmdnargs: 1}", {"derived-field 9:31"}, "set what it follows from"},
        // time does not go back
        {"{evt.type: open, at: 2s}, {evt.type: open}, {evt.type: open, at: 2s}, {evt.type: open, at: 3s}", {}, ""},
        {"{evt.type: open, at: 2s}, {evt.type: open, at: 1999ms}", {"bad-value 9:61"}, "from the beginning"},
        {"{evt.type: open, at: 2s}, {evt.type: open, at: 0}", {"bad-value 9:61"}, "from the beginning"},
        {"{evt.type: open, repeat: 3, every: 1s}, {evt.type: open, at: 1s}", {"bad-value 9:75"}, "from the beginning"},
        {"{evt.type: open, repeat: 1000000, every: 1d}", {"out-of-range 9:14"}, ""},
        {"{evt.type: open, repeat: 600000}, {evt.type: open, repeat: 400000}", {}, ""},
        {"{evt.type: open, repeat: 600000}, {evt.type: open, repeat: 400001}, {evt.type: open}",
         {"out-of-range 9:48"},
         ""},
        {"{evt.type: open, proc.sid: 0}", {"bad-value 9:41"}, "whole number"},
        {"{evt.type: open, at: 5000d}", {"out-of-range 9:14"}, ""},
        {"{evt.type: open, at: 3}", {"bad-duration 9:35"}, ""},
    };
    for (const auto& row : rows) {
        INFO(row.events);
        const auto text = "  tests:\n  - name: n\n    alerts: 1\n    events: [" + std::string(row.events) + "]\n";
        const auto all = load_text(rule("evt.type = open", text)).diagnostics;
        CHECK(brief(all) == row.told);
        if (!all.empty())
            CHECK_THAT(all[0].hint, Catch::Contains(row.hint));
    }
}

TEST_CASE("Names that D-Bus, the journal or a terminal can't carry") {
    const auto with = [](const std::string& text) {
        std::vector<std::string> out;
        for (const auto& d : load_text(text).diagnostics)
            if (d.severity == Severity::error)
                out.push_back(d.code + " " + std::to_string(d.where.line) + ":" + std::to_string(d.where.column));
        return out;
    };
    const std::string rest = ", desc: d, output: o, priority: info, condition: evt.type = open";
    const std::vector<std::string> at_name{"bad-name 1:10"};
    for (const auto* name : {"\"a\\0b\"", "\"a\\nb\"", "\"a\\e[2Jb\"", "\"a\\x7f\"", "\"a\\u2028b\""}) {
        INFO(name);
        CHECK(with("- {rule: " + std::string(name) + rest + "}\n") == at_name);
        CHECK(with("- {list: " + std::string(name) + ", items: []}\n") == at_name);
        CHECK(with("- {macro: " + std::string(name) + ", condition: evt.type = open}\n") ==
              std::vector<std::string>{"bad-name 1:11"});
        CHECK(with("- {rule: r" + rest + ", tags: [good, " + name + "]}\n") ==
              std::vector<std::string>{"bad-name 1:90"});
        CHECK(with("title: " + std::string(name) +
                   "\nlogsource: {category: process_creation}\ndetection: {s: {User: u}, condition: s}\n") ==
              std::vector<std::string>{"bad-name 1:8"});
    }
    CHECK(with("- {rule: " + std::string(1'000'000, 'a') + rest + "}\n") == at_name);
    CHECK(with("- {rule: " + std::string(1024, 'a') + rest + "}\n").empty());
}

TEST_CASE("A field of a debounce that no event of the rule has") {
    const auto with = [](const std::string& condition, const std::string& by, const std::string& more = "") {
        return complaints(rule(condition, "  debounce: {for: 10s, by: " + by + "}\n" + more));
    };
    CHECK(with("evt.type = open", "[fd.name, proc.exepath]").empty());
    CHECK(with("evt.type = open", "[fd.name, fd.rip]") == std::vector<std::string>{"missing-field 6:38"});
    CHECK(with("evt.type in (open, connect)", "fd.rip").empty());
    CHECK(with("evt.type = open", "proc.vpgid.exe") == std::vector<std::string>{"field-not-supplied 6:28"});
    const std::string counts = "- {rule: c, desc: d, output: o, priority: info, debounce: {for: 1s, by: [fd.rip]}, "
                               "correlation: {type: event_count, rules: [r], timespan: 1s, condition: {gte: 2}}}\n";
    CHECK(complaints(rule("evt.type = open") + counts) == std::vector<std::string>{"missing-field 6:74"});
    CHECK(complaints(rule("evt.type = connect") + counts).empty());
}

TEST_CASE("A macro that is defined too late") {
    const auto found =
        load_text("- macro: a\n  condition: b\n- macro: b\n  condition: evt.type = open\n" + rule("a and b"))
            .diagnostics;
    REQUIRE(brief(found) == std::vector<std::string>{"unknown-macro 2:14"});
    CHECK(found[0].message == "macro 'b' is defined later, at a.yaml:3");
    CHECK(found[0].hint == "a macro sees those before it only: put 'b' first");
}
