// SPDX-License-Identifier: MIT OR Apache-2.0
// Command line arguments by a table of options: long and short, with or without a value, before, between and after the
// other arguments.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace rwatch::ctl {

struct OptionSpec {
    std::string_view name;  ///< without the dashes
    char letter = '\0';     ///< short form; NUL: none
    std::string_view value; ///< what its value is called in the help; "": it takes none
    std::string_view help;
};

/// The command line is wrong; what() says how, in a sentence without full stop.
class UsageError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

class Arguments {
  public:
    [[nodiscard]] bool has(std::string_view option) const { return options_.contains(option); }
    /// Value of an option, the last where it was given more than once.
    [[nodiscard]] std::optional<std::string> value(std::string_view option) const;
    [[nodiscard]] const std::vector<std::string>& positionals() const noexcept { return positionals_; }

    void set(std::string_view option, std::string value) {
        options_.insert_or_assign(std::string(option), std::move(value));
    }
    void add(std::string positional) { positionals_.push_back(std::move(positional)); }

  private:
    std::map<std::string, std::string, std::less<>> options_;
    std::vector<std::string> positionals_;
};

/// Reads `args` from `begin` on into `out`. Where `stop_at_positional`, ends before the first argument that is no
/// option. Gives the index of the first argument that was not read. Throws UsageError.
std::size_t parse_arguments(std::span<const std::string_view> args, std::size_t begin,
                            std::span<const OptionSpec> specs, bool stop_at_positional, Arguments& out);

} // namespace rwatch::ctl
