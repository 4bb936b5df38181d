// SPDX-License-Identifier: MIT OR Apache-2.0
// What a verb of rwatchctl is, and what it gets to work with.
#pragma once

#include "args.hpp"
#include "client.hpp"
#include "terminal.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace rwatch::ctl {

class Context {
  public:
    Context(Arguments arguments, const Terminal& terminal);

    [[nodiscard]] const Arguments& args() const noexcept { return args_; }
    [[nodiscard]] const Terminal& terminal() const noexcept { return terminal_; }
    [[nodiscard]] bool json() const { return args_.has("json"); }
    /// A connection to the daemon. Throws Failure.
    [[nodiscard]] Client client() const { return Client(args_.value("bus").value_or("system")); }

    /// To standard output, through the pager where it is long. Throws Failure where it can't be written.
    void print(const std::string& text) const;
    /// One document, indented.
    void print(const Json& document) const;
    /// At once, one line, no pager: for verbs that go on.
    void print_line(const std::string& line) const;
    /// JSON on one line. On a terminal all that is not ASCII is written as \u escapes, so that nothing in it can act on
    /// the terminal.
    [[nodiscard]] std::string one_line(const Json& object) const;

  private:
    Arguments args_;
    const Terminal& terminal_;
};

struct Verb {
    std::string_view name;
    std::string_view arguments; ///< "ID... [--note TEXT]"
    std::string_view summary;   ///< one line
    std::string_view details;   ///< more, for --help of the verb; lines of at most 79 columns
    std::span<const OptionSpec> options;
    std::size_t least, most;    ///< positional arguments
    int (*run)(const Context&); ///< exit status; may throw Failure and UsageError
};

inline constexpr std::size_t kAnyNumber = static_cast<std::size_t>(-1);

/// A line on standard error, for the user, prefixed with the program's name.
void complain(const std::string& text);

/// Number of microseconds in "10m". Throws UsageError that names the option.
[[nodiscard]] std::uint64_t span_usec(const std::string& text, std::string_view option);
/// Microseconds since the epoch of "10:30", "-1h", "2026-11-24"…. Throws UsageError that names the option.
[[nodiscard]] std::uint64_t time_usec(const std::string& text, std::string_view option);

extern const Verb kStatusVerb, kReloadVerb, kAlertsVerb, kShowVerb, kAckVerb, kWatchVerb, kEventsVerb, kDetectorsVerb,
    kPauseVerb, kResumeVerb, kCheckVerb, kTestVerb, kRecordVerb, kReplayVerb, kDoctorVerb;

} // namespace rwatch::ctl
