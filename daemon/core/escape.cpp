// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/escape.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

namespace rwatch {

namespace {

struct Decoded {
    char32_t point;     // meaningless where length is 0
    std::size_t length; // 0: invalid here
};

/// One code point from the front of `bytes` (not empty); overlong forms, surrogates and values past U+10FFFF are
/// invalid.
Decoded decode(std::string_view bytes) noexcept {
    const auto lead = static_cast<std::uint8_t>(bytes[0]);
    if (lead < 0x80)
        return {lead, 1};
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || bytes.size() < length)
        return {0, 0};
    char32_t point = lead & (0x7fU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        const auto next = static_cast<std::uint8_t>(bytes[i]);
        if ((next & 0xc0U) != 0x80)
            return {0, 0};
        point = (point << 6U) | (next & 0x3fU);
    }
    constexpr std::array<char32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
    if (point < kSmallest[length] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
        return {0, 0};
    return {point, length};
}

bool is_control(char32_t point) noexcept {
    return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x2028 || point == 0x2029;
}

/// Invisible or direction-changing characters that could make a line read as something else.
bool deceptive(char32_t point) noexcept {
    return is_control(point) || point == 0xad || point == 0x61c || point == 0x180e ||
           (point >= 0x200b && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
           (point >= 0x2060 && point <= 0x206f) || point == 0xfeff || (point >= 0xfff9 && point <= 0xfffb) ||
           (point >= 0xe0000 && point <= 0xe007f);
}

void append_escape(std::string& out, char32_t point, std::uint8_t raw) {
    std::array<char, 16> text{};
    if (point == '\n')
        out += "\\n";
    else if (point == '\t')
        out += "\\t";
    else if (point == '\r')
        out += "\\r";
    else {
        if (point < 0x80)
            std::snprintf(text.data(), text.size(), "\\x%02x", raw);
        else
            std::snprintf(text.data(), text.size(), "\\u{%x}", static_cast<unsigned>(point));
        out += text.data();
    }
}

/// As JSON escapes it: two surrogates above U+FFFF.
void append_utf16(std::string& out, char32_t point) {
    const auto append = [&out](unsigned unit) {
        std::array<char, 16> text{};
        std::snprintf(text.data(), text.size(), "\\u%04x", unit);
        out += text.data();
    };
    if (point > 0xffff)
        append(0xd7c0U + (point >> 10U));
    append(point > 0xffff ? 0xdc00U + (point & 0x3ffU) : point);
}

} // namespace

void escape_to(std::string& out, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto raw = static_cast<std::uint8_t>(bytes[0]);
        const auto [point, length] = decode(bytes);
        if (length == 0) {
            std::array<char, 8> text{};
            std::snprintf(text.data(), text.size(), "\\x%02x", raw);
            out += text.data();
            bytes.remove_prefix(1);
            continue;
        }
        if (deceptive(point))
            append_escape(out, point, raw);
        else
            out += bytes.substr(0, length);
        bytes.remove_prefix(length);
    }
}

std::string escape(std::string_view bytes) {
    std::string out;
    out.reserve(bytes.size());
    escape_to(out, bytes);
    return out;
}

std::string escape_json(std::string_view json) {
    std::string out;
    out.reserve(json.size());
    while (!json.empty()) {
        const auto [point, length] = decode(json);
        const auto bytes = json.substr(0, std::max<std::size_t>(length, 1));
        if (length == 0 || point < 0x20 || !deceptive(point)) // white space between values stays
            out += bytes;
        else
            append_utf16(out, point);
        json.remove_prefix(bytes.size());
    }
    return out;
}

std::size_t utf8_prefix(std::string_view bytes) noexcept {
    std::size_t at = 0;
    while (at < bytes.size()) {
        const auto length = decode(bytes.substr(at)).length;
        if (length == 0)
            break;
        at += length;
    }
    return at;
}

std::optional<std::size_t> find_control(std::string_view bytes) noexcept {
    for (std::size_t at = 0; at < bytes.size();) {
        const auto [point, length] = decode(bytes.substr(at));
        if (length != 0 && is_control(point))
            return at;
        at += length == 0 ? 1 : length;
    }
    return std::nullopt;
}

std::string to_utf8(std::string_view bytes) {
    std::string out;
    out.reserve(bytes.size());
    while (!bytes.empty()) {
        const auto length = bytes[0] == '\0' ? 0 : decode(bytes).length;
        if (length == 0)
            out += "\xef\xbf\xbd";
        else
            out += bytes.substr(0, length);
        bytes.remove_prefix(length == 0 ? 1 : length);
    }
    return out;
}

} // namespace rwatch
