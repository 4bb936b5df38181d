// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/sigma_reader.hpp"

#include "rules/case_fold.hpp"
#include "rules/correlation_reader.hpp"
#include "rules/sigma_logsource.hpp"
#include "rules/sigma_tree.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>

namespace rwatch::rules {

namespace {

using yaml::Node;

constexpr std::array<std::string_view, 6> kMarks{"title", "logsource", "detection", "correlation", "filter", "action"};

/// Maps are merged, anything else is replaced.
void merge(Node& into, const Node& from) {
    std::unordered_map<std::string, std::size_t> known;
    for (std::size_t i = 0; i < into.entries.size(); ++i)
        known.emplace(into.entries[i].first.text, i);
    for (const auto& [key, value] : from.entries) {
        const auto same = known.find(key.text);
        if (same == known.end())
            into.entries.emplace_back(key, value);
        else if (auto& old = into.entries[same->second].second; value.is_map() && old.is_map())
            merge(old, value);
        else
            old = value;
    }
}

void remove(Node& map, std::string_view key) {
    map.entries.erase(std::remove_if(map.entries.begin(), map.entries.end(),
                                     [&](const auto& entry) { return entry.first.text == key; }),
                      map.entries.end());
}

/// The Sigma documents of one text, with what `action: global` and `action: repeat` add to them.
class SigmaDocuments {
  public:
    explicit SigmaDocuments(const SigmaContext& context) : context_(context) {}

    /// Calls for each, one after the other.
    template <typename Read> void each(const std::vector<Node>& documents, Read read) {
        for (const auto& document : documents) {
            if (is_sigma(document))
                add(document, read);
            for (const auto& item : document.items)
                if (is_sigma(item))
                    add(item, read);
        }
    }

  private:
    template <typename Read> void add(const Node& document, Read read) {
        if (context_.budget.spent)
            return;
        const Node* action = document.find("action");
        if (action != nullptr && action->is_scalar()) {
            if (act(document, *action))
                read(last_);
        } else if (document.find("correlation") != nullptr || document.find("filter") != nullptr) {
            read(document);
        } else {
            last_ = document;
            merge(last_, global_);
            if (global_.entries.empty() || affordable(last_))
                read(last_);
        }
    }

    /// True where that makes a document.
    bool act(const Node& document, const Node& action) {
        if (action.text == "global") {
            global_ = document;
            remove(global_, "action");
            last_ = global_;
        } else if (action.text == "reset") {
            global_ = {};
        } else if (action.text == "repeat") {
            last_.kind = yaml::NodeKind::map;
            merge(last_, document);
            remove(last_, "action");
            last_.line = document.line;
            last_.column = document.column;
            return affordable(last_);
        } else {
            context_.error(action, "bad-value", "there is no action '" + action.text + "'",
                           "one of global, reset, repeat");
        }
        return false;
    }

    bool affordable(const Node& document) {
        return context_.spend(SigmaCost::nodes, yaml::count_nodes(document), context_.place(document));
    }

