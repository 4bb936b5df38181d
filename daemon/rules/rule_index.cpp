// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/rule_index.hpp"

#include "core/ascii.hpp"
#include "rules/needs.hpp"
#include "rules/program.hpp"
#include "rules/rule.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

namespace rwatch::rules {

namespace {

constexpr std::size_t kMostKeys = 512; // of one rule; with more it is tried always

/// A program, by the executable's path (first), or a name.
using Wanted = std::pair<bool, std::string>;

bool is_ascii(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::optional<std::set<Wanted>> keys_of(const Test& test) {
    const auto* field = test.left.field_in_any_case();
    if (field == nullptr || test.right || test.matcher == nullptr || test.need == Test::Need::none)
        return std::nullopt;
    const bool by_path = field->field->name == "proc.exepath";
    if (!by_path && field->field->name != "proc.name")
        return std::nullopt;
    const auto fragments = test.matcher->fragments();
    if (!fragments || fragments->size() > kMostKeys)
        return std::nullopt;
    std::set<Wanted> out;
    for (const auto& fragment : *fragments) {
        const auto slash = fragment.text.rfind('/');
        if (!fragment.ends || (by_path ? slash == std::string::npos : !fragment.begins))
            return std::nullopt;
        if (is_ascii(fragment.text)) // of others all rules are tried
            out.emplace(by_path, lower(std::string_view(fragment.text).substr(by_path ? slash + 1 : 0)));
    }
    return out;
}

Need<Wanted> need_of(const Test& test, bool truth) {
    auto keys = truth ? keys_of(test) : std::nullopt;
    if (!keys)
        return {};
    const auto share = static_cast<double>(keys->size());
    return {Need<Wanted>::Kind::some, std::make_shared<const std::set<Wanted>>(std::move(*keys)), share};
}

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
        std::map<const Program*, NeedFinder<Wanted>> finders;
        for (const auto index : of_call.all) {
            const auto& condition = rules[index].condition;
            const auto* program = condition.program().get();
            auto& finder = finders
                               .try_emplace(program, *program, event::CallSet().set(call), kMostKeys,
                                            [program](std::uint32_t test, bool truth) {
                                                return need_of(program->tests[test], truth);
                                            })
                               .first->second;
            const auto& need = finder.find(condition.root(), true);
            if (need.kind != Need<Wanted>::Kind::some) {
                of_call.always.push_back(index);
                continue;
            }
            of_call.keyed = true;
            for (const auto& [by_path, key] : *need.items)
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
