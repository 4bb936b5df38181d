// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/call_interest.hpp"

#include "rules/call_needs.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <sys/socket.h>
#include <vector>

namespace rwatch::rules {

namespace {

using event::Call;
using event::CallOutcome;
using event::JudgedBy;

constexpr std::array<Call, 4> kModeCalls{Call::chmod, Call::fchmod, Call::fchmodat, Call::fchmodat2};

/// Of one value what is wanted, call by call, as CallInterest::Row.
using Column = std::string;

char byte_of(std::uint8_t cell) noexcept {
    return static_cast<char>(cell);
}

/// Gives values that are wanted alike one class; those that find no room share the last one.
class Classes {
  public:
    explicit Classes(std::size_t most) : most_(most) {}

    std::uint8_t of(const Column& column) {
        if (const auto known = known_.find(column); known != known_.end())
            return known->second;
        if (columns_.size() < most_) {
            columns_.push_back(column);
            return known_[column] = static_cast<std::uint8_t>(columns_.size() - 1);
        }
        auto& last = columns_.back();
        std::transform(column.begin(), column.end(), last.begin(), last.begin(),
                       [](char a, char b) { return static_cast<char>(a | b); });
        return static_cast<std::uint8_t>(most_ - 1);
    }
    [[nodiscard]] const std::vector<Column>& columns() const noexcept { return columns_; }

