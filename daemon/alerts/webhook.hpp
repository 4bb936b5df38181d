// SPDX-License-Identifier: MIT OR Apache-2.0
// Alerts posted as JSON to a URL, one request each, repeated with growing waits where the other side fails.
#pragma once

#include "alerts/writer.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace rwatch::alerts {

struct WebhookOptions {
    std::string url; ///< http or https
    std::vector<std::pair<std::string, std::string>> headers;
    std::int64_t timeout_ns = 10'000'000'000; ///< of one attempt, whole
    std::uint32_t retries = 5;                ///< after the first attempt
    std::int64_t backoff_ns = 500'000'000;    ///< before the first retry, doubled each time
    std::int64_t backoff_max_ns = 60'000'000'000;
    std::string ca_file; ///< "" the system's
    rules::Priority min_priority = rules::Priority::debug;
    bool operator==(const WebhookOptions&) const = default;
};

/// What the answer to an attempt means.
enum class Verdict : std::uint8_t { delivered, retry, refused };

/// status: HTTP's. 2xx delivered; 408, 429 and 5xx retry; the rest (redirects too: where alerts go is the admin's
/// choice) refused.
[[nodiscard]] Verdict judge(long status) noexcept;

/// The wait before retry number `retry` (from 1): backoff_ns doubled each time, at most backoff_max_ns, of which
/// between half and all by `random` (0 to 1), so that many hosts don't come back at once.
[[nodiscard]] std::int64_t backoff(const WebhookOptions& options, std::uint32_t retry, double random) noexcept;

/// "https://host:port" of a URL: what may be shown, for paths and user names hold secrets.
[[nodiscard]] std::string origin_of(std::string_view url);

[[nodiscard]] std::unique_ptr<Writer> make_webhook_writer(WebhookOptions options);

} // namespace rwatch::alerts
