// SPDX-License-Identifier: MIT OR Apache-2.0
// Sigma's documents beside their detections: what they say about themselves, log sources, several in a file, filters,
// correlations.
#include "sigma_support.hpp"

#include <set>

using namespace rwatch;
using namespace rwatch::rules;
using namespace rwatch::rules::test;

namespace {

constexpr const char* kOneId = "5f0c3a51-8d7e-4b55-9a3e-0d6b1c2a7e01";
constexpr const char* kTwoId = "5f0c3a51-8d7e-4b55-9a3e-0d6b1c2a7e02";

std::string whole(const std::string& more, const std::string& title = "title: T") {
    return title + "\n" + more +
           "\nlogsource: {category: process_creation}\ndetection:\n  s: {User: u}\n  condition: s\n";
}

/// Rules One (alice) and Two (bob), then more documents.
std::string two_rules(const std::string& more) {
    const auto one = [](const char* title, const char* name, const char* id, const char* user) {
        return "title: " + std::string(title) + "\nname: " + name + "\nid: " + id +
               "\nlogsource: {product: linux, category: process_creation}\ndetection:\n  s: {User: [" + user +
               ", root]}\n  condition: s\n---\n";
    };
    return one("One", "rule_one", kOneId, "alice") + one("Two", "rule_two", kTwoId, "bob") + more;
}

std::string filter(const std::string& rules, const std::string& condition = "not f",
                   const std::string& logsource = "{product: linux, category: process_creation}") {
    return two_rules("title: Filter\nlogsource: " + logsource + "\nfilter:\n  rules: " + rules +
                     "\n  f: {CurrentDirectory: /quiet}\n  g_1: {ProcessId: 1}\n  condition: " + condition + "\n");
}

std::string correlation(const std::string& keys) {
    return two_rules("title: Both\ncorrelation:\n" + keys);
}

std::vector<std::string> fired_as(const std::string& text, const char* user, const char* cwd = "/loud") {
    return fired(loaded(text), {{"evt.type", "execve"}, {"user.name", user}, {"proc.cwd", cwd}});
}

using Names = std::vector<std::string>;

} // namespace

TEST_CASE("What a Sigma rule says about itself") {
    for (const auto* good : {"",
                             "id: 5F0C3A51-8D7E-4B55-9A3E-0D6B1C2A7E01",
                             "id: '{5f0c3a518d7e4b559a3e0d6b1c2a7e01}'",
                             "id: urn:uuid:5f0c3a51-8d7e-4b55-9a3e-0d6b1c2a7e01",
                             "status: stable",
                             "status: EXPERIMENTAL",
                             "level: High",
                             "level:",
                             "date: 2024-05-10",
                             "date: '2024-05-10'",
                             "date: 2024/5/1",
                             "modified: 2024-02-29",
                             "date: 2024-05-10 12:00:00",
                             "tags: [attack.t1059.004, cve.2024-1]",
                             "tags:",
                             "tags: []",
                             "references: [x]",
                             "falsepositives: [Unknown]",
                             "fields: [User]",
                             "scope: [server]",
                             "author: me",
                             "license: MIT",
                             "description: ''",
                             "name: short",
                             "taxonomy: sigma",
                             "custom_key: 5",
                             "related: [{id: 5f0c3a51-8d7e-4b55-9a3e-0d6b1c2a7e01, type: Similar}]",
                             "related: []"}) {
        INFO(good);
        CHECK(errors_of(whole(good)).empty());
    }
    for (const auto* bad : {"id: 12",
                            "id: not-a-uuid",
                            "id: ''",
                            "status: done",
                            "status: ''",
                            "status: [test]",
                            "level: severe",
                            "level: ''",
                            "level: 5",
                            "date: yesterday",
                            "date: 2024-13-01",
                            "date: 2023-02-29",
                            "date: '2024-05-10 '",
                            "date: '2024-05-10 12:00:00'",
                            "date: 2024-5-1",
                            "date: 24/5/1",
                            "modified: 10.05.2024",
                            "tags: attack.t1059",
                            "tags: [attack]",
                            "tags: [5]",
                            "references: x",
                            "falsepositives: none",
                            "fields: User",
                            "scope: server",
                            "author: [me]",
                            "author: 5",
                            "license: [MIT]",
                            "description: 5",
                            "name: ''",
                            "name: 5",
                            "taxonomy: ''",
                            "taxonomy: [sigma]",
                            "related: x",
                            "related: [x]",
                            "related: [{id: x, type: similar}]",
                            "related: [{id: 5f0c3a51-8d7e-4b55-9a3e-0d6b1c2a7e01}]",
                            "related: [{id: 5f0c3a51-8d7e-4b55-9a3e-0d6b1c2a7e01, type: cousin}]"}) {
        INFO(bad);
        CHECK(errors_of(whole(bad)).size() == 1);
    }
    for (const auto& title : {std::string("title:"), std::string("title: 5"), std::string("title: [x]"),
                              "title: " + std::string(257, 'x')}) {
        INFO(title);
        CHECK(errors_of(whole("", title)).size() == 1);
    }
    CHECK(errors_of(whole("", "title: " + std::string(256, 'x'))).empty());
    CHECK(errors_of(whole("", "title: 12e5")).empty()); // text in YAML 1.1
}

