// SPDX-License-Identifier: MIT OR Apache-2.0
// Correlations over rules of a set: how they find them, what is wrong with them, and events on their way through.
#include "rules_support.hpp"

#include "rules/correlation_linker.hpp"

#include <array>
#include <chrono>

using namespace rwatch;
using namespace rwatch::rules;
using namespace rwatch::rules::test;

namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

std::string rule(const std::string& name, const std::string& condition, const std::string& more = {}) {
    return "- {rule: " + name + ", desc: d, output: o, priority: info, condition: '" + condition + "'" +
           (more.empty() ? "" : ", " + more) + "}\n";
}

/// Text between the braces of `correlation`.
std::string correlation(const std::string& name, const std::string& keys, const std::string& more = {}) {
    return "- {rule: " + name + ", desc: d, output: o, priority: info, correlation: {" + keys + "}" +
           (more.empty() ? "" : ", " + more) + "}\n";
}

const std::string kBases = rule("a", "evt.type = execve and proc.name = a") +
                           rule("b", "evt.type = execve and proc.name = b") + rule("c", "evt.type = connect");
const std::string kBoth = "type: temporal, rules: [a, b], timespan: 10s, group-by: user.uid";

class Run {
  public:
    explicit Run(const std::string& text) { engine.install(set = loaded(text)); }

    /// An event of the program a second after the last one.
    std::vector<std::string> operator()(const std::string& name, const std::string& uid = "0") {
        return feed({{"evt.type", "execve"}, {"proc.name", name}, {"user.uid", uid}});
    }
    std::vector<std::string> feed(const Fields& fields) {
        MadeEvent event(fields);
        now_ += kSecond;
        event->boot_ns = now_;
        matches.names.clear();
        engine.process(*event, scratch(), matches);
        return matches.names;
    }

    std::shared_ptr<const RuleSet> set;
    Engine engine;
    Matches matches;

  private:
    std::uint64_t now_ = 100 * kSecond;
};

using Names = std::vector<std::string>;

std::vector<std::string> complaints(const std::string& text) {
    const auto result = load_text(text);
    CHECK((result.set == nullptr) == has_errors(result.diagnostics));
    return brief(result.diagnostics);
}

std::string messages(const std::string& text) {
    std::string out;
    for (const auto& d : load_text(text).diagnostics)
        out += d.message + (d.hint.empty() ? "" : " [" + d.hint + "]") + "\n";
    return out;
}

/// Names of fields as another form of rules has them.
class OtherNames final : public FieldNames {
  public:
    [[nodiscard]] std::optional<event::FieldRef> resolve(std::string_view text, std::string& error,
                                                         std::string& hint) const override {
        if (text == "User")
            return event::resolve_field("user.uid", error, hint);
        if (text == "Image")
            return event::resolve_field("proc.exepath", error, hint);
        error = "no such field";
        return std::nullopt;
    }
};

/// Rules of another form, as their reader would hand them on: compiled already.
class Linked {
  public:
    Linked& rule(const std::string& name, const std::string& id, const std::string& short_name,
                 const std::string& file = "s.yml", Candidate::State state = Candidate::State::good) {
        auto& item = items_.emplace_back(std::make_unique<RuleItem>());
        item->name = name;
        item->id = id;
        item->short_name = short_name;
        item->where.file = file;
        item->field_names = &names_;
        Candidate candidate{item.get(), {}, state};
        candidate.rule.name = name;
        candidate.rule.condition = compiled("evt.type = execve");
        candidates.push_back(std::move(candidate));
        return *this;
    }
    Linked& counts(const std::vector<std::string>& rules, const std::string& group_by = "User",
                   CorrelationTerms::Type type = CorrelationTerms::Type::event_count) {
        rule("correlation", "", "");
        candidates.back().rule.condition = Condition();
        CorrelationItem item;
        item.type = type;
        item.where.file = "s.yml";
        item.timespan_ns = 1;
        for (const auto& name : rules)
            item.rules.push_back({name, {"s.yml", 1, 1}});
        item.group_by = {{group_by, {"s.yml", 1, 1}}};
        items_.back()->correlation = std::move(item);
        return *this;
    }
    std::vector<std::string> link() {
        Diagnostics found;
        link_correlations(candidates, found);
        std::vector<std::string> out;
        for (const auto& d : found)
            out.push_back(d.code);
        return out;
    }
    [[nodiscard]] std::vector<std::uint32_t> sources() const {
        std::vector<std::uint32_t> out;
        for (const auto& source : candidates.back().rule.correlation->sources)
            out.push_back(source.rule);
        return out;
    }

