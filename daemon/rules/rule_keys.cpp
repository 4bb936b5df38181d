// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/rule_keys.hpp"

#include "core/escape.hpp"
#include "core/suggest.hpp"
#include "core/time.hpp"
#include "event/builder.hpp"

#include <algorithm>

namespace rwatch::rules {

namespace {

using yaml::MapReader;
using yaml::Node;

constexpr std::string_view kEventType = "evt.type";

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
void read_by(MapReader& reader, const ReadContext& context, DebounceItem& out) {
    constexpr std::string_view key = "by";
    const Node* node = reader.any(key);
    if (node == nullptr)
        return;
    if (!node->is_scalar() && !node->is_sequence()) {
        reader.error(*node, "wrong-type",
                     "'by' must be a list of fields, not " + std::string(yaml::describe(node->kind)));
        return;
    }
    const auto count = node->is_scalar() ? 1 : node->items.size();
    if (count > kMaxGroupFields) {
        reader.error(*node, "out-of-range",
                     "'by' has " + std::to_string(count) + " fields, at most " + std::to_string(kMaxGroupFields) +
                         " are taken");
        return;
    }
    for (std::size_t i = 0; i < count; ++i) {
        const Node& item = node->is_scalar() ? *node : node->items[i];
        if (!item.is_scalar())
            reader.error(item, "wrong-type",
                         "each item of 'by' must be a field's name, not " + std::string(yaml::describe(item.kind)));
        else if (const auto field = read_field(item, item.text, context)) {
            out.spec.by.push_back(*field);
            out.by_at.push_back({context.file, item.line, item.column});
        }
    }
}

std::string values_of(const event::FieldRef& field, std::string_view value) {
    if (field.field->name == kEventType)
        return did_you_mean(value, event::call_names());
    switch (field.field->type) {
    case event::Type::integer:
        return "it takes a whole number";
    case event::Type::boolean:
        return "it takes true or false";
    case event::Type::address:
        return "it takes an IP address";
    case event::Type::string:
        break;
    }
    return {};
}

/// Sets what one repeat has. False where a value does not fit, which is told where it stands.
bool fits(const TestCase::Step& step, std::uint32_t n, const std::vector<const Node*>& places,
          const ReadContext& context) {
    event::EventBuilder builder;
    bool good = true;
    for (std::size_t i = 0; i < step.fields.size(); ++i) {
        const auto& [name, text] = step.fields[i];
        const auto value = with_number(text, n);
        std::string error, ignored;
        if (builder.set(name, value, error))
            continue;
        report(context, *places[i], "bad-value", std::move(error), values_of(*event::find_field(name, ignored), value));
        good = false;
        if (name == kEventType) // what else it can have is not known then
            break;
    }
    return good;
}

/// How far a test has come.
struct Progress {
    std::int64_t now = 0;
    std::uint64_t events = 0;
};

/// When the step begins and, in `now`, ends. Time does not go back.
void read_times(MapReader& reader, TestCase::Step& step, Progress& progress) {
    auto& now = progress.now;
    const Node* at = reader.any("at");
    step.at_ns = reader.span("at").value_or(0);
    step.every_ns = reader.span("every").value_or(0);
    step.repeat = static_cast<std::uint32_t>(reader.integer("repeat", 1, kMaxTestRepeat).value_or(1));
    progress.events += step.repeat;
    if (progress.events > kMaxTestRepeat && progress.events - step.repeat <= kMaxTestRepeat)
        reader.error(reader.node(), "out-of-range",
                     "a test has more than " + std::to_string(kMaxTestRepeat) + " events, all repeats counted");
    if (at != nullptr && step.at_ns < now)
        reader.error(*at, "bad-value", "'at' is before the event above it, which is at " + format_span(now),
                     "'at' counts from the beginning of the test");
    now = std::max(now, step.at_ns);
    if (now <= kMaxTestTime && step.every_ns <= kMaxTestTime / step.repeat)
        now += step.every_ns * (step.repeat - 1);
    else
        reader.error(reader.node(), "out-of-range", "a test goes on for more than ten years");
}

std::optional<TestCase::Step> read_step(const Node& node, Progress& progress, const ReadContext& context) {
    if (!node.is_map()) {
        report(context, node, "wrong-type",
               "an event of a test must be a map of fields, not " + std::string(yaml::describe(node.kind)));
        return std::nullopt;
    }
    TestCase::Step step;
    step.where = {context.file, node.line, node.column};
    MapReader reader(node, "a test's event", context.file, context.out);
    read_times(reader, step, progress);
    std::vector<const Node*> places;
    for (const auto& [key, value] : node.entries) {
        if (key.text == "at" || key.text == "every" || key.text == "repeat")
            continue;
        const auto field = read_field(key, key.text, context);
        if (!field)
            continue;
        if (!field->supplied())
            report(context, key, "field-not-supplied", "no event has '" + key.text + "'");
        else if (field->field->set == nullptr)
            report(context, key, "derived-field", "field '" + key.text + "' follows from others and can't be set",
                   "set what it follows from");
        else if (!value.is_scalar() && !value.is_null())
            report(context, value, "wrong-type",
                   "the value of '" + key.text + "' must be text, not " + std::string(yaml::describe(value.kind)));
        else {
            step.fields.emplace_back(key.text, value.text);
            places.push_back(&value);
        }
    }
    if (fits(step, 0, places, context) && step.repeat > 1)
        fits(step, step.repeat - 1, places, context);
    return step;
}

std::optional<TestCase> read_test(const Node& node, const ReadContext& context) {
    if (!node.is_map()) {
        report(context, node, "wrong-type", "a test must be a map, not " + std::string(yaml::describe(node.kind)));
        return std::nullopt;
    }
    TestCase test;
    Progress progress;
    test.where = {context.file, node.line, node.column};
    MapReader reader(node, "a test", context.file, context.out);
    test.name = reader.string("name", true).value_or("");
    if (reader.any("alerts", true) != nullptr)
        test.alerts = static_cast<std::uint64_t>(reader.integer("alerts", 0, kMaxTestRepeat).value_or(0));
    if (reader.any("events", true) != nullptr)
        if (const Node* events = reader.sequence("events"))
            for (const auto& item : events->items)
                if (auto step = read_step(item, progress, context))
                    test.events.push_back(std::move(*step));
    reader.finish(context.unknown_key);
    return test;
}

} // namespace

std::string wrong_name(std::string_view name) {
    if (name.size() > kMaxNameText)
        return "has " + std::to_string(name.size()) + " bytes, at most " + std::to_string(kMaxNameText) + " are taken";
    if (const auto at = find_control(name))
        return "has a control character or line break, its byte " + std::to_string(*at + 1);
    return {};
}

std::optional<DebounceItem> read_debounce(const Node& node, const ReadContext& context) {
    DebounceItem item;
    auto& spec = item.spec;
    MapReader reader(node, "a debounce", context.file, context.out);
    const auto before = context.out.size();
    const Node* length = reader.any("for", true);
    spec.for_ns = reader.span("for").value_or(0);
    if (length != nullptr && context.out.size() == before && (spec.for_ns <= 0 || spec.for_ns > kMaxDebounce))
        reader.error(*length, "out-of-range", "'for' of a debounce must be more than 0 and at most 7 days");
    read_by(reader, context, item);
    const bool good = context.out.size() == before;
    reader.finish(context.unknown_key);
    return good ? std::optional(std::move(item)) : std::nullopt;
}

std::vector<TestCase> read_tests(const Node& node, const ReadContext& context) {
    std::vector<TestCase> out;
    for (const auto& item : node.items)
        if (auto test = read_test(item, context))
            out.push_back(std::move(*test));
    return out;
}

} // namespace rwatch::rules
