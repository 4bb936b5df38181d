// SPDX-License-Identifier: MIT OR Apache-2.0
// fnmatch(3) with no flags in the C locale: * and ? and [] match any byte, a slash and a leading dot too; a backslash
// takes the next byte as it is. Our own, because libc's may take exponential time on what an attacker names a file;
// this takes at most pattern times text.
#pragma once

#include <bitset>
#include <cstdint>
#include <string_view>
#include <vector>

namespace rwatch::rules {

class Glob {
  public:
    /// fold: ASCII letters match in either case.
    explicit Glob(std::string_view pattern, bool fold = false);
    [[nodiscard]] bool matches(std::string_view text) const noexcept;

  private:
    using Set = std::bitset<256>;
    struct Token {
        enum class Kind : std::uint8_t { byte, any, star, set, never };
        Kind kind = Kind::byte;
        unsigned char byte = 0;
        std::uint32_t set = 0; ///< index into sets_
    };

    void add_byte(char c);
    /// Reads a bracket expression that begins at pattern[i]; false (and nothing taken) where it is not closed.
    bool add_set(std::string_view pattern, std::size_t& i);
    [[nodiscard]] bool fits(const Token& token, unsigned char c) const noexcept;

    std::vector<Token> tokens_;
    std::vector<Set> sets_;
    bool fold_;
};

} // namespace rwatch::rules
