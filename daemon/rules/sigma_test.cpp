// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/sigma_test.hpp"

#include "rules/case_fold.hpp"
#include "rules/parser.hpp"
#include "rules/text_like.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cmath>
#include <re2/re2.h>

namespace rwatch::rules {

namespace {

using event::Type;
using Kind = SigmaValue::Kind;

constexpr std::string_view kTime = "evt.time.";

bool is_integer(std::string_view text) noexcept {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size();
}

bool is_boolean(std::string_view text) noexcept {
    return text == "true" || text == "false";
}

Operator like(const SigmaValue& value) noexcept {
    return value.cased ? Operator::like_cased : Operator::like;
}

/// The pattern of a value that may stand anywhere in a text.
std::string anywhere(const SigmaValue& value) {
    auto text = value.text;
    text.open_begin();
    text.open_end();
    return text.pattern();
}

bool is_simple(const SigmaValue& value) noexcept {
    const bool empty = value.kind == Kind::text && value.text.empty();
    return (value.kind == Kind::text && !empty) || value.kind == Kind::number || value.kind == Kind::boolean;
}

/// The cheapest test of a field's type for one simple value.
std::pair<Operator, std::string> simple_test(const event::FieldRef& ref, const SigmaValue& value) {
    const auto& text = value.text;
    if (text.has_wildcards())
        return {like(value), text.pattern()};
    const auto plain = text.text();
    const auto folded = fold_case(plain);
    switch (ref.field->type) {
    case Type::integer:
        return is_integer(plain) ? std::pair(Operator::in, plain) : std::pair(like(value), text.pattern());
    case Type::boolean:
        return is_boolean(folded) ? std::pair(Operator::in, folded) : std::pair(like(value), text.pattern());
    case Type::address:
        return event::parse_address(plain) ? std::pair(Operator::in, plain) : std::pair(like(value), text.pattern());
    case Type::string:
        break;
    }
    if (ref.field->name == "evt.type" && !value.cased) // names of calls are lower case
        return {Operator::in, folded};
    return {like(value), text.pattern()};
}

void set_places(Expr& expr, std::uint32_t place) {
    expr.at = expr.op_at = expr.left.at = place;
    for (auto& literal : expr.literals)
        literal.at = place;
    for (auto& child : expr.children)
        set_places(child, place);
}

/// Whole numbers that a comparison with any number comes down to.
std::string whole_bound(Operator op, double number) {
    constexpr double kMost = 9.2e18; // within 64 bits
    const bool up = op == Operator::lt || op == Operator::ge;
    const auto bound = std::clamp(up ? std::ceil(number) : std::floor(number), -kMost, kMost);
    return std::to_string(static_cast<std::int64_t>(bound));
}

/// A number stands alone where it is a keyword: "6" is not in "16".
std::string alone(std::string_view number) {
    return R"((?:^|[^0-9A-Za-z_]))" + re2::RE2::QuoteMeta(re2::StringPiece(number.data(), number.size())) +
           R"((?:$|[^0-9A-Za-z_]))";
}

/// Does a value fit a text that is known now?
bool fits_known(const SigmaValue& value, std::string_view known) {
    switch (value.kind) {
    case Kind::text:
    case Kind::number:
    case Kind::boolean:
        return TextLike({value.text.pattern()}, !value.cased).fits(known);
    case Kind::regex: {
        const re2::RE2 regex(value.regex, re2::RE2::Quiet);
        return regex.ok() && re2::RE2::PartialMatch(re2::StringPiece(known.data(), known.size()), regex);
    }
    case Kind::exists:
        return value.boolean;
    case Kind::variants:
        return std::any_of(value.variants.begin(), value.variants.end(),
                           [&](const SigmaValue& variant) { return fits_known(variant, known); });
    default:
        return false;
    }
}

/// Does a value fit a field that is never there?
bool fits_nothing(const SigmaValue& value) noexcept {
    return value.kind == Kind::null || (value.kind == Kind::exists && !value.boolean) ||
           (value.kind == Kind::text && value.text.empty());
}

} // namespace

std::uint32_t SigmaTests::place(const Location& where) {
    places_.push_back(where);
    return static_cast<std::uint32_t>(places_.size() - 1);
}

void SigmaTests::fail(const Location& where, std::string code, std::string message, std::string hint) {
    good_ = false;
    context_.report(Severity::error, where, std::move(code), std::move(message), std::move(hint));
}

void SigmaTests::warn(const Location& where, std::string code, std::string message, std::string hint) {
    if (warned_.insert(message).second)
        context_.report(Severity::warning, where, std::move(code), std::move(message), std::move(hint));
}

bool SigmaTests::spend(SigmaCost cost, std::size_t amount, const Location& where) {
    good_ = good_ && context_.spend(cost, amount, where);
    return good_;
}

SigmaFit SigmaTests::join(Expr::Kind kind, std::vector<SigmaFit> parts, const Location& where) {
    const bool decides = kind == Expr::Kind::any; // a part that is certainly this decides the whole
    Expr out;
    out.kind = kind;
    out.at = place(where);
    for (auto& part : parts) {
        if (const auto* certain = std::get_if<bool>(&part)) {
            if (*certain == decides)
                return decides;
            continue;
        }
        auto& expr = std::get<Expr>(part);
        if (expr.kind == kind)
            std::move(expr.children.begin(), expr.children.end(), std::back_inserter(out.children));
        else
            out.children.push_back(std::move(expr));
    }
    if (out.children.empty())
        return !decides;
    if (out.children.size() > 1)
        return out;
    auto only = std::move(out.children.front());
    return only;
}

SigmaFit SigmaTests::negation(SigmaFit part, const Location& where) {
    if (const auto* certain = std::get_if<bool>(&part))
        return !*certain;
    Expr out;
    out.kind = Expr::Kind::negation;
    out.at = place(where);
    out.children.push_back(std::move(std::get<Expr>(part)));
    return out;
}

SigmaFit SigmaTests::own(std::string_view condition, const Location& where) {
    if (condition.empty())
        return true;
    Diagnostics wrong;
    auto expr = parse_condition(MappedText(condition, {}), wrong);
    assert(expr);
    set_places(*expr, place(where));
    return std::move(*expr);
}

SigmaFit SigmaTests::test(std::string_view field, Operator op, std::vector<Literal> literals, const Location& where) {
    std::size_t bytes = 0;
    for (const auto& literal : literals)
        bytes += literal.text.size();
    if (!spend(SigmaCost::tests, 1, where) || !spend(SigmaCost::values, literals.size(), where) ||
        !spend(SigmaCost::bytes, bytes, where))
        return false;
    Expr out;
    out.at = out.op_at = out.left.at = place(where);
    out.left.name = field;
    out.op = op;
    out.literals = std::move(literals);
    return out;
}

SigmaFit SigmaTests::search(std::string_view field, const std::string& regex, std::size_t size, const Location& where) {
    if (!spend(SigmaCost::regexes, size, where))
        return false;
    return test(field, Operator::search, {{regex, place(where), false}}, where);
}

template <typename One> SigmaFit SigmaTests::linked(const SigmaItem& item, One one) {
    std::vector<SigmaFit> parts;
    for (const auto& value : item.values)
        if (good_)
            parts.push_back(one(value));
    auto out = item.all ? all(std::move(parts), item.where) : any(std::move(parts), item.where);
    return item.negated ? negation(std::move(out), item.where) : std::move(out);
}

/// Where one value is enough, those that can share a test do so.
template <typename Single, typename Other>
SigmaFit SigmaTests::grouped(const SigmaItem& item, std::span<const std::string_view> fields, Single single,
                             Other other) {
    std::vector<Group> groups;
    std::vector<SigmaFit> parts;
    const auto make = [&](Group& group) {
        std::vector<SigmaFit> any_field;
        const auto where = places_[group.literals.front().at]; // a copy: places grow
        for (const auto field : fields)
            any_field.push_back(test(field, group.op, group.literals, where));
        return any(std::move(any_field), where);
    };
    for (const auto& value : item.values) {
        if (!good_)
            return false;
        std::vector<std::pair<Operator, std::string>> tests;
        if (!single(value, tests)) {
            parts.push_back(other(value));
            continue;
        }
        for (auto& one : tests) {
            auto group = std::find_if(groups.begin(), groups.end(), [&](const Group& g) { return g.op == one.first; });
            if (group == groups.end())
                group = groups.insert(group, {one.first, {}});
            group->literals.push_back({std::move(one.second), place(value.where), false});
        }
        if (item.all) { // each value for itself
            std::vector<SigmaFit> ways;
            ways.reserve(groups.size());
            for (auto& group : groups)
                ways.push_back(make(group));
            parts.push_back(any(std::move(ways), value.where));
            groups.clear();
        }
    }
    for (auto& group : groups)
        parts.push_back(make(group));
    auto out = item.all ? all(std::move(parts), item.where) : any(std::move(parts), item.where);
    return item.negated ? negation(std::move(out), item.where) : std::move(out);
}

SigmaFit SigmaTests::missing(const SigmaItem& item) {
    return linked(item, [](const SigmaValue& value) -> SigmaFit { return fits_nothing(value); });
}

SigmaFit SigmaTests::facts(std::span<const SigmaFact> facts, const SigmaItem& item) {
    return linked(item, [&](const SigmaValue& value) {
        std::vector<SigmaFit> ways;
        for (const auto& fact : facts)
            if (fact.name == item.field && spend(SigmaCost::values, count_values(value), value.where) &&
                spend(SigmaCost::regexes, value.regex_size, value.where) && fits_known(value, fact.value))
                ways.push_back(own(fact.condition, value.where));
        return any(std::move(ways), value.where);
    });
}

SigmaFit SigmaTests::field(const SigmaField& field, const SigmaItem& item) {
    std::string error, hint;
    const auto ref = event::resolve_field(field.field, error, hint);
    if (!ref) {
        fail(item.where, "unknown-field", std::move(error), std::move(hint));
        return false;
    }
    const auto name = event::to_string(*ref);
    const std::string_view names[] = {name};
    const auto single = [&](const SigmaValue& value, std::vector<std::pair<Operator, std::string>>& tests) {
        if (!is_simple(value))
            return false;
        tests.push_back(simple_test(*ref, value));
        if (!field.ending.empty())
            tests.emplace_back(tests.back().first, tests.back().second + std::string(field.ending));
        return true;
    };
    return grouped(item, names, single, [&](const SigmaValue& one) { return value(*ref, item, one); });
}

SigmaFit SigmaTests::value(const event::FieldRef& ref, const SigmaItem& item, const SigmaValue& one) {
    const auto name = event::to_string(ref);
    const auto& where = one.where;
    switch (one.kind) {
    case Kind::null:
        return negation(test(name, Operator::exists, {}, where), where);
    case Kind::text:
        if (one.text.empty()) { // empty texts are not there in our events
            std::vector<SigmaFit> ways;
            ways.push_back(negation(test(name, Operator::exists, {}, where), where));
            ways.push_back(test(name, Operator::like, {{"", place(where), false}}, where));
            return any(std::move(ways), where);
        }
        [[fallthrough]];
    case Kind::number:
    case Kind::boolean: {
        auto [op, text] = simple_test(ref, one);
        return test(name, op, {{std::move(text), place(where), false}}, where);
    }
    case Kind::regex:
        return search(name, one.regex, one.regex_size, where);
    case Kind::network:
        if (ref.field->type != Type::address) {
            warn(where, "modifier-type", "'" + item.field + "' holds no address: no block fits it");
            return false;
        }
        return test(name, Operator::in, {{one.written, place(where), false}}, where);
    case Kind::exists: {
        auto there = test(name, Operator::exists, {}, where);
        return one.boolean ? std::move(there) : negation(std::move(there), where);
    }
    case Kind::compare:
    case Kind::moment:
        return compared(ref, item, one);
    case Kind::field:
        return with_field(ref, one);
    case Kind::variants: {
        std::vector<SigmaFit> ways;
        for (const auto& variant : one.variants)
            ways.push_back(value(ref, item, variant));
        return any(std::move(ways), where);
    }
    }
    return false;
}

SigmaFit SigmaTests::compared(const event::FieldRef& ref, const SigmaItem& item, const SigmaValue& one) {
    constexpr std::array<std::string_view, 4> kTimes{"evt.time", "evt.time.iso8601", "evt.datetime", "evt.rawtime"};
    auto name = event::to_string(ref);
    if (!one.moment.empty()) {
        if (std::find(kTimes.begin(), kTimes.end(), name) == kTimes.end()) {
            warn(one.where, "modifier-type", "'" + item.field + "' holds no time: no part of one fits it");
            return false;
        }
        name = std::string(kTime) + std::string(one.moment);
    } else if (ref.field->type != Type::integer) {
        warn(one.where, "modifier-type", "'" + item.field + "' holds no number: no comparison with one is true");
        return false;
    }
    const auto op = one.kind == Kind::moment ? Operator::eq : one.op;
    return test(name, op, {{whole_bound(op, one.number), place(one.where), false}}, one.where);
}

SigmaFit SigmaTests::with_field(const event::FieldRef& ref, const SigmaValue& one) {
    std::string error, hint;
    const auto other = source_.resolve(one.text.text(), error, hint);
    if (!other) {
        warn(one.where, "unknown-field", error + ": it counts as missing", std::move(hint));
        return false;
    }
    const auto op = one.open_begin && one.open_end ? Operator::contains
                    : one.open_begin               ? Operator::endswith
                    : one.open_end                 ? Operator::startswith
                                                   : Operator::eq;
    auto out = test(event::to_string(ref), op, {}, one.where);
    if (auto* expr = std::get_if<Expr>(&out))
        expr->right = Operand{Operand::Kind::field, event::to_string(*other), expr->at, {}, {}};
    return out;
}

SigmaFit SigmaTests::keywords(std::span<const std::string_view> fields, const SigmaItem& item) {
    const auto single = [&](const SigmaValue& value, std::vector<std::pair<Operator, std::string>>& tests) {
        if (value.kind != Kind::text && value.kind != Kind::boolean)
            return false;
        tests.emplace_back(like(value), anywhere(value));
        return true;
    };
    return grouped(item, fields, single, [&](const SigmaValue& value) { return keyword(fields, value); });
}

SigmaFit SigmaTests::keyword(std::span<const std::string_view> fields, const SigmaValue& value) {
    std::vector<SigmaFit> ways;
    if (value.kind == Kind::variants) {
        for (const auto& variant : value.variants)
            ways.push_back(keyword(fields, variant));
        return any(std::move(ways), value.where);
    }
    if (value.kind == Kind::text || value.kind == Kind::boolean) {
        for (const auto field : fields)
            ways.push_back(test(field, like(value), {{anywhere(value), place(value.where), false}}, value.where));
        return any(std::move(ways), value.where);
    }
    if (value.kind != Kind::regex && value.kind != Kind::number) {
        fail(value.where, "modifier-type", "this can only be asked of a field");
        return false;
    }
    const bool number = value.kind == Kind::number;
    const auto regex = number ? alone(value.text.text()) : value.regex;
    for (const auto field : fields)
        ways.push_back(search(field, regex, number ? regex.size() : value.regex_size, value.where));
    return any(std::move(ways), value.where);
}

} // namespace rwatch::rules