TEST_CASE("Log sources") {
    const auto with = [](const std::string& logsource) {
        return "title: T\n" + logsource + "\ndetection:\n  s: {User: u}\n  condition: s\n";
    };
    for (const auto* good : {"logsource: {product: linux}", "logsource: {service: x}", "logsource: {category: x}",
                             "logsource: {product: linux, definition: much}", "logsource: {product: x, mine: y}"})
        CHECK(errors_of(with(good)).empty());
    for (const auto* bad :
         {"", "logsource:", "logsource: {}", "logsource: linux", "logsource: [linux]", "logsource: {definition: x}",
          "logsource: {product: 5}", "logsource: {category: [x]}", "logsource: {product: x, definition: 5}"}) {
        INFO(bad);
        CHECK(errors_of(with(bad)).size() == 1);
    }
    for (const auto* bad : {"", "detection:", "detection: x", "detection: [x]", "detection: {}"}) {
        INFO(bad);
        CHECK_FALSE(errors_of("title: T\nlogsource: {product: linux}\n" + std::string(bad) + "\n").empty());
    }
}

TEST_CASE("Documents that add to others") {
    const std::string rule = "detection: {s: {User: u}, condition: s}\n";
    const auto set =
        loaded("action: global\nlogsource: {product: linux, category: process_creation}\nlevel: high\n---\n"
               "title: A\n" +
               rule + "---\naction: repeat\ntitle: B\ndetection: {s: {User: v}}\nlevel: low\n---\n" +
               "action: reset\n---\ntitle: C\nlogsource: {category: process_creation}\n" + rule);
    REQUIRE(set->rules().size() == 3);
    CHECK(set->rules()[0].priority == Priority::error);
    CHECK(set->rules()[1].priority == Priority::notice);
    CHECK(set->rules()[2].priority == Priority::notice);
    CHECK(fired(set, {{"evt.type", "execve"}, {"user.name", "u"}}) == Names{"A", "C"});
    CHECK(fired(set, {{"evt.type", "execve"}, {"user.name", "v"}}) == Names{"B"});
    CHECK(errors_of("action: again\ntitle: T\n") == Names{"bad-value"});
    CHECK(errors_of("action: reset\n---\ntitle: T\n" + rule) == Names{"missing-key"}); // no log source is left
}

