// SPDX-License-Identifier: MIT OR Apache-2.0
// The log of alerts as JSON lines. Rotated by the daemon itself: alerts.jsonl, alerts.jsonl.1 (the newest old one),
// alerts.jsonl.2 …
#pragma once

#include "alerts/writer.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace rwatch::alerts {

struct JsonFileOptions {
    std::string path = "/var/log/rwatch/alerts.jsonl";
    std::uint64_t max_size = 10U << 20U; ///< bytes; a line that would go past it begins a new file
    std::uint32_t max_files = 10;        ///< rotated ones kept: alerts.jsonl.1 …
    bool operator==(const JsonFileOptions&) const = default;
};

/// How long it tries to write one alert before it is given up. While it tries, the queue keeps the rest.
struct JsonFileRetry {
    std::uint32_t attempts = 10;
    std::int64_t wait_ns = 500'000'000;
};

/// Whole lines only, also when the disk fills up in the middle of one. A file that was moved or removed is made anew.
/// Locked by flock(2) while it is written: one process writes to a log.
[[nodiscard]] std::unique_ptr<Writer> make_json_file_writer(JsonFileOptions options, JsonFileRetry retry = {});

} // namespace rwatch::alerts
