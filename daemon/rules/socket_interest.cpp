// SPDX-License-Identifier: MIT OR Apache-2.0
// Abstract interpretation of the compiled conditions, as rules/interest does it for opens. Families, types and results
// that no test tells apart are one class.
#include "rules/socket_interest.hpp"

#include "rules/needs.hpp"
#include "rules/program.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <sys/socket.h>
#include <utility>

namespace rwatch::rules {

namespace {

constexpr std::uint64_t kTypeFlags[] = {0, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_CLOEXEC | SOCK_NONBLOCK};
constexpr std::int64_t kMostErrno = 133;
constexpr std::int64_t kDescriptors[] = {0, 1, 3};

enum class Fact : std::uint8_t { family, type, result };

/// What a test may come to.
struct Outcome {
    bool holds = true, fails = true;
    bool operator<(const Outcome& other) const noexcept {
        return std::pair(holds, fails) < std::pair(other.holds, other.fails);
    }
};

/// One program's conditions.
class SocketNeeds {
  public:
    explicit SocketNeeds(const Program& program)
        : program_(program), scratch_(std::make_unique<event::Scratch>()), facts_(program.tests.size()),
          needs_(program, event::CallSet().set(static_cast<std::size_t>(event::Call::socket)), 1,
                 [this](std::uint32_t test, bool truth) { return of_test(test, truth); }) {
        sample_.kind = event::Kind::socket;
        sample_.call = event::Call::socket;
        sample_.has_result = true;
        sample_.arg_count = 3;
        for (std::size_t i = 0; i < facts_.size(); ++i)
            facts_[i] = fact_of(program.tests[i]);
    }
    SocketNeeds(const SocketNeeds&) = delete;
    SocketNeeds& operator=(const SocketNeeds&) = delete;

    /// Classes of the values of one fact: outcomes of all tests, and the values that give them.
    template <typename Of> std::map<std::vector<Outcome>, std::vector<std::size_t>> classes(std::size_t values, Of of) {
        std::map<std::vector<Outcome>, std::vector<std::size_t>> out;
        for (std::size_t value = 0; value < values; ++value)
            out[of(value)].push_back(value);
        return out;
    }
    auto families() {
        return classes(SocketInterest::kFamilies, [this](std::size_t family) {
            return outcomes(Fact::family, [&](const auto& see) { see(sample_.args[0] = family); });
        });
    }
    auto types() {
        return classes(SocketInterest::kTypes, [this](std::size_t type) {
            return outcomes(Fact::type, [&](const auto& see) {
                for (const auto flags : kTypeFlags)
                    see(sample_.args[1] = type | flags);
            });
        });
    }
    /// 0: it came to be; 1: it failed.
    auto results() {
        return classes(2, [this](std::size_t failed) {
            return outcomes(Fact::result, [&](const auto& see) {
                if (failed == 0)
                    for (const auto descriptor : kDescriptors)
                        see(sample_.result = descriptor);
                else
                    for (std::int64_t error = 1; error <= kMostErrno; ++error)
                        see(sample_.result = -error);
            });
        });
    }

    /// Tests come to this from now on, by test.
    void begin(const std::vector<Outcome>& family, const std::vector<Outcome>& type,
               const std::vector<Outcome>& result) {
        now_ = {&family, &type, &result};
        needs_.forget();
    }
    [[nodiscard]] bool may_hold(const Condition& condition) {
        return needs_.find(condition.root(), true).kind != Need<int>::Kind::never;
    }

  private:
    static std::optional<Fact> fact_of(const Test& test) {
        const auto fields = fields_of(test);
        if (fields.size() != 1)
            return std::nullopt;
        const auto name = fields[0].field->name;
        const bool is_argument = fields[0].field->arg == event::ArgKind::key && name == "evt.arg";
        if (is_argument && fields[0].arg.key == "domain")
            return Fact::family;
        if (is_argument && fields[0].arg.key == "type")
            return Fact::type;
        return name == "evt.failed" || name == "evt.res" || name == "evt.rawres" ? std::optional(Fact::result)
                                                                                 : std::nullopt;
    }

