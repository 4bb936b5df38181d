// SPDX-License-Identifier: MIT OR Apache-2.0
// Finds many texts in one pass over another one (Aho and Corasick 1975), each with a set of what it counts for. Laid
// out so that the kernel side can run it: see struct rw_state of rwatch_interest.h.
#pragma once

#include "rules/fragment.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace rwatch::rules {

class TextAutomaton {
  public:
    static constexpr std::size_t kSymbols = 62;
    static constexpr std::size_t kMostStates = 32768; ///< 4 MiB in the kernel, twice
    using Marks = std::uint16_t;

    struct State {
        std::array<std::uint16_t, kSymbols> next{};
        Marks hits = 0; ///< of the texts that end here
        Marks live = 0; ///< of those that can still be found from here on
    };

    /// Bytes in groups: letters in either case are one, bytes that are seldom in paths are one, those that are no ASCII
    /// are one that finds everything.
    [[nodiscard]] static std::uint8_t symbol(unsigned char byte) noexcept;
    static constexpr std::uint8_t kEnd = 0; ///< behind the last byte

    TextAutomaton();
    /// False where there is no room for it.
    [[nodiscard]] bool add(const Fragment& fragment, Marks marks);
    /// After the last one, once.
    void finish();

    /// What was found: never less than the marks of the fragments that the text holds. After finish().
    [[nodiscard]] Marks run(std::string_view text) const noexcept;

    struct Place {
        std::uint16_t state = 0;
        Marks hits = 0;
    };
    /// Where the beginning of a text leads. After finish().
    [[nodiscard]] Place walk(std::string_view text) const noexcept;

    [[nodiscard]] std::span<const State> states() const noexcept { return states_; }
    [[nodiscard]] std::uint16_t start() const noexcept { return kBegin; } ///< state at the beginning of a text

  private:
    static constexpr std::uint16_t kRoot = 0, kBegin = 1, kForeign = 2;

    [[nodiscard]] std::uint16_t push();

    Marks foreign_ = 0;         ///< of texts that are no ASCII
    std::vector<State> states_; ///< before finish() a trie: 0 is no state
};

} // namespace rwatch::rules
