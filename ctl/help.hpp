// SPDX-License-Identifier: MIT OR Apache-2.0
// The texts of --help, made from the table of verbs. Pure.
#pragma once

#include "command.hpp"

#include <span>
#include <string>

namespace rwatch::ctl {

[[nodiscard]] std::string general_help(std::span<const Verb* const> verbs, std::span<const OptionSpec> global);
[[nodiscard]] std::string verb_help(const Verb& verb, std::span<const OptionSpec> global);

} // namespace rwatch::ctl