    std::vector<Candidate> candidates;

  private:
    OtherNames names_;
    std::vector<std::unique_ptr<RuleItem>> items_;
};

} // namespace

TEST_CASE("A correlation counts other rules, wherever they stand; they are silent but for `generate`") {
    const auto counts = "type: event_count, rules: [a, b], timespan: 10s, group-by: user.uid, condition: {gte: 3}";
    Run before(correlation("many", counts) + kBases);
    CHECK(before("a").empty());
    CHECK(before("b", "7").empty());
    CHECK(before("b").empty());
    CHECK(before("x").empty());
    CHECK(before("a") == Names{"many"});
    CHECK(before.matches.last.count == 3);
    CHECK(before.matches.last.sources == 3);
    CHECK(before.set->counters(0).matched == 4);
    CHECK(before.set->counters(0).hits == 1);
    CHECK(before.set->counters(1).matched == 2);
    CHECK(before.set->counters(1).hits == 0);
    Run loud(kBases + correlation("many", std::string(counts) + ", generate: true"));
    CHECK(loud("a") == Names{"a"});
    CHECK(loud("a") == Names{"a"});
    CHECK(loud("b") == Names{"b", "many"});
    // One that asks for silence is enough.
    Run mixed(kBases + correlation("many", std::string(counts) + ", generate: true") + correlation("both", kBoth));
    CHECK(mixed("a").empty());
    CHECK(mixed("b") == Names{"both"});
    // A disabled one asks for nothing.
    Run off(kBases + correlation("many", counts, "enabled: false"));
    CHECK(off("a") == Names{"a"});
}

TEST_CASE("Rules with a correlation of their own are counted where that fires") {
    Run run(rule("a", "evt.type = execve and proc.name = a",
                 "correlation: {type: event_count, group-by: user.uid, timespan: 10s, condition: {gte: 2}}") +
            rule("b", "evt.type = execve and proc.name = b") +
            correlation("a then b", "type: temporal_ordered, rules: [a, b], timespan: 10s, group-by: user.uid"));
    CHECK(run("a").empty());
    CHECK(run("b").empty());
    CHECK(run("a").empty());
    CHECK(run("b", "5").empty());
    CHECK(run("b") == Names{"a then b"});
    CHECK(run.matches.last.distinct == 2);
}

TEST_CASE("Correlations of correlations, each after all that it counts") {
    Run run(correlation("outer", "type: temporal, rules: [inner, b], timespan: 10s, group-by: user.uid") +
            correlation("inner",
                        "type: event_count, rules: [a, b], timespan: 10s, group-by: user.uid, condition: {gte: 3}") +
            kBases);
    CHECK(run("a").empty());
    CHECK(run("a").empty());
    CHECK(run("b") == Names{"outer"}); // b, and the inner one that it makes fire
    CHECK(run.matches.last.sources == 3);
    Run deep(
        kBases +
        correlation("one", "type: event_count, rules: a, timespan: 1h, condition: {gte: 1}, group-by: user.uid") +
        correlation("two", "type: event_count, rules: one, timespan: 1h, condition: {gte: 2}, group-by: user.uid") +
        correlation("four", "type: event_count, rules: two, timespan: 1h, condition: {gte: 3}, group-by: user.uid"));
    CHECK(deep("a").empty());
    CHECK(deep("a").empty());
    CHECK(deep("a").empty());
    CHECK(deep("a") == Names{"four"});
}

TEST_CASE("Paused rules are not heard, paused correlations neither count nor fire") {
    Run run(kBases + correlation("both", kBoth));
    run.set->counters(0).paused = true;
    CHECK(run("a").empty());
    CHECK(run("b").empty());
    run.set->counters(0).paused = false;
    run.set->counters(3).paused = true;
    CHECK(run("a").empty());
    run.set->counters(3).paused = false;
    CHECK(run("x").empty());
    CHECK(run("a") == Names{"both"}); // with b, which was heard
    run.set->counters(3).paused = true;
    CHECK(run("a").empty());
}

