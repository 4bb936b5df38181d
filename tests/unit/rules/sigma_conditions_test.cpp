// SPDX-License-Identifier: MIT OR Apache-2.0
// Conditions of Sigma rules: names, selectors, precedence, what is refused.
#include "sigma_support.hpp"

using namespace rwatch;
using namespace rwatch::rules;
using namespace rwatch::rules::test;

namespace {

/// A rule in which each letter of a command line stands for a detection: "a" for sel_a …
std::string with_condition(const std::string& condition) {
    return sigma_rule("  sel_a: {CommandLine|contains: a}\n  sel_b: {CommandLine|contains: b}\n"
                      "  other_c: {CommandLine|contains: c}\n  _hidden_d: {CommandLine|contains: d}\n"
                      "  with-dash: {CommandLine|contains: e}\n  condition: " +
                      condition);
}

bool holds(const std::string& condition, const char* letters) {
    return fires(with_condition(condition), {{"evt.type", "execve"}, {"proc.exeline", std::string("-") + letters}});
}

} // namespace

TEST_CASE("Names, operators and their precedence in Sigma's conditions") {
    const struct {
        const char* condition;
        std::vector<const char*> fires, silent;
    } rows[] = {
        {"sel_a", {"a", "ab"}, {"", "b"}},
        {"with-dash", {"e"}, {"a"}},
        {"_hidden_d", {"d"}, {"a"}},
        {"not sel_a", {"", "b"}, {"a"}},
        {"not not sel_a", {"a"}, {"b"}},
        {"sel_a and sel_b", {"ab"}, {"a", "b"}},
        {"sel_a or sel_b", {"a", "b"}, {"c"}},
        {"sel_a or sel_b and other_c", {"a", "bc"}, {"b", "c"}},
        {"sel_a and sel_b or other_c", {"ab", "c"}, {"a"}},
        {"(sel_a or sel_b) and other_c", {"ac", "bc"}, {"a", "c"}},
        {"not sel_a and sel_b", {"b"}, {"ab", ""}},
        {"not (sel_a and sel_b)", {"a", ""}, {"ab"}},
        {"not sel_a or sel_b", {"", "ab"}, {"a"}},
        {"((sel_a))and(sel_b)", {"ab"}, {"a"}},
        {"sel_a and not 1 of other_*", {"a"}, {"ac", ""}},
        {"\"sel_a\\n  and\\tsel_b\"", {"ab"}, {"a"}},
        {"[sel_a and sel_b, other_c]", {"ab", "c"}, {"a"}},
        {"1 of sel_*", {"a", "b"}, {"c", "d"}},
        {"any of sel_*", {"a", "b"}, {"c"}},
        {"all of sel_*", {"ab"}, {"a", "cb"}},
        {"1 of *_c", {"c"}, {"a"}},
        {"all of *", {"abce"}, {"abc"}},
        {"1 of s*_b", {"b"}, {"a"}},
        {"1 of sel_a", {"a"}, {"b"}},
        {"1 of them", {"a", "e"}, {"d", ""}}, // a name with _ in front is not among them
        {"all of them", {"abce", "abcde"}, {"abc"}},
        {"any of _*", {"d"}, {"a"}},
        {"not 1 of them", {"", "d"}, {"a"}},
        {"1 of sel_* and 1 of other_*", {"ac"}, {"ab"}},
    };
    for (const auto& row : rows) {
        INFO(row.condition);
        for (const auto* letters : row.fires)
            CHECK(holds(row.condition, letters));
        for (const auto* letters : row.silent)
            CHECK(!holds(row.condition, letters));
    }
}

TEST_CASE("A selector that no name fits is left out") {
    const struct {
        const char* condition;
        bool a, none;
    } rows[] = {
        {"sel_a and not 1 of filter_*", true, false},
        {"sel_a and 1 of filter_*", true, false},
        {"sel_a or 1 of filter_*", true, false},
        {"sel_a and all of filter_*", true, false},
        {"sel_a and not (1 of filter_* or all of more_*)", true, false},
        {"sel_b or not 1 of filter_*", false, false},
    };
    for (const auto& row : rows) {
        INFO(row.condition);
        const auto told = load_text(with_condition(row.condition));
        REQUIRE(told.set != nullptr);
        REQUIRE_FALSE(told.diagnostics.empty());
        CHECK(told.diagnostics.front().code == "unknown-detection");
        CHECK(told.diagnostics.front().severity == Severity::warning);
        CHECK(holds(row.condition, "a") == row.a);
        CHECK(holds(row.condition, "") == row.none);
    }
    for (const auto* nothing : {"1 of filter_*", "all of filter_*", "not 1 of filter_*", "1 of a_* and all of b_*"}) {
        INFO(nothing);
        const auto told = load_text(with_condition(nothing));
        REQUIRE(told.set != nullptr);
        CHECK(told.set->rules().empty()); // skipped, and told
        CHECK(told.diagnostics.size() >= 2);
    }
}

TEST_CASE("What Sigma's conditions refuse") {
    const struct {
        const char* code;
        std::vector<const char*> conditions;
    } rows[] = {
        {"condition-syntax",
         {"sel_a and", "and sel_a", "not", "sel_a sel_b", "(sel_a", "sel_a)", "()", "''", "sel_a and (sel_b or)",
          "1 of", "all of (sel_a)", "sel_a & sel_b", "sel_a AND sel_b", "sel_a, sel_b", "1 of sel_a sel_b",
          "'sel_a | count() > 5'", "'1 of sel_* | near sel_b'"}},
        {"unknown-detection",
         {"sel_x", "sel_a and sel_x", "sel_*", "them", "SEL_A", "NOT sel_a", "2 of sel_*", "1 Of sel_*", "ALL of them",
          "of", "'1'"}},
        {"missing-key", {"", "[]", "null"}},
        {"wrong-type", {"{a: b}", "[[sel_a]]"}},
    };
    for (const auto& row : rows)
        for (const auto* condition : row.conditions) {
            INFO(condition);
            const auto errors = errors_of(with_condition(condition));
            REQUIRE_FALSE(errors.empty());
            CHECK(errors.front() == row.code);
        }
    CHECK(errors_of(sigma_rule("  condition: sel")) == std::vector<std::string>{"missing-key", "unknown-detection"});
    CHECK(errors_of(sigma_rule("  sel: {User: x}")) == std::vector<std::string>{"missing-key"});
}
