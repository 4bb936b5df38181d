// SPDX-License-Identifier: MIT OR Apache-2.0
// From a condition's tree to nodes of a program: fields resolved, constants prepared, lists and macros put in, equal
// parts shared, kinds of event worked out.
#pragma once

#include "core/diagnostic.hpp"
#include "rules/ast.hpp"
#include "rules/mapped_text.hpp"
#include "rules/program.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace rwatch::rules {

inline constexpr std::uint32_t kMaxConditionTests = 10'000; ///< of one condition, macros put in
inline constexpr std::uint32_t kMaxTreeDepth = 1'000;       ///< of one condition, macros put in
inline constexpr std::size_t kMaxLiterals = 2'000'000;      ///< prepared for one rule set

/// What names in a condition stand for.
class Names {
  public:
    enum class Found : std::uint8_t { yes, no, broken };
    virtual ~Names() = default;
    /// Values of a list, all lists in it put in; null where there is none of that name.
    [[nodiscard]] virtual const std::vector<std::string>* list(std::string_view name) const = 0;
    /// ProgramNode of a macro. broken: it exists and its own diagnostics say what is wrong.
    [[nodiscard]] virtual Found macro(std::string_view name, std::uint32_t& node) = 0;
    [[nodiscard]] virtual std::vector<std::string_view> macro_names() const = 0;
    /// Where a macro stands that is defined too late to be seen here; null where there is none of that name.
    [[nodiscard]] virtual const Location* later_macro(std::string_view name) const = 0;
    /// The list that was surely meant by a word that looks like the name of one and is none; else empty.
    [[nodiscard]] virtual std::string_view near_list(std::string_view word) = 0;
};

/// Adds to a program; knows equal tests and nodes again.
class ProgramBuilder {
  public:
    ProgramBuilder() : program_(std::make_shared<Program>()) {}
    [[nodiscard]] const std::shared_ptr<Program>& program() const noexcept { return program_; }
    [[nodiscard]] const NodeFacts& facts(std::uint32_t node) const noexcept { return program_->facts[node]; }

    [[nodiscard]] std::optional<std::uint32_t> known(const Hash128& hash) const;
    std::uint32_t add_test(Test test, const Hash128& hash, const Outcomes& outcomes);
    /// op: all, any (two or more parts) or negation (one).
    std::uint32_t add(ProgramNode::Op op, const std::vector<std::uint32_t>& parts);
    /// A rule has this condition.
    void use(std::uint32_t node);

    /// Counts prepared constants; false past kMaxLiterals.
    [[nodiscard]] bool spend(std::size_t literals) noexcept { return (literals_ += literals) <= kMaxLiterals; }

  private:
    std::uint32_t push(const ProgramNode& node, const NodeFacts& facts);
    [[nodiscard]] Outcomes outcomes_of(ProgramNode::Op op, const std::vector<std::uint32_t>& parts) const;

    std::shared_ptr<Program> program_;
    std::unordered_map<Hash128, std::uint32_t, HashOfHash> by_hash_;
    std::size_t literals_ = 0;
};

/// Compiles one condition; all its errors go to `out`, then nothing comes back.
[[nodiscard]] std::optional<std::uint32_t> compile_expr(const Expr& expr, const MappedText& text, Names& names,
                                                        ProgramBuilder& builder, Diagnostics& out);

} // namespace rwatch::rules
