// SPDX-License-Identifier: MIT OR Apache-2.0
// The configuration: defaults, merging, and every error with its place.
#include "config/config.hpp"
#include "core/time.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

using namespace rwatch;
using config::SourceText;

namespace {

config::ReadResult read(const std::vector<SourceText>& texts) {
    return config::read(texts);
}

config::Config good(const std::vector<SourceText>& texts) {
    auto result = read(texts);
    for (const auto& diagnostic : result.diagnostics)
        UNSCOPED_INFO(render(diagnostic));
    REQUIRE(result.diagnostics.empty());
    return result.config;
}

/// "file:line:column code" of each diagnostic.
std::vector<std::string> places(const std::vector<SourceText>& texts) {
    std::vector<std::string> out;
    for (const auto& d : read(texts).diagnostics)
        out.push_back(d.where.file + ":" + std::to_string(d.where.line) + ":" + std::to_string(d.where.column) + " " +
                      d.code);
    return out;
}

/// The one diagnostic of a text, rendered in one line.
std::string fault(const std::string& text) {
    const auto result = read({{"f", text}});
    REQUIRE(result.diagnostics.size() == 1);
    return render(result.diagnostics[0]);
}

using Places = std::vector<std::string>;

void check_defaults(const config::Config& config) {
    const config::Config defaults;
    CHECK(config.file.enabled == defaults.file.enabled);
    CHECK(config.file.path == defaults.file.path);
    CHECK(config.file.max_size == defaults.file.max_size);
    CHECK(config.file.max_files == defaults.file.max_files);
    CHECK(config.journal.enabled == defaults.journal.enabled);
    CHECK(config.webhook.enabled == defaults.webhook.enabled);
    CHECK(config.webhook.url == defaults.webhook.url);
    CHECK(config.webhook.headers == defaults.webhook.headers);
    CHECK(config.webhook.timeout_ns == defaults.webhook.timeout_ns);
    CHECK(config.webhook.retries == defaults.webhook.retries);
    CHECK(config.webhook.backoff_ns == defaults.webhook.backoff_ns);
    CHECK(config.webhook.backoff_max_ns == defaults.webhook.backoff_max_ns);
    CHECK(config.webhook.ca_file == defaults.webhook.ca_file);
    CHECK(config.webhook.min_priority == defaults.webhook.min_priority);
    CHECK(config.sensor.ring_size == defaults.sensor.ring_size);
    CHECK(config.sensor.poll_ns == defaults.sensor.poll_ns);
    CHECK(config.sensor.sift);
    CHECK(config.alerts.queue == defaults.alerts.queue);
    CHECK(config.alerts.history == defaults.alerts.history);
    CHECK(config.alerts.debounce_ns == defaults.alerts.debounce_ns);
}

/// The example with its settings switched on: a "#" before a key, or before blanks and a key, is taken away.
std::string switched_on(std::istream& in) {
    std::string out;
    for (std::string line; std::getline(in, line);) {
        const bool setting = line.size() > 2 && line[0] == '#' && (line[1] != ' ' || line[2] == ' ');
        out += setting ? line.substr(1) : line;
        out += '\n';
    }
    return out;
}

} // namespace

TEST_CASE("config: nothing at all gives the defaults") {
    check_defaults(good({}));
    check_defaults(good({{"f", ""}}));
    check_defaults(good({{"f", "# only a comment\n"}}));
    check_defaults(good({{"f", "sinks:\n"}}));
}

