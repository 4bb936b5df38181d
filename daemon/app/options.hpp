// SPDX-License-Identifier: MIT OR Apache-2.0
// The command line of rwatchd.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace rwatch::app {

enum class ConsoleOption { none, text, json };

struct Options {
    std::string config_file;        ///< "" the standard places
    std::vector<std::string> rules; ///< empty: the standard directories
    std::string bus = "system";     ///< system, session, none or an address
    ConsoleOption console = ConsoleOption::none;
    std::string state_dir = "/var/lib/rwatch";
    std::string replay; ///< a capture to run the rules over; "" the kernel
    bool check = false;
    bool verbose = false;
};

/// What to do after reading the command line: run with the options, or print `text` and exit with `status`
/// (systemd.exec(5): 0, 2 usage).
struct ParsedOptions {
    std::optional<Options> options;
    std::string text;
    int status = 0;
};

[[nodiscard]] ParsedOptions parse_options(int argc, char** argv);

} // namespace rwatch::app