    const SigmaContext& context_;
    Node global_, last_;
};

std::string joined(const std::vector<std::string>& texts, std::string_view separator) {
    std::string out;
    for (const auto& text : texts)
        out.append(out.empty() ? "" : separator).append(text);
    return out;
}

/// A title in a template, where % begins a field.
std::string template_text(std::string_view title) {
    std::string out;
    for (const char c : title)
        c == '%' ? out.append(" percent") : out.append(1, c);
    return out;
}

std::string respond_text(const SigmaMeta& meta) {
    std::vector<std::string> known;
    for (const auto& text : meta.false_positives)
        if (text != "Unknown" && text != "None")
            known.push_back(text);
    return known.empty() ? std::string{} : "Check for what is known to cause this without harm: " + joined(known, "; ");
}

} // namespace

bool is_sigma(const Node& node) noexcept {
    return node.is_map() &&
           std::any_of(kMarks.begin(), kMarks.end(), [&](std::string_view key) { return node.find(key) != nullptr; }) &&
           node.find("rule") == nullptr && node.find("macro") == nullptr && node.find("list") == nullptr;
}

void SigmaReader::find_filters(const SourceText& source, const std::vector<Node>& documents) {
    const SigmaContext context{source.file, out_, budget_};
    const auto is_filter = [](const Node& node) { return is_sigma(node) && node.find("filter") != nullptr; };
    std::optional<SourceLines> lines;
    const auto read = [&](const Node& node) {
        if (!is_filter(node) || !context.spend(SigmaCost::documents, 1, context.place(node)))
            return;
        if (!lines)
            lines.emplace(source.text);
        read_filter(node, *lines, context);
    };
    for (const auto& document : documents) {
        read(document);
        std::for_each(document.items.begin(), document.items.end(), read);
    }
}

void SigmaReader::read_filter(const Node& document, const SourceLines& lines, const SigmaContext& context) {
    constexpr std::array<std::string_view, 1> kOwn{"filter"};
    const auto meta = read_sigma_meta(document, kOwn, context);
    auto source = read_sigma_logsource(document, context);
    const Node& node = *document.find("filter");
    if (!node.is_map())
        return context.error(node, "wrong-type",
                             "'filter' must be a map, not " + std::string(yaml::describe(node.kind)));
    auto& filter = filters_.emplace_back();
    filter.where = context.place(document);
    filter.title = meta.title;
    bool good = meta.good && source;
    const Node* rules = node.find("rules");
    const Node* condition = node.find("condition");
    const bool names = rules != nullptr && std::all_of(rules->items.begin(), rules->items.end(), is_text);
    if (!names || (!is_text(*rules) && !rules->is_sequence())) {
        context.error(rules == nullptr ? node : *rules, rules == nullptr ? "missing-key" : "wrong-type",
                      "a filter needs 'rules': any, or ids and names of rules");
        good = false;
    } else if (rules->is_sequence()) {
        for (const auto& rule : rules->items)
            filter.rules.push_back(rule.text);
    } else if (fold_case(rules->text) != "any") {
        filter.rules.push_back(rules->text);
    }
    if (condition != nullptr && condition->is_sequence()) {
        context.error(*condition, "wrong-type", "a filter has one condition");
        good = false;
    }
    good = read_sigma_detections(node, {"rules"}, lines, context, filter.detections) && good;
    if (!good)
        filters_.pop_back();
    else
        filter.source = std::move(*source);
}

void SigmaReader::read(const SourceText& source, const std::vector<Node>& documents) {
    const SigmaContext context{source.file, out_, budget_};
    std::optional<SourceLines> lines;
    SigmaDocuments(context).each(documents, [&](const Node& document) {
        const bool correlation = document.find("correlation") != nullptr;
        if (!correlation && document.find("filter") != nullptr) // is known already
            return;
        if (!context.spend(SigmaCost::documents, 1, context.place(document)))
            return;
        if (!lines)
            lines.emplace(source.text);
        if (const Node* tests = document.find("tests"))
            context.report(Severity::warning, *tests, "tests-not-run", "a document of Sigma's form has no tests",
                           "they stand in a file beside it: '- rule: TITLE', 'override: {tests: append}', 'tests: …'");
        if (const Node* detection = correlation ? document.find("detection") : nullptr)
            context.report(Severity::warning, *detection, "two-conditions",
                           "a correlation has no detection of its own: this one is not read");
        if (correlation)
            read_correlation_rule(document, *lines, context);
        else
            read_rule(document, *lines, context);
    });
}

/// What all rules have.
RuleItem SigmaReader::item_of(const SigmaMeta& meta, const Location& where, std::string_view output) {
    RuleItem item;
    item.sigma = true;
    item.where = where;
    item.name = unique_name(meta, where);
    item.id = meta.id;
    item.short_name = meta.name;
    item.output = MappedText(template_text(meta.title) + " " + std::string(output), where);
    item.description = meta.description;
    item.respond = respond_text(meta);
    item.priority = meta.priority.value_or(Priority::notice);
    item.tags = meta.tags;
    item.references = meta.references;
    return item;
}

/// Where it can't be run, that is not its fault: it is there for correlations to know.
void SigmaReader::skip(RuleItem item, const std::string& why) {
    skipped_[why].push_back(item.where);
    add_skipped(std::move(item));
}

void SigmaReader::add_skipped(RuleItem item) {
    item.source = "sigma";
    item.skip_told = true;
    collector_.add(std::move(item));
}

/// What is wrong is told: it is there so that nobody who names it is told that there is no such rule.
void SigmaReader::add_broken(RuleItem item) {
    item.broken = true;
    if (!item.name.empty())
        collector_.add(std::move(item));
}

void SigmaReader::read_rule(const Node& document, const SourceLines& lines, const SigmaContext& context) {
    const auto meta = read_sigma_meta(document, {}, context);
    if (meta.good && meta.status == SigmaStatus::unsupported)
        return skip(item_of(meta, context.place(document), {}), "its status is 'unsupported'");
    const auto source = read_sigma_logsource(document, context);
    const Node* detection = document.find("detection");
    SigmaDetections detections;
    bool good = meta.good && source;
    if (detection == nullptr || !detection->is_map()) {
        const bool none = detection == nullptr || detection->is_null();
        context.error(none ? document : *detection, none ? "missing-key" : "wrong-type",
                      none ? "there is no 'detection'"
                           : "'detection' must be a map, not " + std::string(yaml::describe(detection->kind)));
        good = false;
    } else {
        good = read_sigma_detections(*detection, {}, lines, context, detections) && good;
    }
    if (!good)
        return add_broken(item_of(meta, context.place(document), {}));
    const auto* known = find_sigma_source(source->product, source->category, source->service);
    auto item = item_of(meta, context.place(document), known == nullptr ? "" : known->output);
    if (meta.taxonomy != "sigma")
        return skip(std::move(item), "the taxonomy '" + meta.taxonomy + "' is not known");
    if (const auto near = known == nullptr ? near_sigma_source(*source) : std::string(); !near.empty()) {
        context.report(Severity::warning, *document.find("logsource"), "no-log-source",
                       "this rule is skipped: rwatch has no log source '" + source->text() + "'",
                       "did you mean '" + near + "'?");
        return add_skipped(std::move(item));
    }
    if (known == nullptr)
        return skip(std::move(item), "rwatch has no log source '" + source->text() + "'");
    const auto before = out_.size();
    auto tree = make_sigma_tree(filtered(detections.condition, meta, *source, context), *known, item.where, context);
    if (!tree && (budget_.spent || has_errors({out_.begin() + static_cast<std::ptrdiff_t>(before), out_.end()})))
        return add_broken(std::move(item));
    if (!tree)
        return skip(std::move(item), "no event can ever fit it");
    item.tree = std::move(tree->expr);
    item.condition = std::move(tree->text);
    item.field_names = known;
    collector_.add(std::move(item));
}

void SigmaReader::read_correlation_rule(const Node& document, const SourceLines& lines, const SigmaContext& context) {
    constexpr std::array<std::string_view, 2> kOwn{"correlation", "generate"};
    constexpr std::string_view kOutput =
        "(exe %proc.exepath, command %proc.exeline, user %user.name, unit %systemd.unit)";
    const auto meta = read_sigma_meta(document, kOwn, context);
    const Node& node = *document.find("correlation");
    if (!node.is_map())
        return context.error(node, "wrong-type",
                             "'correlation' must be a map, not " + std::string(yaml::describe(node.kind)));
    auto correlation =
        read_correlation(node, lines, CorrelationForm::rules_only, {context.file, out_, Severity::error});
    bool generate = false;
    if (const Node* beside = document.find("generate")) {
        const auto value = beside->as_bool();
        if (!value)
            return context.error(*beside, "wrong-type", "'generate' must be true or false");
        generate = *value;
    }
    auto item = item_of(meta, context.place(document), kOutput);
    if (!meta.good || !correlation || correlation->broken) {
        item.correlation = std::move(correlation);
        return add_broken(std::move(item));
    }
    if (meta.status == SigmaStatus::unsupported)
        return skip(std::move(item), "its status is 'unsupported'");
    correlation->generate = correlation->generate || generate;
    item.correlation = std::move(correlation);
    collector_.add(std::move(item));
}

SigmaCondition SigmaReader::filtered(const SigmaCondition& condition, const SigmaMeta& meta,
                                     const SigmaLogSource& source, const SigmaContext& context) {
    SigmaCondition out{SigmaCondition::Kind::all, condition.where, {condition}, nullptr};
    const auto own_id = normal_uuid(meta.id);
    const auto named = [&](const std::string& rule) {
        return (!own_id.empty() && normal_uuid(rule) == own_id) || (!meta.name.empty() && rule == meta.name);
    };
    for (auto& filter : filters_) {
        if (!context.spend(SigmaCost::tests, 1 + filter.rules.size(), condition.where))
            break;
        const bool meant = filter.rules.empty() || std::any_of(filter.rules.begin(), filter.rules.end(), named);
        if (!meant || !filter.source.takes(source))
            continue;
        filter.used = true;
        out.children.push_back(filter.detections.condition);
    }
    return out;
}

std::string SigmaReader::unique_name(const SigmaMeta& meta, const Location& where) {
    const auto [first, added] = ids_.emplace(meta.title, normal_uuid(meta.id));
    if (added || meta.id.empty() || first->second == normal_uuid(meta.id))
        return meta.title;
    auto name = meta.title + " (" + meta.id + ")";
    out_.push_back({Severity::warning,
                    "same-title",
                    where,
                    "another rule has the title '" + meta.title + "': this one is named '" + name + "'",
                    {}});
    return name;
}

/// The first of them, how many more there are and where some of those stand.
void SigmaReader::tell_skipped(const std::string& why, const std::vector<Location>& rules) {
    constexpr std::size_t kMostPlaces = 5;
    std::string others;
    for (std::size_t i = 1; i < rules.size() && i <= kMostPlaces; ++i)
        others += (i == 1 ? "the others: " : ", ") + rules[i].file + ":" + std::to_string(rules[i].line);
    if (rules.size() > kMostPlaces + 1)
        others += " and " + std::to_string(rules.size() - kMostPlaces - 1) + " more";
    out_.push_back({Severity::note, "no-log-source", rules.front(),
                    (rules.size() == 1 ? "this rule is skipped: "
                                       : std::to_string(rules.size()) + " rules are skipped, this is the first: ") +
                        why,
                    std::move(others)});
}

void SigmaReader::finish() {
    for (const auto& [why, rules] : skipped_)
        tell_skipped(why, rules);
    if (budget_.spent) // filters were not tried on all rules
        return;
    for (const auto& filter : filters_)
        if (!filter.used)
            out_.push_back({Severity::warning,
                            "unused-filter",
                            filter.where,
                            "filter '" + filter.title + "' changes no rule",
                            {}});
}

} // namespace rwatch::rules
