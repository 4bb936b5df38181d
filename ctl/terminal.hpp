// SPDX-License-Identifier: MIT OR Apache-2.0
// What standard output is, and how text gets there: colour and tables only on a terminal, and a pager as systemctl uses
// it.
#pragma once

#include <cstddef>
#include <string>

namespace rwatch::ctl {

struct Terminal {
    bool tty = false; ///< tables, truncation, pager
    bool colour = false;
    bool utf8 = false;
    std::size_t width = 80, rows = 24;
};

/// Looks at standard output and at NO_COLOR, TERM, COLUMNS, LINES and the locale (which main has set).
[[nodiscard]] Terminal detect_terminal();

/// Writes all of `text` to standard output; through a pager where it is a terminal, the text is longer than it, and
/// `pager` allows. False where writing failed (a reader that left is no failure).
bool show(const std::string& text, const Terminal& terminal, bool pager);

} // namespace rwatch::ctl
