// SPDX-License-Identifier: MIT OR Apache-2.0
// Compiled conditions of one rule set: a graph in arrays. Equal tests and equal parts of conditions stand once,
// whichever rules and macros hold them, so that they can be known again (and their results kept) while one event is
// tried. Made by the compiler, read by the matcher, private to both.
#pragma once

#include "event/fields.hpp"
#include "rules/hash.hpp"
#include "rules/value_matcher.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace rwatch::rules {

/// One field compared with constants.
struct Test {
    event::FieldRef field;
    std::unique_ptr<const ValueMatcher> matcher; ///< null: any value will do ("exists")
    bool none_may_fit = false;                   ///< "!=": there are values and none fits; else one that fits is enough
    std::vector<std::string> paths;              ///< absolute literals that a path field is compared with whole
};

struct Node {
    enum class Op : std::uint8_t { test, all, any, negation };
    Op op = Op::test;
    std::uint32_t first = 0; ///< test: its index; else the place of the first child in Program::children
    std::uint32_t count = 0; ///< children
};

/// What is known of a node when it is made.
struct NodeFacts {
    Hash128 hash;                ///< equal for equal meaning as written
    event::KindSet may_hold = 0; ///< kinds of event for which it can be true
    event::KindSet may_fail = 0; ///< kinds for which it can be false
    std::uint32_t depth = 0;     ///< of the tree below, 0 for a test
    std::uint32_t tests = 1;     ///< in the tree below, each as often as it stands there
};

struct Program {
    std::vector<Test> tests;
    std::vector<Node> nodes;
    std::vector<std::uint32_t> children; ///< node indices
    std::vector<NodeFacts> facts;        ///< by node
};

/// Tries one condition. `values` is working memory that keeps its cost of set-up away from each test.
[[nodiscard]] bool evaluate(const Program& program, std::uint32_t root, const event::Event& event,
                            event::Scratch& scratch, event::Values& values) noexcept;

/// Adds the watched paths of all tests below a node.
void collect_paths(const Program& program, std::uint32_t root, std::vector<std::string>& out);

} // namespace rwatch::rules
