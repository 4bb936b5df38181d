// SPDX-License-Identifier: MIT OR Apache-2.0
#include "config/config.hpp"

#include "core/ascii.hpp"
#include "core/time.hpp"
#include "core/yaml.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace rwatch::config {

namespace {

constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;

constexpr std::uint64_t kLeastRing = 256U << 10U, kMostRing = 1U << 30U;
constexpr std::int64_t kLeastPoll = kMillisecond, kMostPoll = kSecond;
constexpr std::int64_t kLeastCanary = kSecond, kMostCanary = 3600 * kSecond;
constexpr std::int64_t kMostQueue = 1'000'000, kMostHistory = 1'000'000;
constexpr std::int64_t kMostDebounce = 24 * kHour;
constexpr std::uint64_t kLeastFile = 64U << 10U, kMostFile = 1ULL << 40U;
constexpr std::int64_t kMostFiles = 1000;
constexpr std::int64_t kLeastTimeout = 100 * kMillisecond, kMostTimeout = 5 * kMinute;
constexpr std::int64_t kMostRetries = 100;
constexpr std::int64_t kLeastBackoff = kMillisecond, kMostBackoff = kHour;
constexpr std::size_t kMostHeaders = 64;

constexpr std::array<std::string_view, 8> kPriorities{"emergency", "alert",  "critical",      "error",
                                                      "warning",   "notice", "informational", "debug"};

bool is_control(char c) noexcept {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

bool same_name(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

/// A token of RFC 9110, section 5.6.2: what a header may be called.
bool is_token(std::string_view text) noexcept {
    constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') ||
               kMarks.find(c) != std::string_view::npos;
    });
}

/// What is wrong with a URL, or "". The text itself is not told: it may hold a secret.
std::string_view url_fault(std::string_view url) noexcept {
    const auto scheme = url.substr(0, url.find("://"));
    if (scheme.size() == url.size() || (!same_name(scheme, "http") && !same_name(scheme, "https")))
        return "must begin with http:// or https://";
    const auto rest = url.substr(scheme.size() + 3);
    auto host = rest.substr(0, rest.find_first_of("/?#"));
    host.remove_prefix(host.find_last_of('@') + 1); // npos + 1 is 0
    if (host.empty() || host.front() == ':')
        return "names no host";
    const bool clean = std::none_of(url.begin(), url.end(), [](char c) { return is_control(c) || c == ' '; });
    return clean ? std::string_view{} : "must not hold blanks or control characters";
}

/// Places that checks across keys and texts point at.
struct Places {
    Location webhook_enabled, url, backoff, backoff_max;
};

/// Reads one text into a configuration that earlier texts may have filled.
class Reader {
  public:
    Reader(const std::string& file, Config& config, Places& places, Diagnostics& out)
        : file_(file), config_(config), places_(places), out_(out) {}

    void read_root(const yaml::Node& root);

  private:
    using Map = yaml::MapReader;

    void read_sensor(const yaml::Node& node);
    void read_alerts(const yaml::Node& node);
    void read_sinks(const yaml::Node& node);
    void read_file(const yaml::Node& node);
    void read_journal(const yaml::Node& node);
    void read_webhook(const yaml::Node& node);
    void read_times(Map& map, WebhookSink& sink);
    void read_url(Map& map, WebhookSink& sink);
    void read_headers(Map& map, WebhookSink& sink);
    void add_header(Map& map, const yaml::Node& name, const yaml::Node& value, WebhookSink& sink);

    void number(Map& map, std::string_view key, std::int64_t least, std::int64_t most, auto& target) {
        if (const auto value = map.integer(key, least, most))
            target = static_cast<std::remove_reference_t<decltype(target)>>(*value);
    }
    void flag(Map& map, std::string_view key, bool& target) {
        if (const auto value = map.boolean(key))
            target = *value;
    }
    void span(Map& map, std::string_view key, std::int64_t least, std::int64_t most, std::int64_t& target);
    bool size(Map& map, std::string_view key, std::uint64_t least, std::uint64_t most, std::uint64_t& target);
    void path(Map& map, std::string_view key, std::string& target);
    void place(const Map& map, std::string_view key, Location& target) const {
        if (const auto* node = map.node().find(key); node != nullptr && !node->is_null())
            target = {file_, node->line, node->column};
    }

