// SPDX-License-Identifier: MIT OR Apache-2.0
// The map `correlation` as it is written, and conditions over rules.
#include "rules_support.hpp"

#include "rules/correlation_reader.hpp"
#include "rules/rule_expression.hpp"

using namespace rwatch;
using namespace rwatch::rules;
using namespace rwatch::rules::test;

namespace {

struct Reading {
    std::optional<CorrelationItem> item;
    Diagnostics found;
};

Reading read(const std::string& text, CorrelationForm form = CorrelationForm::rules_only) {
    static const std::string file = "c.yaml";
    Reading out;
    const auto parsed = yaml::parse(text, file);
    REQUIRE(parsed.diagnostics.empty());
    REQUIRE(parsed.documents.size() == 1);
    const SourceLines lines(text);
    out.item = read_correlation(parsed.documents[0], lines, form, {file, out.found, Severity::error});
    CHECK((out.item || has_errors(out.found)));
    return out;
}

/// The one thing that is wrong with it: "code: message".
std::string complaint(const std::string& text, CorrelationForm form = CorrelationForm::rules_only) {
    const auto reading = read(text, form);
    std::string out;
    for (const auto& d : reading.found)
        out += (out.empty() ? "" : " | ") + d.code + ": " + d.message;
    return out;
}

/// "{type: event_count, rules: r, …}" with some keys written otherwise; an empty value leaves the key out.
std::string with(const std::vector<std::pair<std::string, std::string>>& changes) {
    std::vector<std::pair<std::string, std::string>> keys{{"type", "event_count"},
                                                          {"rules", "failed_login"},
                                                          {"group-by", "[user]"},
                                                          {"timespan", "10m"},
                                                          {"condition", "{gte: 10}"}};
    for (const auto& change : changes) {
        const auto same =
            std::find_if(keys.begin(), keys.end(), [&](const auto& key) { return key.first == change.first; });
        if (same == keys.end())
            keys.push_back(change);
        else
            same->second = change.second;
    }
    std::string out;
    for (const auto& [key, value] : keys)
        if (!value.empty())
            out += (out.empty() ? "{" : ", ") + key + ": " + value;
    return out + "}";
}

std::vector<std::string> texts(const std::vector<Word>& words) {
    std::vector<std::string> out;
    for (const auto& word : words)
        out.push_back(word.text);
    return out;
}

/// The expression with its operators behind their operands: "a b and not".
std::string postfix(const std::string& text, std::vector<Word> rules = {}) {
    Diagnostics found;
    const auto steps = parse_rule_expression(MappedText(text, {"c.yaml", 1, 1}), rules, found);
    std::string out;
    for (const auto& d : found)
        out += d.message + " @" + std::to_string(d.where.column);
    for (const auto& step : steps) {
        using Op = CorrelationTerms::Step::Op;
        out += out.empty() ? "" : " ";
        out += step.op == Op::rule  ? rules[step.rule].text
               : step.op == Op::all ? "and"
               : step.op == Op::any ? "or"
                                    : "not";
    }
    return out;
}

bool holds_for(const std::string& text, std::uint64_t matched) {
    Diagnostics found;
    std::vector<Word> rules;
    const auto steps = parse_rule_expression(MappedText(text, {"c.yaml", 1, 1}), rules, found);
    REQUIRE(found.empty());
    return holds(steps, matched);
}

} // namespace

