// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/sigma_tree.hpp"

#include "rules/sigma_test.hpp"

#include <algorithm>

namespace rwatch::rules {

namespace {

constexpr std::size_t kMostValuesShown = 20; // values of one test in the text of a condition

class TreeMaker {
  public:
    TreeMaker(const SigmaSource& source, const SigmaContext& context) : source_(source), tests_(source, context) {}

    std::optional<Expr> make(const SigmaCondition& condition, const Location& rule) {
        std::vector<SigmaFit> records;
        for (const auto& record : source_.records) {
            record_ = &record;
            auto fit = join(condition);
            if (!tests_.good())
                return std::nullopt;
            std::vector<SigmaFit> both;
            both.push_back(tests_.own(record.guard, rule));
            both.push_back(std::move(fit));
            records.push_back(tests_.all(std::move(both), rule));
        }
        auto whole = tests_.any(std::move(records), rule);
        if (auto* expr = std::get_if<Expr>(&whole))
            return std::move(*expr);
        return std::nullopt;
    }

    [[nodiscard]] const std::vector<Location>& places() const noexcept { return tests_.places(); }

  private:
    /// Depth is bounded by the reader of conditions.
    SigmaFit join(const SigmaCondition& condition) {
        if (!tests_.spend(SigmaCost::tests, 1, condition.where))
            return false;
        if (condition.kind == SigmaCondition::Kind::detection)
            return detection(*condition.detection);
        std::vector<SigmaFit> parts;
        for (const auto& child : condition.children)
            if (tests_.good())
                parts.push_back(join(child));
        if (!tests_.good())
            return false;
        switch (condition.kind) {
        case SigmaCondition::Kind::all:
            return tests_.all(std::move(parts), condition.where);
        case SigmaCondition::Kind::any:
            return tests_.any(std::move(parts), condition.where);
        default:
            return tests_.negation(std::move(parts.front()), condition.where);
        }
    }

    SigmaFit detection(const SigmaDetection& detection) {
        std::vector<SigmaFit> parts;
        if (!tests_.spend(SigmaCost::tests, 1, detection.where))
            return false;
        for (const auto& part : detection.parts)
            if (tests_.good())
                parts.push_back(this->detection(part));
        if (!detection.parts.empty())
            return tests_.any(std::move(parts), detection.where);
        const auto tells = [&](const SigmaItem& item) {
            const auto& names = record_->told_by;
            return std::find(names.begin(), names.end(), item.field) != names.end();
        };
        const bool told =
            record_->told_by.empty() || std::any_of(detection.items.begin(), detection.items.end(), tells);
        for (const auto& item : detection.items)
            if (tests_.good())
                parts.push_back(this->item(item, told));
        return tests_.all(std::move(parts), detection.where);
    }

    SigmaFit item(const SigmaItem& item, bool told) {
        std::size_t values = 0;
        for (const auto& value : item.values)
            values += count_values(value);
        if (!tests_.spend(SigmaCost::tests, 1, item.where) || !tests_.spend(SigmaCost::values, values, item.where))
            return false;
        for (const auto& value : item.values)
            if (const auto* name = placeholder(value)) {
                tests_.fail(value.where, "placeholder", "nothing is known that %" + *name + "% could stand for",
                            "write the values into the rule");
                return false;
            }
        if (item.field.empty())
            return tests_.keywords(record_->keywords, item);
        if (const auto* own = find_sigma_field(record_->fields, item.field))
            return field(*own, item);
        const auto named = [&](const SigmaFact& fact) { return fact.name == item.field; };
        const auto fact = std::find_if(record_->facts.begin(), record_->facts.end(), named);
        if (fact != record_->facts.end())
            return fact->condition.empty() && !told ? SigmaFit(false) : tests_.facts(record_->facts, item);
        if (const auto* shared = find_sigma_field(record_->shared, item.field))
            return field(*shared, item);
        if (source_.has(item.field)) // in another record
            return tests_.missing(item);
        std::string error, hint;
        if (!tests_.spend(SigmaCost::names, source_.names().size(), item.where))
            return false;
        if (source_.resolve(item.field, error, hint))
            return tests_.field({item.field, item.field}, item);
        tests_.warn(item.where, "unknown-field", error + ": it counts as missing", std::move(hint));
        return tests_.missing(item);
    }

