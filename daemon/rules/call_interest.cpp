// SPDX-License-Identifier: MIT OR Apache-2.0
// Abstract interpretation of the compiled conditions, as rules/interest does it for opens, for all outcomes and values
// of a call at once: where a test is about one of them it is tried with each, all else may be true or false.
#include "rules/call_interest.hpp"

#include "event/call_args.hpp"
#include "rules/path_test.hpp"
#include "rules/program.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <sys/socket.h>
#include <sys/stat.h>
#include <utility>
#include <valarray>

namespace rwatch::rules {

namespace {

using event::Call;
using event::CallOutcome;
using event::JudgedBy;
using event::Kind;

constexpr std::size_t kOutcomes = event::kCallOutcomes;
constexpr std::size_t kLastArgument = CallInterest::kClasses - 1; ///< stands for it and all above
constexpr std::size_t kMostPortRanges = 256; ///< more are not told apart: their tests may be true of any port
constexpr std::array<Call, 4> kModeCalls{Call::chmod, Call::fchmod, Call::fchmodat, Call::fchmodat2};
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

/// Combinations of an outcome and a value, which may be told by two numbers: a bit each.
struct Space {
    std::size_t first = 1, second = 1;

    [[nodiscard]] std::size_t values() const noexcept { return first * second; }
    [[nodiscard]] std::size_t words() const noexcept { return (values() * kOutcomes + 63) / 64; }
};
using Bits = std::valarray<std::uint64_t>;

bool any(const Bits& bits) noexcept {
    return std::any_of(std::begin(bits), std::end(bits), [](std::uint64_t word) { return word != 0; });
}

/// Of one value, a bit for each outcome.
unsigned outcomes_in(const Bits& bits, std::size_t value) noexcept {
    constexpr std::size_t kInWord = 64 / kOutcomes;
    return bits[value / kInWord] >> (value % kInWord * kOutcomes) & ((1U << kOutcomes) - 1);
}

/// Where a part of a condition may be true (or false): at all, and whatever the program.
struct Reach {
    Bits possible, always;
};

/// What a test may come to, a bit each.
using Truths = std::uint8_t;
constexpr Truths kHolds = 1, kFails = 2, kEither = 3;

/// Ports between which the tests of some rules differ: each range by its first.
struct PortRanges {
    std::vector<std::int64_t> firsts{0};
    bool known = true;
};

/// One program's conditions, call by call.
class CallNeeds {
  public:
    CallNeeds(const Program& program, const PortRanges& ports)
        : program_(program), ports_(ports), scratch_(std::make_unique<event::Scratch>()),
          by_outcome_(program.tests.size()) {}
    CallNeeds(const CallNeeds&) = delete;
    CallNeeds& operator=(const CallNeeds&) = delete;

