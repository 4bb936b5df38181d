// SPDX-License-Identifier: MIT OR Apache-2.0
// Any text as a condition: compiles or tells why not, with places inside the text; what compiles is tried on events.
#include "fuzz_support.hpp"

#include "rules/condition.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace rwatch::fuzz;
    rwatch::Diagnostics found;
    const auto condition = rwatch::rules::compile_condition(text_of(data, size), {"input", 1, 1}, found);
    require(condition.has_value() != rwatch::has_errors(found));
    require_places(found);
    if (condition)
        for (auto& event : samples())
            (void)condition->matches(*event, scratch());
    return 0;
}