    /// Whether results that are not tried may give something else.
    static bool differs_elsewhere(const Test& test) {
        constexpr std::int64_t kMostInt = 0x7fffffff;
        if (test.left.type() != event::Type::integer)
            return false;
        std::vector<std::int64_t> edges;
        return test.matcher == nullptr || !test.matcher->add_edges(edges) ||
               std::any_of(edges.begin(), edges.end(), [](std::int64_t edge) {
                   return (edge > 1 && edge < kMostInt) || (edge < -kMostErrno && edge > -kMostInt);
               });
    }

    /// Of all tests about a fact, over the samples that `each` makes.
    template <typename Each> std::vector<Outcome> outcomes(Fact fact, const Each& each) {
        std::vector<Outcome> out(program_.tests.size());
        for (std::size_t i = 0; i < out.size(); ++i) {
            if (facts_[i] != fact)
                continue;
            out[i] = {false, false};
            each([&](auto) {
                scratch_->reset();
                (holds(program_.tests[i], sample_, *scratch_, values_) ? out[i].holds : out[i].fails) = true;
            });
            if (fact == Fact::result && differs_elsewhere(program_.tests[i]))
                out[i] = {true, true};
        }
        return out;
    }

    Need<int> of_test(std::uint32_t test, bool truth) const {
        const auto fact = facts_[test];
        if (!fact)
            return {};
        const auto& outcome = (*now_[static_cast<std::size_t>(*fact)])[test];
        return (truth ? outcome.holds : outcome.fails) ? Need<int>() : Need<int>{Need<int>::Kind::never, nullptr, 0};
    }

    const Program& program_;
    std::unique_ptr<event::Scratch> scratch_;
    event::Values values_;
    event::Event sample_;
    std::vector<std::optional<Fact>> facts_; ///< by test
    std::array<const std::vector<Outcome>*, 3> now_{};
    NeedFinder<int> needs_;
};

} // namespace

bool SocketInterest::wants(std::uint64_t family, std::uint64_t type, std::int64_t result) const noexcept {
    constexpr std::uint64_t kKnown = (kTypes - 1) | SOCK_CLOEXEC | SOCK_NONBLOCK;
    if (family >= kFamilies || (type & ~kKnown) != 0)
        return true;
    return (wanted[family] >> ((type & (kTypes - 1)) + (result < 0 ? kTypes : 0)) & 1U) != 0;
}

SocketInterest socket_interest(const RuleSet& set) {
    std::map<const Program*, std::vector<const Rule*>> programs; // rules of one set share one
    for (std::size_t i = 0; i < set.rules().size(); ++i) {
        const auto& rule = set.rules()[i];
        if (set.is_active(i) && rule.condition.calls()[static_cast<std::size_t>(event::Call::socket)])
            programs[rule.condition.program().get()].push_back(&rule);
    }
    SocketInterest out;
    for (const auto& [program, rules] : programs) {
        SocketNeeds needs(*program);
        const auto families = needs.families(), types = needs.types(), results = needs.results();
        for (const auto& [family_outcomes, in_families] : families)
            for (const auto& [type_outcomes, in_types] : types)
                for (const auto& [result_outcomes, in_results] : results) {
                    needs.begin(family_outcomes, type_outcomes, result_outcomes);
                    bool any = false;
                    for (const auto* rule : rules)
                        any = any || needs.may_hold(rule->condition);
                    if (!any)
                        continue;
                    for (const auto family : in_families)
                        for (const auto type : in_types)
                            for (const auto failed : in_results)
                                out.wanted[family] |= 1U << (type + failed * SocketInterest::kTypes);
                }
    }
    return out;
}

} // namespace rwatch::rules
