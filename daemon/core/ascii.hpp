// SPDX-License-Identifier: MIT OR Apache-2.0
// Classes and cases of ASCII characters, whatever the locale.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace rwatch {

[[nodiscard]] constexpr bool is_blank(char c) noexcept {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

[[nodiscard]] constexpr bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

[[nodiscard]] constexpr bool is_letter(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// A letter, a digit or an underscore.
[[nodiscard]] constexpr bool is_name(char c) noexcept {
    return is_letter(c) || is_digit(c) || c == '_';
}

/// A byte of UTF-8 that is not the first of its character.
[[nodiscard]] constexpr bool is_continuation(char c) noexcept {
    return (static_cast<unsigned char>(c) & 0xc0U) == 0x80;
}

[[nodiscard]] constexpr char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

[[nodiscard]] constexpr char upper(char c) noexcept {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

[[nodiscard]] constexpr unsigned char lower(unsigned char c) noexcept {
    return static_cast<unsigned char>(lower(static_cast<char>(c)));
}

[[nodiscard]] constexpr unsigned char upper(unsigned char c) noexcept {
    return static_cast<unsigned char>(upper(static_cast<char>(c)));
}

/// Whether it holds no other byte.
[[nodiscard]] constexpr bool is_ascii(std::string_view text) noexcept {
    unsigned char seen = 0; // no branch for each byte
    for (const char c : text)
        seen |= static_cast<unsigned char>(c);
    return seen < 0x80;
}

[[nodiscard]] inline std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](char c) { return lower(c); });
    return out;
}

} // namespace rwatch
