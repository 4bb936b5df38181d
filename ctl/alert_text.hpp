// SPDX-License-Identifier: MIT OR Apache-2.0
// One alert as text: the page of `rwatchctl show` and the line of `rwatchctl watch`. Pure.
#pragma once

#include "terminal.hpp"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace rwatch::ctl {

/// alert: as Manager.GetAlert gives it.
[[nodiscard]] std::string alert_text(const nlohmann::ordered_json& alert, const Terminal& terminal,
                                     std::int64_t now_ns);
/// Without line break.
[[nodiscard]] std::string alert_line(const nlohmann::ordered_json& alert, const Terminal& terminal);
/// D-Bus dictionaries have no order: puts the keys as the contract writes them, the rest behind.
[[nodiscard]] nlohmann::ordered_json in_contract_order(const nlohmann::ordered_json& alert);
/// "https://attack.mitre.org/techniques/T1003/008/" for "T1003.008"; "" for a tag that is no technique.
[[nodiscard]] std::string attack_link(const std::string& tag);

} // namespace rwatch::ctl
