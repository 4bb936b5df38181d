// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/rule_index.hpp"

#include "core/ascii.hpp"
#include "rules/program.hpp"
#include "rules/rule.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

namespace rwatch::rules {

namespace {

constexpr std::size_t kMostKeys = 512; // of one rule; with more it is tried always

/// A program or a name of which one must be there for a condition to be true.
using Keys = std::set<std::pair<bool, std::string>>; // first: by the executable's path

struct NeededKeys {
    bool never = false;       ///< can't be true of the call
    std::optional<Keys> keys; ///< nothing: not known
};

bool is_ascii(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::optional<Keys> keys_of(const Test& test) {
    const auto* field = test.left.field_in_any_case();
    if (field == nullptr || test.right || test.matcher == nullptr || test.need == Test::Need::none)
        return std::nullopt;
    const bool by_path = field->field->name == "proc.exepath";
    if (!by_path && field->field->name != "proc.name")
        return std::nullopt;
    const auto fragments = test.matcher->fragments();
    if (!fragments || fragments->size() > kMostKeys)
        return std::nullopt;
    Keys out;
    for (const auto& fragment : *fragments) {
        const auto slash = fragment.text.rfind('/');
        if (!fragment.ends || (by_path ? slash == std::string::npos : !fragment.begins))
            return std::nullopt;
        if (is_ascii(fragment.text)) // of others all rules are tried
            out.emplace(by_path, lower(std::string_view(fragment.text).substr(by_path ? slash + 1 : 0)));
    }
    return out;
}

class KeyFinder {
  public:
    KeyFinder(const Program& program, std::size_t call) : program_(program), call_(call) {}

    /// Depth is bounded by the compiler.
    const NeededKeys& needed(std::uint32_t index, bool truth) {
        const auto place = std::pair(index, truth);
        if (const auto known = known_.find(place); known != known_.end())
            return known->second;
        auto found = work_out(program_.nodes[index], truth);
        return known_.emplace(place, std::move(found)).first->second;
    }

  private:
    NeededKeys work_out(const ProgramNode& node, bool truth) {
        if (!(truth ? node.outcomes.may_hold : node.outcomes.may_fail)[call_])
            return {true, std::nullopt};
        switch (node.op) {
        case ProgramNode::Op::test:
            return {false, truth ? keys_of(program_.tests[node.first]) : std::nullopt};
        case ProgramNode::Op::negation:
            return needed(program_.children[node.first], !truth);
        default:
            return (node.op == ProgramNode::Op::all) == truth ? of_all(node, truth) : of_any(node, truth);
        }
    }

    NeededKeys of_all(const ProgramNode& node, bool truth) {
        NeededKeys best;
        for (std::uint32_t i = 0; i < node.count; ++i) {
            const auto& part = needed(program_.children[node.first + i], truth);
            if (part.never)
                return part;
            if (part.keys && (!best.keys || part.keys->size() < best.keys->size()))
                best = part;
        }
        return best;
    }

    NeededKeys of_any(const ProgramNode& node, bool truth) {
        NeededKeys out{true, Keys()};
        for (std::uint32_t i = 0; i < node.count; ++i) {
            const auto& part = needed(program_.children[node.first + i], truth);
            if (part.never)
                continue;
            out.never = false;
            if (!part.keys || out.keys->size() + part.keys->size() > kMostKeys)
                return {false, std::nullopt};
            out.keys->insert(part.keys->begin(), part.keys->end());
        }
        return out;
    }

    const Program& program_;
    std::size_t call_;
    std::map<std::pair<std::uint32_t, bool>, NeededKeys> known_;
};

/// In lower case; false where it is too long, or no ASCII.
template <std::size_t N> bool fold(std::string_view text, std::array<char, N>& out, std::size_t& size) noexcept {
    if (text.size() > N || !is_ascii(text))
        return false;
    std::transform(text.begin(), text.end(), out.begin(), [](char c) { return lower(c); });
    size = text.size();
    return true;
}

} // namespace

RuleIndex::RuleIndex(std::span<const Rule> rules,
                     const std::array<std::vector<std::uint32_t>, event::kCalls>& by_call) {
    for (std::size_t call = 0; call < event::kCalls; ++call) {
        auto& of_call = calls_[call];
        of_call.all = by_call[call];
        std::map<const Program*, KeyFinder> finders;
        for (const auto index : of_call.all) {
            const auto& condition = rules[index].condition;
            const auto* program = condition.program().get();
            auto& finder = finders.try_emplace(program, *program, call).first->second;
            const auto& needed = finder.needed(condition.root(), true);
            if (!needed.keys) {
                of_call.always.push_back(index);
                continue;
            }
            of_call.keyed = true;
            for (const auto& [by_path, key] : *needed.keys)
                (by_path ? of_call.by_program : of_call.by_name)[key].push_back(index);
        }
    }
}

bool RuleIndex::key_of_program(const event::Event& event, Key& out) noexcept {
    if (event.process == nullptr)
        return true; // rules that need a program are not true without one
    const std::string_view path = event.process->exe_path;
    return is_ascii(path) && fold(path.substr(path.rfind('/') + 1), out.bytes, out.size);
}

bool RuleIndex::key_of_name(const event::Event& event, Key& out) noexcept {
    return event.process == nullptr || fold(event.process->comm, out.bytes, out.size);
}

} // namespace rwatch::rules