TEST_CASE("Filters are joined to the rules that they name") {
    const struct {
        const char* rules;
        bool one, two;
    } rows[] = {
        {"any", true, true},
        {"ANY", true, true},
        {"[]", true, true},
        {"rule_one", true, false},
        {"[rule_one]", true, false},
        {"[rule_one, no_such_rule]", true, false},
        {"[rule_one, 5f0c3a51-8d7e-4b55-9a3e-0d6b1c2a7e02]", true, true},
        {"5F0C3A518D7E4B559A3E0D6B1C2A7E02", false, true},
        {"[Two]", false, false}, // a title is no name
    };
    for (const auto& row : rows) {
        INFO(row.rules);
        CHECK(fired_as(filter(row.rules), "alice", "/quiet").empty() == row.one);
        CHECK(fired_as(filter(row.rules), "bob", "/quiet").empty() == row.two);
        CHECK(fired_as(filter(row.rules), "root") == Names{"One", "Two"});
    }
    CHECK(fired_as(filter("any", "f"), "alice").empty());
    CHECK(fired_as(filter("any", "f"), "alice", "/quiet") == Names{"One"});
    CHECK(fired_as(filter("any", "not 1 of them"), "alice", "/quiet").empty());
    CHECK(fired_as(filter("any", "not 1 of g_*"), "alice", "/quiet") == Names{"One"});
    CHECK(fired_as(filter("any", "not f", "{category: process_creation}"), "bob", "/quiet").empty());
    CHECK(fired_as(filter("any", "not f", "{product: linux}"), "bob", "/quiet").empty());
    CHECK(fired_as(filter("any", "not f", "{product: windows}"), "bob", "/quiet") == Names{"Two"});
    CHECK(fired_as(filter("any", "not f", "{product: linux, service: auditd}"), "bob", "/quiet") == Names{"Two"});
    // a filter stands in any file, before or behind, and a second one is joined as well
    const std::vector<SourceText> files{
        {"a.yml", "title: F\nlogsource: {product: linux}\nfilter: {rules: any, x: {User: root}, condition: not x}\n"},
        {"b.yml", filter("any")}};
    const auto set = load(files).set;
    REQUIRE(set != nullptr);
    CHECK(fired(set, {{"evt.type", "execve"}, {"user.name", "root"}}).empty());
    CHECK(fired(set, {{"evt.type", "execve"}, {"user.name", "bob"}, {"proc.cwd", "/quiet"}}).empty());
    CHECK(fired(set, {{"evt.type", "execve"}, {"user.name", "bob"}}) == Names{"Two"});
}

TEST_CASE("What filters refuse") {
    for (const auto* rules : {"", "5", "{a: b}", "[5]", "[[x]]", "true"}) {
        INFO(rules);
        CHECK_FALSE(errors_of(filter(rules)).empty());
    }
    for (const auto* condition : {"", "[not f]", "not h", "not f and"}) {
        INFO(condition);
        CHECK_FALSE(errors_of(filter("any", condition)).empty());
    }
    CHECK_FALSE(errors_of(filter("any", "not f", "{}")).empty());
    CHECK_FALSE(errors_of("title: F\nlogsource: {product: linux}\nfilter: x\n").empty());
    CHECK_FALSE(errors_of("title: F\nlogsource: {product: linux}\nfilter: {rules: any, condition: f}\n").empty());
}

TEST_CASE("Correlations find rules by name, id and its other spellings; they hold each other's rules back") {
    for (const auto* rules : {"[rule_one, rule_two]", "[5f0c3a51-8d7e-4b55-9a3e-0d6b1c2a7e01, rule_two]",
                              "['{5F0C3A518D7E4B559A3E0D6B1C2A7E01}', One]"}) {
        INFO(rules);
        if (std::string_view(rules).find("One") != std::string_view::npos)
            CHECK(errors_of(correlation("  type: event_count\n  rules: " + std::string(rules) +
                                        "\n  timespan: 1m\n  condition: {gte: 1}\n")) == Names{"duplicate-rule"});
        else
            CHECK(fired_as(correlation("  type: event_count\n  rules: " + std::string(rules) +
                                       "\n  timespan: 1m\n  group-by: []\n  condition: {gte: 1}\n"),
                           "alice") == Names{"Both"});
    }
}

