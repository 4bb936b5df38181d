// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/collector.hpp"

#include "core/suggest.hpp"

#include <algorithm>

namespace rwatch::rules {

namespace {

constexpr std::string_view kSource = "syscall";

template <typename Table> std::vector<std::string_view> names_of(const Table& table) {
    std::vector<std::string_view> names;
    for (const auto& entry : table.entries)
        names.push_back(entry.item.name);
    return names;
}

void join(std::optional<MappedText>& text, std::optional<MappedText>& more) {
    if (!more)
        return;
    if (!text)
        text.emplace();
    text->append(" ");
    text->append(*more);
}

void join(std::optional<std::string>& text, const std::optional<std::string>& more) {
    if (more)
        text = text.value_or("") + " " + *more;
}

template <typename T> void extend(std::optional<std::vector<T>>& list, std::optional<std::vector<T>>& more) {
    if (!more)
        return;
    if (!list)
        list.emplace();
    list->insert(list->end(), std::make_move_iterator(more->begin()), std::make_move_iterator(more->end()));
}

template <typename T> void replace(std::optional<T>& value, std::optional<T>& by) {
    if (by)
        value = std::move(by);
}

} // namespace

void Collector::error(const Location& where, std::string code, std::string message, std::string hint) {
    out_.push_back({Severity::error, std::move(code), where, std::move(message), std::move(hint)});
}

void Collector::unknown(std::string_view kind, const std::string& name, const Location& where,
                        std::vector<std::string_view> names) {
    error(where, "nothing-to-change", "there is no earlier " + std::string(kind) + " '" + name + "' to change",
          did_you_mean(name, names));
}

template <typename Item> void Collector::define(Table<Entry<Item>>& table, Item item) {
    const auto now = next_++;
    if (auto* earlier = table.find(item.name)) {
        earlier->item = std::move(item);
        earlier->visibility = now;
        return;
    }
    const auto name = item.name;
    table.insert(name, {std::move(item), now, now});
}

void Collector::add(ListItem item) {
    if (!item.append)
        return define(lists_, std::move(item));
    auto* earlier = lists_.find(item.name);
    if (earlier == nullptr)
        return unknown("list", item.name, item.where, names_of(lists_));
    auto& entries = earlier->item.entries;
    entries.insert(entries.end(), std::make_move_iterator(item.entries.begin()),
                   std::make_move_iterator(item.entries.end()));
    earlier->visibility = next_++;
}

void Collector::add(MacroItem item) {
    if (!item.append)
        return define(macros_, std::move(item));
    auto* earlier = macros_.find(item.name);
    if (earlier == nullptr)
        return unknown("macro", item.name, item.where, names_of(macros_));
    earlier->item.condition.append(" ");
    earlier->item.condition.append(item.condition);
    earlier->item.broken = earlier->item.broken || item.broken;
    earlier->visibility = next_++;
}

bool Collector::same_source(const RuleItem& earlier, const RuleItem& item) {
    const bool same = item.source.empty() || item.source == earlier.source || item.skip_told || earlier.skip_told;
    if (!same)
        error(item.where, "other-source", "rule '" + item.name + "' was of source '" + earlier.source + "' before");
    return same;
}

void Collector::define(RuleItem item) {
    if (item.source.empty())
        item.source = kSource;
    const bool skipped = item.source != kSource;
    if (skipped && !item.skip_told)
        out_.push_back({Severity::warning,
                        "other-source",
                        item.where,
                        "rule '" + item.name + "' is skipped: there are no events of source '" + item.source + "'",
                        {}});
    if (auto* earlier = rules_.find(item.name)) {
        if (!same_source(earlier->item, item))
            return;
        const auto& before = earlier->item.where;
        // Sigma knows rules by their ids: of two without one, nobody said that they are one.
        const bool chance = item.sigma && item.id.empty();
        out_.push_back(
            {chance ? Severity::warning : Severity::note, "redefined", item.where,
             "rule '" + item.name + "' stands in place of that of " + before.file + ":" + std::to_string(before.line),
             chance ? "give each rule an id, or another title" : "'override' changes single keys of a rule"});
        *earlier = {std::move(item), skipped};
        return;
    }
    const auto name = item.name;
    rules_.insert(name, {std::move(item), skipped});
}

void Collector::add(RuleItem item) {
    if (item.mode == RuleItem::Mode::define)
        return define(std::move(item));
    auto* earlier = rules_.find(item.name);
    if (earlier == nullptr)
        return unknown("rule", item.name, item.where, names_of(rules_));
    auto& rule = earlier->item;
    if (!same_source(rule, item))
        return;
    rule.broken = rule.broken || item.broken;
    if (item.mode == RuleItem::Mode::enable)
        replace(rule.enabled, item.enabled);
    else if (item.mode == RuleItem::Mode::append)
        append(rule, item);
    else
        override(rule, item);
}

void Collector::append(RuleItem& rule, RuleItem& more) {
    if (rule.tree)
        return error(more.where, "bad-append", "nothing can be appended to a Sigma rule",
                     "write a filter that names the rule");
    if (!more.condition && !more.exceptions)
        return error(more.where, "bad-append", "nothing is appended: a condition or exceptions are wanted");
    join(rule.condition, more.condition);
    if (more.exceptions)
        add_exceptions(rule, std::move(*more.exceptions));
}

void Collector::override(RuleItem& rule, RuleItem& more) {
    for (const auto& [key, adds] : more.overrides) {
        if (rule.tree && (key == "condition" || key == "exceptions") && adds)
            error(more.where, "bad-override", "'" + key + "' of a Sigma rule can only be replaced",
                  "write a filter that names the rule");
        else if (key == "condition")
            adds ? join(rule.condition, more.condition) : replace(rule.condition, more.condition);
        else if (key == "output")
            adds ? join(rule.output, more.output) : replace(rule.output, more.output);
        else if (key == "desc")
            adds ? join(rule.description, more.description) : replace(rule.description, more.description);
        else if (key == "tags")
            adds ? extend(rule.tags, more.tags) : replace(rule.tags, more.tags);
        else if (key == "references")
            adds ? extend(rule.references, more.references) : replace(rule.references, more.references);
        else if (key == "tests")
            adds ? extend(rule.tests, more.tests) : replace(rule.tests, more.tests);
        else if (key == "exceptions" && adds && more.exceptions)
            add_exceptions(rule, std::move(*more.exceptions));
        else if (key == "exceptions")
            replace(rule.exceptions, more.exceptions);
    }
    // What can only be replaced was read only where `override` names it.
    replace(rule.priority, more.priority);
    replace(rule.enabled, more.enabled);
    replace(rule.skip_if_unknown_filter, more.skip_if_unknown_filter);
    replace(rule.warn_evttypes, more.warn_evttypes);
    replace(rule.respond, more.respond);
    replace(rule.correlation, more.correlation);
    replace(rule.debounce, more.debounce);
}

void Collector::add_exceptions(RuleItem& rule, std::vector<ExceptionItem> more) {
    auto& exceptions = rule.exceptions.emplace(rule.exceptions.value_or(std::vector<ExceptionItem>{}));
    for (auto& item : more) {
        const auto earlier = std::find_if(exceptions.begin(), exceptions.end(),
                                          [&](const ExceptionItem& e) { return e.name == item.name; });
        if (item.values.empty())
            out_.push_back({earlier == exceptions.end() ? Severity::error : Severity::warning,
                            "exception-append",
                            item.where,
                            "exception '" + item.name + "' adds no values",
                            {}});
        if (earlier == exceptions.end()) {
            exceptions.push_back(std::move(item));
            continue;
        }
        if (item.fields || item.comps)
            error(item.where, "exception-append",
                  "exception '" + item.name + "' exists, only values can be added to it");
        earlier->values.insert(earlier->values.end(), std::make_move_iterator(item.values.begin()),
                               std::make_move_iterator(item.values.end()));
    }
}

} // namespace rwatch::rules