    const std::string& file_;
    Config& config_;
    Places& places_;
    Diagnostics& out_;
};

std::string size_text(std::uint64_t bytes) {
    constexpr std::array<char, 4> kUnits{'k', 'M', 'G', 'T'};
    std::size_t unit = 0;
    auto count = bytes >> 10U;
    while (unit + 1 < kUnits.size() && count >= 1024 && count % 1024 == 0) {
        count >>= 10U;
        ++unit;
    }
    return std::to_string(count) + kUnits[unit];
}

void Reader::span(Map& map, std::string_view key, std::int64_t least, std::int64_t most, std::int64_t& target) {
    const auto value = map.span(key);
    if (!value)
        return;
    if (*value >= least && *value <= most) {
        target = *value;
        return;
    }
    map.error(*map.node().find(key), "out-of-range",
              "'" + std::string(key) + "' must be from " + format_span(least) + " to " + format_span(most) + ", not " +
                  format_span(*value));
}

bool Reader::size(Map& map, std::string_view key, std::uint64_t least, std::uint64_t most, std::uint64_t& target) {
    const auto value = map.size(key);
    if (!value)
        return false;
    if (*value >= least && *value <= most) {
        target = *value;
        return true;
    }
    const auto& node = *map.node().find(key);
    map.error(node, "out-of-range",
              "'" + std::string(key) + "' must be from " + size_text(least) + " to " + size_text(most) + ", not " +
                  node.text);
    return false;
}

void Reader::path(Map& map, std::string_view key, std::string& target) {
    auto value = map.string(key);
    if (!value)
        return;
    const bool clean = std::none_of(value->begin(), value->end(), is_control);
    if (clean && value->size() > 1 && value->front() == '/' && value->back() != '/')
        target = std::move(*value);
    else
        map.error(*map.node().find(key), "bad-path",
                  "'" + std::string(key) + "' must be the absolute path of a file, not '" + *value + "'");
}

void Reader::read_root(const yaml::Node& root) {
    Map map(root, "the configuration", file_, out_);
    if (const auto* node = map.map("sensor"))
        read_sensor(*node);
    if (const auto* node = map.map("alerts"))
        read_alerts(*node);
    if (const auto* node = map.map("sinks"))
        read_sinks(*node);
    map.finish();
}

void Reader::read_sensor(const yaml::Node& node) {
    Map map(node, "section 'sensor'", file_, out_);
    auto ring = config_.sensor.ring_size;
    if (size(map, "ring_size", kLeastRing, kMostRing, ring)) {
        if ((ring & (ring - 1)) == 0)
            config_.sensor.ring_size = ring;
        else
            map.error(*node.find("ring_size"), "bad-value",
                      "'ring_size' must be a power of two, such as 4M, 8M or 16M");
    }
    span(map, "poll_interval", kLeastPoll, kMostPoll, config_.sensor.poll_ns);
    span(map, "canary_interval", kLeastCanary, kMostCanary, config_.sensor.canary_ns);
    flag(map, "sift", config_.sensor.sift);
    map.finish();
}

void Reader::read_alerts(const yaml::Node& node) {
    Map map(node, "section 'alerts'", file_, out_);
    number(map, "queue", 1, kMostQueue, config_.alerts.queue);
    number(map, "history", 1, kMostHistory, config_.alerts.history);
    span(map, "debounce", 0, kMostDebounce, config_.alerts.debounce_ns);
    map.finish();
}

void Reader::read_sinks(const yaml::Node& node) {
    Map map(node, "section 'sinks'", file_, out_);
    if (const auto* sink = map.map("file"))
        read_file(*sink);
    if (const auto* sink = map.map("journal"))
        read_journal(*sink);
    if (const auto* sink = map.map("webhook"))
        read_webhook(*sink);
    map.finish();
}

void Reader::read_file(const yaml::Node& node) {
    Map map(node, "sink 'file'", file_, out_);
    auto& sink = config_.file;
    flag(map, "enabled", sink.enabled);
    path(map, "path", sink.path);
    size(map, "max_size", kLeastFile, kMostFile, sink.max_size);
    number(map, "max_files", 0, kMostFiles, sink.max_files);
    map.finish();
}

void Reader::read_journal(const yaml::Node& node) {
    Map map(node, "sink 'journal'", file_, out_);
    flag(map, "enabled", config_.journal.enabled);
    map.finish();
}

void Reader::read_webhook(const yaml::Node& node) {
    Map map(node, "sink 'webhook'", file_, out_);
    auto& sink = config_.webhook;
    flag(map, "enabled", sink.enabled);
    place(map, "enabled", places_.webhook_enabled);
    read_url(map, sink);
    read_headers(map, sink);
    read_times(map, sink);
    path(map, "ca_file", sink.ca_file);
    if (const auto text = map.string("min_priority")) {
        if (const auto priority = rules::parse_priority(*text))
            sink.min_priority = *priority;
        else
            map.choice("min_priority", kPriorities);
    }
    map.finish();
}

void Reader::read_url(Map& map, WebhookSink& sink) {
    auto url = map.string("url");
    if (!url)
        return;
    place(map, "url", places_.url);
    if (const auto fault = url_fault(*url); fault.empty())
        sink.url = std::move(*url);
    else
        map.error(*map.node().find("url"), "bad-url", "'url' of sink 'webhook' " + std::string(fault));
}

void Reader::read_times(Map& map, WebhookSink& sink) {
    span(map, "timeout", kLeastTimeout, kMostTimeout, sink.timeout_ns);
    number(map, "retries", 0, kMostRetries, sink.retries);
    span(map, "backoff", kLeastBackoff, kMostBackoff, sink.backoff_ns);
    place(map, "backoff", places_.backoff);
    span(map, "backoff_max", kLeastBackoff, kMostBackoff, sink.backoff_max_ns);
    place(map, "backoff_max", places_.backoff_max);
}

void Reader::read_headers(Map& map, WebhookSink& sink) {
    const auto* headers = map.map("headers");
    if (headers == nullptr)
        return;
    for (const auto& [name, value] : headers->entries)
        add_header(map, name, value, sink);
    if (sink.headers.size() > kMostHeaders)
        map.error(*headers, "too-many", "sink 'webhook' has more than " + std::to_string(kMostHeaders) + " headers");
}

/// Values are never told: they are where tokens stand.
void Reader::add_header(Map& map, const yaml::Node& name, const yaml::Node& value, WebhookSink& sink) {
    if (!is_token(name.text)) {
        map.error(name, "bad-header", "'" + name.text + "' is no name of an HTTP header");
        return;
    }
    if (!value.is_scalar() && !value.is_null()) {
        map.error(value, "wrong-type",
                  "header '" + name.text + "' must be text, not " + std::string(yaml::describe(value.kind)));
        return;
    }
    const bool clean =
        std::none_of(value.text.begin(), value.text.end(), [](char c) { return is_control(c) && c != '\t'; });
    if (!clean) {
        map.error(value, "bad-header",
                  "the value of header '" + name.text + "' must not hold line breaks or control characters");
        return;
    }
    const auto same = [&](const auto& header) { return same_name(header.first, name.text); };
    const auto found = std::find_if(sink.headers.begin(), sink.headers.end(), same);
    if (found != sink.headers.end())
        *found = {name.text, value.text};
    else
        sink.headers.emplace_back(name.text, value.text);
}

/// What no single key shows.
void check_whole(const Config& config, const Places& places, Diagnostics& out) {
    const auto& webhook = config.webhook;
    if (webhook.enabled && webhook.url.empty() && places.url.file.empty())
        out.push_back(
            {Severity::error, "missing-key", places.webhook_enabled, "sink 'webhook' is enabled but has no 'url'", {}});
    if (webhook.backoff_ns > webhook.backoff_max_ns) {
        const auto& where = places.backoff.file.empty() ? places.backoff_max : places.backoff;
        out.push_back({Severity::error,
                       "bad-value",
                       where,
                       "'backoff' (" + format_span(webhook.backoff_ns) + ") is longer than 'backoff_max' (" +
                           format_span(webhook.backoff_max_ns) + ")",
                       {}});
    }
}

} // namespace

