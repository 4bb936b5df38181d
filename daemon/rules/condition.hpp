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

/// Working memory of one thread that tries many conditions: room for a field's values, and what is known already of the
/// event at hand. Tests and parts of conditions that rules of one set share are worked out once for each event.
class Workspace {
  public:
    Workspace() = default; ///< keeps nothing
    /// Keeps the results of what the conditions of one rule set share.
    explicit Workspace(std::shared_ptr<const Program> program);

    /// Before the first condition is tried for another event.
    void begin_event() noexcept { ++event_; }

  private:
    friend class Condition;
    std::shared_ptr<const Program> program_;
    std::vector<std::uint64_t> results_; ///< by slot of the program: twice the event's number, plus the result
    std::uint64_t event_ = 0;            ///< its number, from 1
    event::Values values_;
};

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
    [[nodiscard]] bool matches(const event::Event& event, event::Scratch& scratch, Workspace& workspace) const noexcept;

    /// Calls whose events can match at all; others need not be tried.
    [[nodiscard]] event::CallSet calls() const noexcept;

    [[nodiscard]] const std::shared_ptr<const Program>& program() const noexcept { return program_; }
    [[nodiscard]] std::uint32_t root() const noexcept { return root_; } ///< its node there

    /// What it compares whole with a path field, as patterns of glob(7).
    [[nodiscard]] std::vector<std::string> watched_paths() const;

    /// Whether it asks for a field that may be known only a little later.
    [[nodiscard]] bool asks_late() const;

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
