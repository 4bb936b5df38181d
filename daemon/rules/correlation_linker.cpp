// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/correlation_linker.hpp"

#include "core/suggest.hpp"
#include "rules/hash.hpp"
#include "rules/lints.hpp"
#include "rules/sigma_meta.hpp"

#include <algorithm>
#include <bit>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace rwatch::rules {

namespace {

using State = Candidate::State;

constexpr std::size_t kMaxHints = 100; // of unknown rules

class Linker {
  public:
    Linker(std::vector<Candidate>& candidates, Diagnostics& out)
        : candidates_(candidates), out_(out), visits_(candidates.size()), chains_(candidates.size()) {
        for (std::uint32_t i = 0; i < candidates.size(); ++i) {
            const auto& item = *candidates[i].item;
            by_name_.emplace(item.name, i);
            if (!item.id.empty())
                by_id_.emplace(normal_uuid(item.id), i);
            if (!item.short_name.empty())
                by_short_name_[item.short_name].push_back(i);
        }
    }

    void run() {
        for (std::uint32_t i = 0; i < candidates_.size(); ++i)
            visit(i, 0);
        for (std::size_t i = 0; i < candidates_.size(); ++i)
            silence(candidates_[i], i);
    }

  private:
    enum class Visit : std::uint8_t { never, now, done };

    void report(Severity severity, const Location& where, std::string code, std::string message,
                std::string hint = {}) {
        out_.push_back({severity, std::move(code), where, std::move(message), std::move(hint)});
    }
    void error(const Location& where, std::string code, std::string message, std::string hint = {}) {
        report(Severity::error, where, std::move(code), std::move(message), std::move(hint));
    }

    /// After all that it counts. False where that leads back to it, or is too deep.
    bool visit(std::uint32_t index, std::size_t depth) {
        auto& candidate = candidates_[index];
        if (visits_[index] == Visit::done || candidate.state == State::skipped || !candidate.item->correlation) {
            visits_[index] = Visit::done;
            return true;
        }
        if (visits_[index] == Visit::now) {
            error(candidate.item->correlation->where, "correlation-cycle",
                  "correlation '" + candidate.item->name + "' counts itself");
            return false;
        }
        if (depth > kMaxCorrelationChain)
            return too_deep(index);
        visits_[index] = Visit::now;
        if (!link(index, depth))
            candidate.state = State::broken;
        visits_[index] = Visit::done;
        return true;
    }

    bool too_deep(std::uint32_t index) {
        error(candidates_[index].item->correlation->where, "too-deep",
              "more than " + std::to_string(kMaxCorrelationChain) + " correlations count one another");
        return false;
    }

    bool link(std::uint32_t index, std::size_t depth) {
        auto& candidate = candidates_[index];
        const auto& item = *candidate.item->correlation;
        CorrelationSpec spec;
        static_cast<CorrelationTerms&>(spec) = static_cast<const CorrelationTerms&>(item);
        bool good = true;
        if (item.rules.empty())
            spec.sources.push_back({index, candidate.item->name});
        for (const auto& word : item.rules)
            good = add_source(word, depth, spec) && good;
        good = check_aliases(item) && good;
        if (!good || !settle(candidate, spec))
            return false;
        for (const auto& source : spec.sources)
            if (source.rule != kNoRule && source.rule != index)
                chains_[index] = std::max(chains_[index], chains_[source.rule]);
        if (++chains_[index] > kMaxCorrelationChain)
            return too_deep(index);
        if (candidate.state == State::skipped)
            return true;
        if (!find_bases(index, spec))
            return false;
        if (!resolve_fields(candidate, spec))
            return candidate.state == State::skipped;
        if (item.broken)
            return false;
        candidate.rule.fingerprint = fingerprint(candidate.rule, spec);
        candidate.rule.correlation = std::move(spec);
        return true;
    }

