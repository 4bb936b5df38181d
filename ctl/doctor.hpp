// SPDX-License-Identifier: MIT OR Apache-2.0
// What this kernel and system allow rwatchd to see and tell, what is missing, and what to do about it. Looks, and
// changes nothing.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace rwatch::ctl {

enum class Finding : std::uint8_t {
    good,
    unknown, ///< could not be looked at
    note,    ///< could be better
    warning, ///< something is told or seen less than it could be
    problem  ///< something is not seen, or not told
};

struct Check {
    std::string name; ///< "kernel"
    Finding finding = Finding::good;
    std::string text;   ///< what was found; printable
    std::string advice; ///< what to do; "" nothing
};

/// The machine that is looked at.
struct Machine {
    std::string root;        ///< goes before each path; "" for this machine
    std::string kernel;      ///< uname -r
    bool privileged = false; ///< may look at everything
};

/// What the machine allows, by its files.
[[nodiscard]] std::vector<Check> examine_machine(const Machine& machine);
/// What the daemon says of itself: Client::status.
[[nodiscard]] std::vector<Check> examine_daemon(const nlohmann::ordered_json& status);

} // namespace rwatch::ctl
