// SPDX-License-Identifier: MIT OR Apache-2.0
// Rules to try for an event: those of its call, but for the ones that need something which the event does not hold.
// Nearly all rules name a program, a path, a word or a number, so that of thousands a few are left.
#pragma once

#include "event/event.hpp"
#include "event/fields.hpp"
#include "rules/text_index.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace rwatch::rules {

struct Rule;

class RuleIndex {
  public:
    /// Working memory of one thread.
    class Memory {
      public:
        Memory() = default;
        explicit Memory(const RuleIndex& index);

      private:
        friend class RuleIndex;
        /// The last text of a field: events of one process come in a row.
        struct Last {
            static constexpr std::size_t kMost = 256; ///< bytes; longer ones are not kept
            std::string text;
            bool known = false;
            std::vector<std::uint64_t> bits; ///< of the rules that may match one that holds it
        };
        std::vector<std::uint64_t> bits_;
        std::vector<Last> lasts_;
        event::Values values_;
    };

    RuleIndex() = default;
    /// by_call: indices of the rules that can match an event of the call, ascending. Pure.
    RuleIndex(std::span<const Rule> rules, const std::array<std::vector<std::uint32_t>, event::kCalls>& by_call);

    /// Calls `visit` with the index of each rule that may match, ascending. Free of allocation. memory: of this index.
    template <typename Visit>
    void each(const event::Event& event, event::Scratch& scratch, Memory& memory, Visit&& visit) const {
        const auto place = group_of_call_[static_cast<std::size_t>(event.call)];
        if (place == kNoGroup)
            return;
        const auto& group = groups_[place];
        find(group, event, scratch, memory);
        for (std::size_t word = 0; word < group.always.size(); ++word)
            for (auto bits = memory.bits_[word]; bits != 0; bits &= bits - 1)
                visit(group.rules[word * 64 + static_cast<std::size_t>(std::countr_zero(bits))]);
    }

  private:
    static constexpr std::uint16_t kNoGroup = 0xffff;

    /// Rules by what they need of one field; by their place in the group. Fields that are paths of files stand
    /// together: most hold the same one.
    struct OfFields {
        std::vector<event::FieldRef> fields;
        std::size_t last = 0; ///< place in Memory::lasts_
        TextIndex texts;
        std::unordered_map<std::int64_t, std::vector<std::uint32_t>> numbers; ///< booleans are 0 and 1
    };
    /// Of calls that have the same rules.
    struct Group {
        std::vector<std::uint32_t> rules;
        std::vector<std::uint64_t> always; ///< a bit for each of them that is tried whatever the event holds
        std::vector<OfFields> fields;
    };

    class Builder;
    static void find(const Group& group, const event::Event& event, event::Scratch& scratch, Memory& memory) noexcept;
    static void look_up(const OfFields& of_fields, const event::Value& value, std::span<std::uint64_t> bits) noexcept;
    static void look_up_again(const OfFields& of_fields, std::string_view text, Memory& memory) noexcept;

    std::array<std::uint16_t, event::kCalls> group_of_call_ = [] {
        std::array<std::uint16_t, event::kCalls> out{};
        out.fill(kNoGroup);
        return out;
    }();
    std::vector<Group> groups_;
    std::size_t most_words_ = 0; ///< of a group's bits
    std::size_t fields_ = 0;     ///< of all groups
};

} // namespace rwatch::rules