    bool add_source(const Word& word, std::size_t depth, CorrelationSpec& spec) {
        const auto found = find(word);
        if (!found)
            return false;
        const auto& name = candidates_[*found].item->name;
        if (std::any_of(spec.sources.begin(), spec.sources.end(), [&](const auto& s) { return s.rule == *found; })) {
            error(word.where, "duplicate-rule", "rule '" + name + "' is counted twice");
            return false;
        }
        spec.sources.push_back({*found, name});
        return visit(*found, depth + 1);
    }

    /// By id, by Sigma's name (that of the same file first), by name.
    std::optional<std::uint32_t> find(const Word& word) {
        if (const auto id = by_id_.find(normal_uuid(word.text)); id != by_id_.end())
            return id->second;
        if (const auto named = by_short_name_.find(word.text); named != by_short_name_.end()) {
            const auto& all = named->second;
            const auto here = std::find_if(all.begin(), all.end(), [&](std::uint32_t i) {
                return candidates_[i].item->where.file == word.where.file;
            });
            if (here != all.end() || all.size() == 1)
                return here != all.end() ? *here : all.front();
            error(word.where, "ambiguous-rule", "several rules have the name '" + word.text + "'", "use the id");
            return std::nullopt;
        }
        if (const auto name = by_name_.find(word.text); name != by_name_.end())
            return name->second;
        // A near name costs a look at all of them.
        std::vector<std::string_view> names;
        if (++unknown_ <= kMaxHints) {
            for (const auto& [name, index] : by_name_)
                names.emplace_back(name);
            for (const auto& [name, indices] : by_short_name_)
                names.emplace_back(name);
        }
        error(word.where, "unknown-rule", "there is no rule '" + word.text + "' to count",
              did_you_mean(word.text, names));
        return std::nullopt;
    }

    bool check_aliases(const CorrelationItem& item) {
        bool good = true;
        for (const auto& alias : item.aliases)
            for (const auto& [rule, field] : alias.fields)
                good = find(rule).has_value() && good;
        return good;
    }

    /// What is missing of what it counts. False where that is an error, told already.
    bool settle(Candidate& candidate, CorrelationSpec& spec) {
        const auto& item = *candidate.item;
        const auto& where = item.correlation->where;
        std::size_t skipped = 0;
        std::string first;
        for (auto& source : spec.sources) {
            const auto& counted = candidates_[source.rule];
            if (counted.state == State::broken && &counted != &candidate)
                return false;
            if (counted.state == State::good && !counted.rule.enabled && candidate.rule.enabled &&
                &counted != &candidate)
                report(Severity::warning, where, "disabled-rule",
                       "rule '" + source.name + "' is disabled: correlation '" + item.name + "' does not hear of it");
            if (counted.state != State::skipped)
                continue;
            const auto& place = counted.item->where;
            if (++skipped == 1)
                first = "'" + source.name + "' (" + place.file + ":" + std::to_string(place.line) + ")";
            source.rule = kNoRule;
        }
        const auto others = skipped > 1 ? " and " + std::to_string(skipped - 1) + " more" : std::string();
        const auto severity = item.sigma ? Severity::note : Severity::warning;
        if (skipped == spec.sources.size() || (skipped > 0 && is_temporal(spec.type))) {
            candidate.state = State::skipped;
            report(severity, where, "skipped",
                   "correlation '" + item.name + "' is skipped: it counts rules that are skipped, " + first + others);
        } else if (skipped > 0) {
            report(Severity::warning, where, "skipped",
                   "correlation '" + item.name + "' counts rules that are skipped: " + first + others);
        }
        return true;
    }

    /// The rules with a condition at the ends of all ways down.
    bool find_bases(std::uint32_t index, CorrelationSpec& spec) {
        const auto add = [&](std::uint32_t rule) {
            if (std::none_of(spec.views.begin(), spec.views.end(), [&](const auto& v) { return v.rule == rule; }))
                spec.views.push_back({rule, {}, {}});
        };
        for (const auto& source : spec.sources) {
            if (source.rule == kNoRule)
                continue;
            const auto& inner = candidates_[source.rule].rule.correlation;
            if (source.rule == index || !inner)
                add(source.rule);
            else
                for (const auto& view : inner->views)
                    add(view.rule);
        }
        std::sort(spec.views.begin(), spec.views.end(), [](const auto& a, const auto& b) { return a.rule < b.rule; });
        if (spec.views.size() <= kMaxCorrelationBases)
            return true;
        error(candidates_[index].item->correlation->where, "too-many-rules",
              "the correlation hears of more than " + std::to_string(kMaxCorrelationBases) + " rules");
        return false;
    }

