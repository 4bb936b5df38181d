// SPDX-License-Identifier: MIT OR Apache-2.0
// fnmatch(3) with no flags in the C locale: * and ? and [] match any byte, a slash and a leading dot too; a backslash
// takes the next byte as it is. Our own, because libc's may take exponential time on what an attacker names a file;
// this takes at most pattern times text.
#pragma once

#include "rules/fragment.hpp"

#include <bitset>
#include <cstdint>
#include <string_view>
#include <vector>

namespace rwatch::rules {

using GlobSet = std::bitset<256>;
struct GlobToken {
    enum class Kind : std::uint8_t { byte, any, star, set, never };
    Kind kind = Kind::byte;
    unsigned char byte = 0;
    std::uint32_t set = 0; ///< index of its GlobSet
};

class Glob {
  public:
    /// fold: ASCII letters match in either case.
    explicit Glob(std::string_view pattern, bool fold = false);
    [[nodiscard]] bool matches(std::string_view text) const noexcept;
    /// The longest run of bytes that each text which matches holds.
    [[nodiscard]] Fragments fragments() const;

  private:
    std::vector<GlobToken> tokens_;
    std::vector<GlobSet> sets_;
    bool fold_;
};

inline constexpr std::size_t kMaxForeignPattern = 1024; ///< bytes of a pattern that an event brings along

/// For a pattern that is itself untrusted: free of allocation; one that is too long or too rich matches nothing.
[[nodiscard]] bool glob_matches(std::string_view pattern, std::string_view text, bool fold) noexcept;

} // namespace rwatch::rules