    SigmaFit field(const SigmaField& field, const SigmaItem& item) {
        if (!field.field.empty())
            return tests_.field(field, item);
        if (!source_.has(item.field))
            tests_.warn(item.where, "missing-field", "no event has a field '" + item.field + "': it counts as missing");
        return tests_.missing(item);
    }

    const SigmaSource& source_;
    SigmaTests tests_;
    const SigmaRecord* record_ = nullptr;
};

/// Writes a tree in words and points its offsets into them.
class Renderer {
  public:
    explicit Renderer(const std::vector<Location>& places) : places_(places) {}

    void render(Expr& expr, bool outermost) {
        switch (expr.kind) {
        case Expr::Kind::all:
        case Expr::Kind::any:
            return joined(expr, outermost);
        case Expr::Kind::negation:
            expr.at = put("not ", expr.at);
            return render(expr.children.front(), false);
        default:
            return test(expr);
        }
    }
    [[nodiscard]] MappedText take() { return std::move(text_); }

  private:
    /// Appends; gives back the offset of what it wrote.
    std::uint32_t put(std::string_view text, std::uint32_t place) {
        const auto at = static_cast<std::uint32_t>(text_.text().size());
        text_.append(text, places_[place]);
        return at;
    }

    void joined(Expr& expr, bool outermost) {
        const auto place = expr.at;
        expr.at = put(outermost ? "" : "(", place);
        for (std::size_t i = 0; i < expr.children.size(); ++i) {
            if (i > 0)
                put(expr.kind == Expr::Kind::all ? " and " : " or ", place);
            render(expr.children[i], false);
        }
        put(outermost ? "" : ")", place);
    }

    void test(Expr& expr) {
        const auto place = expr.at;
        expr.at = expr.left.at = put(expr.left.name, place);
        expr.op_at = put(" " + std::string(word(expr.op)), place) + 1;
        if (expr.right) {
            expr.right->at = put(" " + expr.right->name, place) + 1;
            return;
        }
        const bool many = expr.literals.size() > 1 || expr.op == Operator::in;
        if (!expr.literals.empty())
            put(many ? " (" : " ", place);
        for (std::size_t i = 0; i < expr.literals.size(); ++i)
            literal(expr.literals[i], i);
        if (many)
            put(")", place);
    }

    void literal(Literal& literal, std::size_t index) {
        if (index > kMostValuesShown) {
            literal.at = elided_;
            return;
        }
        const std::string comma(index > 0 ? ", " : "");
        const auto text = index == kMostValuesShown ? std::string("…") : "\"" + literal.text + "\"";
        literal.at = elided_ = put(comma + text, literal.at) + static_cast<std::uint32_t>(comma.size());
    }

    static std::string_view word(Operator op) noexcept {
        switch (op) {
        case Operator::like:
            return "like";
        case Operator::like_cased:
            return "like cased";
        case Operator::search:
            return "has regex";
        default:
            return to_string(op);
        }
    }

    const std::vector<Location>& places_;
    MappedText text_;
    std::uint32_t elided_ = 0; ///< where the values that are not shown would stand
};

} // namespace

std::optional<SigmaTree> make_sigma_tree(const SigmaCondition& condition, const SigmaSource& source,
                                         const Location& rule, const SigmaContext& context) {
    TreeMaker maker(source, context);
    auto expr = maker.make(condition, rule);
    if (!expr)
        return std::nullopt;
    Renderer renderer(maker.places());
    renderer.render(*expr, true);
    return SigmaTree{std::move(*expr), renderer.take()};
}

} // namespace rwatch::rules
