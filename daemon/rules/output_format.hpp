// SPDX-License-Identifier: MIT OR Apache-2.0
// Output templates: "%proc.exepath reads %fd.name". What stands behind a % is a field ("%proc.aname[2]") or a
// transformer
// ("%toupper(proc.name)"), with a width before it ("%10proc.name"); "%%" is a percent sign. A leading * is taken and
// means nothing here, since a missing value never keeps an alert back.
#pragma once

#include "core/diagnostic.hpp"
#include "event/event.hpp"
#include "event/fields.hpp"
#include "rules/mapped_text.hpp"
#include "rules/source.hpp"

#include <cstdint>
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

    /// Fields of the template, those inside transformers too, each once, in order.
    [[nodiscard]] std::span<const event::FieldRef> fields() const noexcept { return fields_; }
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

  private:
    struct Piece {
        std::string literal;     // then
        int source = -1;         // index into sources_, -1: none
        std::uint32_t width = 0; // the value is cut or filled to so many bytes; 0: as long as it is
    };
    class Reader;

    std::string text_;
    std::vector<Piece> pieces_;
    std::vector<Source> sources_;
    std::vector<event::FieldRef> fields_;
};

} // namespace rwatch::rules
