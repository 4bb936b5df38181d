// SPDX-License-Identifier: MIT OR Apache-2.0
// A compiled condition: what a rule, or `rwatchctl events`, asks of one event.
#pragma once

#include "core/diagnostic.hpp"
#include "event/event.hpp"
#include "event/fields.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rwatch::rules {

struct Program; // private to the compiler and the matcher

/// Cheap to copy, immutable, safe to share between threads.
class Condition {
  public:
    Condition() = default; ///< matches nothing
    /// Conditions of one rule set share a program; each has its own root in it.
    Condition(std::shared_ptr<const Program> program, std::uint32_t root) noexcept
        : program_(std::move(program)), root_(root) {}

    /// Free of allocation. `scratch` is not reset here.
    [[nodiscard]] bool matches(const event::Event& event, event::Scratch& scratch) const noexcept;
    /// The same with the caller's working memory, for who tries many conditions.
    [[nodiscard]] bool matches(const event::Event& event, event::Scratch& scratch,
                               event::Values& values) const noexcept;

    /// Kinds of event that can match at all; others need not be tried.
    [[nodiscard]] event::KindSet kinds() const noexcept;

    /// Literals that it compares whole with a path field.
    [[nodiscard]] std::vector<std::string> watched_paths() const;

    /// Equal for conditions that ask the same, lists and macros put in.
    [[nodiscard]] std::uint64_t fingerprint() const noexcept;

  private:
    std::shared_ptr<const Program> program_;
    std::uint32_t root_ = 0;
};

/// Compiles a condition that stands alone (no lists, no macros). Nothing where `out` got an error. `where`: place of
/// the text's first byte.
[[nodiscard]] std::optional<Condition> compile_condition(std::string_view text, const Location& where,
                                                         Diagnostics& out);

} // namespace rwatch::rules
