// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/correlation_reader.hpp"

#include "core/time.hpp"
#include "rules/rule_expression.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>

namespace rwatch::rules {

namespace {

using Op = CorrelationTerms::Bound::Op;
using yaml::MapReader;
using yaml::Node;

constexpr std::array<std::string_view, 8> kTypes{"event_count", "value_count", "temporal",         "temporal_ordered",
                                                 "value_sum",   "value_avg",   "value_percentile", "value_median"};
constexpr std::array<std::pair<std::string_view, Op>, 6> kBounds{
    {{"gte", Op::gte}, {"gt", Op::gt}, {"lte", Op::lte}, {"lt", Op::lt}, {"eq", Op::eq}, {"neq", Op::neq}}};

/// Sigma's "90m", with its units for which ours have other words or none: M, y.
std::optional<std::int64_t> sigma_span(std::string_view text) {
    constexpr std::int64_t kMonth = 2'629'746 * kSecond, kYear = 31'556'952 * kSecond;
    if (text.empty() || (text.back() != 'M' && text.back() != 'y'))
        return std::nullopt;
    const auto unit = text.back() == 'M' ? kMonth : kYear;
    text.remove_suffix(1);
    if (text.empty() || text.size() > 3 || text.find_first_not_of("0123456789") != std::string_view::npos)
        return std::nullopt;
    return std::stoll(std::string(text)) * unit;
}

class CorrelationReader {
  public:
    CorrelationReader(const Node& node, const SourceLines& lines, CorrelationForm form, const ReadContext& context)
        : node_(node), lines_(lines), form_(form), context_(context),
          reader_(node, "a correlation", context.file, context.out) {}

    std::optional<CorrelationItem> read() {
        const auto before = context_.out.size();
        item_.where = place(node_);
        (void)reader_.any("type", true);
        if (const auto type = reader_.choice("type", kTypes))
            item_.type = static_cast<CorrelationTerms::Type>(*type);
        known_type_ = context_.out.size() == before;
        item_.rules = words(reader_, "rules", 1, kMaxCorrelatedRules);
        item_.group_by = words(reader_, "group-by", 0, kMaxGroupFields);
        item_.generate = reader_.boolean("generate").value_or(false);
        read_timespan();
        read_aliases();
        read_condition();
        if (known_type_)
            check_rules();
        const bool good = context_.out.size() == before;
        if (good && !is_numeric(item_.type) && !item_.bounds.empty())
            judge_bounds();
        reader_.finish(context_.unknown_key);
        item_.broken = !good;
        // What it counts, and by what, can be wrong beside that: linked all the same, that is told too.
        const bool linkable = good || form_ == CorrelationForm::own_condition_too || !item_.rules.empty();
        return linkable ? std::optional(std::move(item_)) : std::nullopt;
    }

  private:
    [[nodiscard]] Location place(const Node& node) const { return {context_.file, node.line, node.column}; }
    [[nodiscard]] Word word(const Node& node) const { return {node.text, place(node)}; }

    void error(const Node& at, std::string code, std::string message, std::string hint = {}) {
        reader_.error(at, std::move(code), std::move(message), std::move(hint));
    }

    /// A list of names, or one name.
    std::vector<Word> words(MapReader& reader, std::string_view key, std::size_t least, std::size_t most) {
        std::vector<Word> out;
        const Node* node = reader.any(key);
        if (node == nullptr)
            return out;
        const auto name = "'" + std::string(key) + "'";
        if (!node->is_scalar() && !node->is_sequence()) {
            error(*node, "wrong-type",
                  name + " must be a name or a list of names, not " + std::string(yaml::describe(node->kind)));
            return out;
        }
        const auto count = node->is_scalar() ? 1 : node->items.size();
        if (count > most || count < least) {
            error(*node, "out-of-range",
                  name + " has " + std::to_string(count) + " names, " + std::to_string(least) + " to " +
                      std::to_string(most) + " are taken");
            return out;
        }
        for (std::size_t i = 0; i < count; ++i) {
            const Node& item = node->is_scalar() ? *node : node->items[i];
            if (!item.is_scalar() || item.text.empty())
                error(item, "wrong-type",
                      "each item of " + name + " must be a name, not " + std::string(yaml::describe(item.kind)));
            else
                out.push_back(word(item));
        }
        return out;
    }

    void read_timespan() {
        const Node* node = reader_.any("timespan", true);
        if (node == nullptr)
            return;
        auto span = sigma_span(node->text);
        if (!span)
            span = reader_.span("timespan");
        if (span && (*span <= 0 || *span > kMaxTimespan))
            error(*node, "out-of-range", "'timespan' of a correlation must be more than 0 and at most a year");
        item_.timespan_ns = span.value_or(0);
    }

    void read_aliases() {
        const Node* node = reader_.map("aliases");
        if (node == nullptr)
            return;
        if (node->entries.size() > kMaxAliases)
            return error(*node, "out-of-range", "at most " + std::to_string(kMaxAliases) + " aliases are taken");
        for (const auto& [name, fields] : node->entries) {
            if (!fields.is_map() || fields.entries.size() > kMaxCorrelatedRules) {
                error(fields, "wrong-type",
                      "alias '" + name.text + "' must be a map of rules and their fields, not " +
                          std::string(yaml::describe(fields.kind)));
                continue;
            }
            CorrelationItem::Alias alias{word(name), {}};
            for (const auto& [rule, field] : fields.entries) {
                if (!field.is_scalar())
                    error(field, "wrong-type",
                          "what alias '" + name.text + "' stands for must be a field's name, not " +
                              std::string(yaml::describe(field.kind)));
                else
                    alias.fields.emplace_back(word(rule), word(field));
            }
            item_.aliases.push_back(std::move(alias));
        }
    }

