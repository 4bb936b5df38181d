// SPDX-License-Identifier: MIT OR Apache-2.0
// What the tests of alerts share: alerts and matches made by hand, a folder that goes away, and waiting for what
// another thread does.
#pragma once

#include "alerts/alert.hpp"
#include "alerts/sink.hpp"
#include "core/time.hpp"
#include "event/builder.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace rwatch::test {

/// 2026-01-02T03:04:05.000000006Z
inline constexpr std::int64_t kWhen = 1'767'323'045'000'000'006;

inline alerts::Alert make_alert(std::string id = "0000000000001-0000") {
    alerts::Alert alert;
    alert.id = std::move(id);
    alert.wall_ns = kWhen;
    alert.hostname = "web1";
    alert.rule = "Sensitive file read";
    alert.priority = rules::Priority::warning;
    alert.output = "/usr/bin/cat reads /etc/shadow";
    alert.tags = {"file", "T1003.008"};
    alert.output_fields = {{"proc.exepath", std::string("/usr/bin/cat")},
                           {"proc.pid", std::int64_t{123}},
                           {"evt.is_open_read", true},
                           {"fd.nameraw", std::monostate{}}};
    alert.pid = 123;
    alert.unit = "ssh.service";
    alert.processes = {{123, "/usr/bin/cat", "cat /etc/shadow", "root", kWhen},
                       {100, "/usr/bin/bash", "bash", "root", kWhen}};
    return alert;
}

inline std::shared_ptr<const alerts::Alert> shared_alert(std::string id = "0000000000001-0000") {
    return std::make_shared<const alerts::Alert>(make_alert(std::move(id)));
}

/// True as soon as `condition` holds; false after a time that a loaded machine needs too.
inline bool eventually(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < end) {
        if (condition())
            return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return condition();
}

inline std::chrono::milliseconds time_of(const std::function<void()>& work) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
}

class TempDir {
  public:
    TempDir() {
        std::string pattern = (std::filesystem::temp_directory_path() / "rwatch-test-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr)
            throw std::runtime_error("mkdtemp");
        path_ = pattern;
    }
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;
    ~TempDir() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

inline std::string read_all(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

inline std::vector<std::string> lines_of(const std::filesystem::path& path) {
    std::vector<std::string> out;
    std::istringstream text(read_all(path));
    for (std::string line; std::getline(text, line);)
        out.push_back(line);
    return out;
}

/// The ids of a file of alerts; fails the test where a line is no JSON object.
inline std::vector<std::string> ids_in(const std::filesystem::path& path) {
    std::vector<std::string> out;
    for (const auto& line : lines_of(path)) {
        INFO(line);
        const auto json = nlohmann::json::parse(line, nullptr, false);
        REQUIRE(json.is_object());
        out.push_back(json.at("id"));
    }
    return out;
}

/// A rule, an event and what a match of them points to.
struct MatchMaker {
    event::EventBuilder builder;
    rules::Rule rule;
    std::unique_ptr<event::Scratch> scratch = std::make_unique<event::Scratch>();
    std::optional<rules::CorrelationResult> counted;

    explicit MatchMaker(std::string_view output = "%proc.exepath reads %fd.name") {
        rule.name = "Sensitive file read";
        rule.priority = rules::Priority::warning;
        Diagnostics diagnostics;
        rule.output = rules::OutputFormat::compile(output, {}, diagnostics);
        REQUIRE(diagnostics.empty());
        set("evt.type", "openat");
        builder.event().wall_ns = kWhen;
        builder.event().boot_ns = 1000 * static_cast<std::uint64_t>(kSecond);
    }

    void set(std::string_view field, std::string_view value) {
        std::string error;
        INFO(error);
        REQUIRE(builder.set(field, value, error));
    }
    /// Seconds after the first event.
    void at(double seconds) {
        const auto ns = static_cast<std::int64_t>(seconds * static_cast<double>(kSecond));
        builder.event().boot_ns = static_cast<std::uint64_t>(1000 * kSecond + ns);
        builder.event().wall_ns = kWhen + ns;
    }
    static event::FieldRef ref(std::string_view name) {
        std::string error;
        std::string hint;
        const auto found = event::resolve_field(name, error, hint);
        REQUIRE(found);
        return *found;
    }
    rules::Match match() { return {0, rule, builder.event(), counted ? &*counted : nullptr}; }
};

} // namespace rwatch::test
