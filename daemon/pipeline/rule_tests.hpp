// SPDX-License-Identifier: MIT OR Apache-2.0
// Runs the tests that stand beside rules: made-up events through engine and debounce, no kernel, no daemon.
#pragma once

#include "rules/rule_set.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace rwatch::pipeline {

struct TestOutcome {
    std::string rule, test;
    bool passed = false;
    std::string detail; ///< why not: "expected 1 alert, got 0", or what is wrong with an event
    Location where;
};

/// Every test of every rule, disabled rules too. Each test runs its rule alone (a correlation with the rules
/// that it counts, whose alerts don't count), from a clean state.
/// default_debounce_ns: for rules without debounce.
[[nodiscard]] std::vector<TestOutcome> run_tests(const rules::RuleSet& set, std::int64_t default_debounce_ns);

} // namespace rwatch::pipeline
