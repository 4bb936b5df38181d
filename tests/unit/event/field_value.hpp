// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "event/fields.hpp"

#include <catch2/catch.hpp>
#include <memory>
#include <string>

namespace rwatch::test {

/// All values of a field as text, joined by a blank; "<missing>" where there is none.
inline std::string value(const event::Event& of, const std::string& name) {
    std::string error;
    std::string hint;
    const auto ref = event::resolve_field(name, error, hint);
    REQUIRE(ref);
    const auto scratch = std::make_unique<event::Scratch>();
    scratch->reset();
    event::Values values;
    event::read(*ref, of, *scratch, values);
    std::string text;
    for (const auto& item : values.items()) {
        text += text.empty() ? "" : " ";
        event::append_text(item, text);
    }
    return values.empty() ? "<missing>" : text;
}

} // namespace rwatch::test
