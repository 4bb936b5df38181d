// SPDX-License-Identifier: MIT OR Apache-2.0
// Output templates: "%proc.exepath reads %fd.name". A field may have a width ("%10proc.name") and an argument
// ("%proc.aname[2]"); a leading * is taken and means nothing here, since a missing value never keeps an alert back.
#pragma once

#include "core/diagnostic.hpp"
#include "event/event.hpp"
#include "event/fields.hpp"
#include "rules/mapped_text.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rwatch::rules {

class OutputFormat {
  public:
    OutputFormat() = default;

    /// Reads a template; unknown fields are errors in `out`. `where`: place of the text's first byte.
    static OutputFormat compile(std::string_view text, const Location& where, Diagnostics& out);
    static OutputFormat compile(const MappedText& text, Diagnostics& out);

    /// The text with each field's value (escaped: untrusted bytes stay on one line); "<NA>" for a missing one, as
    /// Falco; several values as "(a,b)".
    [[nodiscard]] std::string render(const event::Event& event, event::Scratch& scratch) const;

    /// Fields of the template, each once, in order.
    [[nodiscard]] std::span<const event::FieldRef> fields() const noexcept { return fields_; }
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

  private:
    struct Piece {
        std::string literal;     // then
        int field = -1;          // index into fields_, -1: none
        std::uint32_t width = 0; // the value is cut or filled to so many bytes; 0: as long as it is
    };
    /// Takes the field that `name` begins with; gives back how many bytes it has. Finishes `piece`.
    std::size_t add_field(std::string_view name, Piece& piece,
                          const std::function<void(std::string, std::string)>& report);

    std::string text_;
    std::vector<Piece> pieces_;
    std::vector<event::FieldRef> fields_;
};

} // namespace rwatch::rules