TEST_CASE("A correlation of Sigma rules over a field that no event has is skipped, and told") {
    for (const auto* keys :
         {"  type: event_count\n  rules: rule_one\n  timespan: 1m\n  group-by: Usr\n  condition: {gte: 2}\n",
          "  type: value_count\n  rules: rule_one\n  timespan: 1m\n  condition: {field: Usr, gte: 2}\n",
          "  type: value_sum\n  rules: rule_one\n  timespan: 1m\n  condition: {field: User, gte: 2}\n"}) {
        INFO(keys);
        const auto result = load_text(correlation(keys));
        REQUIRE(result.set != nullptr);
        CHECK(result.set->rules().size() == 2);
        REQUIRE(result.diagnostics.size() == 1);
        CHECK(result.diagnostics.front().severity == Severity::warning);
        CHECK(fired(result.set, {{"evt.type", "execve"}, {"user.name", "alice"}}) == Names{"One"});
    }
}

TEST_CASE("Rules that can't run here are told in one note for each reason, and load") {
    const auto rule = [](const std::string& title, const std::string& logsource, const std::string& more = "") {
        return "title: " + title + "\n" + more + "logsource: {" + logsource +
               "}\ndetection:\n  s: {User: u}\n  condition: s\n---\n";
    };
    const std::vector<SourceText> files{
        {"a.yml", rule("A", "product: windows") + rule("B", "service: sshd") + rule("C", "product: windows")},
        {"b.yml", rule("D", "product: windows") + rule("E", "category: process_creation", "status: unsupported\n") +
                      rule("F", "category: process_creation", "taxonomy: mine\n") +
                      rule("G", "category: process_creation")}};
    const auto result = load(files);
    REQUIRE(result.set != nullptr);
    CHECK(result.set->rules().size() == 1);
    CHECK(brief(result.diagnostics) ==
          Names{"no-log-source 1:1", "no-log-source 7:1", "no-log-source 7:1", "no-log-source 14:1"});
    CHECK(result.diagnostics[0].message ==
          "3 rules are skipped, this is the first: rwatch has no log source 'product: windows'");
    CHECK(result.diagnostics[0].hint == "the others: a.yml:13, b.yml:1");
    CHECK(result.diagnostics[1].message == "this rule is skipped: rwatch has no log source 'service: sshd'");
    for (const auto& d : result.diagnostics)
        CHECK(d.severity == Severity::note);
    // what is only for others to read is not looked at: the old condition that counts
    CHECK(errors_of("title: T\nstatus: unsupported\nlogsource: {service: x}\ndetection: {s: {a: b}, condition: s | "
                    "count() > 5}\n")
              .empty());
}

TEST_CASE("Tests beside a rule that is skipped are told, not passed over") {
    const std::array<SourceText, 2> sources{
        {{"a.yml", "title: T\nlogsource: {product: windows}\ndetection:\n  s: {User: u}\n  condition: s\n"},
         {"b.yaml", "- rule: T\n  override: {tests: append}\n  tests:\n    - {name: n, events: [{evt.type: open}], "
                    "alerts: 1}\n"}}};
    const auto result = load(sources);
    CHECK(result.set != nullptr);
    CHECK(std::count_if(result.diagnostics.begin(), result.diagnostics.end(),
                        [](const Diagnostic& d) { return d.code == "tests-not-run"; }) == 1);
}

TEST_CASE("Keys that a document of Sigma's form does not have are told where they would be missed") {
    const auto codes = [](const std::string& text) {
        const std::array<SourceText, 1> source{{{"a.yml", text}}};
        std::set<std::string> out;
        for (const auto& d : load(source).diagnostics)
            out.insert(d.code);
        return out;
    };
    CHECK(codes(whole("tests: []")).contains("tests-not-run"));
    CHECK(codes(correlation("  type: event_count\n  rules: [rule_one]\n  timespan: 1m\n  condition: {gte: 2}\n"
                            "detection:\n  s: {User: u}\n  condition: s\n"))
              .contains("two-conditions"));
    CHECK(codes(whole("")).empty());
}