ReadResult read(std::span<const SourceText> texts) {
    ReadResult result;
    auto& out = result.diagnostics;
    Places places;
    for (const auto& [file, text] : texts) {
        auto parsed = yaml::parse(text, file);
        const bool broken = has_errors(parsed.diagnostics);
        out.insert(out.end(), parsed.diagnostics.begin(), parsed.diagnostics.end());
        if (broken && parsed.documents.empty())
            continue;
        if (parsed.documents.size() > 1) {
            const auto& second = parsed.documents[1];
            out.push_back({Severity::error,
                           "too-many-documents",
                           {file, second.line, second.column},
                           "a configuration file is one YAML document",
                           {}});
        }
        for (const auto& document : parsed.documents) {
            if (document.is_map())
                Reader(file, result.config, places, out).read_root(document);
            else if (!document.is_null())
                out.push_back({Severity::error,
                               "wrong-type",
                               {file, document.line, document.column},
                               "the configuration must be a map, not " + std::string(yaml::describe(document.kind)),
                               {}});
        }
    }
    check_whole(result.config, places, out);
    if (out.size() > kMaxDiagnostics) {
        const auto more = out.size() - kMaxDiagnostics;
        out.resize(kMaxDiagnostics);
        out.push_back({Severity::error, "too-many", {}, "and " + std::to_string(more) + " more", {}});
    }
    return result;
}

} // namespace rwatch::config
