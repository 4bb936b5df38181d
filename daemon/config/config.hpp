// SPDX-License-Identifier: MIT OR Apache-2.0
// The daemon's configuration: /etc/rwatch/rwatchd.yaml and drop-ins, read whole or not at all. Reads texts; finding
// files is app's.
#pragma once

#include "alerts/json_file.hpp"
#include "alerts/webhook.hpp"
#include "core/diagnostic.hpp"

#include <cstdint>
#include <span>
#include <string>

namespace rwatch::config {

struct FileSink : alerts::JsonFileOptions {
    bool enabled = true;
    bool operator==(const FileSink&) const = default;
};

struct JournalSink {
    bool enabled = true;
    bool operator==(const JournalSink&) const = default;
};

struct WebhookSink : alerts::WebhookOptions {
    bool enabled = false;
    bool operator==(const WebhookSink&) const = default;
};

struct Sensor {
    std::uint64_t ring_size = 8U << 20U;     ///< bytes, a power of two from 256k to 1G
    std::int64_t poll_ns = 5'000'000;        ///< between readings of the ring, 1 ms to 1 s
    std::int64_t canary_ns = 60'000'000'000; ///< between rounds of the canary, 1 s to 1 h
    bool sift = true;                        ///< the probes report only opens that a rule may want
    bool operator==(const Sensor&) const = default;
};

struct Alerts {
    std::uint64_t queue = 10000;               ///< alerts each sink may have waiting
    std::uint64_t history = 10000;             ///< alerts kept in memory
    std::int64_t debounce_ns = 10'000'000'000; ///< for rules without `debounce`
    bool operator==(const Alerts&) const = default;
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
    Config config; ///< where diagnostics has errors: not to be used
    Diagnostics diagnostics;
};

/// Merges the texts in the order given: a key of a later one replaces that of an earlier one, maps (headers too) are
/// merged. Tells all errors of all texts. Sizes are read as 512k, 10M, 1G; durations as 10s, 5min.
/// packaging/rwatchd.yaml shows every key. Top-level keys: sensor {ring_size, poll_interval, canary_interval, sift},
/// alerts {queue, history, debounce}, sinks {file {enabled, path, max_size, max_files}, journal {enabled}, webhook
/// {enabled, url, headers, timeout, retries, backoff, backoff_max, ca_file, min_priority}}.
[[nodiscard]] ReadResult read(std::span<const SourceText> texts);

} // namespace rwatch::config
