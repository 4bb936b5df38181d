// SPDX-License-Identifier: MIT OR Apache-2.0
// The filter of ListAlerts: from the caller's dictionary to the alerts it names.
#pragma once

#include "alerts/history.hpp"
#include "dbus/variant_json.hpp"

#include <memory>
#include <string>
#include <vector>

namespace rwatch::bus {

struct AlertFilter {
    alerts::HistoryFilter history; ///< limit is at most dbus::kMaxListed, never 0
    std::string before;            ///< "" none
};

/// Throws sdbus::Error InvalidArgument that names the key.
[[nodiscard]] AlertFilter parse_alert_filter(const dbus::Dictionary& dictionary);

/// Newest last. Where `before` names no alert in the history nothing is older than it: an empty list.
[[nodiscard]] std::vector<std::shared_ptr<const alerts::Alert>> list_alerts(const alerts::History& history,
                                                                            const AlertFilter& filter);

} // namespace rwatch::bus