    void begin(Call call) {
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

    /// For a condition to be true.
    Reach of(const Condition& condition) {
        exes_.clear();
        return find(condition.root(), true);
    }
    /// What the last one asked for in the program's path.
    [[nodiscard]] std::vector<Fragment> exe_fragments() const {
        std::vector<Fragment> out;
        for (const auto test : exes_) {
            const auto fragments = fragments_of(program_.tests[test]);
            out.insert(out.end(), fragments->begin(), fragments->end());
        }
        return out;
    }
    [[nodiscard]] const Space& space() const noexcept { return space_; }

    static Space space_of(JudgedBy by, const PortRanges& ports) noexcept {
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

  private:
    enum class Fact : std::uint8_t { none, outcome, first, second };
    using Decided = std::array<Bits, 2>; ///< where it fails, and where it holds

    [[nodiscard]] Bits all() const { return Bits(~std::uint64_t{0}, space_.words()); }
    [[nodiscard]] Bits none() const { return Bits(std::uint64_t{0}, space_.words()); }

    /// Depth is bounded by the compiler.
    Reach find(std::uint32_t index, bool truth) {
        const auto& node = program_.nodes[index];
        if (!(truth ? node.outcomes.may_hold : node.outcomes.may_fail)[static_cast<std::size_t>(sample_.call)])
            return {none(), none()};
        if (node.op == ProgramNode::Op::test)
            return of_test(node.first, truth);
        if (node.op == ProgramNode::Op::negation)
            return find(program_.children[node.first], !truth);
        const bool every = (node.op == ProgramNode::Op::all) == truth;
        Reach out = every ? Reach{all(), all()} : Reach{none(), none()};
        for (std::uint32_t i = 0; i < node.count; ++i) {
            const auto part = find(program_.children[node.first + i], truth);
            if (every) {
                out.possible &= part.possible;
                out.always &= part.always;
            } else {
                out.possible |= part.possible;
                out.always |= part.always;
            }
        }
        return out;
    }

    Reach of_test(std::uint32_t index, bool truth) {
        const auto& test = program_.tests[index];
        if (const auto fact = fact_of(test); fact != Fact::none) {
            auto& decided = decided_[index];
            if (!decided)
                decided = decide(index, fact);
            const auto& bits = (*decided)[truth ? 1 : 0];
            return {bits, bits};
        }
        if (!truth || subject_of(test) != Subject::exe || !fragments_of(test))
            return {all(), all()};
        exes_.insert(index);
        return {all(), none()};
    }

    [[nodiscard]] bool is_argument(const event::FieldRef& field, std::size_t place) const {
        const auto name = field.field->name;
        if (name == "evt.arg" || name == "evt.rawarg")
            return field.arg.key == event::signature_of(sample_.call)[place].name;
        return (name == "evt.sysarg" || name == "evt.sysarg.hex") &&
               field.arg.index == static_cast<std::int32_t>(place);
    }

    [[nodiscard]] Fact fact_of(const Test& test) const {
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

    Truths truth(const Test& test) noexcept {
        scratch_->reset();
        return holds(test, sample_, *scratch_, values_) ? kHolds : kFails;
    }

    /// of(first, second, outcome) gives what the test may come to.
    template <typename Of> Decided spread(Of of) const {
        Decided out{none(), none()};
        std::size_t bit = 0;
        for (std::size_t a = 0; a < space_.first; ++a)
            for (std::size_t b = 0; b < space_.second; ++b)
                for (std::size_t outcome = 0; outcome < kOutcomes; ++outcome, ++bit) {
                    const Truths truths = of(a, b, outcome);
                    out[0][bit / 64] |= std::uint64_t{(truths & kFails) != 0} << bit % 64;
                    out[1][bit / 64] |= std::uint64_t{(truths & kHolds) != 0} << bit % 64;
                }
        return out;
    }

    Decided decide(std::uint32_t index, Fact fact) {
        const auto& test = program_.tests[index];
        if (fact == Fact::outcome) {
            const auto by = outcomes_of(index);
            return spread([&](std::size_t, std::size_t, std::size_t outcome) { return by[outcome]; });
        }
        switch (by_) {
        case JudgedBy::socket:
            return decide_socket(test, fact);
        case JudgedBy::mode:
            return decide_mode(test);
        case JudgedBy::peer:
            return fact == Fact::first ? decide_port(test) : decide_group(test);
        default:
            return decide_argument(test);
        }
    }

    /// The same for all calls, but for what is said of connections alone.
    std::array<Truths, kOutcomes> outcomes_of(std::uint32_t index) {
        const auto& test = program_.tests[index];
        const bool of_connect = is_one_of(fields_of(test)[0].field->name, kConnectFields);
        auto& known = by_outcome_[index];
        if (known && !of_connect)
            return *known;
        std::array<Truths, kOutcomes> out{};
        constexpr auto kMost = std::numeric_limits<std::int64_t>::max() / 2;
        std::vector<std::int64_t> results{0, 1, 3, kMost};
        for (std::int64_t error = 1; error <= event::kLastErrno; ++error)
            results.push_back(-error);
        if (test.left.type() == event::Type::integer) {
            std::vector<std::int64_t> edges;
            if (test.matcher == nullptr || !test.matcher->add_edges(edges))
                out.fill(kEither);
            for (const auto edge : edges)
                for (const auto beside : {-1, 0, 1})
                    if (edge > -kMost && edge < kMost)
                        results.push_back(edge + beside);
        }
        for (const auto result : results)
            if (const auto outcome = event::outcome_of(result)) {
                sample_.result = result;
                out[static_cast<std::size_t>(*outcome)] |= truth(test);
            }
        sample_.result = 0;
        known = out;
        return out;
    }

    Decided decide_argument(const Test& test) {
        std::array<Truths, CallInterest::kClasses> by{};
        auto& argument = sample_.args.at(event::argument_of(by_));
        for (std::size_t value = 0; value < kLastArgument; ++value) {
            argument = value;
            by.at(value) = truth(test);
        }
        by[kLastArgument] = kEither;
        return spread([&](std::size_t a, std::size_t, std::size_t) { return by.at(a); });
    }

    Decided decide_socket(const Test& test, Fact fact) {
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
    Decided decide_mode(const Test& test) {
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

    void talk(std::uint16_t family, std::uint8_t protocol) noexcept {
        sample_.family = family;
        sample_.protocol = protocol;
        const event::Address address{{}, static_cast<std::uint8_t>(family == AF_INET ? 4 : family == AF_INET6 ? 6 : 0)};
        sample_.local = sample_.remote = address;
    }

    Decided decide_port(const Test& test) {
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
    Decided decide_group(const Test& test) {
        constexpr std::size_t kProtocols = 256, kLocalProtocols = 2;
        std::array<Truths, event::kPeerGroups> by{};
        for (const std::uint16_t family : {AF_UNIX, AF_INET, AF_INET6})
            for (const std::uint16_t told : {AF_UNIX, AF_INET, AF_INET6})
                if (told == family || (told == AF_INET && family == AF_INET6))
                    for (std::size_t protocol = 0; protocol < (family == AF_UNIX ? kLocalProtocols : kProtocols);
                         ++protocol) {
                        talk(told, static_cast<std::uint8_t>(protocol));
                        by.at(static_cast<std::size_t>(
                            event::peer_group(family, static_cast<std::uint8_t>(protocol)))) |= truth(test);
                    }
        return spread([&](std::size_t, std::size_t b, std::size_t) { return by.at(b); });
    }

    const Program& program_;
    const PortRanges& ports_;
    std::unique_ptr<event::Scratch> scratch_;
    event::Values values_;
    event::Event sample_;
    JudgedBy by_ = JudgedBy::none;
    Space space_;
    std::vector<std::optional<Decided>> decided_;                          ///< by test, of the call at hand
    std::vector<std::optional<std::array<Truths, kOutcomes>>> by_outcome_; ///< by test
    std::set<std::uint32_t> exes_;
};

/// Of all rules, so that they stay when some are paused.
PortRanges port_ranges(const RuleSet& set) {
    std::set<const Program*> programs;
    std::vector<std::int64_t> edges;
    for (const auto& rule : set.rules())
        if (const auto* program = rule.condition.program().get(); program != nullptr && programs.insert(program).second)
            for (const auto& test : program->tests) {
                const auto fields = fields_of(test);
                const auto name = fields.size() == 1 ? fields[0].field->name : std::string_view();
                if (test.matcher != nullptr && (name == "fd.sport" || name == "fd.rport" || name == "fd.lport"))
                    (void)test.matcher->add_edges(edges);
            }
    std::set<std::int64_t> firsts{0};
    for (const auto edge : edges)
        for (const auto beside : {0, 1})
            if (edge >= 0 && edge < static_cast<std::int64_t>(CallInterest::kPorts) - beside)
                firsts.insert(edge + beside);
    if (firsts.size() > kMostPortRanges)
        return {{0}, false};
    return {{firsts.begin(), firsts.end()}, true};
}

/// Calls see(rule, needs, reach) for each enabled rule and judged call that it may want. Rules of one set share a
/// program.
template <typename See> void each_reach(const RuleSet& set, const PortRanges& ports, const See& see) {
    std::map<const Program*, std::unique_ptr<CallNeeds>> readers;
    for (std::size_t number = 1; number < event::kCalls; ++number) {
        const auto call = static_cast<Call>(number);
        if (event::judged_by(call) == JudgedBy::none)
            continue;
        for (std::size_t i = 0; i < set.rules().size(); ++i) {
            const auto& rule = set.rules()[i];
            const auto* program = rule.condition.program().get();
            if (!rule.enabled || program == nullptr || !rule.condition.calls()[number])
                continue;
            auto& reader = readers[program];
            if (reader == nullptr)
                reader = std::make_unique<CallNeeds>(*program, ports);
            reader->begin(call);
            if (const auto reach = reader->of(rule.condition); any(reach.possible))
                see(i, call, *reader, reach);
        }
    }
}

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

/// A list that shows its first items.
void add_value(CallNeed& need, std::string value) {
    constexpr std::size_t kMostShown = 12;
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

std::string joined(const std::vector<std::string>& items) {
    std::string out;
    for (const auto& item : items)
        out.append(out.empty() ? "" : "|").append(item);
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
    return joined(out);
}

std::string group_text(const std::vector<std::size_t>& groups) {
    constexpr std::array<std::string_view, event::kPeerGroups> kNames{"unix", "tcp4", "udp4",  "other4",
                                                                      "tcp6", "udp6", "other6"};
    if (groups.size() == event::kPeerGroups - 1 && groups.front() == 1)
        return "ip";
    std::vector<std::string> out;
    for (const auto group : groups)
        out.emplace_back(kNames.at(group));
    return joined(out);
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
        std::vector<std::string> out;
        for (const auto family : families)
            out.push_back(argument_text(Call::socket, 0, family));
        return joined(out);
    };
    const auto column = [](const std::vector<bool>& types) {
        std::vector<std::string> out;
        for (std::size_t type = 0; type < types.size(); ++type)
            if (types[type])
                out.push_back(argument_text(Call::socket, 1, type));
        return joined(out);
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
            add_value(need, by == JudgedBy::mode     ? octal(value)
                            : value == kLastArgument ? std::to_string(value) + " and above"
                                                     : argument_text(need.call, event::argument_of(by), value));
}

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
    return (bits & 1U) != 0 || (named && (bits >> kOutcomes & 1U) != 0);
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
            cell |= cell >> kOutcomes;
}

CallInterest call_interest(const RuleSet& set) {
    CallInterest out;
    const auto ports = port_ranges(set);
    std::map<Call, Reach> reaches;
    std::set<Fragment> exes;
    each_reach(set, ports, [&](std::size_t rule, Call call, const CallNeeds& needs, const Reach& reach) {
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
        of_call.resize(CallNeeds::space_of(event::judged_by(call), ports).values());
        for (std::size_t value = 0; value < of_call.size(); ++value)
            of_call[value] = static_cast<std::uint8_t>(outcomes_in(reach.always, value) |
                                                       outcomes_in(reach.possible, value) << kOutcomes);
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

std::vector<std::vector<CallNeed>> explain_calls(const RuleSet& set) {
    std::vector<std::vector<CallNeed>> out(set.rules().size());
    const auto ports = port_ranges(set);
    each_reach(set, ports, [&](std::size_t rule, Call call, const CallNeeds& needs, const Reach& reach) {
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
        for (std::size_t i = 0; i < kOutcomes && outcomes != (1U << kOutcomes) - 1; ++i)
            if ((outcomes >> i & 1U) != 0)
                need.outcomes.emplace_back(event::name_of(static_cast<CallOutcome>(i)));
        add_values(need, values, ports);
        out[rule].push_back(std::move(need));
    });
    return out;
}

} // namespace rwatch::rules
