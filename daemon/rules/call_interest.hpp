// SPDX-License-Identifier: MIT OR Apache-2.0
// Which calls other than opens the rules of a set may want, in terms that the kernel side can judge before it makes a
// record: how the call ended, one value (a small argument, a socket's family and type, permission bits, the kind of
// address and the port), and whether a rule names the program. As struct rw_calls of rwatch_interest.h.
#pragma once

#include "event/call_class.hpp"
#include "event/event.hpp"
#include "rules/fragment.hpp"
#include "rules/rule_set.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace rwatch::rules {

struct CallInterest {
    static constexpr std::size_t kClasses = 64;                 ///< of values, for each call
    static constexpr std::size_t kFamilies = 64, kTypes = 16;   ///< of sockets; others are wanted
    static constexpr std::size_t kModes = 4096, kPorts = 65536; ///< each of them
    static constexpr std::size_t kPortClasses = 8;
    static constexpr std::size_t kLastArgument = kClasses - 1; ///< stands for it and all above
    /// By class of the value a bit for each outcome, and in the upper half for those wanted of named programs only.
    using Row = std::array<std::uint8_t, kClasses>;

    CallInterest(); ///< nothing is wanted

    std::vector<Row> wanted;                         ///< by call
    std::vector<std::uint8_t> sockets, modes, ports; ///< class by value
    std::vector<Fragment> exes;                      ///< one of which the paths of those programs hold

    /// named: the program's path holds one of `exes`, or is not known.
    [[nodiscard]] bool wants(const event::Event& event, bool named) const noexcept;
    /// What is done by these calls is wanted, whatever rules want.
    void want_done(const event::CallSet& calls) noexcept;
    /// Programs can't be told apart.
    void want_of_all() noexcept;
};

/// Of a set's enabled rules that are not paused now. Whatever the kernel can't judge is taken as true.
[[nodiscard]] CallInterest call_interest(const RuleSet& set);

} // namespace rwatch::rules
