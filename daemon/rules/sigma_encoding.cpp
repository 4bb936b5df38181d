// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/sigma_encoding.hpp"

#include "event/fields.hpp"
#include "rules/value_matcher.hpp"

#include <charconv>
#include <re2/re2.h>

namespace rwatch::rules {

namespace {

using Part = SigmaString::Part;

constexpr std::size_t kLargestProgram = 175'000; // instructions at which RE2 gives up
constexpr std::array<std::string_view, 5> kDashes{"-", "/", "\u2013", "\u2014", "\u2015"};

bool is_word_byte(char c) noexcept {
    const auto u = static_cast<unsigned char>(c);
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || u >= 0x80;
}

/// A dash or slash with a word behind it and none before.
bool begins_option(std::string_view text, std::size_t at) noexcept {
    const bool dash = text[at] == '-' || text[at] == '/';
    return dash && (at == 0 || !is_word_byte(text[at - 1])) && at + 1 < text.size() && is_word_byte(text[at + 1]);
}

} // namespace

std::string base64(std::string_view bytes) {
    constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const auto group = bytes.substr(i, 3);
        std::uint32_t bits = 0;
        for (std::size_t k = 0; k < 3; ++k)
            bits = bits << 8U | (k < group.size() ? static_cast<unsigned char>(group[k]) : 0U);
        for (std::size_t k = 0; k < 4; ++k)
            out += k <= group.size() ? kAlphabet[bits >> (18 - 6 * k) & 0x3fU] : '=';
    }
    return out;
}

std::array<std::string, 3> base64_offsets(std::string_view bytes) {
    // Characters that hold bits of what may stand before, or behind, the text.
    constexpr std::array<std::size_t, 3> kBefore{0, 2, 3}, kBehind{0, 3, 2};
    std::array<std::string, 3> out;
    for (std::size_t shift = 0; shift < out.size(); ++shift) {
        const auto whole = base64(std::string(shift, ' ').append(bytes));
        const auto behind = kBehind[(bytes.size() + shift) % kBehind.size()];
        if (whole.size() > kBefore[shift] + behind)
            out[shift] = whole.substr(kBefore[shift], whole.size() - kBefore[shift] - behind);
    }
    return out;
}

std::string widened(std::string_view ascii, bool big_endian) {
    std::string out;
    for (const char c : ascii) {
        if (big_endian)
            out += '\0';
        out += c;
        if (!big_endian)
            out += '\0';
    }
    return out;
}

std::vector<SigmaString> with_other_dashes(const SigmaString& text, std::size_t most) {
    std::vector<SigmaString> out(1);
    const auto append = [&](const Part& part) {
        for (auto& variant : out)
            variant.append(part);
    };
    for (const auto& part : text.parts()) {
        if (part.kind != Part::Kind::text) {
            append(part);
            continue;
        }
        std::size_t done = 0;
        for (std::size_t i = 0; i < part.text.size(); ++i) {
            if (!begins_option(part.text, i))
                continue;
            append({Part::Kind::text, part.text.substr(done, i - done)});
            done = i + 1;
            if (out.size() * kDashes.size() > most)
                return {};
            std::vector<SigmaString> more;
            for (const auto& variant : out)
                for (const auto dash : kDashes) {
                    more.push_back(variant);
                    more.back().append({Part::Kind::text, std::string(dash)});
                }
            out = std::move(more);
        }
        append({Part::Kind::text, part.text.substr(done)});
    }
    return out;
}

std::string wrong_network(std::string_view text) {
    const auto slash = text.find('/');
    const auto quoted = "'" + std::string(text) + "'";
    const auto address = event::parse_address(text.substr(0, slash));
    if (!address)
        return quoted + " is no address block (10.0.0.0/8, fe80::/10)";
    const unsigned most = address->family == 4 ? 32 : 128;
    unsigned bits = most;
    if (slash != std::string_view::npos) {
        const auto digits = text.substr(slash + 1);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
        if (error != std::errc{} || end != digits.data() + digits.size() || bits > most)
            return quoted + " has no length from 0 to " + std::to_string(most) + " after the slash";
    }
    auto masked = *address;
    mask(masked, bits);
    return masked == *address ? std::string{} : quoted + " has bits set behind its length";
}

std::string wrong_regex(std::string_view text, std::size_t& size) {
    const re2::RE2 regex(re2::StringPiece(text.data(), text.size()), re2::RE2::Quiet);
    const auto code = regex.error_code();
    size = regex.ok()                               ? static_cast<std::size_t>(regex.ProgramSize())
           : code == re2::RE2::ErrorPatternTooLarge ? kLargestProgram
                                                    : text.size();
    const bool possessive = code == re2::RE2::ErrorRepeatOp && regex.error_arg().ends_with('+');
    for (const auto other : {re2::RE2::NoError, re2::RE2::ErrorBadPerlOp, re2::RE2::ErrorBadEscape,
                             re2::RE2::ErrorRepeatSize, re2::RE2::ErrorPatternTooLarge})
        if (code == other || possessive)
            return {};
    return "not a regular expression: " + regex.error();
}

} // namespace rwatch::rules