    void read_condition() {
        const Node* node = reader_.any("condition", known_type_ && !is_temporal(item_.type));
        if (node == nullptr || !known_type_)
            return;
        if (node->is_map())
            return read_bounds(*node);
        if (!node->is_scalar())
            return error(*node, "wrong-type",
                         "the correlation's condition must be a map or text, not " +
                             std::string(yaml::describe(node->kind)));
        if (!is_temporal(item_.type))
            return error(*node, "wrong-type",
                         std::string(to_string(item_.type)) + " needs a condition such as { gte: 10 }",
                         "conditions over rules are for temporal and temporal_ordered");
        const MappedText text(*node, lines_, context_.file);
        item_.expression = parse_rule_expression(text, item_.rules, context_.out);
    }

    void read_bounds(const Node& node) {
        MapReader reader(node, "the correlation's condition", context_.file, context_.out);
        const auto before = context_.out.size();
        read_fields(node, reader);
        for (const auto& [key, op] : kBounds)
            if (const auto number = read_number(reader, key))
                item_.bounds.push_back({op, *number});
        if (const Node* percentile = reader.any("percentile", item_.type == CorrelationTerms::Type::value_percentile)) {
            const auto number = percentile->as_double();
            if (item_.type != CorrelationTerms::Type::value_percentile)
                error(*percentile, "bad-value", "'percentile' is for value_percentile");
            else if (!number || !(*number >= 0) || *number > 100)
                error(*percentile, "bad-value", "'percentile' must be a number from 0 to 100");
            else
                item_.percentile = *number;
        }
        if (item_.bounds.empty() && context_.out.size() == before)
            error(node, "missing-key", "the correlation's condition needs one of gte, gt, lte, lt, eq, neq");
        reader.finish(Severity::error);
    }

    /// A count is whole: the bounds change their verdict at themselves and beside, nowhere else.
    void judge_bounds() {
        const double least = item_.type == CorrelationTerms::Type::value_count ? 0 : 1; // of an event without the field
        const double most = is_temporal(item_.type) ? static_cast<double>(item_.rules.size()) : kMaxBound + 1.0;
        const auto fits = [&](double count) {
            return count >= least && count <= most &&
                   std::all_of(item_.bounds.begin(), item_.bounds.end(),
                               [&](const auto& bound) { return within(bound, count); });
        };
        const bool some = std::any_of(item_.bounds.begin(), item_.bounds.end(), [&](const auto& bound) {
            return fits(bound.number - 1) || fits(bound.number) || fits(bound.number + 1);
        });
        if (!some && !fits(least) && !fits(most))
            context_.out.push_back({Severity::warning,
                                    "never-true",
                                    item_.where,
                                    "no number of " +
                                        std::string(is_temporal(item_.type) ? "rules" : "events or values") +
                                        " fits the correlation's condition: it never fires",
                                    {}});
    }

    void read_fields(const Node& node, MapReader& reader) {
        const auto type = std::string(to_string(item_.type));
        const bool wanted = item_.type == CorrelationTerms::Type::value_count || is_numeric(item_.type);
        const Node* field = reader.any("field");
        item_.fields = words(reader, "field", 1, kMaxGroupFields);
        if (!wanted && field != nullptr)
            error(*field, "bad-value",
                  type + (is_temporal(item_.type) ? " counts rules" : " counts events") + ", not values of a field",
                  "use type value_count");
        else if (wanted && field == nullptr)
            error(node, "missing-key", type + " needs 'field': what is counted");
        else if (is_numeric(item_.type) && item_.fields.size() > 1)
            error(*field, "bad-value", type + " takes one field");
    }

    std::optional<double> read_number(MapReader& reader, std::string_view key) {
        if (!is_numeric(item_.type)) {
            const auto count = reader.integer(key, 0, kMaxBound);
            return count ? std::optional(static_cast<double>(*count)) : std::nullopt;
        }
        const Node* node = reader.any(key);
        if (node == nullptr)
            return std::nullopt;
        const auto number = node->as_double();
        if (!number || !std::isfinite(*number)) {
            error(*node, "wrong-type", "'" + std::string(key) + "' of the correlation's condition must be a number");
            return std::nullopt;
        }
        return number;
    }

    void check_rules() {
        if (reader_.any("rules") == nullptr && item_.rules.empty() &&
            (form_ == CorrelationForm::rules_only || is_temporal(item_.type)))
            return error(node_, "missing-key",
                         "a correlation of type " + std::string(to_string(item_.type)) + " has no 'rules'");
        if (is_temporal(item_.type) && item_.bounds.empty() && item_.expression.empty())
            item_.bounds.push_back({Op::gte, static_cast<double>(item_.rules.size())});
    }

    const Node& node_;
    const SourceLines& lines_;
    CorrelationForm form_;
    const ReadContext& context_;
    MapReader reader_;
    CorrelationItem item_;
    bool known_type_ = false;
};

} // namespace

std::optional<CorrelationItem> read_correlation(const Node& node, const SourceLines& lines, CorrelationForm form,
                                                const ReadContext& context) {
    return CorrelationReader(node, lines, form, context).read();
}

} // namespace rwatch::rules
