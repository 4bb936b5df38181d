// SPDX-License-Identifier: MIT OR Apache-2.0
// Which configuration and rule files are in force, and what they say.
#pragma once

#include "app/options.hpp"
#include "config/config.hpp"
#include "rules/rule_set.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace rwatch::app {

/// All that a (re)load read. Errors in diagnostics: nothing of it may be used.
struct Loaded {
    config::Config config;
    std::shared_ptr<const rules::RuleSet> rules; ///< null where there were errors
    std::size_t rule_files = 0;
    Diagnostics diagnostics;                  ///< configuration first, then rules
    std::map<std::string, std::string> texts; ///< by file, for render()
};

/// Reads configuration and rules from the places that the options name. Never throws for what it finds there.
[[nodiscard]] Loaded load(const Options& options);

} // namespace rwatch::app
