// SPDX-License-Identifier: MIT OR Apache-2.0
// The daemon's configuration: /etc/rwatch/rwatchd.yaml and drop-ins, read whole or not at all. Reads texts; finding files is app's.
#pragma once

#include "core/diagnostic.hpp"
#include "rules/rule.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace rwatch::config {

struct FileSink {
    bool enabled = true;
    std::string path = "/var/log/rwatch/alerts.jsonl";
    std::uint64_t max_size = 10U << 20U; ///< bytes; then rotated
    std::uint32_t max_files = 10;        ///< rotated ones kept: alerts.jsonl.1 …
};

struct JournalSink {
    bool enabled = true;
};

struct WebhookSink {
    bool enabled = false;
    std::string url; ///< http or https
    std::vector<std::pair<std::string, std::string>> headers;
    std::int64_t timeout_ns = 10'000'000'000;
    std::uint32_t retries = 5;                  ///< after the first attempt
    std::int64_t backoff_ns = 500'000'000;      ///< before the first retry, doubled each time
    std::int64_t backoff_max_ns = 60'000'000'000;
    std::string ca_file;                        ///< "" the system's
    rules::Priority min_priority = rules::Priority::debug;
};

struct Sensor {
    std::uint64_t ring_size = 8U << 20U; ///< bytes, a power of two from 256k to 1G
    std::int64_t poll_ns = 5'000'000;    ///< between readings of the ring, 1 ms to 1 s
};

struct Alerts {
    std::uint64_t queue = 10000;                     ///< alerts each sink may have waiting
    std::uint64_t history = 10000;                   ///< alerts kept in memory
    std::int64_t debounce_ns = 10'000'000'000;       ///< for rules without `debounce`
};

struct Config {
    FileSink file;
    JournalSink journal;
    WebhookSink webhook;
    Sensor sensor;
    Alerts alerts;
};

struct SourceText {
    std::string file, text;
};

struct ReadResult {
    Config config;
    Diagnostics diagnostics;
};

/// Merges the texts in the order given: a key of a later one replaces that of an earlier one, maps are merged, lists replaced.
/// Top-level keys: sensor {ring_size, poll_interval}, alerts {queue, history, debounce}, sinks {file {…}, journal {…}, webhook {…}}.
[[nodiscard]] ReadResult read(std::span<const SourceText> texts);

} // namespace rwatch::config
