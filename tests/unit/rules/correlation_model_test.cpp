// SPDX-License-Identifier: MIT OR Apache-2.0
// Counting, compared with a model that counts anew from all events.
#include "correlation_support.hpp"

#include <algorithm>
#include <deque>
#include <random>
#include <set>

using namespace rwatch;
using namespace rwatch::rules;
using namespace rwatch::rules::test;

namespace {

struct Seen {
    std::int64_t time;
    std::string group;
    int port;
    std::uint64_t rules;
};

/// What a correlation holds, counted anew from all events.
class Naive {
  public:
    explicit Naive(const CorrelationSpec& spec) : spec_(spec) {}

    bool fires(const std::deque<Seen>& all) {
        const auto& last = all.back();
        window_.clear();
        for (const auto& seen : all)
            if (seen.group == last.group && seen.time >= last.time - spec_.timespan_ns)
                window_.push_back(&seen);
        std::uint64_t present = 0;
        for (const auto* seen : window_)
            present |= seen->rules;
        if (!spec_.expression.empty())
            return holds(spec_.expression, present) && (spec_.type != kOrdered || ordered(present));
        if (spec_.type != kOrdered)
            return within(number(present));
        const auto length = longest();
        return length > 0 && within(length);
    }

  private:
    [[nodiscard]] bool within(double number) const {
        return std::all_of(spec_.bounds.begin(), spec_.bounds.end(), [&](const auto& b) {
            return b.op == Op::gte ? number >= b.number : b.op == Op::lt ? number < b.number : number == b.number;
        });
    }

    [[nodiscard]] double number(std::uint64_t present) const {
        using Type = CorrelationSpec::Type;
        std::vector<double> ports;
        for (const auto* seen : window_)
            ports.push_back(seen->port);
        std::sort(ports.begin(), ports.end());
        double sum = 0;
        for (const auto port : ports)
            sum += port;
        switch (spec_.type) {
        case Type::event_count:
            return static_cast<double>(ports.size());
        case Type::value_count:
            return static_cast<double>(std::set<double>(ports.begin(), ports.end()).size());
        case Type::value_sum:
            return sum;
        case Type::value_avg:
            return sum / static_cast<double>(ports.size());
        case Type::temporal:
        case Type::temporal_ordered:
            return static_cast<double>(std::popcount(present));
        default:
            break;
        }
        const auto place = spec_.percentile / 100 * static_cast<double>(ports.size() - 1);
        const auto low = static_cast<std::size_t>(place);
        const auto high = std::min(low + 1, ports.size() - 1);
        return ports[low] + (ports[high] - ports[low]) * (place - static_cast<double>(low));
    }

    /// Rules from `first` on that can be told from events up to `end` in this order, the last of them by the last
    /// event.
    bool told(const std::vector<unsigned>& rules, std::size_t count, std::size_t end) const {
        if (count == 0)
            return true;
        for (std::size_t i = end; i-- > 0;) {
            if ((window_[i]->rules >> rules[count - 1] & 1U) != 0 && told(rules, count - 1, i))
                return true;
            if (end == window_.size())
                return false; // only the last event
        }
        return false;
    }
    double longest() const {
        std::vector<unsigned> rules;
        double best = 0;
        for (unsigned i = 0; i < spec_.sources.size(); ++i) {
            rules.push_back(i);
            if (told(rules, rules.size(), window_.size()))
                best = i + 1;
        }
        return best;
    }
    bool ordered(std::uint64_t present) const {
        std::vector<unsigned> rules;
        for (unsigned i = 0; i < spec_.sources.size(); ++i)
            if ((present >> i & 1U) != 0)
                rules.push_back(i);
        return told(rules, rules.size(), window_.size());
    }

    const CorrelationSpec& spec_;
    std::vector<const Seen*> window_;
};

void compare(const CorrelationSpec& spec, unsigned seed) {
    std::mt19937 random(seed);
    const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
    Feed feed(spec);
    Naive naive(spec);
    std::deque<Seen> all;
    std::int64_t now = 1000 * kSecond;
    for (int i = 0; i < 400; ++i) {
        now += below(4) == 0 ? 0 : below(3) * kSecond;
        const auto rules = spec.sources.size() == 1 ? 1 : 1ULL << below(static_cast<unsigned>(spec.sources.size()));
        const auto more = spec.sources.size() > 1 && below(6) == 0 ? 1ULL << below(2) : 0;
        all.push_back(
            {now, std::string(1, static_cast<char>('a' + below(2))), static_cast<int>(1 + below(6)), rules | more});
        while (all.front().time < now - spec.timespan_ns)
            all.pop_front();
        INFO("event " << i << " at " << now << " rules " << all.back().rules << " port " << all.back().port);
        const bool fired = feed.at(now, all.back().group, all.back().port, all.back().rules) != nullptr;
        REQUIRE(fired == naive.fires(all));
    }
}

} // namespace

TEST_CASE("Random events count as a naive model counts them") {
    using Type = CorrelationSpec::Type;
    for (unsigned seed = 0; seed < 6; ++seed) {
        INFO("seed " << seed);
        for (const auto op : {Op::gte, Op::lt, Op::eq}) {
            compare(spec(kEvents, op, 5), seed);
            compare(spec(kValues, op, 4), seed);
            compare(spec(Type::value_sum, op, 20), seed);
            compare(spec(Type::value_avg, op, 3.5), seed);
            compare(spec(Type::value_median, op, 3.5), seed);
            auto percentile = spec(Type::value_percentile, op, 4.6);
            percentile.percentile = 90;
            compare(percentile, seed);
            for (const auto type : {kTemporal, kOrdered}) {
                auto rules = temporal(type, 3);
                rules.bounds[0].op = op;
                compare(rules, seed);
            }
        }
        for (const auto type : {kTemporal, kOrdered})
            for (const auto* text : {"a and b and c", "(a or b) and c", "a and c and not b", "c and (a or not b)"})
                compare(expression(type, text, 3), seed);
    }
}