TEST_CASE("config: every key") {
    const auto config = good({{"f", R"(
sensor: { ring_size: 16M, poll_interval: 10ms, sift: false }
alerts: { queue: 500, history: 20, debounce: 1min }
sinks:
  file: { enabled: false, path: /srv/a.jsonl, max_size: 1M, max_files: 3 }
  journal: { enabled: no }
  webhook:
    enabled: true
    url: https://user@hooks.example:8443/x?y=1
    headers: { Authorization: Bearer abc, X-Number: 5 }
    timeout: 2s
    retries: 0
    backoff: 1s
    backoff_max: 1s
    ca_file: /etc/ssl/own.pem
    min_priority: warning
)"}});
    CHECK(config.sensor.ring_size == 16U << 20U);
    CHECK(config.sensor.poll_ns == 10 * kMillisecond);
    CHECK_FALSE(config.sensor.sift);
    CHECK(config.alerts.queue == 500);
    CHECK(config.alerts.history == 20);
    CHECK(config.alerts.debounce_ns == 60 * kSecond);
    CHECK_FALSE(config.file.enabled);
    CHECK(config.file.path == "/srv/a.jsonl");
    CHECK(config.file.max_size == 1U << 20U);
    CHECK(config.file.max_files == 3);
    CHECK_FALSE(config.journal.enabled);
    CHECK(config.webhook.enabled);
    CHECK(config.webhook.url == "https://user@hooks.example:8443/x?y=1");
    CHECK(config.webhook.headers ==
          std::vector<std::pair<std::string, std::string>>{{"Authorization", "Bearer abc"}, {"X-Number", "5"}});
    CHECK(config.webhook.timeout_ns == 2 * kSecond);
    CHECK(config.webhook.retries == 0);
    CHECK(config.webhook.backoff_ns == kSecond);
    CHECK(config.webhook.backoff_max_ns == kSecond);
    CHECK(config.webhook.ca_file == "/etc/ssl/own.pem");
    CHECK(config.webhook.min_priority == rules::Priority::warning);
}

TEST_CASE("config: JSON is read as well") {
    CHECK(good({{"f", R"({"alerts": {"queue": 7}})"}}).alerts.queue == 7);
}

TEST_CASE("config: drop-ins replace scalars and merge maps") {
    const auto config =
        good({{"a", "alerts: {queue: 1, history: 2}\nsinks: {webhook: {url: http://a/, headers: {A: '1', B: '2'}}}"},
              {"b", "alerts: {history: 3}"},
              {"c", "sinks: {webhook: {enabled: true, headers: {b: '3', C: '4'}}}"}});
    CHECK(config.alerts.queue == 1);
    CHECK(config.alerts.history == 3);
    CHECK(config.webhook.enabled);
    CHECK(config.webhook.url == "http://a/");
    CHECK(config.webhook.headers ==
          std::vector<std::pair<std::string, std::string>>{{"A", "1"}, {"b", "3"}, {"C", "4"}});
}

TEST_CASE("config: all errors of all files at once, each with its place") {
    CHECK(places({{"a.yaml", "sensor:\n  ring_size: 3M\n  pol_interval: 5ms\nalert:\n  queue: 5\n"},
                  {"b.yaml", "alerts:\n    queue: many\n    history: 0\nsinks: []\n"},
                  {"c.yaml", "sinks:\n  file:\n    path: relative\n    max_size: 1k\n"}}) ==
          Places{"a.yaml:2:14 bad-value", "a.yaml:3:3 unknown-key", "a.yaml:4:1 unknown-key", "b.yaml:2:12 wrong-type",
                 "b.yaml:3:14 out-of-range", "b.yaml:4:8 wrong-type", "c.yaml:3:11 bad-path",
                 "c.yaml:4:15 out-of-range"});
}

TEST_CASE("config: messages say what would be right") {
    CHECK(fault("sensr: {}") ==
          "f:1:1: error: unknown key 'sensr' in the configuration [unknown-key]\n  hint: did you mean 'sensor'?");
    CHECK(fault("sensor: {ring_size: 3M}").find("'ring_size' must be a power of two, such as 4M, 8M or 16M") !=
          std::string::npos);
    CHECK(fault("sensor: {ring_size: 128k}").find("'ring_size' must be from 256k to 1G, not 128k") !=
          std::string::npos);
    CHECK(fault("sensor: {poll_interval: 2s}").find("'poll_interval' must be from 1ms to 1s, not 2s") !=
          std::string::npos);
    CHECK(fault("alerts: {debounce: soon}").find("must be a duration with a unit, such as 10s or 5min, not 'soon'") !=
          std::string::npos);
    CHECK(fault("sinks: {journal: {enabled: perhaps}}").find("must be true or false, not 'perhaps'") !=
          std::string::npos);
    CHECK(fault("sinks: {webhook: {min_priority: wrning}}").find("hint: did you mean 'warning'?") != std::string::npos);
    CHECK(fault("sinks: {file: {max_files: -1}}").find("must be from 0 to 1000, not -1") != std::string::npos);
    CHECK(fault("sinks: {file: {path: /var/log/}}").find("must be the absolute path of a file, not '/var/log/'") !=
          std::string::npos);
}

TEST_CASE("config: the webhook's URL") {
    const auto with = [](const std::string& url) {
        return read({{"f", "sinks:\n  webhook:\n    url: \"" + url + "\"\n"}}).diagnostics;
    };
    for (const auto* url : {"http://h", "https://h/p", "HTTPS://h:1/", "http://[::1]:80/x", "https://u:p@h/"})
        CHECK(with(url).empty());
    for (const auto* url : {"ftp://h/", "file:///etc/shadow", "h/p", "http://", "https:///p", "http://:80/",
                            "http://u@/", "http://h/a b", "http://h/\\nX: y"}) {
        INFO(url);
        const auto diagnostics = with(url);
        REQUIRE(diagnostics.size() == 1);
        CHECK(diagnostics[0].code == "bad-url");
        CHECK(diagnostics[0].where.line == 3);
        CHECK(diagnostics[0].where.column == 10);
    }
    const auto secret = with("gopher://token-s3cret");
    CHECK(render(secret.at(0)).find("s3cret") == std::string::npos);
}

TEST_CASE("config: headers can't bring in further headers, and their values are not told") {
    const auto text = "sinks:\n  webhook:\n    headers:\n      X-A: \"s3cret\\r\\nX-Evil: 1\"\n      \"X B\": v\n      "
                      "X-C: [1]\n      \"\": v\n";
    CHECK(places({{"f", text}}) ==
          Places{"f:4:12 bad-header", "f:5:7 bad-header", "f:6:12 wrong-type", "f:7:7 bad-header"});
    for (const auto& diagnostic : read({{"f", text}}).diagnostics)
        CHECK(render(diagnostic).find("s3cret") == std::string::npos);

    std::string many = "sinks: {webhook: {headers: {";
    for (int i = 0; i < 65; ++i)
        many += "X-" + std::to_string(i) + ": v, ";
    CHECK(places({{"f", many + "}}}"}}) == Places{"f:1:28 too-many"});
}

TEST_CASE("config: checks across keys and files point at the key that made it so") {
    CHECK(places({{"a", "sinks:\n  webhook:\n    enabled: true\n"}}) == Places{"a:3:14 missing-key"});
    CHECK(places({{"a", "sinks: {webhook: {url: http://h/}}"}, {"b", "sinks: {webhook: {enabled: true}}"}}).empty());
    CHECK(places({{"a", "sinks: {webhook: {backoff: 2min}}"}}) == Places{"a:1:28 bad-value"});
    CHECK(places({{"a", "sinks: {webhook: {backoff_max: 1ms}}"}}) == Places{"a:1:32 bad-value"});
    // A bad URL is told once, not as a missing one too.
    CHECK(places({{"a", "sinks: {webhook: {enabled: true, url: nonsense}}"}}) == Places{"a:1:39 bad-url"});
}

TEST_CASE("config: what is no configuration") {
    CHECK(places({{"f", "- a\n- b\n"}}) == Places{"f:1:1 wrong-type"});
    CHECK(places({{"f", "just text"}}) == Places{"f:1:1 wrong-type"});
    CHECK(places({{"f", "alerts: {queue: 1}\n---\nalerts: {queue: 2}\n"}}) == Places{"f:3:1 too-many-documents"});
    CHECK(places({{"f", "alerts: {queue: 1}\nalerts: {queue: 2}\n"}}) == Places{"f:2:1 duplicate-key"});
    const auto broken = read({{"f", "alerts: [\n"}, {"g", "sensr: 1\n"}}).diagnostics;
    REQUIRE(broken.size() == 2);
    CHECK(broken[0].code == "yaml-syntax");
    CHECK(broken[0].where.file == "f");
    CHECK(broken[1].where.file == "g");
}

TEST_CASE("config: the list of errors is bounded") {
    std::string text;
    for (int i = 0; i < 3000; ++i)
        text += "key" + std::to_string(i) + "zzzzzzzzzz: 1\n";
    const auto diagnostics = read({{"f", text}}).diagnostics;
    CHECK(diagnostics.size() == kMaxDiagnostics);
    CHECK(diagnostics.back().message.starts_with("and 2001 more unknown keys in "));
}

TEST_CASE("config: the shipped example is right as it is, and shows every key with its default") {
    std::ifstream shipped(RWATCH_SOURCE_DIR "/packaging/rwatchd.yaml");
    REQUIRE(shipped);
    std::stringstream text;
    text << shipped.rdbuf();
    check_defaults(good({{"rwatchd.yaml", text.str()}}));

    const auto on = switched_on(text);
    INFO(on);
    check_defaults(good({{"rwatchd.yaml", on}}));
    for (const auto* key : {"ring_size: 8M",
                            "poll_interval: 5ms",
                            "canary_interval: 1min",
                            "sift: true",
                            "queue: 10000",
                            "history: 10000",
                            "debounce: 10s",
                            "enabled: true",
                            "path: /var/log/rwatch/alerts.jsonl",
                            "max_size: 10M",
                            "max_files: 10",
                            "journal:",
                            "enabled: false",
                            "url:",
                            "headers: {}",
                            "timeout: 10s",
                            "retries: 5",
                            "backoff: 500ms",
                            "backoff_max: 1min",
                            "ca_file:",
                            "min_priority: debug"}) {
        INFO(key);
        CHECK(on.find(key) != std::string::npos);
    }
}
