// SPDX-License-Identifier: MIT OR Apache-2.0
// A correlator fed by hand, for the tests of counting.
#pragma once

#include "rules_support.hpp"

#include "rules/correlation.hpp"
#include "rules/rule_expression.hpp"

namespace rwatch::rules::test {

constexpr std::int64_t kSecond = 1'000'000'000;

inline event::FieldRef field(std::string_view name) {
    std::string error, hint;
    const auto ref = event::resolve_field(name, error, hint);
    REQUIRE(ref);
    return *ref;
}

inline CorrelationSpec spec(CorrelationSpec::Type type, CorrelationSpec::Bound::Op op, double number) {
    CorrelationSpec out;
    out.type = type;
    out.timespan_ns = 10 * kSecond;
    out.bounds = {{op, number}};
    out.sources = {{0, "rule"}};
    out.views = {{0, {field("proc.name")}, {}}};
    if (type == CorrelationSpec::Type::value_count || is_numeric(type))
        out.views[0].fields = {field("fd.rport")};
    return out;
}

using Op = CorrelationSpec::Bound::Op;
constexpr auto kEvents = CorrelationSpec::Type::event_count;
constexpr auto kValues = CorrelationSpec::Type::value_count;
constexpr auto kTemporal = CorrelationSpec::Type::temporal;
constexpr auto kOrdered = CorrelationSpec::Type::temporal_ordered;

/// Of so many rules.
inline CorrelationSpec temporal(CorrelationSpec::Type type, std::uint32_t rules) {
    auto out = spec(type, CorrelationSpec::Bound::Op::gte, rules);
    for (std::uint32_t i = 1; i < rules; ++i)
        out.sources.push_back({i, "rule " + std::to_string(i)});
    return out;
}

inline CorrelationSpec expression(CorrelationSpec::Type type, const std::string& text, std::uint32_t rules) {
    auto out = temporal(type, rules);
    Diagnostics found;
    std::vector<Word> names;
    for (std::uint32_t i = 0; i < rules; ++i)
        names.push_back({std::string(1, static_cast<char>('a' + i)), {}});
    out.bounds.clear();
    out.expression = parse_rule_expression(MappedText(text, {"c", 1, 1}), names, found);
    REQUIRE(found.empty());
    return out;
}

/// Feeds one correlator. The event's rules are bits.
class Feed {
  public:
    explicit Feed(CorrelationSpec spec, const Correlator::Limits& limits = {})
        : spec_(std::move(spec)), correlator(spec_, limits) {}

    const CorrelationResult* at(std::int64_t ns, const std::string& name, int port = 1, std::uint64_t rules = 1) {
        MadeEvent event({{"evt.type", "connect"},
                         {"proc.name", name},
                         {"fd.rip", "192.0.2.1"},
                         {"fd.rport", std::to_string(port)}});
        event->boot_ns = static_cast<std::uint64_t>(ns);
        return add(*event, rules);
    }
    const CorrelationResult* add(const event::Event& event, std::uint64_t rules = 1) {
        return correlator.add({event, ++serial_, rules, spec_.views[0]}, scratch(), values_);
    }
    /// The last event came by way of other rules, too.
    const CorrelationResult* again(const event::Event& event, std::uint64_t rules) {
        return correlator.add({event, serial_, rules, spec_.views[0]}, scratch(), values_);
    }
    /// Rules by letter, a second apart: "ab" is a, then b; "(ab)" is one event of both. Gives where it fired: "-x".
    std::string run(const std::string& events) {
        std::string out;
        for (std::size_t i = 0; i < events.size(); ++i) {
            std::uint64_t rules = 0;
            const bool both = events[i] == '(';
            for (i += both ? 1 : 0; i < events.size() && events[i] != ')'; ++i) {
                rules |= events[i] == '.' ? 0 : 1ULL << static_cast<unsigned>(events[i] - 'a');
                if (!both)
                    break;
            }
            now_ += kSecond;
            out += rules != 0 && at(now_, "p", 1, rules) != nullptr ? 'x' : '-';
        }
        return out;
    }

  private:
    CorrelationSpec spec_;
    std::uint64_t serial_ = 0;
    std::int64_t now_ = 100 * kSecond;

  public:
    Correlator correlator;

  private:
    event::Values values_;
};

} // namespace rwatch::rules::test
