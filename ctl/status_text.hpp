// SPDX-License-Identifier: MIT OR Apache-2.0
// The text of `rwatchctl status`. Pure.
#pragma once

#include "terminal.hpp"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace rwatch::ctl {

/// status: as Client::status() gives it; what is missing in it is left out.
[[nodiscard]] std::string status_text(const nlohmann::ordered_json& status, const Terminal& terminal,
                                      std::int64_t now_ns);
/// known: the bus says that there is no daemon; otherwise nobody could be asked, and it may run without a bus.
[[nodiscard]] std::string not_running_text(const std::string& reason, bool known, const Terminal& terminal);

} // namespace rwatch::ctl
