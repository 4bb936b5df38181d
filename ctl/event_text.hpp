// SPDX-License-Identifier: MIT OR Apache-2.0
// One event of the live stream as a line for people.
#pragma once

#include "json_read.hpp"
#include "render.hpp"

#include <string>

namespace rwatch::ctl {

/// "20:15:01.123 openat  nginx[123] (nginx.service, www-data)  /etc/passwd  res=3 …"; cut to the terminal's width.
[[nodiscard]] std::string event_line(const nlohmann::ordered_json& event, const Terminal& terminal);

} // namespace rwatch::ctl
