// SPDX-License-Identifier: MIT OR Apache-2.0
// Sigma rules for tests: a detection is enough, the rest is put around it.
#pragma once

#include "rules_support.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace rwatch::rules::test {

/// A rule of process_creation (or another log source) with this detection, written with two blanks per level.
inline std::string sigma_rule(std::string_view detection, std::string_view logsource = "category: process_creation") {
    return "title: T\nlogsource:\n  product: linux\n  " + std::string(logsource) + "\ndetection:\n" +
           std::string(detection) + "\n";
}

/// One selection and nothing else.
inline std::string sigma_selection(std::string_view selection) {
    return sigma_rule("  selection:\n    " + std::string(selection) + "\n  condition: selection");
}

/// Names of the rules that fire.
inline std::vector<std::string> fired(const std::shared_ptr<const RuleSet>& set, const Fields& fields) {
    Engine engine;
    engine.install(set);
    Matches matches;
    MadeEvent event(fields);
    event->boot_ns = 1;
    engine.process(*event, scratch(), matches);
    return matches.names;
}

inline bool fires(std::string_view rules, const Fields& fields) {
    return !fired(loaded(rules), fields).empty();
}

/// Codes of the errors.
inline std::vector<std::string> errors_of(std::string_view text) {
    std::vector<std::string> out;
    for (const auto& d : load_text(text).diagnostics)
        if (d.severity == Severity::error)
            out.push_back(d.code);
    return out;
}

inline std::filesystem::path corpus() {
    const char* wanted = std::getenv("RWATCH_CORPUS");
    return wanted != nullptr ? std::filesystem::path(wanted)
                             : std::filesystem::path(RWATCH_SOURCE_ROOT) / "../shared/corpus";
}

inline std::string file_text(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// Every *.yml and *.yaml below a directory, sorted.
inline std::vector<SourceText> texts_below(const std::filesystem::path& directory) {
    std::vector<SourceText> out;
    std::error_code none;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory, none))
        if (entry.path().extension() == ".yml" || entry.path().extension() == ".yaml")
            out.push_back({entry.path().string(), file_text(entry.path())});
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.file < b.file; });
    return out;
}

} // namespace rwatch::rules::test
