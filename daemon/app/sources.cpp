// SPDX-License-Identifier: MIT OR Apache-2.0
#include "app/sources.hpp"

#include "core/files.hpp"
#include "core/yaml.hpp"

#include <array>
#include <filesystem>

namespace rwatch::app {

namespace {

constexpr std::array<std::string_view, 2> kConfigSuffixes{".yaml", ".yml"};
constexpr std::string_view kConfigFile = "/etc/rwatch/rwatchd.yaml";

std::vector<std::string> rule_paths(const Options& options, Diagnostics& out) {
    if (options.rules.empty()) {
        const std::vector<std::string> standard(kRuleDirectories.begin(), kRuleDirectories.end());
        return find_files(standard, kRuleSuffixes, out);
    }
    // Named by the admin: each must exist; directories in the order given, each sorted by name.
    std::vector<std::string> paths;
    for (const auto& place : options.rules) {
        std::error_code error;
        const auto status = std::filesystem::status(place, error);
        if (!std::filesystem::exists(status)) {
            out.push_back({Severity::error, "no-such-file", {place, 0, 0}, "no such file or directory", {}});
        } else if (std::filesystem::is_directory(status)) {
            const auto inside = find_files(std::array{place}, kRuleSuffixes, out);
            paths.insert(paths.end(), inside.begin(), inside.end());
        } else {
            paths.push_back(place);
        }
    }
    return paths;
}

std::vector<std::string> config_paths(const Options& options, Diagnostics& out) {
    std::vector<std::string> paths;
    const std::string main_file = options.config_file.empty() ? std::string(kConfigFile) : options.config_file;
    std::error_code error;
    if (!options.config_file.empty() || std::filesystem::exists(main_file, error))
        paths.push_back(main_file);
    std::vector<std::string> directories{main_file.substr(0, main_file.rfind('/') + 1) + "rwatchd.conf.d"};
    if (options.config_file.empty()) {
        directories.emplace_back("/run/rwatch/rwatchd.conf.d");
        directories.emplace_back("/usr/lib/rwatch/rwatchd.conf.d");
    }
    const auto drop_ins = find_files(directories, kConfigSuffixes, out);
    paths.insert(paths.end(), drop_ins.begin(), drop_ins.end());
    return paths;
}

template <typename Source> std::vector<Source> take(std::vector<TextFile> files, Loaded& loaded) {
    std::vector<Source> sources;
    for (auto& file : files) {
        loaded.texts[file.path] = file.text;
        sources.push_back({std::move(file.path), std::move(file.text)});
    }
    return sources;
}

void append(Diagnostics& to, Diagnostics&& from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

} // namespace

Loaded load(const Options& options) {
    Loaded loaded;
    auto& out = loaded.diagnostics;
    auto configuration =
        config::read(take<config::SourceText>(read_files(config_paths(options, out), yaml::kMaxText, out), loaded));
    loaded.config = std::move(configuration.config);
    append(out, std::move(configuration.diagnostics));

    const auto files = take<rules::SourceText>(read_files(rule_paths(options, out), yaml::kMaxText, out), loaded);
    loaded.rule_files = files.size();
    auto rules = rules::load(files);
    append(out, std::move(rules.diagnostics));
    if (!has_errors(out))
        loaded.rules = std::move(rules.set);
    return loaded;
}

} // namespace rwatch::app
