// SPDX-License-Identifier: MIT OR Apache-2.0
// Options among a program's arguments, as libs' transformer getopt() reads them: short ones only; a word that begins
// with "--" is passed over, the first word that is no option ends them.
#pragma once

#include "event/value.hpp"

#include <bitset>
#include <optional>
#include <span>
#include <string_view>

namespace rwatch::rules {

/// Which letters are options, and which take a value: "nt:" as for getopt(3).
class OptionLetters {
  public:
    explicit OptionLetters(std::string_view text) noexcept;
    [[nodiscard]] bool known(char c) const noexcept { return known_[static_cast<unsigned char>(c)]; }
    [[nodiscard]] bool takes_value(char c) const noexcept { return valued_[static_cast<unsigned char>(c)]; }

  private:
    std::bitset<256> known_, valued_;
};

/// Adds each option and its value, "?" for an unknown one, "" for one whose value is missing. With `only`: the value of
/// the last option of that letter, the letter itself where it takes none; false where it does not occur.
bool read_options(std::span<const event::Value> words, const OptionLetters& letters, std::optional<char> only,
                  event::Scratch& scratch, event::Values& out) noexcept;

} // namespace rwatch::rules
