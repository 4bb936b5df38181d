// SPDX-License-Identifier: MIT OR Apache-2.0
// The way from texts to a rule set: readers → collector → lists and macros → rules.
#include "rules/collector.hpp"
#include "rules/compiler.hpp"
#include "rules/correlation_linker.hpp"
#include "rules/exceptions.hpp"
#include "rules/falco_reader.hpp"
#include "rules/library.hpp"
#include "rules/lints.hpp"
#include "rules/parser.hpp"
#include "rules/rule_set.hpp"
#include "rules/sigma_reader.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <unordered_map>

namespace rwatch::rules {

namespace {

constexpr std::string_view kUnknownField = "unknown-field";

class RuleCompiler {
  public:
    RuleCompiler(Library& library, ProgramBuilder& builder, Diagnostics& out)
        : library_(library), builder_(builder), out_(out) {}

    /// A rule that its reader found broken is compiled for what else there is to tell.
    Candidate compile(const RuleItem& item) {
        Candidate candidate{&item, {}, Candidate::State::broken};
        auto& rule = candidate.rule;
        Diagnostics found;
        library_.begin_rule();
        const bool compiled = condition(item, rule, found);
        if (item.output)
            rule.output = OutputFormat::compile(*item.output, found);
        const bool good = compiled && item.output && !has_errors(found);
        if (!good && !item.broken && item.skip_if_unknown_filter.value_or(false) && unknown_fields_only(found)) {
            skip(item, std::move(found));
            candidate.state = Candidate::State::skipped;
            return candidate;
        }
        if (!compiled)
            library_.blame();
        out_.insert(out_.end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
        if (!good || item.broken)
            return candidate;
        if (!item.tree && item.condition && item.warn_evttypes.value_or(true))
            if (auto lint = lint_calls(rule.condition.calls()))
                out_.push_back({Severity::warning, std::move(lint->code), item.condition->at(0),
                                std::move(lint->message), std::move(lint->hint)});
        fill(item, rule);
        candidate.state = Candidate::State::good;
        return candidate;
    }

  private:
    bool condition(const RuleItem& item, Rule& rule, Diagnostics& found) {
        const bool counts_rules = item.correlation && !item.correlation->rules.empty();
        if (counts_rules && !item.condition)
            return true;
        if (counts_rules || (!item.condition && !item.broken)) {
            found.push_back({Severity::error,
                             counts_rules ? "two-conditions" : "missing-key",
                             counts_rules ? item.condition->at(0) : item.where,
                             counts_rules ? "a correlation over other rules has no condition of its own"
                                          : "rule '" + item.name + "' has no condition",
                             {}});
            return false;
        }
        auto text = item.condition;
        if (text && item.exceptions && !item.exceptions->empty())
            text = with_exceptions(*item.condition, *item.exceptions, found);
        if (!text)
            return false;
        const auto expr = item.tree ? item.tree : parse_condition(*text, found);
        if (!expr)
            return false;
        const auto root = compile_expr(*expr, *text, library_, builder_, found);
        if (!root)
            return false;
        const auto about_parts = [](const Diagnostic& d) {
            return d.code == "never-true" || d.code == "always-true" || d.code == "said-twice";
        };
        // What a Sigma rule asks for is asked of each record of its log source: only the whole is its author's.
        if (item.tree)
            std::erase_if(found, about_parts);
        const bool told = std::any_of(found.begin(), found.end(), about_parts);
        if (auto lint = lint_root(*builder_.program(), *root); lint && !told)
            found.push_back({Severity::warning, std::move(lint->code), text->at(0), std::move(lint->message),
                             std::move(lint->hint)});
        builder_.use(*root);
        rule.condition = Condition(builder_.program(), *root);
        return true;
    }

    [[nodiscard]] bool unknown_fields_only(const Diagnostics& found) const {
        return library_.only_unknown_fields() && std::all_of(found.begin(), found.end(), [](const Diagnostic& d) {
                   return d.severity != Severity::error || d.code == kUnknownField;
               });
    }

    void skip(const RuleItem& item, Diagnostics found) {
        for (auto& diagnostic : found) {
            diagnostic.severity = Severity::warning;
            out_.push_back(std::move(diagnostic));
        }
        out_.push_back({Severity::warning,
                        "skipped",
                        item.where,
                        "rule '" + item.name + "' is skipped: it asks for fields that are unknown",
                        {}});
    }

    static void fill(const RuleItem& item, Rule& rule) {
        rule.name = item.name;
        rule.description = item.description.value_or("");
        rule.respond = item.respond.value_or("");
        rule.references = item.references.value_or(std::vector<std::string>{});
        rule.priority = item.priority.value_or(Priority::notice);
        rule.tags = item.tags.value_or(std::vector<std::string>{});
        rule.enabled = item.enabled.value_or(true);
        rule.where = item.where;
        rule.condition_text = item.condition ? item.condition->text() : std::string();
        if (item.debounce)
            rule.debounce = item.debounce->spec;
        rule.tests = item.tests.value_or(std::vector<TestCase>{});
        rule.fingerprint = rule.condition.fingerprint();
    }

    Library& library_;
    ProgramBuilder& builder_;
    Diagnostics& out_;
};

/// Fields that no alert of the rule has: all of its alerts are one.
void lint_debounces(const std::vector<Candidate>& candidates, Diagnostics& out) {
    for (const auto& candidate : candidates) {
        if (candidate.state != Candidate::State::good || !candidate.item->debounce)
            continue;
        const auto& rule = candidate.rule;
        const auto had = [&](const event::Field& field) {
            if (!rule.correlation)
                return may_have(rule.condition, field);
            const auto& views = rule.correlation->views;
            return std::any_of(views.begin(), views.end(),
                               [&](const auto& view) { return may_have(candidates[view.rule].rule.condition, field); });
        };
        const auto& [spec, places] = *candidate.item->debounce;
        for (std::size_t i = 0; i < spec.by.size(); ++i) {
            if (auto lint = lint_field(spec.by[i]))
                out.push_back({Severity::warning, std::move(lint->code), places[i], std::move(lint->message), {}});
            else if (!had(*spec.by[i].field))
                out.push_back({Severity::warning,
                               "missing-field",
                               places[i],
                               "no event of rule '" + rule.name + "' has a field '" + event::to_string(spec.by[i]) +
                                   "': it tells no alerts apart",
                               {}});
        }
    }
}

/// In the order of files and lines; past the limit one last diagnostic tells how many more there were.
void arrange(Diagnostics& list, std::span<const SourceText> texts) {
    std::unordered_map<std::string_view, std::size_t> order;
    for (const auto& text : texts)
        order.emplace(text.file, order.size());
    const auto rank = [&](const Diagnostic& d) {
        const auto found = order.find(d.where.file);
        return found == order.end() ? order.size() : found->second;
    };
    const auto in_order = [&] {
        std::stable_sort(list.begin(), list.end(), [&](const Diagnostic& a, const Diagnostic& b) {
            return std::tuple(rank(a), a.where.line, a.where.column) <
                   std::tuple(rank(b), b.where.line, b.where.column);
        });
    };
    in_order();
    if (list.size() <= kMaxDiagnostics)
        return;
    // An error must not be lost behind warnings.
    const bool errors = has_errors(list);
    const auto more = list.size() - kMaxDiagnostics;
    std::stable_sort(list.begin(), list.end(), [](const Diagnostic& a, const Diagnostic& b) {
        return (a.severity == Severity::error) > (b.severity == Severity::error);
    });
    list.resize(kMaxDiagnostics);
    in_order();
    list.push_back({errors ? Severity::error : Severity::warning,
                    "too-many",
                    {},
                    std::to_string(more) + " more diagnostics are not shown",
                    {}});
}

/// Both forms, file by file: what comes later may change what came before, whatever its form.
void read(std::span<const SourceText> texts, Collector& collector, Diagnostics& out) {
    SigmaReader sigma(collector, out);
    std::vector<std::vector<yaml::Node>> documents;
    for (const auto& text : texts) {
        auto parsed = yaml::parse(text.text, text.file);
        std::move(parsed.diagnostics.begin(), parsed.diagnostics.end(), std::back_inserter(out));
        documents.push_back(std::move(parsed.documents));
        sigma.find_filters(text, documents.back());
    }
    for (std::size_t i = 0; i < texts.size(); ++i) {
        read_falco(texts[i], documents[i], collector, out);
        sigma.read(texts[i], documents[i]);
        documents[i].clear();
    }
    sigma.finish();
}

} // namespace

LoadResult load(std::span<const SourceText> texts) {
    LoadResult result;
    auto& out = result.diagnostics;
    Collector collector(out);
    read(texts, collector, out);
    ProgramBuilder builder;
    Library library(collector, builder, out);
    RuleCompiler compiler(library, builder, out);
    std::vector<Candidate> candidates;
    for (const auto& [item, skipped] : collector.rules()) {
        if (skipped) {
            if (item.tests && !item.tests->empty())
                out.push_back({Severity::warning,
                               "tests-not-run",
                               item.where,
                               "the tests of rule '" + item.name + "' are not run: the rule is skipped",
                               {}});
            candidates.push_back({&item, {}, Candidate::State::skipped});
            continue;
        }
        if (candidates.size() == kMaxRules) {
            out.push_back({Severity::error,
                           "too-many-rules",
                           item.where,
                           "more than " + std::to_string(kMaxRules) + " rules",
                           {}});
            break;
        }
        candidates.push_back(compiler.compile(item));
    }
    link_correlations(candidates, out);
    lint_debounces(candidates, out);
    library.report_macros(out);
    if (!has_errors(out))
        library.report_unused(collector, out);
    arrange(out, texts);
    result.macros = collector.macros().size();
    result.lists = collector.lists().size();
    if (!has_errors(out))
        result.set = std::make_shared<const RuleSet>(compact(std::move(candidates)));
    return result;
}

} // namespace rwatch::rules
