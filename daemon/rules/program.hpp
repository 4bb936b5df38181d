// SPDX-License-Identifier: MIT OR Apache-2.0
// Compiled conditions of one rule set: a graph in arrays. Equal tests and equal parts of conditions stand once,
// whichever rules and macros hold them, so that they can be known again (and their results kept) while one event is
// tried. Made by the compiler, read by the matcher, private to both.
#pragma once

#include "event/fields.hpp"
#include "rules/hash.hpp"
#include "rules/source.hpp"
#include "rules/value_matcher.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rwatch::rules {

/// What the event holds, compared with constants or with something else that it holds.
struct Test {
    /// Which of the left side's values must fit, where there are any.
    enum class Need : std::uint8_t { any, none, every };
    Source left;
    std::unique_ptr<const ValueMatcher> matcher; ///< null: see `right`
    std::optional<Source> right;                 ///< compared by `op`; without it and a matcher any value will do
    Operator op = Operator::exists;
    Need need = Need::any;
    std::vector<std::string> paths; ///< absolute names that a path field is compared with whole, as glob(7)
};

/// What it is about: of both sides, each as often as it stands there.
[[nodiscard]] std::vector<event::FieldRef> fields_of(const Test& test);

/// For which calls something can be true, and for which it can be false: where not both, no event need be looked at.
struct Outcomes {
    event::CallSet may_hold, may_fail;
};

inline constexpr std::uint32_t kNoSlot = 0xffffffff;

struct ProgramNode {
    enum class Op : std::uint8_t { test, all, any, negation };
    Op op = Op::test;
    std::uint32_t first = 0;      ///< test: its index; else the place of the first child in Program::children
    std::uint32_t count = 0;      ///< children
    std::uint32_t slot = kNoSlot; ///< of its result while one event is tried, where several ask for it
    Outcomes outcomes;
};

/// What is known of a node when it is made.
struct NodeFacts {
    Hash128 hash;            ///< equal for equal meaning as written
    std::uint32_t depth = 0; ///< of the tree below, 0 for a test
    std::uint32_t tests = 1; ///< in the tree below, each as often as it stands there
    std::uint32_t users = 0; ///< nodes and rules that ask for it
};

struct Program {
    std::vector<Test> tests;
    std::vector<ProgramNode> nodes;
    std::vector<std::uint32_t> children; ///< node indices
    std::vector<NodeFacts> facts;        ///< by node
    std::uint32_t slots = 0;             ///< given to nodes
};

/// Of a condition, each once.
[[nodiscard]] std::vector<std::uint32_t> tests_below(const Program& program, std::uint32_t node);

/// Whether a test is true. `values`: room for the left side's.
[[nodiscard]] bool holds(const Test& test, const event::Event& event, event::Scratch& scratch,
                         event::Values& values) noexcept;

} // namespace rwatch::rules
