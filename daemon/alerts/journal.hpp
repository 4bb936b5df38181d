// SPDX-License-Identifier: MIT OR Apache-2.0
// Alerts as structured entries of the systemd journal, so that `journalctl RWATCH_RULE=…` finds them.
#pragma once

#include "alerts/writer.hpp"

#include <memory>
#include <string>
#include <vector>

namespace rwatch::alerts {

/// The socket that libsystemd writes to.
inline constexpr const char* kJournalSocket = "/run/systemd/journal/socket";

/// The entry of an alert, each "NAME=value". A tag gives a RWATCH_TAGS field of its own, so that a match on one tag
/// works; an output field that is missing in the event gives none.
[[nodiscard]] std::vector<std::string> journal_fields(const Alert& alert);

/// "proc.aname[2]" to "RWATCH_F_PROC_ANAME_2": upper case, digits and '_', at most 64 bytes, as journald wants names.
[[nodiscard]] std::string journal_field_name(std::string_view field);

/// Where there is no journal its state says so, and alerts for it are counted as dropped.
[[nodiscard]] std::unique_ptr<Writer> make_journal_writer();

} // namespace rwatch::alerts
