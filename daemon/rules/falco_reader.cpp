// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/falco_reader.hpp"

#include "core/suggest.hpp"
#include "rules/correlation_reader.hpp"
#include "rules/falco_versions.hpp"
#include "rules/lexer.hpp"
#include "rules/sigma_reader.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace rwatch::rules {

namespace {

using yaml::MapReader;
using yaml::Node;

// What `override` may do with a rule's keys; the first ones of both can also be appended to.
constexpr std::array<std::string_view, 7> kAppendable{"condition",  "output",     "desc", "tags",
                                                      "exceptions", "references", "tests"};
constexpr std::array<std::string_view, 16> kReplaceable{
    "condition",        "output",     "desc",    "tags",    "exceptions", "references",    "tests",
    "priority",         "enabled",    "capture", "respond", "debounce",   "warn_evttypes", "skip-if-unknown-filter",
    "capture_duration", "correlation"};
// Keys that only Falco's rules have: a file with one of them is Falco's, and its unknown keys are warnings as there.
constexpr std::array<std::string_view, 8> kFalcoOnly{
    "required_engine_version", "required_plugin_versions", "source", "capture", "capture_duration",
    "warn_evttypes",           "skip-if-unknown-filter",   "append"};
constexpr std::array<std::string_view, 5> kItemKinds{"rule", "macro", "list", "required_engine_version",
                                                     "required_plugin_versions"};

bool has(std::span<const std::string_view> names, std::string_view name) noexcept {
    return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_identifier(std::string_view name) noexcept {
    Lexer lexer(name);
    return lexer.identifier() && lexer.end();
}

class Reader {
  public:
    Reader(const SourceText& source, Collector& collector, Diagnostics& out)
        : file_(source.file), lines_(source.text), collector_(collector), out_(out) {}

    void read(const std::vector<Node>& documents) {
        for (const auto& document : documents)
            if (document.is_sequence())
                for (const auto& item : document.items)
                    declared_falco_ = declared_falco_ || is_falco(item);
        for (const auto& document : documents)
            read_document(document);
    }

  private:
    [[nodiscard]] static bool is_falco(const Node& item) {
        return std::any_of(kFalcoOnly.begin(), kFalcoOnly.end(),
                           [&](std::string_view key) { return item.find(key) != nullptr; });
    }
    [[nodiscard]] Location place(const Node& node) const { return {file_, node.line, node.column}; }
    [[nodiscard]] Severity unknown_key() const noexcept {
        return declared_falco_ ? Severity::warning : Severity::error;
    }
    [[nodiscard]] ReadContext context() const { return {file_, out_, unknown_key()}; }
    [[nodiscard]] MappedText mapped(const Node& node) const { return {node, lines_, file_}; }

    void report(Severity severity, const Node& at, std::string code, std::string message, std::string hint = {}) {
        out_.push_back({severity, std::move(code), place(at), std::move(message), std::move(hint)});
    }

    void read_document(const Node& document) {
        if (document.is_null() || is_sigma(document))
            return;
        if (!document.is_sequence())
            return report(Severity::error, document, "not-rules",
                          "a rules file is a list of rules, macros and lists, this is " +
                              std::string(yaml::describe(document.kind)),
                          document.is_map() ? "begin the item with '- '" : "");
        for (const auto& item : document.items)
            if (!item.is_null() && !is_sigma(item))
                read_item(item);
    }

    void read_item(const Node& item) {
        if (!item.is_map())
            return report(Severity::error, item, "wrong-type",
                          "each item of a rules file must be a map, not " + std::string(yaml::describe(item.kind)));
        if (const Node* version = item.find("required_engine_version")) {
            check_engine_version(*version, file_, out_);
            return finish(item, "required_engine_version");
        }
        if (const Node* plugins = item.find("required_plugin_versions")) {
            check_plugin_versions(*plugins, file_, unknown_key(), out_);
            return finish(item, "required_plugin_versions");
        }
        if (item.find("list") != nullptr)
            return read_list(item);
        if (item.find("macro") != nullptr)
            return read_macro(item);
        if (item.find("rule") != nullptr)
            return read_rule(item);
        const auto first =
            item.entries.empty() ? std::string_view{} : std::string_view(item.entries.front().first.text);
        report(unknown_key(), item, "unknown-item", "an item must have one of the keys rule, macro or list",
               did_you_mean(first, kItemKinds));
    }

    void finish(const Node& item, std::string_view only_key) {
        MapReader reader(item, "this item", file_, out_);
        reader.ignore(only_key);
        reader.finish(unknown_key());
    }

    /// The name of an item; empty where it is missing (and told).
    std::string read_name(MapReader& reader, std::string_view key) {
        auto name = reader.string(key, true).value_or("");
        if (name.empty() && reader.any(key) != nullptr && reader.any(key)->is_scalar())
            reader.error(*reader.any(key), "bad-value", "a " + std::string(key) + " needs a name");
        if (const auto wrong = wrong_name(name); !wrong.empty()) {
            reader.error(*reader.any(key), "bad-name", "the name " + wrong);
            name.resize(std::min(name.size(), kMaxNameText));
        }
        return name;
    }

    /// For lists and macros: true where the item adds to an earlier one, by `append` or by `override: {KEY: append}`.
    bool read_append(MapReader& reader, std::string_view key) {
        bool append = take_append(reader);
        for (const auto& [name, adds] : read_overrides(reader, std::array{key}, std::array{key}))
            append = append || adds;
        return append;
    }

    bool take_append(MapReader& reader) {
        const bool append = reader.boolean("append").value_or(false);
        if (append)
            report(Severity::warning, *reader.any("append"), "deprecated", "'append' is Falco's old way",
                   "write 'override: {condition: append}'");
        return append;
    }

    std::vector<std::pair<std::string, bool>> read_overrides(MapReader& reader,
                                                             std::span<const std::string_view> appendable,
                                                             std::span<const std::string_view> replaceable) {
        std::vector<std::pair<std::string, bool>> out;
        const Node* node = reader.map("override");
        if (node == nullptr)
            return out;
        if (reader.node().find("append") != nullptr)
            reader.error(*node, "override-and-append", "'append' and 'override' can't stand together");
        for (const auto& [key, value] : node->entries) {
            const bool append = value.text == "append", replaces = value.text == "replace";
            if (!append && !replaces)
                reader.error(value, "bad-value",
                             "what is done to '" + key.text + "' must be append or replace, not '" + value.text + "'");
            else if (!has(append ? appendable : replaceable, key.text))
                reader.error(key, "bad-override",
                             "'" + key.text + "' can't be " + (append ? "appended to" : "replaced"),
                             did_you_mean(key.text, append ? appendable : replaceable));
            else if (reader.node().find(key.text) == nullptr)
                reader.error(key, "bad-override", "'override' names '" + key.text + "', which the item does not have");
            else
                out.emplace_back(key.text, append);
        }
        return out;
    }

    void read_list(const Node& node) {
        ListItem item;
        MapReader reader(node, "a list", file_, out_);
        item.where = place(node);
        item.name = read_name(reader, "list");
        (void)reader.any("items", true);
        if (const Node* items = reader.sequence("items"))
            for (const auto& entry : items->items) {
                if (entry.is_scalar())
                    item.entries.push_back({entry.text, entry.line, entry.column});
                else
                    reader.error(entry, "wrong-type",
                                 "each item of a list must be text, not " + std::string(yaml::describe(entry.kind)));
            }
        if (item.name.find_first_of("()\"'=, \t\n") != std::string::npos)
            report(Severity::warning, node, "bad-name", "'" + item.name + "' is hard to name in a condition",
                   "no white space, quotes, commas or parentheses");
        item.append = read_append(reader, "items");
        reader.finish(unknown_key());
        if (!item.name.empty())
            collector_.add(std::move(item));
    }

    void read_macro(const Node& node) {
        MacroItem item;
        MapReader reader(node, "a macro", file_, out_);
        item.where = place(node);
        item.name = read_name(reader, "macro");
        const Node* condition = reader.any("condition");
        if (reader.string("condition", true))
            item.condition = mapped(*condition);
        else
            item.broken = true;
        if (!is_identifier(item.name))
            report(Severity::warning, node, "bad-name", "no condition can name the macro '" + item.name + "'",
                   "letters, digits and _, a letter first");
        item.append = read_append(reader, "condition");
        reader.finish(unknown_key());
        if (!item.name.empty())
            collector_.add(std::move(item));
    }

    void read_rule(const Node& node) {
        RuleItem item;
        const auto before = out_.size();
        MapReader reader(node, "a rule", file_, out_);
        item.where = place(node);
        item.name = read_name(reader, "rule");
        item.source = reader.string("source").value_or("");
        read_mode(reader, item);
        // Falco's, without a meaning here
        (void)reader.boolean("capture");
        (void)reader.integer("capture_duration", 0, std::numeric_limits<std::uint32_t>::max());
        read_texts(reader, item);
        read_own_keys(reader, item);
        item.broken = std::any_of(out_.begin() + static_cast<std::ptrdiff_t>(before), out_.end(),
                                  [](const Diagnostic& d) { return d.severity == Severity::error; });
        reader.finish(unknown_key());
        if (!item.name.empty())
            collector_.add(std::move(item));
    }

    void read_mode(MapReader& reader, RuleItem& item) {
        const bool append = take_append(reader);
        item.overrides = read_overrides(reader, kAppendable, kReplaceable);
        const auto& node = reader.node();
        const bool alone = std::none_of(node.entries.begin(), node.entries.end(), [](const auto& entry) {
            return has(std::array<std::string_view, 4>{"condition", "output", "desc", "priority"}, entry.first.text);
        });
        if (const Node* override = node.find("override"); override != nullptr && !override->entries.empty()) {
            item.mode = RuleItem::Mode::override;
            check_overridden(reader, item);
        } else if (append) {
            item.mode = RuleItem::Mode::append;
        } else if (alone && node.find("enabled") != nullptr) {
            item.mode = RuleItem::Mode::enable;
            report(Severity::warning, *node.find("enabled"), "deprecated", "'enabled' alone is Falco's old way",
                   "write 'override: {enabled: replace}' too");
        }
    }

    /// Each key of a rule with `override` must be named in it.
    void check_overridden(MapReader& reader, const RuleItem& item) {
        for (const auto& entry : reader.node().entries) {
            const auto& key = entry.first;
            const bool named = std::any_of(item.overrides.begin(), item.overrides.end(),
                                           [&](const auto& o) { return o.first == key.text; });
            if (has(kReplaceable, key.text) && !named)
                reader.error(key, "bad-override", "'override' does not say what to do with '" + key.text + "'");
        }
    }

    /// A correlation over other rules needs no condition of its own.
    static bool counts_rules(const Node& rule) {
        const Node* correlation = rule.find("correlation");
        const Node* condition = correlation == nullptr ? nullptr : correlation->find("condition");
        return correlation != nullptr &&
               (correlation->find("rules") != nullptr || (condition != nullptr && condition->is_scalar()));
    }

    void read_texts(MapReader& reader, RuleItem& item) {
        const bool whole = item.mode == RuleItem::Mode::define;
        if (reader.string("condition", whole && !counts_rules(reader.node())))
            item.condition = mapped(*reader.any("condition"));
        if (reader.string("output", whole))
            item.output = mapped(*reader.any("output"));
        item.description = reader.string("desc", whole);
        if (const auto text = reader.string("priority", whole)) {
            item.priority = parse_priority(*text);
            if (!item.priority)
                reader.error(*reader.any("priority"), "bad-value", "'" + *text + "' is no priority",
                             "one of " + priority_names());
        }
        item.tags = read_tags(reader);
        item.enabled = reader.boolean("enabled");
        item.warn_evttypes = reader.boolean("warn_evttypes");
        item.skip_if_unknown_filter = reader.boolean("skip-if-unknown-filter");
        if (const Node* exceptions = reader.sequence("exceptions"))
            item.exceptions = read_exceptions(*exceptions);
    }

    static std::optional<std::vector<std::string>> read_tags(MapReader& reader) {
        auto tags = reader.strings("tags");
        const Node* node = reader.any("tags");
        if (!tags)
            return tags;
        for (std::size_t i = 0; i < (node->is_scalar() ? 1 : node->items.size()); ++i) {
            const Node& tag = node->is_scalar() ? *node : node->items[i];
            if (const auto wrong = wrong_name(tag.text); !wrong.empty())
                reader.error(tag, "bad-name", "a tag " + wrong);
        }
        return tags;
    }

    std::vector<ExceptionItem> read_exceptions(const Node& node) {
        std::vector<ExceptionItem> out;
        for (const auto& entry : node.items) {
            if (!entry.is_map()) {
                report(Severity::error, entry, "wrong-type",
                       "an exception must be a map, not " + std::string(yaml::describe(entry.kind)));
                continue;
            }
            MapReader reader(entry, "an exception", file_, out_);
            ExceptionItem item;
            item.where = place(entry);
            item.name = read_name(reader, "name");
            if (std::any_of(out.begin(), out.end(), [&](const ExceptionItem& e) { return e.name == item.name; }))
                report(Severity::warning, entry, "exception-name",
                       "exception '" + item.name + "' is defined more than once in this rule");
            if (const Node* fields = reader.any("fields"))
                item.fields = *fields;
            if (const Node* comps = reader.any("comps"))
                item.comps = *comps;
            if (const Node* values = reader.sequence("values"))
                item.values = values->items;
            reader.finish(unknown_key());
            out.push_back(std::move(item));
        }
        return out;
    }

    void read_own_keys(MapReader& reader, RuleItem& item) {
        item.respond = reader.string("respond");
        item.references = reader.strings("references");
        if (const Node* node = reader.map("correlation"))
            item.correlation = read_correlation(*node, lines_, CorrelationForm::own_condition_too, context());
        if (const Node* node = reader.map("debounce"))
            item.debounce = read_debounce(*node, context());
        if (const Node* node = reader.sequence("tests"))
            item.tests = read_tests(*node, context());
    }

    const std::string& file_;
    SourceLines lines_;
    Collector& collector_;
    Diagnostics& out_;
    bool declared_falco_ = false;
};

} // namespace

void read_falco(const SourceText& source, const std::vector<Node>& documents, Collector& collector, Diagnostics& out) {
    Reader(source, collector, out).read(documents);
}

} // namespace rwatch::rules
