// SPDX-License-Identifier: MIT OR Apache-2.0
// The hot path: runs compiled conditions over one event.
#include "rules/condition.hpp"
#include "rules/program.hpp"

#include <algorithm>
#include <utility>

namespace rwatch::rules {

namespace {

template <typename Fits> bool as_many_as_needed(Test::Need need, const event::Values& values, Fits fits) noexcept {
    const auto items = values.items();
    switch (need) {
    case Test::Need::any:
        return std::any_of(items.begin(), items.end(), fits);
    case Test::Need::none:
        return std::none_of(items.begin(), items.end(), fits);
    case Test::Need::every:
        return std::all_of(items.begin(), items.end(), fits);
    }
    return false;
}

/// A left value fits where one of the right side's does.
bool holds_of_pairs(const Test& test, const Source& right, const event::Event& event, event::Scratch& scratch,
                    const event::Values& values) noexcept {
    event::Values others;
    if (!right.read(event, scratch, others))
        return false;
    const auto items = others.items();
    return as_many_as_needed(test.need, values, [&](const event::Value& value) noexcept {
        return std::any_of(items.begin(), items.end(),
                           [&](const event::Value& other) noexcept { return compare(test.op, value, other, scratch); });
    });
}

class Evaluator {
  public:
    /// results: by slot, null to keep none; event_number: tells this event's results from those of others.
    Evaluator(const Program& program, const event::Event& event, event::Scratch& scratch, event::Values& values,
              std::uint64_t* results, std::uint64_t event_number) noexcept
        : program_(program), event_(event), scratch_(scratch), values_(values), results_(results),
          call_(static_cast<std::size_t>(event.call)), event_number_(event_number) {}

    /// Depth is bounded by the compiler.
    bool node(std::uint32_t index) noexcept {
        const ProgramNode& node = program_.nodes[index];
        if (!node.outcomes.may_hold[call_])
            return false;
        if (!node.outcomes.may_fail[call_])
            return true;
        if (node.slot == kNoSlot || results_ == nullptr)
            return work_out(node);
        auto& known = results_[node.slot];
        if (known >> 1U != event_number_)
            known = event_number_ << 1U | static_cast<std::uint64_t>(work_out(node));
        return (known & 1U) != 0;
    }

  private:
    bool work_out(const ProgramNode& node) noexcept {
        const auto* child = program_.children.data() + node.first;
        switch (node.op) {
        case ProgramNode::Op::test:
            return test(program_.tests[node.first]);
        case ProgramNode::Op::negation:
            return !this->node(*child);
        case ProgramNode::Op::all:
            return std::all_of(child, child + node.count, [this](std::uint32_t c) noexcept { return this->node(c); });
        case ProgramNode::Op::any:
            return std::any_of(child, child + node.count, [this](std::uint32_t c) noexcept { return this->node(c); });
        }
        return false;
    }

    bool test(const Test& test) noexcept {
        const auto mark = scratch_.mark();
        const bool result = holds(test, event_, scratch_, values_);
        scratch_.release(mark);
        return result;
    }

    const Program& program_;
    const event::Event& event_;
    event::Scratch& scratch_;
    event::Values& values_;
    std::uint64_t* results_;
    std::size_t call_;
    std::uint64_t event_number_;
};

} // namespace

std::vector<event::FieldRef> fields_of(const Test& test) {
    std::vector<event::FieldRef> out;
    test.left.collect_fields(out);
    if (test.right)
        test.right->collect_fields(out);
    return out;
}

bool holds(const Test& test, const event::Event& event, event::Scratch& scratch, event::Values& values) noexcept {
    if (!test.left.read(event, scratch, values))
        return false;
    if (test.right)
        return holds_of_pairs(test, *test.right, event, scratch, values);
    return test.matcher == nullptr || as_many_as_needed(test.need, values, [&](const event::Value& value) noexcept {
               return test.matcher->fits(value);
           });
}

std::vector<std::uint32_t> tests_below(const Program& program, std::uint32_t root) {
    std::vector<std::uint32_t> out;
    std::vector<bool> seen(program.nodes.size());
    std::vector<std::uint32_t> open{root};
    while (!open.empty()) {
        const auto index = open.back();
        open.pop_back();
        if (seen[index])
            continue;
        seen[index] = true;
        const ProgramNode& node = program.nodes[index];
        if (node.op == ProgramNode::Op::test) {
            out.push_back(node.first);
            continue;
        }
        for (std::uint32_t i = 0; i < node.count; ++i)
            open.push_back(program.children[node.first + i]);
    }
    return out;
}

Workspace::Workspace(std::shared_ptr<const Program> program)
    : program_(std::move(program)), results_(program_ == nullptr ? 0 : program_->slots) {}

bool Condition::matches(const event::Event& event, event::Scratch& scratch) const noexcept {
    Workspace workspace;
    return matches(event, scratch, workspace);
}

bool Condition::matches(const event::Event& event, event::Scratch& scratch, Workspace& workspace) const noexcept {
    if (program_ == nullptr)
        return false;
    auto* results = workspace.program_ == program_ ? workspace.results_.data() : nullptr;
    return Evaluator(*program_, event, scratch, workspace.values_, results, workspace.event_).node(root_);
}

event::CallSet Condition::calls() const noexcept {
    return program_ == nullptr ? event::CallSet() : program_->nodes[root_].outcomes.may_hold;
}

std::vector<std::string> Condition::watched_paths() const {
    std::vector<std::string> out;
    if (program_ != nullptr)
        for (const auto test : tests_below(*program_, root_)) {
            const auto& paths = program_->tests[test].paths;
            out.insert(out.end(), paths.begin(), paths.end());
        }
    return out;
}

bool Condition::asks_late() const {
    bool any = false;
    if (program_ != nullptr)
        for (const auto test : tests_below(*program_, root_)) {
            const auto fields = fields_of(program_->tests[test]);
            any = any || std::any_of(fields.begin(), fields.end(), [](const auto& ref) { return ref.field->late; });
        }
    return any;
}

std::uint64_t Condition::fingerprint() const noexcept {
    return program_ == nullptr ? 0 : program_->facts[root_].hash.high ^ program_->facts[root_].hash.low;
}

} // namespace rwatch::rules
