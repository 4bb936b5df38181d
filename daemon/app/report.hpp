// SPDX-License-Identifier: MIT OR Apache-2.0
// Diagnostics for people: on a terminal with the source line and a caret, in the journal one message a line.
#pragma once

#include "app/sources.hpp"

#include <ostream>

namespace rwatch::app {

/// To the log; texts: sources by file, for the excerpt.
void log_diagnostic(const Diagnostic& diagnostic, const std::map<std::string, std::string>& texts);

/// For --check: every diagnostic, then one line that sums up.
void print_check(const Loaded& loaded, std::ostream& out);

} // namespace rwatch::app
