// SPDX-License-Identifier: MIT OR Apache-2.0
// The hot path: runs compiled conditions over one event.
#include "rules/condition.hpp"
#include "rules/program.hpp"

#include <algorithm>

namespace rwatch::rules {

namespace {

class Evaluator {
  public:
    Evaluator(const Program& program, const event::Event& event, event::Scratch& scratch,
              event::Values& values) noexcept
        : program_(program), event_(event), scratch_(scratch), values_(values) {}

    /// Depth is bounded by the compiler.
    bool node(std::uint32_t index) noexcept {
        const Node& node = program_.nodes[index];
        const auto* child = program_.children.data() + node.first;
        switch (node.op) {
        case Node::Op::test:
            return test(program_.tests[node.first]);
        case Node::Op::negation:
            return !this->node(*child);
        case Node::Op::all:
            return std::all_of(child, child + node.count, [this](std::uint32_t c) noexcept { return this->node(c); });
        case Node::Op::any:
            return std::any_of(child, child + node.count, [this](std::uint32_t c) noexcept { return this->node(c); });
        }
        return false;
    }

  private:
    bool test(const Test& test) noexcept {
        const auto mark = scratch_.mark();
        const bool result = test.left.read(event_, scratch_, values_) && decide(test);
        scratch_.release(mark);
        return result;
    }

    [[nodiscard]] bool decide(const Test& test) const noexcept {
        if (test.right)
            return decide_pairs(test, *test.right);
        if (test.matcher == nullptr)
            return true;
        return decide(test.need, [&](const event::Value& value) noexcept { return test.matcher->fits(value); });
    }

    /// A left value fits where one of the right side's does.
    [[nodiscard]] bool decide_pairs(const Test& test, const Source& right) const noexcept {
        event::Values others;
        if (!right.read(event_, scratch_, others))
            return false;
        const auto items = others.items();
        return decide(test.need, [&](const event::Value& value) noexcept {
            return std::any_of(items.begin(), items.end(), [&](const event::Value& other) noexcept {
                return compare(test.op, value, other, scratch_);
            });
        });
    }

    template <typename Fits> [[nodiscard]] bool decide(Test::Need need, Fits fits) const noexcept {
        const auto items = values_.items();
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

    const Program& program_;
    const event::Event& event_;
    event::Scratch& scratch_;
    event::Values& values_;
};

} // namespace

bool evaluate(const Program& program, std::uint32_t root, const event::Event& event, event::Scratch& scratch,
              event::Values& values) noexcept {
    return Evaluator(program, event, scratch, values).node(root);
}

void collect_paths(const Program& program, std::uint32_t root, std::vector<std::string>& out) {
    std::vector<bool> seen(program.nodes.size());
    std::vector<std::uint32_t> open{root};
    while (!open.empty()) {
        const auto index = open.back();
        open.pop_back();
        if (seen[index])
            continue;
        seen[index] = true;
        const Node& node = program.nodes[index];
        if (node.op == Node::Op::test) {
            const auto& paths = program.tests[node.first].paths;
            out.insert(out.end(), paths.begin(), paths.end());
            continue;
        }
        for (std::uint32_t i = 0; i < node.count; ++i)
            open.push_back(program.children[node.first + i]);
    }
}

bool Condition::matches(const event::Event& event, event::Scratch& scratch) const noexcept {
    event::Values values;
    return matches(event, scratch, values);
}

bool Condition::matches(const event::Event& event, event::Scratch& scratch, event::Values& values) const noexcept {
    return program_ != nullptr && evaluate(*program_, root_, event, scratch, values);
}

event::KindSet Condition::kinds() const noexcept {
    return program_ == nullptr ? 0 : program_->facts[root_].may_hold;
}

std::vector<std::string> Condition::watched_paths() const {
    std::vector<std::string> out;
    if (program_ != nullptr)
        collect_paths(*program_, root_, out);
    return out;
}

std::uint64_t Condition::fingerprint() const noexcept {
    return program_ == nullptr ? 0 : program_->facts[root_].hash.high ^ program_->facts[root_].hash.low;
}

} // namespace rwatch::rules
