// SPDX-License-Identifier: MIT OR Apache-2.0
// Rules files: load order, redefinition, append and override, exceptions, our own keys, and where diagnostics point.
#include "rules_support.hpp"

using namespace rwatch;
using namespace rwatch::rules;
using namespace rwatch::rules::test;

namespace {

/// A rule of the given condition, with what a rule needs beside.
std::string rule(const std::string& condition, const std::string& more = "") {
    return "- rule: r\n  desc: d\n  output: o\n  priority: notice\n  condition: " + condition + "\n" + more;
}

bool fires(const RuleSet& set, const Fields& fields, std::size_t index = 0) {
    MadeEvent event(fields);
    return set.rules()[index].condition.matches(*event, scratch());
}

bool named(const RuleSet& set, const std::string& name) {
    return fires(set, {{"evt.type", "execve"}, {"proc.name", name}});
}

std::vector<std::string> complaints(std::string_view text) {
    return brief(load_text(text).diagnostics);
}

} // namespace

TEST_CASE("A whole rule") {
    const auto set = loaded(R"(
- rule: Outbound port scan
  desc: One process tries many ports
  condition: evt.type = connect and fd.type in (ipv4, ipv6)
  correlation:
    type: value_count
    group-by: [proc.pid, fd.rip]
    timespan: 10s
    condition: { field: fd.rport, gte: 20 }
  debounce: { for: 60s, by: [proc.exepath, fd.rip] }
  output: "%proc.exepath scans %fd.rip"
  respond: look
  references: [https://example.org/a]
  priority: WARNING
  tags: [network, T1046]
  enabled: false
  source: syscall
  warn_evttypes: false
  tests:
    - name: twenty
      events: [{evt.type: connect, fd.rport: "${n}", repeat: 20, every: 100ms, at: 1s}, {evt.type: connect}]
      alerts: 1
)");
    REQUIRE(set->rules().size() == 1);
    const auto& r = set->rules()[0];
    CHECK(r.name == "Outbound port scan");
    CHECK(r.description == "One process tries many ports");
    CHECK(r.respond == "look");
    CHECK(r.references == std::vector<std::string>{"https://example.org/a"});
    CHECK(r.priority == Priority::warning);
    CHECK(r.tags == std::vector<std::string>{"network", "T1046"});
    CHECK_FALSE(r.enabled);
    CHECK(r.condition_text == "evt.type = connect and fd.type in (ipv4, ipv6)");
    REQUIRE(r.correlation);
    CHECK(r.correlation->type == CorrelationSpec::Type::value_count);
    REQUIRE(r.correlation->views.size() == 1);
    CHECK(r.correlation->views[0].group_by.size() == 2);
    CHECK(r.correlation->timespan_ns == 10'000'000'000);
    REQUIRE(r.correlation->views[0].fields.size() == 1);
    CHECK(event::to_string(r.correlation->views[0].fields[0]) == "fd.rport");
    REQUIRE(r.correlation->bounds.size() == 1);
    CHECK(r.correlation->bounds[0].number == 20);
    REQUIRE(r.debounce);
    CHECK(r.debounce->for_ns == 60'000'000'000);
    CHECK(r.debounce->by.size() == 2);
    REQUIRE(r.tests.size() == 1);
    CHECK(r.tests[0].alerts == 1);
    REQUIRE(r.tests[0].events.size() == 2);
    CHECK(r.tests[0].events[0].repeat == 20);
    CHECK(r.tests[0].events[0].every_ns == 100'000'000);
    CHECK(r.tests[0].events[0].at_ns == 1'000'000'000);
    CHECK(r.tests[0].events[0].fields ==
          std::vector<std::pair<std::string, std::string>>{{"evt.type", "connect"}, {"fd.rport", "${n}"}});
    CHECK(r.where.line == 2);
}

TEST_CASE("JSON is read as YAML") {
    const auto set =
        loaded(R"([{"rule": "r", "desc": "d", "condition": "proc.name = \"a\"", "output": "o", "priority": "debug"}])");
    CHECK(named(*set, "a"));
    CHECK_FALSE(named(*set, "b"));
}

TEST_CASE("Lists hold lists, quoted values and nothing") {
    const auto set = loaded(R"--(
- list: a
  items: [one, '"(two)"', "three four", '"five \"six\""']
- list: none
  items: []
- list: b
  items: [a, seven]
)--" + rule("proc.name in (none, b, eight)"));
    for (const std::string name : {"one", "(two)", "three four", "five \"six\"", "seven", "eight"}) {
        INFO(name);
        CHECK(named(*set, name));
    }
    for (const std::string name : {"a", "b", "none", "two", "\"(two)\""})
        CHECK_FALSE(named(*set, name));
    CHECK(named(*loaded("- list: b\n  items: [x]\n" + rule("proc.name = b")), "x"));
    CHECK(complaints("- list: b\n  items: [x, y]\n" + rule("proc.name = b")) ==
          std::vector<std::string>{"list-of-many 7:26"});
    CHECK(complaints("- list: b\n  items: [x, 'y(']\n") == std::vector<std::string>{"bad-value 2:14"});
}

TEST_CASE("A condition sees every list, a list only earlier ones") {
    CHECK(named(*loaded(rule("proc.name in (later)") + "- list: later\n  items: [x]\n"), "x"));
    const auto set = loaded("- list: a\n  items: [b]\n- list: b\n  items: [x]\n" + rule("proc.name in (a)"));
    CHECK(named(*set, "b"));
    CHECK_FALSE(named(*set, "x"));
}

TEST_CASE("Macros are trees, not text, and see earlier macros") {
    const auto set = loaded("- macro: either\n  condition: proc.name = a or proc.name = b\n" + rule("not either"));
    CHECK_FALSE(named(*set, "b"));
    CHECK(named(*set, "c"));
    const auto found =
        load_text("- macro: first\n  condition: second\n- macro: second\n  condition: proc.name = a\n" + rule("first"))
            .diagnostics;
    REQUIRE(brief(found) == std::vector<std::string>{"unknown-macro 2:14"});
    const auto near =
        load_text("- macro: spawned_process\n  condition: evt.type = execve\n" + rule("spawned_proces")).diagnostics;
    REQUIRE(near.size() == 1);
    CHECK(near[0].hint == "did you mean 'spawned_process'?");
    const auto list = load_text("- list: shells\n  items: [sh]\n" + rule("shells")).diagnostics;
    REQUIRE(list.size() == 1);
    CHECK(list[0].hint == "compare a field with it: FIELD in (shells)");
}

TEST_CASE("What comes later redefines in place") {
    const std::vector<SourceText> texts{
        {"1.yaml", "- macro: m\n  condition: proc.name = old\n- list: l\n  items: [old]\n" +
                       rule("m or proc.name in (l)") +
                       "- {rule: s, desc: d, condition: m, output: o, priority: info}\n"},
        {"2.yaml", "- macro: m\n  condition: proc.name = new\n- list: l\n  items: [newer]\n"},
        {"3.yaml", "- {rule: s, desc: e, condition: not m, output: o, priority: info}\n"}};
    const auto result = load(texts);
    REQUIRE(result.set != nullptr);
    REQUIRE(result.set->rules().size() == 2);
    CHECK(named(*result.set, "new"));
    CHECK(named(*result.set, "newer"));
    CHECK_FALSE(named(*result.set, "old"));
    CHECK(result.set->rules()[1].description == "e");
    CHECK(result.set->rules()[1].where.file == "3.yaml");
    CHECK(result.set->find("s") == 1);
    CHECK(result.set->find("t") == -1);
}

TEST_CASE("A redefinition can close a loop, which is told") {
    const auto result = load_text(
        "- macro: a\n  condition: proc.name = x\n- macro: b\n  condition: a\n- macro: a\n  condition: b\n" + rule("b"));
    CHECK(result.set == nullptr);
    REQUIRE_FALSE(result.diagnostics.empty());
    CHECK(result.diagnostics[0].code == "macro-loop");
    // A list in itself is only its own name.
    CHECK(named(*loaded("- list: a\n  items: [x]\n- list: b\n  items: [a]\n- list: a\n  items: [b, y]\n" +
                        rule("proc.name in (a)")),
                "y"));
}

TEST_CASE("append joins with a blank, so that precedence is that of the whole text") {
    const auto set =
        loaded(rule("proc.name = a or proc.name = b") + "- rule: r\n  append: true\n  condition: and proc.pname = p\n" +
               "- list: l\n  items: [x]\n- list: l\n  append: true\n  items: [y]\n- macro: m\n  condition: proc.name = "
               "a\n- macro: m\n  condition: or proc.name in (l)\n  override: {condition: append}\n" +
               "- {rule: s, desc: d, condition: m, output: o, priority: info}\n");
    CHECK(named(*set, "a"));
    CHECK_FALSE(named(*set, "b"));
    CHECK(fires(*set, {{"evt.type", "execve"}, {"proc.name", "b"}, {"proc.pname", "p"}}));
    CHECK(fires(*set, {{"evt.type", "execve"}, {"proc.name", "y"}}, 1));
    CHECK(complaints("- macro: m\n  append: true\n  condition: or proc.name = x\n") ==
          std::vector<std::string>{"nothing-to-change 1:3", "deprecated 2:11"});
}

TEST_CASE("override sets, adds, and insists on saying which") {
    const auto set =
        loaded(rule("proc.name = a", "  tags: [t]\n") +
               "- rule: r\n  condition: proc.name = b\n  output: \"more %proc.name\"\n  tags: [u]\n  priority: error\n "
               " enabled: false\n"
               "  override: {condition: replace, output: append, tags: append, priority: replace, enabled: replace}\n");
    const auto& r = set->rules()[0];
    CHECK(named(*set, "b"));
    CHECK_FALSE(named(*set, "a"));
    CHECK(r.output.text() == "o more %proc.name");
    CHECK(r.tags == std::vector<std::string>{"t", "u"});
    CHECK(r.priority == Priority::error);
    CHECK_FALSE(r.enabled);
    CHECK(complaints(rule("proc.name = a") +
                     "- rule: r\n  condition: proc.name = x\n  desc: e\n  override: {condition: replace}\n") ==
          std::vector<std::string>{"bad-override 8:3"});
    CHECK(complaints(rule("proc.name = a") + "- rule: r\n  priority: info\n  override: {priority: append}\n") ==
          std::vector<std::string>{"bad-override 7:3", "bad-override 8:14"});
    CHECK(complaints(rule("proc.name = a") + "- rule: r\n  override: {desc: replace}\n") ==
          std::vector<std::string>{"bad-override 7:14"});
    CHECK(complaints("- rule: q\n  enabled: false\n") ==
          std::vector<std::string>{"nothing-to-change 1:3", "deprecated 2:12"});
}

TEST_CASE("Exceptions: tuples, lists in tuples, one field") {
    const auto set = loaded(rule("proc.name startswith a", R"(  exceptions:
    - name: tuple
      fields: [proc.name, proc.pname]
      comps: [=, in]
      values:
        - [ab, [cron, "at d"]]
        - [ac, sshd]
    - name: single
      fields: proc.exepath
      values: [/usr/bin/x, /usr/bin/y]
    - name: empty
      fields: [proc.name]
- rule: r
  append: true
  exceptions:
    - name: tuple
      values:
        - [ad, init]
)"));
    const auto with = [&](const std::string& name, const std::string& parent, const std::string& exe) {
        return fires(*set,
                     {{"evt.type", "execve"}, {"proc.name", name}, {"proc.pname", parent}, {"proc.exepath", exe}});
    };
    CHECK(with("ab", "init", "/b"));
    CHECK_FALSE(with("ab", "cron", "/b"));
    CHECK_FALSE(with("ab", "at d", "/b"));
    CHECK_FALSE(with("ac", "sshd", "/b"));
    CHECK_FALSE(with("ad", "init", "/b"));
    CHECK(with("ad", "cron", "/b"));
    CHECK_FALSE(with("ax", "init", "/usr/bin/y"));
    CHECK(complaints(
              rule("proc.name = a",
                   "  exceptions:\n    - name: e\n      fields: [proc.name, proc.pname]\n      values: [[a]]\n")) ==
          std::vector<std::string>{"wrong-type 9:16"});
    CHECK(complaints(
              rule("proc.name = a", "  exceptions:\n    - name: e\n      fields: [proc.nam]\n      values: [[a]]\n")) ==
          std::vector<std::string>{"unknown-field 8:16"});
}

TEST_CASE("Rules of other sources are skipped with a warning, and later changes of them are no errors") {
    const auto result =
        load_text(rule("ka.verb = x", "  source: k8s_audit\n") + "- rule: r\n  append: true\n  condition: and x\n");
    REQUIRE(result.set != nullptr);
    CHECK(result.set->rules().empty());
    CHECK(brief(result.diagnostics) == std::vector<std::string>{"other-source 1:3", "deprecated 8:11"});
    CHECK(result.diagnostics[0].severity == Severity::warning);
}

TEST_CASE("skip-if-unknown-filter skips for unknown fields, and for nothing else") {
    const auto skipped =
        load_text("- macro: m\n  condition: y.z = 1\n" + rule("x.y = 1 and m", "  skip-if-unknown-filter: true\n"));
    REQUIRE(skipped.set != nullptr);
    CHECK(skipped.set->rules().empty());
    CHECK(complaints(rule("proc.name <> 1", "  skip-if-unknown-filter: true\n")) ==
          std::vector<std::string>{"condition-syntax 5:24"});
    CHECK(load_text(rule("proc.name = a", "  skip-if-unknown-filter: true\n")).set->rules().size() == 1);
    CHECK(load_text(rule("evt.type = nosuch", "  skip-if-unknown-filter: true\n")).set->rules().size() == 1);
}

TEST_CASE("An error in a macro that nobody needs is a warning") {
    const auto result = load_text("- macro: m\n  condition: x.y = 1\n" + rule("fd.rport = 1"));
    CHECK(result.set != nullptr);
    REQUIRE(brief(result.diagnostics) == std::vector<std::string>{"unknown-field 2:14"});
    CHECK(load_text("- macro: m\n  condition: x.y = 1\n" + rule("m")).set == nullptr);
    CHECK(load_text("- macro: m\n  condition: (\n").set == nullptr);
}

TEST_CASE("All or nothing, in the order of files and lines") {
    const std::vector<SourceText> texts{{"b.yaml", rule("proc.name =") + rule("x")},
                                        {"a.yaml", "- rule: q\n" + rule("x.y=1")}};
    const auto result = load(texts);
    CHECK(result.set == nullptr);
    std::vector<std::string> files;
    std::uint32_t last = 0;
    for (const auto& d : result.diagnostics) {
        if (files.empty() || files.back() != d.where.file) {
            files.push_back(d.where.file);
            last = 0;
        }
        CHECK(d.where.line >= last);
        last = d.where.line;
    }
    CHECK(files == std::vector<std::string>{"b.yaml", "a.yaml"});
    // b.yaml's rules r are redefined, the second time by a.yaml's.
    CHECK(brief(result.diagnostics).front().starts_with("redefined"));
    CHECK(result.diagnostics.front().severity == Severity::note);
}

TEST_CASE("Fingerprints change with what a rule asks and counts, not with its words") {
    const auto print = [](const std::string& text) { return loaded(text)->rules()[0].fingerprint; };
    const std::string counts = "  correlation: {type: event_count, timespan: 1s, condition: {gte: 2}}\n";
    const auto base = print("- list: l\n  items: [a]\n" + rule("proc.name in (l)", counts));
    CHECK(base == print(rule("proc.name in (a)", counts + "  tags: [x]\n")));
    CHECK(base != print("- list: l\n  items: [b]\n" + rule("proc.name in (l)", counts)));
    CHECK(base != print(rule("proc.name in (a)")));
    CHECK(base !=
          print(rule("proc.name in (a)", "  correlation: {type: event_count, timespan: 2s, condition: {gte: 2}}\n")));
    CHECK(base !=
          print(rule("proc.name in (a)", "  correlation: {type: event_count, timespan: 1s, condition: {gt: 2}}\n")));
}

TEST_CASE("Priorities by name in any case") {
    CHECK(parse_priority("WARNING") == Priority::warning);
    CHECK(parse_priority("info") == Priority::informational);
    CHECK_FALSE(parse_priority("emerg"));
    CHECK_FALSE(parse_priority("err"));
    CHECK_FALSE(parse_priority("warnings"));
    CHECK_FALSE(parse_priority(""));
    CHECK(to_string(Priority::informational) == "Informational");
}