    bool resolve_fields(Candidate& candidate, CorrelationSpec& spec) {
        const auto& item = *candidate.item->correlation;
        bool good = true;
        for (const auto& word : item.group_by)
            good = resolve(word, candidate, spec, &CorrelationSpec::View::group_by) && good;
        for (const auto& word : item.fields)
            good = resolve(word, candidate, spec, &CorrelationSpec::View::fields) && good;
        if (good && !item.broken && is_numeric(item.type))
            for (const auto& view : spec.views)
                if (const auto* field = view.fields.front().field;
                    field != nullptr && field->type != event::Type::integer)
                    return lacks(candidate, spec, item.fields.front().where, "not-a-number",
                                 std::string(to_string(item.type)) + " calculates with numbers, and field '" +
                                     std::string(field->name) + "' is none");
        return good;
    }

    /// A field that no event can give. A Sigma rule is written for any log: that is no fault of it, and it is skipped.
    bool lacks(Candidate& candidate, const CorrelationSpec& spec, const Location& where, std::string code,
               std::string message, std::string hint = {}) {
        const bool sigma = std::all_of(spec.views.begin(), spec.views.end(), [&](const auto& view) {
            return candidates_[view.rule].item->field_names != nullptr;
        });
        if (sigma)
            candidate.state = State::skipped;
        report(sigma ? Severity::warning : Severity::error, where, std::move(code),
               std::move(message) + (sigma ? ": the correlation is skipped" : ""), std::move(hint));
        return false;
    }

    /// One name in the events of each rule. It must be there in those of one at least.
    bool resolve(const Word& word, Candidate& candidate, CorrelationSpec& spec,
                 std::vector<event::FieldRef> CorrelationSpec::View::*list) {
        const auto& item = *candidate.item->correlation;
        std::string first_error, first_hint;
        const std::string* without = nullptr;
        bool found = false;
        for (auto& view : spec.views) {
            const auto& base = candidates_[view.rule];
            std::string error, hint;
            auto field = resolve_in(*base.item, field_name(word, item, spec, view.rule), error, hint);
            const auto calls = base.rule.condition.calls();
            if (field && base.state == State::good && calls.any() && !may_have(base.rule.condition, *field->field))
                field.reset();
            if (!field && first_error.empty()) {
                first_error = error.empty() ? "no event that the correlation counts has a field '" + word.text + "'"
                                            : std::move(error);
                first_hint = std::move(hint);
            }
            if (!field && without == nullptr)
                without = &base.item->name;
            found = found || field;
            (view.*list).push_back(field.value_or(event::FieldRef()));
        }
        if (!found && !spec.views.empty())
            return lacks(candidate, spec, word.where, "unknown-field", std::move(first_error), std::move(first_hint));
        if (without != nullptr)
            report(Severity::warning, word.where, "missing-field",
                   "events of rule '" + *without + "' have no field '" + word.text + "'",
                   "aliases give a field's name for each rule");
        return true;
    }

    /// What an alias stands for in the events of a rule: said of the rule itself, or of a correlation that counts it.
    std::string_view field_name(const Word& word, const CorrelationItem& item, const CorrelationSpec& spec,
                                std::uint32_t base) {
        std::string_view by_way_of;
        for (const auto& alias : item.aliases) {
            if (alias.name.text != word.text)
                continue;
            for (const auto& [rule, field] : alias.fields) {
                const auto index = find(rule);
                if (index == base)
                    return field.text;
                const auto* inner =
                    index && candidates_[*index].rule.correlation ? &*candidates_[*index].rule.correlation : nullptr;
                const bool counted = std::any_of(spec.sources.begin(), spec.sources.end(),
                                                 [&](const auto& s) { return index && s.rule == *index; });
                if (counted && inner != nullptr && by_way_of.empty() &&
                    std::any_of(inner->views.begin(), inner->views.end(),
                                [&](const auto& v) { return v.rule == base; }))
                    by_way_of = field.text;
            }
        }
        return by_way_of.empty() ? std::string_view(word.text) : by_way_of;
    }

