// SPDX-License-Identifier: MIT OR Apache-2.0
// From the values of a Sigma rule to tests of our fields. What is known when the rule is read (a record's type, a field
// that no event has) is decided here, so that the tree holds only what an event must be asked for.
#pragma once

#include "rules/ast.hpp"
#include "rules/sigma_logsource.hpp"
#include "rules/sigma_value.hpp"

#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <variant>
#include <vector>

namespace rwatch::rules {

/// What is certain, or what an event must be asked for. Offsets in it are indices of SigmaTests::places.
using SigmaFit = std::variant<bool, Expr>;

[[nodiscard]] inline bool is_never(const SigmaFit& fit) noexcept {
    const auto* certain = std::get_if<bool>(&fit);
    return certain != nullptr && !*certain;
}

class SigmaTests {
  public:
    SigmaTests(const SigmaSource& source, const SigmaContext& context) : source_(source), context_(context) {}

    [[nodiscard]] SigmaFit all(std::vector<SigmaFit> parts, const Location& where) {
        return join(Expr::Kind::all, std::move(parts), where);
    }
    [[nodiscard]] SigmaFit any(std::vector<SigmaFit> parts, const Location& where) {
        return join(Expr::Kind::any, std::move(parts), where);
    }
    [[nodiscard]] SigmaFit negation(SigmaFit part, const Location& where);
    /// One of our own conditions, from the tables.
    [[nodiscard]] SigmaFit own(std::string_view condition, const Location& where);

    [[nodiscard]] SigmaFit field(const SigmaField& field, const SigmaItem& item);
    [[nodiscard]] SigmaFit facts(std::span<const SigmaFact> facts, const SigmaItem& item);
    [[nodiscard]] SigmaFit missing(const SigmaItem& item);
    [[nodiscard]] SigmaFit keywords(std::span<const std::string_view> fields, const SigmaItem& item);

    void fail(const Location& where, std::string code, std::string message, std::string hint = {});
    /// Of what our events can't give: a rule is written for any log. Told once, however many records ask for it.
    void warn(const Location& where, std::string code, std::string message, std::string hint = {});
    /// As SigmaContext's.
    [[nodiscard]] bool spend(SigmaCost cost, std::size_t amount, const Location& where);
    /// False once something was wrong.
    [[nodiscard]] bool good() const noexcept { return good_; }
    [[nodiscard]] const std::vector<Location>& places() const noexcept { return places_; }

  private:
    /// Values that one test can be made of.
    struct Group {
        Operator op;
        std::vector<Literal> literals;
    };

    SigmaFit join(Expr::Kind kind, std::vector<SigmaFit> parts, const Location& where);
    template <typename One> SigmaFit linked(const SigmaItem& item, One one);
    template <typename Single, typename Other>
    SigmaFit grouped(const SigmaItem& item, std::span<const std::string_view> fields, Single single, Other other);
    SigmaFit test(std::string_view field, Operator op, std::vector<Literal> literals, const Location& where);
    /// size: of the regular expression's program.
    SigmaFit search(std::string_view field, const std::string& regex, std::size_t size, const Location& where);
    SigmaFit value(const event::FieldRef& ref, const SigmaItem& item, const SigmaValue& value);
    SigmaFit compared(const event::FieldRef& ref, const SigmaItem& item, const SigmaValue& value);
    SigmaFit with_field(const event::FieldRef& ref, const SigmaValue& value);
    SigmaFit keyword(std::span<const std::string_view> fields, const SigmaValue& value);
    std::uint32_t place(const Location& where);

    const SigmaSource& source_;
    const SigmaContext& context_;
    std::vector<Location> places_;
    std::unordered_set<std::string> warned_; ///< messages
    bool good_ = true;
};

} // namespace rwatch::rules
