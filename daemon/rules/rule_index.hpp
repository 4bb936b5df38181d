// SPDX-License-Identifier: MIT OR Apache-2.0
// Rules to try for an event: those of its call, but for the ones that need another program than the event's. Most rules
// about programs name them, by path or by name; of hundreds such rules a few are left.
#pragma once

#include "event/event.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace rwatch::rules {

struct Rule;

class RuleIndex {
  public:
    RuleIndex() = default;
    /// by_call: indices of the rules that can match an event of the call, ascending. Pure.
    RuleIndex(std::span<const Rule> rules, const std::array<std::vector<std::uint32_t>, event::kCalls>& by_call);

    /// Calls `visit` with the index of each rule that may match, ascending. Free of allocation.
    template <typename Visit> void each(const event::Event& event, Visit&& visit) const {
        const auto& of_call = calls_[static_cast<std::size_t>(event.call)];
        Key program, name;
        if (!of_call.keyed || !key_of_program(event, program) || !key_of_name(event, name)) {
            for (const auto rule : of_call.all)
                visit(rule);
            return;
        }
        std::array<std::span<const std::uint32_t>, 3> lists{of_call.always, find(of_call.by_program, program),
                                                            find(of_call.by_name, name)};
        for (;;) { // a merge: a rule may stand in several
            std::uint32_t next = kNone;
            for (const auto& list : lists)
                if (!list.empty() && list.front() < next)
                    next = list.front();
            if (next == kNone)
                return;
            for (auto& list : lists)
                if (!list.empty() && list.front() == next)
                    list = list.subspan(1);
            visit(next);
        }
    }

  private:
    static constexpr std::uint32_t kNone = 0xffffffff;
    /// Last part of an executable's path, or a name; letters in lower case.
    struct Key {
        std::array<char, 256> bytes{};
        std::size_t size = 0;
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view s) const noexcept { return std::hash<std::string_view>{}(s); }
    };
    using Lists = std::unordered_map<std::string, std::vector<std::uint32_t>, Hash, std::equal_to<>>;
    struct OfCall {
        bool keyed = false;
        std::vector<std::uint32_t> all, always; ///< always: those that no key stands for
        Lists by_program, by_name;
    };

    /// False where all rules must be tried: letters that are no ASCII have other ways to be alike.
    [[nodiscard]] static bool key_of_program(const event::Event& event, Key& out) noexcept;
    [[nodiscard]] static bool key_of_name(const event::Event& event, Key& out) noexcept;
    [[nodiscard]] static std::span<const std::uint32_t> find(const Lists& lists, const Key& key) noexcept {
        const auto found = lists.find(std::string_view(key.bytes.data(), key.size));
        return found == lists.end() ? std::span<const std::uint32_t>() : std::span<const std::uint32_t>(found->second);
    }

    std::array<OfCall, event::kCalls> calls_;
};

} // namespace rwatch::rules