TEST_CASE("Aliases name one field for each rule, directly or by way of a correlation") {
    const std::string bases =
        rule("child", "evt.type = execve and proc.name = a") + rule("parent", "evt.type = execve and proc.name = b");
    const auto event = [](Run& run, const char* name, const char* pid, const char* ppid) {
        return run.feed({{"evt.type", "execve"}, {"proc.name", name}, {"proc.pid", pid}, {"proc.ppid", ppid}});
    };
    Run run(bases + correlation("family", "type: temporal, rules: [child, parent], timespan: 10s, group-by: who, "
                                          "aliases: {who: {child: proc.ppid, parent: proc.pid}}"));
    CHECK(event(run, "a", "10", "20").empty());
    CHECK(event(run, "b", "10", "30").empty());
    CHECK(event(run, "b", "20", "30") == Names{"family"});
    Run far(bases + correlation("inner", "type: event_count, rules: child, timespan: 10s, condition: {gte: 1}") +
            correlation("family", "type: temporal, rules: [inner, parent], timespan: 10s, group-by: who, "
                                  "aliases: {who: {inner: proc.ppid, parent: proc.pid}}"));
    CHECK(event(far, "a", "10", "20").empty());
    CHECK(event(far, "b", "20", "30") == Names{"family"});
    Run counted(bases + correlation("values", "type: value_count, rules: [child, parent], timespan: 10s, "
                                              "condition: {field: who, gte: 2}, "
                                              "aliases: {who: {child: proc.ppid, parent: proc.pid}}"));
    CHECK(event(counted, "a", "1", "2").empty());
    CHECK(event(counted, "b", "2", "1").empty());
    CHECK(event(counted, "b", "3", "1") == Names{"values"});
}

TEST_CASE("Conditions over rules in a rule set") {
    Run run(kBases +
            correlation("a alone", "type: temporal, condition: a and not b, timespan: 10s, group-by: user.uid"));
    CHECK(run("a") == Names{"a alone"});
    CHECK(run("b").empty());
    CHECK(run("a").empty());
}

TEST_CASE("What can be wrong between correlations and rules") {
    CHECK(messages(kBases + correlation("x", "type: temporal, rules: [a, bb], timespan: 1s")) ==
          "there is no rule 'bb' to count\n");
    CHECK(messages(rule("shell spawned", "evt.type = execve") +
                   correlation("x", "type: temporal, rules: [shell spawnd], timespan: 1s")) ==
          "there is no rule 'shell spawnd' to count [did you mean 'shell spawned'?]\n");
    CHECK(complaints(kBases + correlation("x", "type: temporal, rules: [a, a], timespan: 1s")) ==
          Names{"duplicate-rule 4:90"});
    CHECK(complaints(kBases + correlation("x", "type: temporal, rules: [a, x], timespan: 1s")) ==
          Names{"correlation-cycle 4:62"});
    CHECK(complaints(correlation("x", "type: temporal, rules: [y], timespan: 1s") +
                     correlation("y", "type: temporal, rules: [x], timespan: 1s")) == Names{"correlation-cycle 1:62"});
    CHECK(complaints(kBases + correlation("x", kBoth, "condition: evt.type = open")) == Names{"two-conditions 4:141"});
    CHECK(complaints("- {rule: x, desc: d, output: o, priority: info}\n") == Names{"missing-key 1:3"});
    CHECK(complaints(kBases + correlation("x", "type: temporal, rules: [a, b], timespan: 1s, aliases: {u: {d: e}}")) ==
          Names{"unknown-rule 4:122"});
    CHECK(messages(kBases + correlation("x", "type: temporal, rules: [a, b], timespan: 1s, group-by: user.nam")) ==
          "unknown field 'user.nam' [did you mean 'user.name'?]\n");
    CHECK(messages(kBases + correlation("x", "type: temporal, rules: [a, b], timespan: 1s, group-by: fd.rip")) ==
          "no event that the correlation counts has a field 'fd.rip'\n");
    // Whatever else is wrong with the correlation.
    CHECK(messages(kBases + correlation("x", "type: temporel, rules: [a, bb], timespan: 1s, group-by: user.nam"))
              .find("there is no rule 'bb' to count") != std::string::npos);
    for (const std::string wrong : {"type: temporel, timespan: 1s", "type: temporal, timespan: 1", "type: temporal"})
        CHECK(messages(kBases + correlation("x", wrong + ", rules: [a, b], group-by: user.nam"))
                  .find("unknown field 'user.nam' [did you mean 'user.name'?]") != std::string::npos);
    CHECK(complaints(rule("a", "evt.type = open and user.nam = x") +
                     "- {rule: x, desc: d, condition: evt.type = open, output: o, priority: info, "
                     "correlation: {type: sum, timespan: 1s, group-by: proc.nme, condition: {gte: 2}}}\n")
              .size() == 3);
    // A condition that is never true says why; that its events have no fields is no news then.
    CHECK(messages(rule("never", "evt.type in (no_such_list)") +
                   correlation(
                       "x", "type: event_count, rules: [never], timespan: 1s, group-by: proc.pid, condition: {gte: 2}"))
              .find("no event that the correlation counts") == std::string::npos);
    CHECK(complaints(kBases + correlation("x", "type: temporal, rules: [a, c], timespan: 1s, group-by: fd.rip")) ==
          Names{"missing-field 4:118"});
    CHECK(messages(kBases + correlation("x", "type: value_sum, rules: [a, b], timespan: 1s, "
                                             "condition: {field: proc.name, gte: 1}")) ==
          "value_sum calculates with numbers, and field 'proc.name' is none\n");
    CHECK(messages(kBases + "- {rule: a, enabled: false, override: {enabled: replace}}\n" + correlation("x", kBoth)) ==
          "rule 'a' is disabled: correlation 'x' does not hear of it\n");
    CHECK(messages(kBases + "- {rule: a, enabled: false, override: {enabled: replace}}\n" +
                   correlation("x", kBoth, "enabled: false"))
              .empty());
    // What is told of a rule is not told again of those that count it.
    CHECK(complaints(rule("a", "evt.type = ") + rule("b", "evt.type = open") + correlation("x", kBoth)).size() == 1);
}

