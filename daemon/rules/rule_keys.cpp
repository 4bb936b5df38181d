// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/rule_keys.hpp"

#include <array>

namespace rwatch::rules {

namespace {

using yaml::MapReader;
using yaml::Node;

void report(const ReadContext& context, const Node& at, std::string code, std::string message, std::string hint = {}) {
    context.out.push_back(
        {Severity::error, std::move(code), {context.file, at.line, at.column}, std::move(message), std::move(hint)});
}

std::optional<event::FieldRef> read_field(const Node& node, std::string_view text, const ReadContext& context) {
    std::string error, hint;
    auto field = event::resolve_field(text, error, hint);
    if (!field)
        report(context, node, "unknown-field", std::move(error), std::move(hint));
    return field;
}

/// A list of field names, or one name.
std::vector<event::FieldRef> read_fields(MapReader& reader, std::string_view key, const ReadContext& context) {
    std::vector<event::FieldRef> out;
    const Node* node = reader.any(key);
    if (node == nullptr)
        return out;
    if (!node->is_scalar() && !node->is_sequence()) {
        reader.error(*node, "wrong-type",
                     "'" + std::string(key) + "' must be a list of fields, not " +
                         std::string(yaml::describe(node->kind)));
        return out;
    }
    const auto count = node->is_scalar() ? 1 : node->items.size();
    if (count > kMaxGroupFields) {
        reader.error(*node, "out-of-range",
                     "'" + std::string(key) + "' has " + std::to_string(count) + " fields, at most " +
                         std::to_string(kMaxGroupFields) + " are taken");
        return out;
    }
    for (std::size_t i = 0; i < count; ++i) {
        const Node& item = node->is_scalar() ? *node : node->items[i];
        if (!item.is_scalar())
            reader.error(item, "wrong-type",
                         "each item of '" + std::string(key) + "' must be a field's name, not " +
                             std::string(yaml::describe(item.kind)));
        else if (const auto field = read_field(item, item.text, context))
            out.push_back(*field);
    }
    return out;
}

/// A duration that must be there and be more than nothing.
std::optional<std::int64_t> read_timespan(MapReader& reader, std::string_view key, const std::string& what) {
    const Node* node = reader.any(key, true);
    const auto span = reader.span(key);
    if (span && (*span <= 0 || *span > kMaxTimespan)) {
        reader.error(*node, "out-of-range",
                     "'" + std::string(key) + "' of " + what + " must be more than 0 and at most 7 days");
        return std::nullopt;
    }
    return span;
}

constexpr std::array<std::pair<std::string_view, CorrelationSpec::Bound::Op>, 6> kBounds{{
    {"gte", CorrelationSpec::Bound::Op::gte},
    {"gt", CorrelationSpec::Bound::Op::gt},
    {"lte", CorrelationSpec::Bound::Op::lte},
    {"lt", CorrelationSpec::Bound::Op::lt},
    {"eq", CorrelationSpec::Bound::Op::eq},
    {"neq", CorrelationSpec::Bound::Op::neq},
}};

void read_bounds(const Node& node, CorrelationSpec& spec, const ReadContext& context) {
    MapReader reader(node, "the correlation's condition", context.file, context.out);
    const Node* field = reader.any("field");
    const auto name = reader.string("field");
    if (name && spec.kind == CorrelationSpec::Kind::value_count)
        spec.field = read_field(*field, *name, context);
    else if (name)
        reader.error(*field, "bad-value", "event_count counts events, not a field", "use type value_count");
    else if (spec.kind == CorrelationSpec::Kind::value_count && field == nullptr)
        reader.error(node, "missing-key", "value_count needs 'field': what is counted");
    for (const auto& [key, op] : kBounds)
        if (const auto number = reader.integer(key, 0, static_cast<std::int64_t>(kMaxBound)))
            spec.bounds.push_back({op, static_cast<std::uint64_t>(*number)});
        else if (reader.any(key) != nullptr)
            return reader.finish(context.unknown_key); // already told
    if (spec.bounds.empty())
        reader.error(node, "missing-key", "the correlation's condition needs one of gte, gt, lte, lt, eq, neq");
    reader.finish(context.unknown_key);
}

std::int64_t read_moment(MapReader& reader, std::string_view key) {
    return reader.span(key).value_or(0);
}

std::optional<TestCase::Step> read_step(const Node& node, const ReadContext& context) {
    if (!node.is_map()) {
        report(context, node, "wrong-type",
               "an event of a test must be a map of fields, not " + std::string(yaml::describe(node.kind)));
        return std::nullopt;
    }
    TestCase::Step step;
    step.where = {context.file, node.line, node.column};
    MapReader reader(node, "a test's event", context.file, context.out);
    step.at_ns = read_moment(reader, "at");
    step.every_ns = read_moment(reader, "every");
    step.repeat = static_cast<std::uint32_t>(reader.integer("repeat", 1, kMaxTestRepeat).value_or(1));
    for (const auto& [key, value] : node.entries) {
        if (key.text == "at" || key.text == "every" || key.text == "repeat")
            continue;
        const auto field = read_field(key, key.text, context);
        if (!field)
            continue;
        if (field->field->set == nullptr)
            report(context, key, "derived-field", "field '" + key.text + "' follows from others and can't be set",
                   "set what it follows from");
        else if (!value.is_scalar() && !value.is_null())
            report(context, value, "wrong-type",
                   "the value of '" + key.text + "' must be text, not " + std::string(yaml::describe(value.kind)));
        else
            step.fields.emplace_back(key.text, value.text);
    }
    return step;
}

std::optional<TestCase> read_test(const Node& node, const ReadContext& context) {
    if (!node.is_map()) {
        report(context, node, "wrong-type", "a test must be a map, not " + std::string(yaml::describe(node.kind)));
        return std::nullopt;
    }
    TestCase test;
    test.where = {context.file, node.line, node.column};
    MapReader reader(node, "a test", context.file, context.out);
    test.name = reader.string("name", true).value_or("");
    if (reader.any("alerts", true) != nullptr)
        test.alerts = static_cast<std::uint64_t>(reader.integer("alerts", 0, kMaxTestRepeat).value_or(0));
    if (reader.any("events", true) != nullptr)
        if (const Node* events = reader.sequence("events"))
            for (const auto& item : events->items)
                if (auto step = read_step(item, context))
                    test.events.push_back(std::move(*step));
    reader.finish(context.unknown_key);
    return test;
}

} // namespace

std::optional<CorrelationSpec> read_correlation(const Node& node, const ReadContext& context) {
    CorrelationSpec spec;
    MapReader reader(node, "a correlation", context.file, context.out);
    const auto before = context.out.size();
    constexpr std::array<std::string_view, 2> kKinds{"event_count", "value_count"};
    (void)reader.any("type", true);
    if (const auto kind = reader.choice("type", kKinds))
        spec.kind = static_cast<CorrelationSpec::Kind>(*kind);
    spec.group_by = read_fields(reader, "group-by", context);
    spec.timespan_ns = read_timespan(reader, "timespan", "a correlation").value_or(0);
    if (reader.any("condition", true) != nullptr)
        if (const Node* bounds = reader.map("condition"))
            read_bounds(*bounds, spec, context);
    const bool good = context.out.size() == before;
    reader.finish(context.unknown_key);
    return good ? std::optional(std::move(spec)) : std::nullopt;
}

std::optional<DebounceSpec> read_debounce(const Node& node, const ReadContext& context) {
    DebounceSpec spec;
    MapReader reader(node, "a debounce", context.file, context.out);
    const auto before = context.out.size();
    spec.for_ns = read_timespan(reader, "for", "a debounce").value_or(0);
    spec.by = read_fields(reader, "by", context);
    const bool good = context.out.size() == before;
    reader.finish(context.unknown_key);
    return good ? std::optional(std::move(spec)) : std::nullopt;
}

std::vector<TestCase> read_tests(const Node& node, const ReadContext& context) {
    std::vector<TestCase> out;
    for (const auto& item : node.items)
        if (auto test = read_test(item, context))
            out.push_back(std::move(*test));
    return out;
}

} // namespace rwatch::rules
