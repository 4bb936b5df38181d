// SPDX-License-Identifier: MIT OR Apache-2.0
// Any text as a condition, and as an output template: compiles or tells why not, with places inside the text; what
// compiles is tried on an event.
#include "event/builder.hpp"
#include "rules/condition.hpp"
#include "rules/output_format.hpp"

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

namespace {

/// An event with something in most fields.
rwatch::event::Event& sample() {
    static rwatch::event::EventBuilder builder;
    static rwatch::event::Event& event = [&]() -> rwatch::event::Event& {
        std::string error;
        constexpr std::pair<std::string_view, std::string_view> kFields[] = {
            {"evt.type", "openat"},           {"fd.name", "/etc/shadow"}, {"proc.name", "cat"},
            {"proc.exepath", "/usr/bin/cat"}, {"proc.aname[1]", "bash"},  {"user.uid", "1000"}};
        for (const auto& [field, value] : kFields)
            if (!builder.set(field, value, error))
                std::abort();
        return builder.finish();
    }();
    return event;
}

/// Every diagnostic must point into the text, so that its excerpt can be shown.
void check(const rwatch::Diagnostics& diagnostics) {
    for (const auto& d : diagnostics)
        if (d.where.line == 0 || d.where.column == 0 || d.message.empty() || d.code.empty())
            std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto scratch = std::make_unique<rwatch::event::Scratch>();
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const rwatch::Location where{"input", 1, 1};
    rwatch::Diagnostics found;
    if (const auto condition = rwatch::rules::compile_condition(text, where, found)) {
        if (rwatch::has_errors(found))
            std::abort();
        scratch->reset();
        (void)condition->matches(sample(), *scratch);
    } else if (!rwatch::has_errors(found)) {
        std::abort();
    }
    check(found);
    found.clear();
    const auto format = rwatch::rules::OutputFormat::compile(text, where, found);
    check(found);
    scratch->reset();
    (void)format.render(sample(), *scratch);
    return 0;
}
