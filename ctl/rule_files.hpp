// SPDX-License-Identifier: MIT OR Apache-2.0
// Rule files named on the command line, in the order in which the daemon would load them.
#pragma once

#include "core/diagnostic.hpp"
#include "diagnostics_text.hpp"
#include "rules/rule_set.hpp"

#include <string>
#include <vector>

namespace rwatch::ctl {

struct RuleFiles {
    std::vector<rules::SourceText> texts; ///< by file name, as the daemon loads them
    Diagnostics diagnostics;              ///< what could not be read
};

/// Files as they are named; of folders every *.yaml, *.yml and *.json in them, not below.
[[nodiscard]] RuleFiles read_rule_files(const std::vector<std::string>& paths);

/// What the daemon would load of its own. root: goes before each path.
[[nodiscard]] RuleFiles read_installed_rules(const std::string& root = {});

/// Rules, and all that is to be said of them.
struct LoadedRules {
    std::vector<rules::SourceText> texts;
    rules::LoadResult result;
    Diagnostics diagnostics; ///< of the files and of the rules
    bool ok = false;         ///< no errors: result.set is there

    /// Texts by file, for excerpts.
    [[nodiscard]] Sources sources() const;
};
[[nodiscard]] LoadedRules load_rules(RuleFiles files);

/// "" or why not. Reads one byte past what a rule file may have, so that the reader of rules sees a file that is too
/// big.
[[nodiscard]] std::string read_rule_file(const std::string& path, std::string& content);

} // namespace rwatch::ctl