    /// As the rule's form names fields, else as the table does.
    static std::optional<event::FieldRef> resolve_in(const RuleItem& item, std::string_view name, std::string& error,
                                                     std::string& hint) {
        std::string own_error, own_hint;
        if (auto field = event::resolve_field(name, own_error, own_hint))
            return field;
        if (item.field_names != nullptr)
            return item.field_names->resolve(name, error, hint);
        error = std::move(own_error);
        hint = std::move(own_hint);
        return std::nullopt;
    }

    [[nodiscard]] std::uint64_t fingerprint(const Rule& rule, const CorrelationSpec& spec) const {
        Hash128 hash;
        hash.add(rule.condition.fingerprint());
        hash.add(static_cast<std::uint64_t>(spec.type));
        hash.add(static_cast<std::uint64_t>(spec.timespan_ns));
        hash.add(std::bit_cast<std::uint64_t>(spec.percentile));
        for (const auto& bound : spec.bounds) {
            hash.add(static_cast<std::uint64_t>(bound.op));
            hash.add(std::bit_cast<std::uint64_t>(bound.number));
        }
        for (const auto& step : spec.expression) {
            hash.add(static_cast<std::uint64_t>(step.op));
            hash.add(static_cast<std::uint64_t>(step.rule));
        }
        for (const auto& source : spec.sources) {
            hash.add(source.name);
            if (source.rule != kNoRule)
                hash.add(candidates_[source.rule].rule.fingerprint);
        }
        for (const auto& view : spec.views) {
            hash.add(candidates_[view.rule].item->name);
            for (const auto* list : {&view.group_by, &view.fields})
                for (const auto& field : *list)
                    hash.add(field.field == nullptr ? std::string() : event::to_string(field));
        }
        return hash.high;
    }

    void silence(const Candidate& candidate, std::size_t index) {
        const auto& rule = candidate.rule;
        if (candidate.state != State::good || !rule.correlation || !rule.enabled || rule.correlation->generate)
            return;
        for (const auto& source : rule.correlation->sources)
            if (source.rule != kNoRule && source.rule != index)
                candidates_[source.rule].rule.silent = true;
    }

    std::vector<Candidate>& candidates_;
    Diagnostics& out_;
    std::vector<Visit> visits_;
    std::vector<std::size_t> chains_; ///< correlations below one another, each with itself
    std::size_t unknown_ = 0;
    std::unordered_map<std::string, std::uint32_t> by_name_, by_id_;
    std::unordered_map<std::string, std::vector<std::uint32_t>> by_short_name_;
};

} // namespace

void link_correlations(std::vector<Candidate>& candidates, Diagnostics& out) {
    Linker(candidates, out).run();
}

std::vector<Rule> compact(std::vector<Candidate> candidates) {
    std::vector<std::uint32_t> place(candidates.size(), kNoRule);
    std::vector<Rule> rules;
    for (std::size_t i = 0; i < candidates.size(); ++i)
        if (candidates[i].state == State::good) {
            place[i] = static_cast<std::uint32_t>(rules.size());
            rules.push_back(std::move(candidates[i].rule));
        }
    for (auto& rule : rules) {
        if (!rule.correlation)
            continue;
        for (auto& source : rule.correlation->sources)
            source.rule = source.rule == kNoRule ? kNoRule : place[source.rule];
        for (auto& view : rule.correlation->views)
            view.rule = place[view.rule];
    }
    return rules;
}

} // namespace rwatch::rules
