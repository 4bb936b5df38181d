// SPDX-License-Identifier: MIT OR Apache-2.0
// Any text as an output template, written for events with hostile values: what they hold never gets a control character
// or broken UTF-8 into a line whose template has none.
#include "fuzz_support.hpp"

#include "core/escape.hpp"
#include "rules/output_format.hpp"

#include <algorithm>

namespace {

bool is_clean(std::string_view text) {
    return rwatch::utf8_prefix(text) == text.size() && std::none_of(text.begin(), text.end(), [](char c) {
               return static_cast<unsigned char>(c) < ' ' || c == '\x7f';
           });
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace rwatch::fuzz;
    rwatch::Diagnostics found;
    const auto text = text_of(data, size);
    const auto format = rwatch::rules::OutputFormat::compile(text, {"input", 1, 1}, found);
    require_places(found);
    for (auto& event : samples()) {
        const auto line = format.render(*event, scratch());
        require(is_clean(line) || !is_clean(text));
        require(line == format.render(*event, scratch()));
    }
    return 0;
}
