// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/call_explain.hpp"

#include "event/call_args.hpp"
#include "rules/call_interest.hpp"
#include "rules/call_needs.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

namespace rwatch::rules {

namespace {

using event::Call;
using event::CallOutcome;
using event::JudgedBy;

/// A list that shows its first items.
void add_value(CallNeed& need, std::string value) {
    constexpr std::size_t kMostShown = 8;
    if (need.values.size() < kMostShown)
        need.values.push_back(std::move(value));
    else
        ++need.more_values;
}

std::string argument_text(Call call, std::size_t place, std::uint64_t value) {
    event::Event sample;
    sample.call = call;
    sample.arg_count = static_cast<std::uint8_t>(event::signature_of(call).size());
    sample.args.at(place) = value;
    const auto scratch = std::make_unique<event::Scratch>();
    const auto mark = scratch->mark();
    event::put_arg(sample, place, *scratch);
    return std::string(scratch->since(mark));
}

std::string octal(std::size_t mode) {
    std::string out;
    for (int shift = 9; shift >= 0; shift -= 3)
        out += static_cast<char>('0' + (mode >> static_cast<unsigned>(shift) & 7U));
    return out;
}

/// "x|y", of what text() gives for each.
template <typename Items, typename Text> std::string joined(const Items& items, const Text& text) {
    std::string out;
    for (const auto& item : items)
        out.append(out.empty() ? "" : "|").append(text(item));
    return out;
}

/// "22|1024-65535"
std::string port_text(const PortRanges& ports, const std::vector<bool>& in) {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < in.size(); ++i) {
        const auto first = ports.firsts[i];
        while (in[i] && i + 1 < in.size() && in[i + 1])
            ++i;
        const auto end = i + 1 < in.size() ? ports.firsts[i + 1] : static_cast<std::int64_t>(CallInterest::kPorts);
        if (in[i])
            out.push_back(std::to_string(first) + (end - first > 1 ? "-" + std::to_string(end - 1) : ""));
    }
    return joined(out, [](const std::string& range) { return range; });
}

std::string group_text(const std::vector<std::size_t>& groups) {
    constexpr std::array<std::string_view, event::kPeerGroups> kNames{"unix", "tcp4", "udp4",  "other4",
                                                                      "tcp6", "udp6", "other6"};
    if (groups.size() == event::kPeerGroups - 1 && groups.front() == 1)
        return "ip";
    return joined(groups, [&](std::size_t group) { return kNames.at(group); });
}

/// Values that two numbers tell: what goes with the same of the others stands together. in(row, column)
template <typename In, typename RowText, typename ColumnText>
void add_pairs(CallNeed& need, std::size_t rows, std::size_t columns, const In& in, const RowText& row_text,
               const ColumnText& column_text) {
    std::map<std::vector<bool>, std::vector<std::size_t>> alike;
    for (std::size_t row = 0; row < rows; ++row) {
        std::vector<bool> set(columns);
        for (std::size_t column = 0; column < columns; ++column)
            set[column] = in(row, column);
        alike[set].push_back(row);
    }
    for (const auto& [set, members] : alike) {
        const auto count = std::count(set.begin(), set.end(), true);
        if (count == 0)
            continue;
        auto text = members.size() < rows ? row_text(members) : "";
        if (count < static_cast<std::ptrdiff_t>(columns))
            text += (text.empty() ? "" : " ") + column_text(set);
        add_value(need, std::move(text));
    }
}

void add_sockets(CallNeed& need, const std::vector<bool>& in) {
    const auto row = [](const std::vector<std::size_t>& families) {
        return joined(families, [](std::size_t family) { return argument_text(Call::socket, 0, family); });
    };
    const auto column = [](const std::vector<bool>& types) {
        std::vector<std::size_t> set;
        for (std::size_t type = 0; type < types.size(); ++type)
            if (types[type])
                set.push_back(type);
        return joined(set, [](std::size_t type) { return argument_text(Call::socket, 1, type); });
    };
    add_pairs(
        need, CallInterest::kFamilies, CallInterest::kTypes,
        [&](std::size_t a, std::size_t b) { return in[a * CallInterest::kTypes + b]; }, row, column);
}

/// Bits of which any makes a mode one of these; 0 where that does not tell them.
std::size_t telling_bits(const std::vector<bool>& modes) {
    std::size_t bits = 0;
    for (std::size_t bit = 1; bit < modes.size(); bit *= 2)
        bits |= modes[bit] ? bit : 0;
    for (std::size_t mode = 0; mode < modes.size(); ++mode)
        if (modes[mode] != ((mode & bits) != 0))
            return 0;
    return bits;
}

void add_values(CallNeed& need, const std::vector<bool>& in, const PortRanges& ports) {
    const auto by = event::judged_by(need.call);
    if (std::find(in.begin(), in.end(), false) == in.end())
        return;
    if (by == JudgedBy::socket) {
        add_sockets(need, in);
        return;
    }
    if (by == JudgedBy::peer) {
        add_pairs(
            need, event::kPeerGroups, ports.firsts.size(),
            [&](std::size_t a, std::size_t b) { return in[b * event::kPeerGroups + a]; }, group_text,
            [&](const std::vector<bool>& set) { return port_text(ports, set); });
        return;
    }
    if (const auto bits = by == JudgedBy::mode ? telling_bits(in) : 0; bits != 0) {
        add_value(need, "any bit of " + octal(bits));
        return;
    }
    for (std::size_t value = 0; value < in.size(); ++value)
        if (in[value])
            add_value(need, by == JudgedBy::mode ? octal(value)
                            : value == CallInterest::kLastArgument
                                ? "any above " + std::to_string(value - 1)
                                : argument_text(need.call, event::argument_of(by), value));
}

} // namespace

std::vector<CallExplanation> explain_calls(const RuleSet& set) {
    std::vector<CallExplanation> out(set.rules().size());
    for (std::size_t i = 0; i < out.size(); ++i)
        if (const auto& condition = set.rules()[i].condition; condition.program() != nullptr)
            out[i].tests = tests_below(*condition.program(), condition.root());
    const auto ports = port_ranges(set);
    each_reach(set, ports, [&](std::size_t rule, Call call, CallNeeds& needs, const CallReach& reach) {
        CallNeed need;
        need.call = call;
        if (!any(reach.always)) {
            std::set<std::string> exes;
            for (const auto& fragment : needs.exe_fragments())
                exes.insert(shown(fragment));
            need.exes.assign(exes.begin(), exes.end());
        }
        unsigned outcomes = 0;
        std::vector<bool> values;
        for (std::size_t value = 0; value < needs.space().values(); ++value) {
            outcomes |= outcomes_in(reach.possible, value);
            values.push_back(outcomes_in(reach.possible, value) != 0);
        }
        for (std::size_t i = 0; i < event::kCallOutcomes && outcomes != (1U << event::kCallOutcomes) - 1; ++i)
            if ((outcomes >> i & 1U) != 0)
                need.outcomes.emplace_back(event::name_of(static_cast<CallOutcome>(i)));
        add_values(need, values, ports);
        out[rule].needs.push_back(std::move(need));
        for (const auto test : out[rule].tests)
            if (needs.judges(test))
                out[rule].judged.insert(test);
    });
    return out;
}

} // namespace rwatch::rules
