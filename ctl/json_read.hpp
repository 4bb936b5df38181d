// SPDX-License-Identifier: MIT OR Apache-2.0
// Reads what another program sent as JSON without trusting its shape: a missing key or another type gives an empty
// value.
#pragma once

#include "core/escape.hpp"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace rwatch::ctl {

/// The value of a key; null where there is none.
[[nodiscard]] inline const nlohmann::ordered_json& member(const nlohmann::ordered_json& object, const char* key) {
    static const nlohmann::ordered_json kNull;
    if (!object.is_object())
        return kNull;
    const auto found = object.find(key);
    return found == object.end() ? kNull : *found;
}

[[nodiscard]] inline std::string text(const nlohmann::ordered_json& object, const char* key) {
    const auto& value = member(object, key);
    return value.is_string() ? value.get<std::string>() : std::string{};
}

/// Escaped, for showing.
[[nodiscard]] inline std::string safe_text(const nlohmann::ordered_json& object, const char* key) {
    return escape(text(object, key));
}

/// 0 where it is no number or negative.
[[nodiscard]] inline std::uint64_t number(const nlohmann::ordered_json& object, const char* key) {
    const auto& value = member(object, key);
    if (value.is_number_unsigned())
        return value.get<std::uint64_t>();
    return value.is_number_integer() && value.get<std::int64_t>() > 0
               ? static_cast<std::uint64_t>(value.get<std::int64_t>())
               : 0;
}

/// Wall clock ns of a key in microseconds; 0 where missing.
[[nodiscard]] inline std::int64_t time_of(const nlohmann::ordered_json& object, const char* usec_key) {
    constexpr std::uint64_t kMost = INT64_MAX / 1000;
    const auto usec = number(object, usec_key);
    return usec > kMost ? 0 : static_cast<std::int64_t>(usec) * 1000;
}

} // namespace rwatch::ctl
