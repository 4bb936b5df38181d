// SPDX-License-Identifier: MIT OR Apache-2.0
// rwatchctl events [CONDITION]: what rwatchd sees, as it sees it, a line each, until interrupted.
#include "command.hpp"
#include "core/error.hpp"
#include "event_text.hpp"

#include <array>
#include <cerrno>
#include <string_view>
#include <unistd.h>

namespace rwatch::ctl {

namespace {

constexpr std::size_t kMostLine = 1U << 20U; // of a daemon that goes on without an end of line

void print_event(const Context& context, const std::string& line) {
    const auto event = Json::parse(line, nullptr, false);
    if (event.is_discarded())
        return complain("rwatchd sent a line that is not JSON");
    if (const auto lost = number(event, "lost"); lost > 0)
        complain(counted(lost, "event") + " not shown: this reader is too slow");
    if (context.json())
        context.print_line(context.one_line(event));
    else if (event.contains("output_fields"))
        context.print_line(event_line(event, context.terminal()));
}

int run_events(const Context& context) {
    const auto& words = context.args().positionals();
    auto client = context.client();
    const auto events = client.open_events(words.empty() ? "" : words.front());
    std::string waiting;
    std::array<char, 65536> bytes{};
    for (;;) {
        const auto got = ::read(events.get(), bytes.data(), bytes.size());
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            throw Failure(kFailed, "cannot read the events: " + errno_text(errno));
        if (got == 0)
            throw Failure(kNotRunning, "rwatchd stopped");
        waiting.append(bytes.data(), static_cast<std::size_t>(got));
        std::size_t begin = 0;
        for (auto end = waiting.find('\n'); end != std::string::npos; end = waiting.find('\n', begin)) {
            print_event(context, waiting.substr(begin, end - begin));
            begin = end + 1;
        }
        waiting.erase(0, begin);
        if (waiting.size() > kMostLine)
            throw Failure(kFailed, "rwatchd sends a line without an end");
    }
}

} // namespace

constinit const Verb kEventsVerb{"events",
                                 "[CONDITION]",
                                 "Print events as they come",
                                 "CONDITION is one of a rule, without lists and macros: only events that it matches\n"
                                 "are printed, else all. One line an event; with --json one object a line. What a\n"
                                 "slow reader could not take is counted. Ends with Ctrl-C.",
                                 {},
                                 0,
                                 1,
                                 run_events};

} // namespace rwatch::ctl