  private:
    std::size_t most_;
    std::vector<Column> columns_;
    std::map<Column, std::uint8_t> known_;
};

using Cells = std::map<Call, std::vector<std::uint8_t>>; ///< by value, as CallInterest::Row

std::uint8_t cell_of(const Cells& cells, Call call, std::size_t value) noexcept {
    const auto found = cells.find(call);
    return found == cells.end() ? 0 : found->second[value];
}

void put_sockets(CallInterest& out, const Cells& cells) {
    Classes classes(CallInterest::kClasses);
    for (std::size_t value = 0; value < out.sockets.size(); ++value)
        out.sockets[value] = classes.of(Column(1, byte_of(cell_of(cells, Call::socket, value))));
    for (std::size_t one = 0; one < classes.columns().size(); ++one)
        out.wanted[static_cast<std::size_t>(Call::socket)].at(one) =
            static_cast<std::uint8_t>(classes.columns()[one][0]);
}

void put_modes(CallInterest& out, const Cells& cells) {
    Classes classes(CallInterest::kClasses);
    for (std::size_t mode = 0; mode < out.modes.size(); ++mode) {
        Column column;
        for (const auto call : kModeCalls)
            column.push_back(byte_of(cell_of(cells, call, mode)));
        out.modes[mode] = classes.of(column);
    }
    for (std::size_t one = 0; one < classes.columns().size(); ++one)
        for (std::size_t i = 0; i < kModeCalls.size(); ++i)
            out.wanted[static_cast<std::size_t>(kModeCalls.at(i))].at(one) =
                static_cast<std::uint8_t>(classes.columns()[one][i]);
}

void put_peers(CallInterest& out, const Cells& cells, const PortRanges& ports) {
    std::vector<Call> calls;
    for (const auto& [call, of_call] : cells)
        if (event::judged_by(call) == JudgedBy::peer)
            calls.push_back(call);
    Classes classes(CallInterest::kPortClasses);
    for (std::size_t range = 0; range < ports.firsts.size(); ++range) {
        Column column;
        for (const auto call : calls)
            for (std::size_t group = 0; group < event::kPeerGroups; ++group)
                column.push_back(byte_of(cell_of(cells, call, range * event::kPeerGroups + group)));
        std::fill(out.ports.begin() + ports.firsts[range], out.ports.end(), classes.of(column));
    }
    for (std::size_t one = 0; one < classes.columns().size(); ++one)
        for (std::size_t i = 0; i < calls.size(); ++i)
            for (std::size_t group = 0; group < event::kPeerGroups; ++group)
                out.wanted[static_cast<std::size_t>(calls[i])].at(group * CallInterest::kPortClasses + one) =
                    static_cast<std::uint8_t>(classes.columns()[one][i * event::kPeerGroups + group]);
}

} // namespace

CallInterest::CallInterest() : wanted(event::kCalls), sockets(kFamilies * kTypes), modes(kModes), ports(kPorts) {}

bool CallInterest::wants(const event::Event& e, bool named) const noexcept {
    constexpr std::uint64_t kKnownTypes = (kTypes - 1) | SOCK_CLOEXEC | SOCK_NONBLOCK;
    const auto by = event::judged_by(e.call);
    const auto outcome = event::outcome_of(e.result);
    if (by == JudgedBy::none || !outcome || (e.flags & event::kFlagIoUring) != 0)
        return true;
    std::size_t one = 0;
    switch (by) {
    case JudgedBy::argument_0:
    case JudgedBy::argument_1:
    case JudgedBy::argument_2:
        one = std::min<std::uint64_t>(e.args.at(event::argument_of(by)), kLastArgument);
        break;
    case JudgedBy::socket:
        if (e.args[0] >= kFamilies || (e.args[1] & ~kKnownTypes) != 0)
            return true;
        one = sockets[e.args[0] * kTypes + (e.args[1] & (kTypes - 1))];
        break;
    case JudgedBy::mode:
        one = modes[e.mode & (kModes - 1)];
        break;
    case JudgedBy::peer:
        one = static_cast<std::size_t>(event::peer_group(e.family, e.protocol)) * kPortClasses +
              ports[event::judges_remote(e.kind) ? e.remote_port : e.local_port];
        break;
    default:
        break;
    }
    const auto bits = wanted[static_cast<std::size_t>(e.call)].at(one) >> static_cast<unsigned>(*outcome);
    return (bits & 1U) != 0 || (named && (bits >> event::kCallOutcomes & 1U) != 0);
}

void CallInterest::want_done(const event::CallSet& calls) noexcept {
    for (std::size_t call = 0; call < event::kCalls; ++call)
        if (calls[call])
            for (auto& cell : wanted[call])
                cell |= 1U << static_cast<unsigned>(CallOutcome::done);
}

void CallInterest::want_of_all() noexcept {
    for (auto& row : wanted)
        for (auto& cell : row)
            cell |= cell >> event::kCallOutcomes;
}

CallInterest call_interest(const RuleSet& set) {
    CallInterest out;
    const auto ports = port_ranges(set);
    std::map<Call, CallReach> reaches;
    std::set<Fragment> exes;
    each_reach(set, ports, [&](std::size_t rule, Call call, const CallNeeds& needs, const CallReach& reach) {
        if (!set.is_active(rule))
            return;
        const auto [found, is_new] = reaches.try_emplace(call, reach);
        if (!is_new) {
            found->second.possible |= reach.possible;
            found->second.always |= reach.always;
        }
        if (!any(reach.possible & ~reach.always))
            return;
        const auto fragments = needs.exe_fragments();
        exes.insert(fragments.begin(), fragments.end());
    });
    Cells cells;
    for (const auto& [call, reach] : reaches) {
        auto& of_call = cells[call];
        of_call.resize(space_of(event::judged_by(call), ports).values());
        for (std::size_t value = 0; value < of_call.size(); ++value)
            of_call[value] = static_cast<std::uint8_t>(outcomes_in(reach.always, value) |
                                                       outcomes_in(reach.possible, value) << event::kCallOutcomes);
        switch (event::judged_by(call)) {
        case JudgedBy::socket:
        case JudgedBy::mode:
        case JudgedBy::peer:
            break;
        default:
            std::copy(of_call.begin(), of_call.end(), out.wanted[static_cast<std::size_t>(call)].begin());
        }
    }
    put_sockets(out, cells);
    put_modes(out, cells);
    put_peers(out, cells, ports);
    out.exes.assign(exes.begin(), exes.end());
    return out;
}

} // namespace rwatch::rules
