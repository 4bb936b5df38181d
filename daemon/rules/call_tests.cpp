// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/call_tests.hpp"

#include "event/call_args.hpp"
#include "rules/call_interest.hpp"

#include <algorithm>
#include <limits>
#include <string_view>
#include <sys/socket.h>
#include <sys/stat.h>

namespace rwatch::rules {

namespace {

using event::CallOutcome;
using event::JudgedBy;
using event::Kind;

constexpr std::uint64_t kTypeFlags[] = {0, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_CLOEXEC | SOCK_NONBLOCK};

template <std::size_t N> bool is_one_of(std::string_view name, const std::array<std::string_view, N>& names) noexcept {
    return std::find(names.begin(), names.end(), name) != names.end();
}
constexpr std::array<std::string_view, 4> kOutcomeFields{"evt.count.error", "evt.failed", "evt.rawres", "evt.res"};
constexpr std::array<std::string_view, 2> kConnectFields{"fd.connected", "fd.name_changed"};
constexpr std::array<std::string_view, 4> kGroupFields{"fd.l4proto", "fd.sockfamily", "fd.type", "fd.typechar"};

bool is_port(std::string_view field, Kind kind) noexcept {
    if (field == "fd.sport") // which end is the server's says more than the port, of what is sent
        return kind == Kind::connect || kind == Kind::accept || kind == Kind::bind;
    return field == (event::judges_remote(kind) ? "fd.rport" : "fd.lport") && kind != Kind::dup;
}

} // namespace

CallSpace space_of(JudgedBy by, const PortRanges& ports) noexcept {
    switch (by) {
    case JudgedBy::argument_0:
    case JudgedBy::argument_1:
    case JudgedBy::argument_2:
        return {CallInterest::kClasses, 1};
    case JudgedBy::socket:
        return {CallInterest::kFamilies, CallInterest::kTypes};
    case JudgedBy::mode:
        return {CallInterest::kModes, 1};
    case JudgedBy::peer:
        return {ports.firsts.size(), event::kPeerGroups};
    default:
        return {};
    }
}

CallTests::CallTests(const Program& program, const PortRanges& ports)
    : program_(program), ports_(ports), scratch_(std::make_unique<event::Scratch>()), outcomes_(program.tests.size()) {}

void CallTests::begin(event::Call call) {
    if (sample_.call == call)
        return;
    by_ = event::judged_by(call);
    space_ = space_of(by_, ports_);
    decided_.assign(program_.tests.size(), std::nullopt);
    sample_ = {};
    sample_.call = call;
    sample_.kind = event::kind_of(call);
    sample_.has_result = true;
    sample_.arg_count = static_cast<std::uint8_t>(event::signature_of(call).size());
    sample_.object.file.id = {1, 1};
}

const CallTests::Decided* CallTests::decide(std::uint32_t index) {
    const auto& test = program_.tests[index];
    auto& decided = decided_[index];
    if (decided)
        return &*decided;
    const auto fact = fact_of(test);
    if (fact == Fact::none)
        return nullptr;
    decided = fact == Fact::outcome ? by_outcome(index) : by_value(test, fact);
    return &*decided;
}

bool CallTests::is_argument(const event::FieldRef& field, std::size_t place) const {
    const auto name = field.field->name;
    if (name == "evt.arg" || name == "evt.rawarg")
        return field.arg.key == event::signature_of(sample_.call)[place].name;
    return (name == "evt.sysarg" || name == "evt.sysarg.hex") && field.arg.index == static_cast<std::int32_t>(place);
}

CallTests::Fact CallTests::fact_of(const Test& test) const {
    const auto fields = fields_of(test);
    if (fields.size() != 1)
        return Fact::none;
    const auto& field = fields[0];
    const auto name = field.field->name;
    if (is_one_of(name, kOutcomeFields) || (sample_.kind == Kind::connect && is_one_of(name, kConnectFields)))
        return Fact::outcome;
    const auto first_if = [](bool is) { return is ? Fact::first : Fact::none; };
    switch (by_) {
    case JudgedBy::argument_0:
    case JudgedBy::argument_1:
    case JudgedBy::argument_2:
        return first_if(is_argument(field, event::argument_of(by_)));
    case JudgedBy::socket:
        return is_argument(field, 1) ? Fact::second : first_if(is_argument(field, 0));
    case JudgedBy::mode:
        return first_if(name == "fs.mode" || name == "fs.mode.exec_added" ||
                        ((name == "evt.arg" || name == "evt.rawarg") && field.arg.key == "mode"));
    case JudgedBy::peer:
        return is_one_of(name, kGroupFields) ? Fact::second : first_if(is_port(name, sample_.kind));
    default:
        return Fact::none;
    }
}

CallTests::Truths CallTests::truth(const Test& test) noexcept {
    scratch_->reset();
    return holds(test, sample_, *scratch_, values_) ? kHolds : kFails;
}

/// of(first, second, outcome) gives what the test may come to.
template <typename Of> CallTests::Decided CallTests::spread(Of of) const {
    Decided out{CallBits(std::uint64_t{0}, space_.words()), CallBits(std::uint64_t{0}, space_.words())};
    std::size_t bit = 0;
    for (std::size_t a = 0; a < space_.first; ++a)
        for (std::size_t b = 0; b < space_.second; ++b)
            for (std::size_t outcome = 0; outcome < event::kCallOutcomes; ++outcome, ++bit) {
                const Truths truths = of(a, b, outcome);
                out[0][bit / 64] |= std::uint64_t{(truths & kFails) != 0} << bit % 64;
                out[1][bit / 64] |= std::uint64_t{(truths & kHolds) != 0} << bit % 64;
            }
    return out;
}

CallTests::Decided CallTests::by_outcome(std::uint32_t index) {
    const auto by = outcomes_of(index);
    return spread([&](std::size_t, std::size_t, std::size_t outcome) { return by[outcome]; });
}

CallTests::Decided CallTests::by_value(const Test& test, Fact fact) {
    switch (by_) {
    case JudgedBy::socket:
        return by_socket(test, fact);
    case JudgedBy::mode:
        return by_mode(test);
    case JudgedBy::peer:
        return fact == Fact::first ? by_port(test) : by_group(test);
    default:
        return by_argument(test);
    }
}

/// The same for all calls, but for what is said of connections alone.
std::array<CallTests::Truths, event::kCallOutcomes> CallTests::outcomes_of(std::uint32_t index) {
    const auto& test = program_.tests[index];
    const bool of_connect = is_one_of(fields_of(test)[0].field->name, kConnectFields);
    auto& known = outcomes_[index];
    if (known && !of_connect)
        return *known;
    std::array<Truths, event::kCallOutcomes> out{};
    std::vector<std::int64_t> results{0, 1, 3, std::numeric_limits<std::int64_t>::max()};
    for (std::int64_t error = 1; error <= event::kLastErrno; ++error)
        results.push_back(-error);
    if (test.left.type() == event::Type::integer && !add_tries(test.matcher.get(), results))
        out.fill(kEither);
    for (const auto result : results)
        if (const auto outcome = event::outcome_of(result)) {
            sample_.result = result;
            out[static_cast<std::size_t>(*outcome)] |= truth(test);
        }
    sample_.result = 0;
    known = out;
    return out;
}

CallTests::Decided CallTests::by_argument(const Test& test) {
    std::array<Truths, CallInterest::kClasses> by{};
    auto& argument = sample_.args.at(event::argument_of(by_));
    for (std::size_t value = 0; value < CallInterest::kLastArgument; ++value) {
        argument = value;
        by.at(value) = truth(test);
    }
    by[CallInterest::kLastArgument] = kEither;
    return spread([&](std::size_t a, std::size_t, std::size_t) { return by.at(a); });
}

CallTests::Decided CallTests::by_socket(const Test& test, Fact fact) {
    std::vector<Truths> by;
    if (fact == Fact::first) {
        for (std::size_t family = 0; family < space_.first; ++family) {
            sample_.args[0] = family;
            by.push_back(truth(test));
        }
        return spread([&](std::size_t a, std::size_t, std::size_t) { return by[a]; });
    }
    for (std::size_t type = 0; type < space_.second; ++type) {
        by.push_back(0);
        for (const auto flags : kTypeFlags) {
            sample_.args[1] = type | flags;
            by.back() |= truth(test);
        }
    }
    return spread([&](std::size_t, std::size_t b, std::size_t) { return by[b]; });
}

/// Of what was done the value is what the file has now, else what was asked for.
CallTests::Decided CallTests::by_mode(const Test& test) {
    const auto name = fields_of(test)[0].field->name;
    const bool of_added = name == "fs.mode.exec_added", of_file = name == "fs.mode";
    std::vector<Truths> done(CallInterest::kModes), failed(CallInterest::kModes);
    for (std::uint32_t mode = 0; mode < CallInterest::kModes; ++mode) {
        sample_.mode = mode;
        sample_.object.file.mode = S_IFREG | mode;
        sample_.old_mode = event::kUnset;
        done[mode] = truth(test);
        if (of_added) {
            sample_.old_mode = CallInterest::kModes - 1;
            done[mode] |= truth(test);
            sample_.result = -1;
            failed[mode] = truth(test);
            sample_.result = 0;
        } else {
            failed[mode] = of_file ? kEither : done[mode];
        }
    }
    return spread([&](std::size_t a, std::size_t, std::size_t outcome) {
        return outcome == static_cast<std::size_t>(CallOutcome::done) ? done[a] : failed[a];
    });
}

void CallTests::talk(std::uint16_t family, std::uint8_t protocol) noexcept {
    sample_.family = family;
    sample_.protocol = protocol;
    const event::Address address{{}, static_cast<std::uint8_t>(family == AF_INET ? 4 : family == AF_INET6 ? 6 : 0)};
    sample_.local = sample_.remote = address;
}

CallTests::Decided CallTests::by_port(const Test& test) {
    std::vector<std::int64_t> edges;
    const bool known =
        ports_.known && test.left.type() == event::Type::integer && test.matcher && test.matcher->add_edges(edges);
    std::vector<Truths> by;
    talk(AF_INET, 0);
    for (const auto port : ports_.firsts) {
        sample_.local_port = sample_.remote_port = static_cast<std::uint16_t>(port);
        by.push_back(known ? truth(test) : kEither);
    }
    talk(AF_UNIX, 0);
    const auto of_none = truth(test);
    return spread([&](std::size_t a, std::size_t b, std::size_t) {
        return b == static_cast<std::size_t>(event::PeerGroup::local) ? of_none : by[a];
    });
}

/// An IPv4 address may be told of a socket of IPv6.
CallTests::Decided CallTests::by_group(const Test& test) {
    constexpr std::size_t kProtocols = 256, kLocalProtocols = 2;
    std::array<Truths, event::kPeerGroups> by{};
    for (const std::uint16_t family : {AF_UNIX, AF_INET, AF_INET6})
        for (const std::uint16_t told : {AF_UNIX, AF_INET, AF_INET6})
            if (told == family || (told == AF_INET && family == AF_INET6))
                for (std::size_t protocol = 0; protocol < (family == AF_UNIX ? kLocalProtocols : kProtocols);
                     ++protocol) {
                    talk(told, static_cast<std::uint8_t>(protocol));
                    by.at(static_cast<std::size_t>(event::peer_group(family, static_cast<std::uint8_t>(protocol)))) |=
                        truth(test);
                }
    return spread([&](std::size_t, std::size_t b, std::size_t) { return by.at(b); });
}

} // namespace rwatch::rules