TEST_CASE("A log source that is surely another is told with the one that was meant") {
    const struct {
        const char *source, *meant;
    } rows[] = {
        {"product: linux, category: proces_creation", "product: linux, category: process_creation"},
        {"product: linuxx, category: process_creation", "product: linux, category: process_creation"},
        {"category: file_events", "category: file_event"},
        {"product: Linux, service: audit", "product: linux, service: auditd"},
        {"product: windows, category: process_creation", ""},
        {"product: linux, category: process_access", ""},
        {"product: github, service: audit", ""},
        {"product: linux, service: auth", ""},
        {"product: linux", ""},
    };
    for (const auto& row : rows) {
        INFO(row.source);
        const auto result = load_text("title: T\nlogsource: {" + std::string(row.source) +
                                      "}\ndetection:\n  s: {User: u}\n  condition: s\n");
        REQUIRE(result.set != nullptr);
        CHECK(result.set->rules().empty());
        REQUIRE(result.diagnostics.size() == 1);
        const auto& d = result.diagnostics[0];
        const std::string meant = row.meant;
        CHECK(d.code == "no-log-source");
        CHECK(d.severity == (meant.empty() ? Severity::note : Severity::warning));
        CHECK(d.hint == (meant.empty() ? "" : "did you mean '" + meant + "'?"));
    }
}

TEST_CASE("A rule in place of another of its title: a warning where no id says that they are one") {
    const auto told = [](const std::string& first, const std::string& second) {
        return load_text(whole(first) + "---\n" + whole(second)).diagnostics;
    };
    const auto chance = told("status: test", "status: test");
    REQUIRE(brief(chance) == Names{"redefined 8:1"});
    CHECK(chance[0].severity == Severity::warning);
    CHECK(chance[0].message == "rule 'T' stands in place of that of a.yaml:1");
    CHECK(chance[0].hint == "give each rule an id, or another title");
    const auto id = "id: " + std::string(kOneId);
    const auto again = told(id, id);
    REQUIRE(brief(again) == Names{"redefined 8:1"});
    CHECK(again[0].severity == Severity::note);
    CHECK(brief(told(id, "id: " + std::string(kTwoId))) == Names{"same-title 8:1"});
}

TEST_CASE("Who names a rule that was refused or skipped is told no more than that") {
    const std::string count = "\n  desc: d\n  output: o\n  priority: info\n  correlation: {type: event_count, rules: "
                              "[T], timespan: 1m, condition: {gte: 2}}\n- {rule: T, override: {enabled: replace}, "
                              "enabled: false}\n";
    const auto with = [&](const std::string& sigma) {
        const std::vector<SourceText> files{{"a.yml", sigma}, {"b.yaml", "- rule: c" + count}};
        return load(files);
    };
    for (const auto* broken :
         {"title: T\nlogsource: {category: process_creation}\ndetection:\n  s: {User: u}\n  condition: x\n",
          "title: T\nid: 5\nlogsource: {category: process_creation}\ndetection:\n  s: {User: u}\n  condition: s\n",
          "title: T\nlogsource: 5\ndetection:\n  s: {User: u}\n  condition: s\n",
          "title: T\ncorrelation: {type: x}\n"}) {
        INFO(broken);
        const auto found = with(broken).diagnostics;
        CHECK(has_errors(found));
        for (const auto& d : found)
            CHECK(d.where.file == "a.yml");
    }
    const auto skipped = with("title: T\nlogsource: {product: windows}\ndetection:\n  s: {User: u}\n  condition: s\n");
    REQUIRE(skipped.set != nullptr);
    REQUIRE(brief(skipped.diagnostics) == Names{"no-log-source 1:1", "skipped 5:16"});
    CHECK(skipped.diagnostics[1].severity == Severity::warning);
    CHECK(skipped.diagnostics[1].message ==
          "correlation 'c' is skipped: it counts rules that are skipped, 'T' (a.yml:1)");
}
