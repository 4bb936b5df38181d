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

std::optional<DebounceSpec> read_debounce(const Node& node, const ReadContext& context) {
    DebounceSpec spec;
    MapReader reader(node, "a debounce", context.file, context.out);
    const auto before = context.out.size();
    const Node* length = reader.any("for", true);
    spec.for_ns = reader.span("for").value_or(0);
    if (length != nullptr && context.out.size() == before && (spec.for_ns <= 0 || spec.for_ns > kMaxDebounce))
        reader.error(*length, "out-of-range", "'for' of a debounce must be more than 0 and at most 7 days");
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
