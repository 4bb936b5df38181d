// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/sigma_number.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string_view>

namespace rwatch::rules {

namespace {

constexpr std::string_view kDigits = "0123456789";

/// Takes the digits of a base from the front.
std::string_view take(std::string_view& text, std::string_view digits) noexcept {
    const auto taken = text.substr(0, std::min(text.find_first_not_of(digits), text.size()));
    text.remove_prefix(taken.size());
    return taken;
}

std::string write(double value) {
    std::array<char, 32> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
    return {buffer.data(), end};
}

/// digits: without sign and prefix.
std::optional<SigmaNumber> whole(std::string_view digits, int base, bool negative) {
    std::uint64_t value = 0;
    const auto* last = digits.data() + digits.size();
    const auto [end, error] = std::from_chars(digits.data(), last, value, base);
    if (end != last || error == std::errc::invalid_argument)
        return std::nullopt;
    const std::string sign(negative ? "-" : "");
    if (error == std::errc{})
        return SigmaNumber{(negative ? -1.0 : 1.0) * static_cast<double>(value), sign + std::to_string(value)};
    double large = 0; // more than 64 bits
    if (base != 10 || std::from_chars(digits.data(), last, large).ec != std::errc{})
        return std::nullopt;
    return SigmaNumber{negative ? -large : large, sign + std::string(digits)};
}

/// Digits, a point, digits; an exponent has a sign.
std::optional<SigmaNumber> fraction(std::string_view text, bool negative) {
    auto rest = text;
    const auto before = take(rest, kDigits);
    if (!rest.starts_with('.'))
        return std::nullopt;
    rest.remove_prefix(1);
    const auto behind = take(rest, kDigits);
    if (before.empty() && behind.empty())
        return std::nullopt;
    const bool exponent = rest.size() > 2 && (rest[0] == 'e' || rest[0] == 'E') && (rest[1] == '-' || rest[1] == '+');
    if (exponent) {
        rest.remove_prefix(2);
        (void)take(rest, kDigits);
    }
    double value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (!rest.empty() || read.ec != std::errc{} || !std::isfinite(value))
        return std::nullopt;
    value = negative ? -value : value;
    constexpr double kWhole = 9e15; // up to which all whole numbers are exact
    const bool integer = std::floor(value) == value && std::abs(value) < kWhole;
    return SigmaNumber{value, integer ? std::to_string(static_cast<std::int64_t>(value)) : write(value)};
}

} // namespace

std::optional<SigmaNumber> sigma_number(const yaml::Node& node) {
    if (!node.is_scalar() || node.quoted || node.text.empty())
        return std::nullopt;
    std::string text = node.text;
    const bool negative = text.front() == '-';
    if (negative || text.front() == '+')
        text.erase(0, 1);
    if (text.empty() || (text.front() != '.' && kDigits.find(text.front()) == std::string_view::npos))
        return std::nullopt;
    text.erase(std::remove(text.begin() + 1, text.end(), '_'), text.end());
    const std::string_view digits = text;
    if (digits.starts_with("0x"))
        return whole(digits.substr(2), 16, negative);
    if (digits.starts_with("0b"))
        return whole(digits.substr(2), 2, negative);
    if (auto number = fraction(digits, negative))
        return number;
    return whole(digits, digits.size() > 1 && digits.front() == '0' ? 8 : 10, negative);
}

} // namespace rwatch::rules