TEST_CASE("A correlation as it is written") {
    const auto [item, found] = read("type: value_count\n"
                                    "rules: [event_a, 0e95725d-7320-415d-80f7-004da920fc11]\n"
                                    "generate: true\n"
                                    "group-by: [source, user]\n"
                                    "timespan: 1h\n"
                                    "condition: {field: [host, port], gt: 100, lte: 200}\n"
                                    "aliases:\n"
                                    "  source: {event_a: source_ip, event_b: source_address}\n");
    REQUIRE(item);
    CHECK(item->type == CorrelationTerms::Type::value_count);
    CHECK(texts(item->rules) == std::vector<std::string>{"event_a", "0e95725d-7320-415d-80f7-004da920fc11"});
    CHECK(item->rules[1].where.line == 2);
    CHECK(item->rules[1].where.column == 18);
    CHECK(item->generate);
    CHECK(texts(item->group_by) == std::vector<std::string>{"source", "user"});
    CHECK(item->timespan_ns == 3600LL * 1'000'000'000);
    CHECK(texts(item->fields) == std::vector<std::string>{"host", "port"});
    REQUIRE(item->bounds.size() == 2);
    CHECK(item->bounds[0].op == CorrelationTerms::Bound::Op::gt);
    CHECK(item->bounds[1].number == 200);
    REQUIRE(item->aliases.size() == 1);
    CHECK(item->aliases[0].name.text == "source");
    REQUIRE(item->aliases[0].fields.size() == 2);
    CHECK(item->aliases[0].fields[1].first.text == "event_b");
    CHECK(item->aliases[0].fields[1].second.text == "source_address");
}

TEST_CASE("Without a condition temporal correlations want all their rules") {
    for (const std::string type : {"temporal", "temporal_ordered"}) {
        const auto item = read(with({{"type", type}, {"rules", "[a, b, c]"}, {"condition", ""}})).item;
        REQUIRE(item);
        REQUIRE(item->bounds.size() == 1);
        CHECK(item->bounds[0].op == CorrelationTerms::Bound::Op::gte);
        CHECK(item->bounds[0].number == 3);
        CHECK_FALSE(item->generate);
    }
    const auto some = read(with({{"type", "temporal"}, {"rules", "[a, b, c]"}, {"condition", "{gte: 2}"}})).item;
    REQUIRE(some);
    CHECK(some->bounds[0].number == 2);
    const auto named = read(with({{"type", "temporal"}, {"rules", ""}, {"condition", "b and not a"}})).item;
    REQUIRE(named);
    CHECK(texts(named->rules) == std::vector<std::string>{"b", "a"});
    CHECK(named->bounds.empty());
    CHECK(named->expression.size() == 4);
}

TEST_CASE("Timespans, Sigma's and ours") {
    const auto seconds = [](const std::string& text) {
        const auto item = read(with({{"timespan", text}})).item;
        REQUIRE(item);
        return item->timespan_ns / 1'000'000'000;
    };
    CHECK(seconds("10s") == 10);
    CHECK(seconds("90m") == 5400);
    CHECK(seconds("24h") == 86400);
    CHECK(seconds("7d") == 604800);
    CHECK(seconds("2w") == 1209600);
    CHECK(seconds("1M") == 2629746);
    CHECK(seconds("1y") == 31556952);
    CHECK(seconds("1h 30min") == 5400);
    for (const std::string bad : {"'10'", "10", "s", "soon", "-1s", "1.5y", "1000y", "''"})
        CHECK(complaint(with({{"timespan", bad}})).starts_with("bad-duration: "));
    CHECK(complaint(with({{"timespan", "[1s]"}})).starts_with("wrong-type: "));
    CHECK(complaint(with({{"timespan", "0s"}})).starts_with("out-of-range: "));
    CHECK(complaint(with({{"timespan", "367d"}})).starts_with("out-of-range: "));
}

TEST_CASE("Numbers to compare with, and percentiles") {
    const auto item =
        read(with({{"type", "value_percentile"}, {"condition", "{field: Latency, percentile: 99.5, gte: -0.5}"}})).item;
    REQUIRE(item);
    CHECK(item->percentile == 99.5);
    CHECK(item->bounds[0].number == -0.5);
    CHECK(read(with({{"type", "value_median"}, {"condition", "{field: f, lt: 1e6}"}})).item->percentile == 50);
}

TEST_CASE("Wrong correlations") {
    const auto own = CorrelationForm::own_condition_too;
    CHECK(complaint(with({{"type", "test"}})).starts_with("bad-value: 'type' of a correlation must be one of"));
    CHECK(complaint(with({{"type", ""}})) == "missing-key: a correlation has no 'type'");
    CHECK(complaint(with({{"rules", "{test: test}"}})) ==
          "wrong-type: 'rules' must be a name or a list of names, not a map");
    CHECK(complaint(with({{"rules", "[a, [b]]"}})) == "wrong-type: each item of 'rules' must be a name, not a list");
    CHECK(complaint(with({{"rules", ""}})) == "missing-key: a correlation of type event_count has no 'rules'");
    CHECK(complaint(with({{"rules", ""}}), own).empty());
    CHECK(complaint(with({{"type", "temporal"}, {"rules", ""}, {"condition", ""}}), own) ==
          "missing-key: a correlation of type temporal has no 'rules'");
    CHECK(complaint(with({{"group-by", "{test: test}"}})) ==
          "wrong-type: 'group-by' must be a name or a list of names, not a map");
    CHECK(complaint(with({{"timespan", ""}})) == "missing-key: a correlation has no 'timespan'");
    CHECK(complaint(with({{"condition", "test"}})) == "wrong-type: event_count needs a condition such as { gte: 10 }");
    CHECK(complaint(with({{"condition", "[gte]"}})) ==
          "wrong-type: the correlation's condition must be a map or text, not a list");
    CHECK(complaint(with({{"condition", ""}})) == "missing-key: a correlation has no 'condition'");
    CHECK(complaint(with({{"condition", "{}"}})) ==
          "missing-key: the correlation's condition needs one of gte, gt, lte, lt, eq, neq");
    CHECK(complaint(with({{"condition", "{gte: 10, test: 1}"}})) ==
          "unknown-key: unknown key 'test' in the correlation's condition");
    CHECK(complaint(with({{"condition", "{gte: test}"}})) ==
          "wrong-type: 'gte' of the correlation's condition must be a whole number, not 'test'");
    CHECK(complaint(with({{"condition", "{gte: 100001}"}})).starts_with("out-of-range: "));
    CHECK(complaint(with({{"condition", "{gte: 1, field: x}"}})) ==
          "bad-value: event_count counts events, not values of a field");
    for (const std::string never : {"{gte: 5, lte: 3}", "{lt: 1}", "{eq: 0}", "{gt: 2, lt: 3}", "{eq: 4, neq: 4}"})
        CHECK(complaint(with({{"condition", never}})).starts_with("never-true: "));
    for (const std::string some :
         {"{gte: 1}", "{gte: 3, lte: 3}", "{lt: 2}", "{neq: 1}", "{gt: 2, lt: 4}", "{gte: 100000}"})
        CHECK(complaint(with({{"condition", some}})).empty());
    CHECK(complaint(with({{"type", "value_count"}, {"condition", "{field: a, eq: 0}"}})).empty());
    CHECK(complaint(with({{"type", "temporal"}, {"condition", "{gte: 65}"}})).starts_with("never-true: "));
    for (const std::string type : {"value_count", "value_sum", "value_avg", "value_median"})
        CHECK(complaint(with({{"type", type}})) == "missing-key: " + type + " needs 'field': what is counted");
    CHECK(complaint(with({{"type", "value_sum"}, {"condition", "{field: [a, b], gte: 1}"}})) ==
          "bad-value: value_sum takes one field");
    CHECK(complaint(with({{"type", "value_sum"}, {"condition", "{field: a, gte: many}"}})).starts_with("wrong-type: "));
    CHECK(complaint(with({{"type", "value_sum"}, {"condition", "{field: a, gte: 1, percentile: 5}"}})) ==
          "bad-value: 'percentile' is for value_percentile");
    CHECK(complaint(with({{"type", "value_percentile"}, {"condition", "{field: a, gte: 1}"}})) ==
          "missing-key: the correlation's condition has no 'percentile'");
    CHECK(complaint(with({{"type", "value_percentile"}, {"condition", "{field: a, gte: 1, percentile: x}"}})) ==
          "bad-value: 'percentile' must be a number from 0 to 100");
    CHECK(complaint(with({{"aliases", "test"}})) == "wrong-type: 'aliases' of a correlation must be a map, not text");
    CHECK(complaint(with({{"aliases", "{a: b}"}})) ==
          "wrong-type: alias 'a' must be a map of rules and their fields, not text");
    CHECK(complaint(with({{"aliases", "{a: {r: [f]}}"}})) ==
          "wrong-type: what alias 'a' stands for must be a field's name, not a list");
    CHECK(complaint(with({{"generate", "test"}})) ==
          "wrong-type: 'generate' of a correlation must be true or false, not 'test'");
    CHECK(complaint(with({{"timespam", "1s"}})) == "unknown-key: unknown key 'timespam' in a correlation");
    std::string many = "[";
    for (int i = 0; i < 65; ++i)
        many += "r" + std::to_string(i) + ", ";
    CHECK(complaint(with({{"rules", many + "]"}})) == "out-of-range: 'rules' has 65 names, 1 to 64 are taken");
}

TEST_CASE("Conditions over rules: not before and before or") {
    CHECK(postfix("rule_a") == "rule_a");
    CHECK(postfix("a and b and c") == "a b and c and");
    CHECK(postfix("a and b or c") == "a b and c or");
    CHECK(postfix("a or b and c") == "a b c and or");
    CHECK(postfix("not a and b") == "a not b and");
    CHECK(postfix("not (a and b)") == "a b and not");
    CHECK(postfix("not not a") == "a");
    CHECK(postfix("(a or b) and(c)") == "a b or c and");
    CHECK(postfix("((a and b) or (c and d)) and not (_e or f_1)") == "a b and c d and or _e f_1 or not and");
    CHECK(postfix("'Shell spawned' and \"b\"") == "Shell spawned b and");
    CHECK(postfix("a and a") == "a a and");
}

TEST_CASE("Wrong conditions over rules") {
    CHECK(postfix("") == "expected a rule's name, found the end @1");
    CHECK(postfix("a and") == "expected a rule's name, found the end @6");
    CHECK(postfix("and a") == "expected a rule's name, found 'and' @1");
    CHECK(postfix("a b") == "expected 'and', 'or' or the end, found 'b' @3");
    CHECK(postfix("(a or b") == "expected ')', 'and' or 'or', found the end @8");
    CHECK(postfix("a and 'b") == "expected a rule's name, found ''' @7");
    CHECK(postfix("a & b") == "expected 'and', 'or' or the end, found '&' @3");
    const std::vector<Word> rules{{"a", {}}, {"b", {}}};
    CHECK(postfix("b or a", rules) == "b a or");
    CHECK(postfix("a", rules) == "rule 'b' is in 'rules' but not in the correlation's condition @1");
    CHECK(postfix("a and b and c", rules) == "'c' is not one of the correlation's rules @13");
    CHECK(postfix(std::string(33, '(') + "a" + std::string(33, ')')) == "more than 32 parentheses are nested @33");
    CHECK(postfix(std::string(32, '(') + "a" + std::string(32, ')')) == "a");
    CHECK(postfix(std::string(5000, ' ')).starts_with("the correlation's condition is longer"));
}

TEST_CASE("Conditions over rules hold or not") {
    CHECK(holds_for("a", 1));
    CHECK_FALSE(holds_for("a", 0));
    CHECK(holds_for("a and not b", 1));
    CHECK_FALSE(holds_for("a and not b", 3));
    CHECK(holds_for("not a or b", 2));
    CHECK(holds_for("not a or b", 0));
    CHECK_FALSE(holds_for("not a or b", 1));
    for (std::uint64_t matched = 0; matched < 64; ++matched) {
        const auto bit = [&](unsigned n) { return (matched >> n & 1U) != 0; };
        CHECK(holds_for("((a and b) or (c and d)) and not (e or f)", matched) ==
              (((bit(0) && bit(1)) || (bit(2) && bit(3))) && !(bit(4) || bit(5))));
        CHECK(holds_for("a or b and (c or d and (e or not f))", matched) ==
              (bit(0) || (bit(1) && (bit(2) || (bit(3) && (bit(4) || !bit(5)))))));
    }
    // As deep as it may be, with two operands waiting on each level.
    std::string deep = "a";
    for (int i = 0; i < 32; ++i)
        deep = "b or a and (" + deep + ")";
    Diagnostics found;
    std::vector<Word> rules;
    const auto steps = parse_rule_expression(MappedText(deep, {"c.yaml", 1, 1}), rules, found);
    REQUIRE(found.empty());
    CHECK(holds(steps, 2)); // a alone: all the way down
    CHECK(holds(steps, 1));
    CHECK_FALSE(holds(steps, 0));
}