TEST_CASE("A correlation over skipped rules is skipped, or counts the others") {
    const std::string other = rule("k", "ka.verb = get", "source: k8s_audit");
    const auto result = load_text(kBases + other + correlation("x", "type: temporal, rules: [a, k], timespan: 1s") +
                                  correlation("y", "type: temporal, rules: [x], timespan: 1s"));
    REQUIRE(result.set != nullptr);
    CHECK(result.set->find("x") == -1);
    CHECK(result.set->find("y") == -1);
    CHECK(result.set->find("c") == 2);
    Run run(other + kBases + correlation("x", "type: event_count, rules: [k, a], timespan: 10s, condition: {gte: 2}"));
    CHECK(run("a").empty());
    CHECK(run("a") == Names{"x"});
    CHECK(run.matches.last.sources == 2);
}

TEST_CASE("Chains end somewhere") {
    const auto chain = [](int length, bool backwards) {
        std::string text;
        for (int i = 1; i <= length; ++i) {
            const auto one = correlation("r" + std::to_string(i),
                                         "type: temporal, rules: [r" + std::to_string(i - 1) + "], timespan: 1s");
            text = backwards ? one + text : text + one;
        }
        return text + rule("r0", "evt.type = execve");
    };
    CHECK(complaints(chain(16, false)).empty());
    CHECK(complaints(chain(16, true)).empty());
    for (const bool backwards : {false, true}) {
        const auto found = load_text(chain(17, backwards)).diagnostics;
        REQUIRE_FALSE(found.empty());
        CHECK(found.front().code == "too-deep");
    }
    CHECK(load_text(chain(5000, true)).set == nullptr);
    CHECK(load_text(chain(5000, false)).set == nullptr);
}

TEST_CASE("Rules of another form are known by id and name, their fields by their own names") {
    Linked ids;
    ids.rule("Title", "0E95725D-7320-415d-80f7-004da920fc11", "short").counts({"0e95725d-7320-415D-80f7-004da920fc11"});
    CHECK(ids.link().empty());
    CHECK(ids.sources() == std::vector<std::uint32_t>{0});
    CHECK(event::to_string(ids.candidates.back().rule.correlation->views[0].group_by[0]) == "user.uid");
    Linked names;
    names.rule("Title", "", "short", "other.yml").rule("Title 2", "", "short").counts({"short"});
    CHECK(names.link().empty());
    CHECK(names.sources() == std::vector<std::uint32_t>{1}); // the one of its own file
    Linked unclear;
    unclear.rule("1", "", "short", "a.yml").rule("2", "", "short", "b.yml").counts({"short"});
    CHECK(unclear.link() == Names{"ambiguous-rule"});
    Linked titles;
    titles.rule("Title", "", "").counts({"Title"}, "proc.name");
    CHECK(titles.link().empty());
    Linked fields;
    fields.rule("Title", "", "").counts({"Title"}, "ComputerName");
    CHECK(fields.link() == Names{"unknown-field"});
}

