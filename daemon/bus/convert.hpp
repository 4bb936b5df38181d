// SPDX-License-Identifier: MIT OR Apache-2.0
// The daemon's own structures as the JSON that dbus/variant_json passes on. Keys as documented in dbus/org.rwatch1.xml.
#pragma once

#include "bus/control.hpp"

#include <nlohmann/json.hpp>

namespace rwatch::bus {

[[nodiscard]] nlohmann::ordered_json to_json(const ProbeStatus& probe);
[[nodiscard]] nlohmann::ordered_json to_json(const alerts::SinkStatus& sink);
[[nodiscard]] nlohmann::ordered_json to_json(const Detector& detector);
[[nodiscard]] nlohmann::ordered_json to_json(const Diagnostic& diagnostic);
/// The contract's object, with unit and acknowledgement where known: enough for a list.
[[nodiscard]] nlohmann::ordered_json listed_json(const alerts::Alert& alert);

template <typename T> [[nodiscard]] nlohmann::ordered_json to_json_list(const std::vector<T>& items) {
    auto out = nlohmann::ordered_json::array();
    for (const auto& item : items)
        out.push_back(to_json(item));
    return out;
}

/// Wall clock for D-Bus; times before 1970 become 0.
[[nodiscard]] constexpr std::uint64_t usec_of(std::int64_t ns) noexcept {
    return ns <= 0 ? 0 : static_cast<std::uint64_t>(ns) / 1000;
}

} // namespace rwatch::bus
