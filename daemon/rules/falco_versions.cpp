// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/falco_versions.hpp"

#include <array>
#include <charconv>
#include <optional>
#include <set>

namespace rwatch::rules {

namespace {

using yaml::Node;

using Version = std::array<std::uint32_t, 3>;
constexpr std::string_view kBuiltIn = "container";

/// "1.2.3"; what follows is not looked at, as there.
std::optional<Version> read_version(std::string_view text) noexcept {
    Version version{};
    for (std::size_t i = 0; i < version.size(); ++i) {
        if (i != 0) {
            if (!text.starts_with('.'))
                return std::nullopt;
            text.remove_prefix(1);
        }
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version[i]);
        if (error != std::errc{})
            return std::nullopt;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    }
    return version;
}

/// A bare number is the middle part.
std::optional<Version> read_engine_version(const Node& node) noexcept {
    std::uint32_t minor = 0;
    const auto* end = node.text.data() + node.text.size();
    const auto [stopped, error] = std::from_chars(node.text.data(), end, minor);
    if (error == std::errc{} && stopped == end && !node.text.empty())
        return Version{0, minor, 0};
    return read_version(node.text);
}

class Plugins {
  public:
    Plugins(const std::string& file, Severity unknown_key, Diagnostics& out)
        : file_(file), unknown_key_(unknown_key), out_(out) {}

    void check(const Node& entry) {
        if (!entry.is_map())
            return report(Severity::error, entry, "wrong-type",
                          "each of 'required_plugin_versions' must be a map, not " +
                              std::string(yaml::describe(entry.kind)));
        std::set<std::string, std::less<>> names;
        yaml::MapReader reader(entry, "a required plugin", file_, out_);
        requirement(reader, names);
        if (const Node* others = reader.sequence("alternatives"))
            for (const auto& other : others->items) {
                if (!other.is_map()) {
                    report(Severity::error, other, "wrong-type",
                           "an alternative must be a map, not " + std::string(yaml::describe(other.kind)));
                    continue;
                }
                yaml::MapReader alternative(other, "an alternative plugin", file_, out_);
                requirement(alternative, names);
                alternative.finish(unknown_key_);
            }
        reader.finish(unknown_key_);
        if (!names.empty() && !names.contains(kBuiltIn))
            report(Severity::warning, entry, "plugin-missing",
                   "plugin '" + *names.begin() + "' does not exist here: rules for its events are left out");
    }

  private:
    void report(Severity severity, const Node& at, std::string code, std::string message) {
        out_.push_back({severity, std::move(code), {file_, at.line, at.column}, std::move(message), {}});
    }

    void requirement(yaml::MapReader& reader, std::set<std::string, std::less<>>& names) {
        const auto name = reader.string("name", true), version = reader.string("version", true);
        if (version && !read_version(*version))
            reader.error(*reader.any("version"), "bad-value", "'" + *version + "' is no version such as 0.4.0");
        if (name && !names.insert(*name).second)
            reader.error(*reader.any("name"), "bad-value", "plugin '" + *name + "' is named twice");
    }

    const std::string& file_;
    Severity unknown_key_;
    Diagnostics& out_;
};

} // namespace

void check_engine_version(const Node& value, const std::string& file, Diagnostics& out) {
    const auto report = [&](std::string code, std::string message) {
        out.push_back({Severity::error, std::move(code), {file, value.line, value.column}, std::move(message), {}});
    };
    const auto wanted = value.is_scalar() ? read_engine_version(value) : std::nullopt;
    const auto ours = *read_version(kFalcoEngineVersion);
    if (!wanted)
        report("bad-value", "'required_engine_version' must be a number or a version such as 0.57.0");
    else if ((*wanted)[0] != ours[0] || *wanted > ours)
        report("engine-version", "these rules need version " + value.text +
                                     " of Falco's engine, the language here is that of " +
                                     std::string(kFalcoEngineVersion));
}

void check_plugin_versions(const Node& value, const std::string& file, Severity unknown_key, Diagnostics& out) {
    if (!value.is_sequence()) {
        out.push_back({Severity::error,
                       "wrong-type",
                       {file, value.line, value.column},
                       "'required_plugin_versions' must be a list, not " + std::string(yaml::describe(value.kind)),
                       {}});
        return;
    }
    Plugins plugins(file, unknown_key, out);
    for (const auto& entry : value.items)
        plugins.check(entry);
}

} // namespace rwatch::rules
