// SPDX-License-Identifier: MIT OR Apache-2.0
// What the tests of a program come to for calls other than opens, by what the kernel side judges these by: a test that
// is about the outcome or the value is tried with each of them. Private to call_needs.
#pragma once

#include "event/call_class.hpp"
#include "event/event.hpp"
#include "rules/program.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <valarray>
#include <vector>

namespace rwatch::rules {

/// Combinations of an outcome and a value, which may be told by two numbers: a bit each, outcomes side by side.
struct CallSpace {
    std::size_t first = 1, second = 1;

    [[nodiscard]] std::size_t values() const noexcept { return first * second; }
    [[nodiscard]] std::size_t words() const noexcept { return (values() * event::kCallOutcomes + 63) / 64; }
};
using CallBits = std::valarray<std::uint64_t>;

/// Ports between which the tests of some rules differ: each range by its first.
struct PortRanges {
    std::vector<std::int64_t> firsts{0};
    bool known = true; ///< false: they differ at too many; none are told apart
};

[[nodiscard]] CallSpace space_of(event::JudgedBy by, const PortRanges& ports) noexcept;

/// Of one program. For one call after another.
class CallTests {
  public:
    using Decided = std::array<CallBits, 2>; ///< where the test may fail, and where it may hold

    /// Both outlive it.
    CallTests(const Program& program, const PortRanges& ports);
    CallTests(const CallTests&) = delete;
    CallTests& operator=(const CallTests&) = delete;

    void begin(event::Call call);
    [[nodiscard]] event::Call call() const noexcept { return sample_.call; }
    [[nodiscard]] const CallSpace& space() const noexcept { return space_; }
    /// Null where the test is about something else.
    const Decided* decide(std::uint32_t test);

  private:
    enum class Fact : std::uint8_t { none, outcome, first, second };
    /// What a test may come to, a bit each.
    using Truths = std::uint8_t;
    static constexpr Truths kHolds = 1, kFails = 2, kEither = 3;

    [[nodiscard]] bool is_argument(const event::FieldRef& field, std::size_t place) const;
    [[nodiscard]] Fact fact_of(const Test& test) const;
    Truths truth(const Test& test) noexcept;
    void talk(std::uint16_t family, std::uint8_t protocol) noexcept;
    template <typename Of> Decided spread(Of of) const;
    std::array<Truths, event::kCallOutcomes> outcomes_of(std::uint32_t test);
    Decided by_outcome(std::uint32_t test);
    Decided by_value(const Test& test, Fact fact);
    Decided by_argument(const Test& test);
    Decided by_socket(const Test& test, Fact fact);
    Decided by_mode(const Test& test);
    Decided by_port(const Test& test);
    Decided by_group(const Test& test);

    const Program& program_;
    const PortRanges& ports_;
    std::unique_ptr<event::Scratch> scratch_;
    event::Values values_;
    event::Event sample_;
    event::JudgedBy by_ = event::JudgedBy::none;
    CallSpace space_;
    std::vector<std::optional<Decided>> decided_;                                   ///< by test, of the call at hand
    std::vector<std::optional<std::array<Truths, event::kCallOutcomes>>> outcomes_; ///< by test
};

} // namespace rwatch::rules
