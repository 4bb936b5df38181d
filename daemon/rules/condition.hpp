// SPDX-License-Identifier: MIT OR Apache-2.0
// A compiled condition: what a rule, or `rwatchctl events`, asks of one event.
#pragma once

#include "core/diagnostic.hpp"
#include "event/event.hpp"
#include "event/fields.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace rwatch::rules {

struct Program; // private to the compiler and the matcher

/// Cheap to copy, immutable, safe to share between threads.
class Condition {
  public:
    Condition() = default; ///< matches nothing
    explicit Condition(std::shared_ptr<const Program> program) noexcept : program_(std::move(program)) {}

    /// Free of allocation. `scratch` is not reset here.
    [[nodiscard]] bool matches(const event::Event& event, event::Scratch& scratch) const noexcept;

    /// Kinds of event that can match at all; others need not be tried.
    [[nodiscard]] event::KindSet kinds() const noexcept;

    [[nodiscard]] const Program* program() const noexcept { return program_.get(); }

  private:
    std::shared_ptr<const Program> program_;
};

/// Compiles a condition that stands alone (no lists, no macros). Nothing where `out` got an error. `where`: place of the text's first byte.
[[nodiscard]] std::optional<Condition> compile_condition(std::string_view text, const Location& where, Diagnostics& out);

} // namespace rwatch::rules
