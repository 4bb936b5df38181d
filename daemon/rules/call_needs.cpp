// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/call_needs.hpp"

#include "rules/call_interest.hpp"
#include "rules/path_test.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <string_view>

namespace rwatch::rules {

namespace {
constexpr std::size_t kMostPortRanges = 256; // more are not told apart: their tests may be true of any port
}

bool any(const CallBits& bits) noexcept {
    return std::any_of(std::begin(bits), std::end(bits), [](std::uint64_t word) { return word != 0; });
}

unsigned outcomes_in(const CallBits& bits, std::size_t value) noexcept {
    constexpr std::size_t kInWord = 64 / event::kCallOutcomes;
    return bits[value / kInWord] >> (value % kInWord * event::kCallOutcomes) & ((1U << event::kCallOutcomes) - 1);
}

CallReach CallNeeds::of(const Condition& condition) {
    exes_.clear();
    return find(condition.root(), true);
}

bool CallNeeds::judges(std::uint32_t index) {
    const auto& test = program_.tests[index];
    return tests_.decide(index) != nullptr || (subject_of(test) == Subject::exe && fragments_of(test));
}

std::vector<Fragment> CallNeeds::exe_fragments() const {
    std::vector<Fragment> out;
    for (const auto test : exes_) {
        const auto fragments = fragments_of(program_.tests[test]);
        out.insert(out.end(), fragments->begin(), fragments->end());
    }
    return out;
}

/// Depth is bounded by the compiler.
CallReach CallNeeds::find(std::uint32_t index, bool truth) {
    const auto& node = program_.nodes[index];
    if (!(truth ? node.outcomes.may_hold : node.outcomes.may_fail)[static_cast<std::size_t>(tests_.call())])
        return {none(), none()};
    if (node.op == ProgramNode::Op::test)
        return of_test(node.first, truth);
    if (node.op == ProgramNode::Op::negation)
        return find(program_.children[node.first], !truth);
    const bool every = (node.op == ProgramNode::Op::all) == truth;
    CallReach out = every ? CallReach{all(), all()} : CallReach{none(), none()};
    for (std::uint32_t i = 0; i < node.count; ++i) {
        const auto part = find(program_.children[node.first + i], truth);
        if (every) {
            out.possible &= part.possible;
            out.always &= part.always;
        } else {
            out.possible |= part.possible;
            out.always |= part.always;
        }
    }
    return out;
}

CallReach CallNeeds::of_test(std::uint32_t index, bool truth) {
    if (const auto* decided = tests_.decide(index)) {
        const auto& bits = (*decided)[truth ? 1 : 0];
        return {bits, bits};
    }
    const auto& test = program_.tests[index];
    if (!truth || subject_of(test) != Subject::exe || !fragments_of(test))
        return {all(), all()};
    exes_.insert(index);
    return {all(), none()};
}

/// Of all rules, so that they stay when some are paused.
PortRanges port_ranges(const RuleSet& set) {
    std::set<const Program*> programs;
    std::vector<std::int64_t> edges;
    for (const auto& rule : set.rules())
        if (const auto* program = rule.condition.program().get(); program != nullptr && programs.insert(program).second)
            for (const auto& test : program->tests) {
                const auto fields = fields_of(test);
                const auto name = fields.size() == 1 ? fields[0].field->name : std::string_view();
                if (test.matcher != nullptr && (name == "fd.sport" || name == "fd.rport" || name == "fd.lport"))
                    (void)test.matcher->add_edges(edges);
            }
    std::set<std::int64_t> firsts{0};
    for (const auto edge : edges)
        for (const auto beside : {0, 1})
            if (edge >= 0 && edge < static_cast<std::int64_t>(CallInterest::kPorts) - beside)
                firsts.insert(edge + beside);
    if (firsts.size() > kMostPortRanges)
        return {{0}, false};
    return {{firsts.begin(), firsts.end()}, true};
}

void each_reach(const RuleSet& set, const PortRanges& ports, const SeeReach& see) {
    // Rules of one set share a program.
    std::map<const Program*, std::unique_ptr<CallNeeds>> readers;
    for (std::size_t number = 1; number < event::kCalls; ++number) {
        const auto call = static_cast<event::Call>(number);
        if (event::judged_by(call) == event::JudgedBy::none)
            continue;
        for (std::size_t i = 0; i < set.rules().size(); ++i) {
            const auto& rule = set.rules()[i];
            const auto* program = rule.condition.program().get();
            if (!rule.enabled || program == nullptr || !rule.condition.calls()[number])
                continue;
            auto& reader = readers[program];
            if (reader == nullptr)
                reader = std::make_unique<CallNeeds>(*program, ports);
            reader->begin(call);
            if (const auto reach = reader->of(rule.condition); any(reach.possible))
                see(i, call, *reader, reach);
        }
    }
}

} // namespace rwatch::rules