TEST_CASE("Documents of Sigma's form count one another, and rules of Falco's form") {
    Run run(std::string(R"(
title: Curl started
name: curl_started
id: 0e95725d-7320-415d-80f7-004da920fc11
logsource: {product: linux, category: process_creation}
detection: {selection: {Image|endswith: /curl}, condition: selection}
level: low
---
title: Many curls
name: many_curls
correlation:
  type: event_count
  rules: [curl_started]
  group-by: [User]
  timespan: 1m
  condition: {gte: 2}
level: medium
---
title: Many curls, then a chmod
correlation:
  type: temporal_ordered
  rules: [many_curls, chmod]
  group-by: [who]
  aliases: {who: {many_curls: User, chmod: user.name}}
  timespan: 10m
level: high
---
title: Never
correlation: {type: temporal, rules: [curl_started, windows], timespan: 1m}
---
title: A rule for others
name: windows
logsource: {product: windows, category: process_creation}
detection: {selection: {Image: x}, condition: selection}
---
)") + rule("chmod", "evt.type = chmod"));
    const auto curl = [&](const char* user) {
        return run.feed({{"evt.type", "execve"}, {"proc.exepath", "/usr/bin/curl"}, {"user.name", user}});
    };
    const auto chmod = [&](const char* user) {
        return run.feed({{"evt.type", "chmod"}, {"fd.name", "/x"}, {"user.name", user}});
    };
    CHECK(run.set->find("Never") == -1);
    CHECK(curl("eve").empty());
    CHECK(chmod("eve").empty());
    CHECK(curl("bob").empty());
    CHECK(curl("eve").empty());
    CHECK(chmod("bob").empty());
    CHECK(chmod("eve") == Names{"Many curls, then a chmod"});
}

TEST_CASE("Counting goes on over an exchange where nothing that matters changed") {
    const std::string counts = "type: temporal, rules: [a, b], timespan: 10s, group-by: user.uid";
    const auto goes_on = [&](const std::string& first, const std::string& second) {
        Run run(first);
        CHECK(run("a").empty());
        run.engine.install(run.set = loaded(second));
        return !run("b").empty();
    };
    const auto set = kBases + correlation("x", counts);
    CHECK(goes_on(set, set));
    CHECK(goes_on(set, correlation("new", "type: event_count, rules: c, timespan: 1s, condition: {gte: 1}") +
                           rule("n", "evt.type = open") + set));
    CHECK(goes_on(set, correlation("x", counts, "tags: [t]") + kBases));
    CHECK_FALSE(goes_on(set, kBases + correlation("x", "type: temporal, rules: [a, b], timespan: 11s, "
                                                       "group-by: user.uid")));
    CHECK_FALSE(goes_on(set, kBases + correlation("x", "type: temporal, rules: [b, a], timespan: 10s, "
                                                       "group-by: user.uid")));
    CHECK_FALSE(goes_on(set, rule("a", "evt.type = execve and proc.name in (a, q)") +
                                 rule("b", "evt.type = execve and proc.name = b") + correlation("x", counts)));
    // A chain, too.
    const auto outer = [&](const char* number) {
        return kBases +
               correlation("inner", std::string("type: event_count, rules: a, timespan: 10s, condition: {gte: ") +
                                        number + "}, group-by: user.uid") +
               correlation("x", "type: temporal, rules: [inner, b], timespan: 10s, group-by: user.uid");
    };
    CHECK(goes_on(outer("1"), outer("1")));
    CHECK_FALSE(goes_on(outer("1"), outer("2")));
}

TEST_CASE("Correlations beyond counting: millions of groups stay within time and memory") {
    Run run(kBases + correlation("x", "type: temporal, rules: [a, b], timespan: 1h, group-by: proc.pid") +
            correlation("y", "type: value_median, rules: [a, b], timespan: 1h, group-by: proc.pid, "
                             "condition: {field: proc.ppid, gt: 5}"));
    MadeEvent event({{"evt.type", "execve"}, {"proc.name", "a"}, {"proc.pid", "1"}, {"proc.ppid", "2"}});
    const auto begin = std::chrono::steady_clock::now();
    auto& memory = scratch();
    constexpr std::uint32_t kEvents = 1'000'000;
    for (std::uint32_t i = 0; i < kEvents; ++i) {
        event->pid = i;
        event->boot_ns = 200 * kSecond + i;
        memory.reset();
        run.engine.process(*event, memory, run.matches);
    }
    const auto each =
        std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count() / kEvents;
    INFO(each << " ns an event");
    CHECK(each < 50'000);
    constexpr std::uint64_t kEvicted = kEvents - 16'384;
    CHECK(run.engine.evicted_groups() == 2 * kEvicted);
    CHECK(run.set->counters(3).evicted == kEvicted);
    CHECK(run.set->counters(4).evicted == kEvicted);
    run.engine.install(loaded(kBases));
    CHECK(run.engine.evicted_groups() == 2 * kEvicted);
    CHECK(run.matches.names.empty());
}
