// SPDX-License-Identifier: MIT OR Apache-2.0
// A condition (the first line) tried on an event made of the lines behind it, FIELD=VALUE each. It says the same each
// time, with results kept and without; its opposite says the opposite; it never holds for a call that it rules out.
#include "fuzz_support.hpp"

#include "rules/condition.hpp"

#include <algorithm>

namespace {

using namespace rwatch;

std::string_view take_line(std::string_view& text) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    return line;
}

std::optional<rules::Condition> compile(std::string_view text) {
    Diagnostics ignored;
    return rules::compile_condition(text, {"input", 1, 1}, ignored);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto text = fuzz::text_of(data, size);
    const auto line = take_line(text);
    const auto condition = compile(line);
    if (!condition)
        return 0;
    event::EventBuilder builder;
    std::string error;
    while (!text.empty()) {
        const auto field = take_line(text);
        const auto end = std::min(field.find('='), field.size());
        (void)builder.set(field.substr(0, end), field.substr(std::min(end + 1, field.size())), error);
    }
    const auto& event = builder.finish();
    const bool holds = condition->matches(event, fuzz::scratch());
    fuzz::require(!holds || condition->calls()[static_cast<std::size_t>(event.call)]);
    rules::Workspace workspace(condition->program());
    workspace.begin_event();
    for (int time = 0; time < 2; ++time)
        fuzz::require(condition->matches(event, fuzz::scratch(), workspace) == holds);
    // One pair of parentheses more may be one too many.
    if (const auto opposite = compile("not (" + std::string(line) + ")"))
        fuzz::require(opposite->matches(event, fuzz::scratch()) != holds);
    return 0;
}
