// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/case_fold.hpp"

#include <array>
#include <cstdint>
#include <utf8proc.h>

namespace rwatch::rules {

namespace {

constexpr unsigned kAsciiEnd = 0x80;
constexpr std::size_t kLongestChar = 4; // bytes of UTF-8

/// Length of the valid character at the beginning; 0 where there is none.
std::size_t decode(std::string_view text, utf8proc_int32_t& character) noexcept {
    const auto n = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                    static_cast<utf8proc_ssize_t>(text.size()), &character);
    return n > 0 ? static_cast<std::size_t>(n) : 0;
}

/// Where the full folding is longer than a character ("ß": "ss"), the lower case is taken instead.
utf8proc_int32_t fold(utf8proc_int32_t character) noexcept {
    std::array<utf8proc_int32_t, kLongestChar> folded{};
    int boundary = 0;
    const auto n = utf8proc_decompose_char(character, folded.data(), static_cast<utf8proc_ssize_t>(folded.size()),
                                           UTF8PROC_CASEFOLD, &boundary);
    return n == 1 ? folded[0] : utf8proc_tolower(character);
}

std::string_view fold_unicode(std::string_view text, std::span<char> buffer) noexcept {
    std::size_t used = 0;
    while (!text.empty()) {
        utf8proc_int32_t character = 0;
        const auto length = decode(text, character);
        if (length == 0) {
            buffer[used++] = text.front();
            text.remove_prefix(1);
            continue;
        }
        std::array<utf8proc_uint8_t, kLongestChar> bytes{};
        const auto n = static_cast<std::size_t>(utf8proc_encode_char(fold(character), bytes.data()));
        for (std::size_t i = 0; i < n; ++i)
            buffer[used++] = static_cast<char>(bytes[i]);
        text.remove_prefix(length);
    }
    return {buffer.data(), used};
}

} // namespace

std::string_view fold_case(std::string_view text, std::span<char> buffer) noexcept {
    unsigned seen = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        seen |= static_cast<unsigned char>(c);
        buffer[i] = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    }
    return seen < kAsciiEnd ? std::string_view(buffer.data(), text.size()) : fold_unicode(text, buffer);
}

std::string fold_case(std::string_view text) {
    std::string out(text.size() * kFoldGrowth, '\0');
    out.resize(fold_case(text, out).size());
    return out;
}

std::size_t first_char(std::string_view text) noexcept {
    utf8proc_int32_t character = 0;
    const auto length = decode(text, character);
    return length == 0 ? 1 : length;
}

} // namespace rwatch::rules
