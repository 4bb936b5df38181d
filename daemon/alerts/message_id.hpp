// SPDX-License-Identifier: MIT OR Apache-2.0
// The journal's MESSAGE_ID of every alert; systemd/rwatch.catalog explains it to `journalctl -x`.
#pragma once

#include <string_view>

namespace rwatch::alerts {

inline constexpr std::string_view kAlertMessageId = "1568454f81a447ca9d69760b48f04726";

} // namespace rwatch::alerts
