// SPDX-License-Identifier: MIT OR Apache-2.0
// Numbers of Sigma rules. Sigma's tools read YAML 1.1: 0755 is octal, 12e5 is text, 1_000 is a thousand.
#pragma once

#include "core/yaml.hpp"

#include <optional>
#include <string>

namespace rwatch::rules {

struct SigmaNumber {
    double value = 0;
    std::string text; ///< as fields are compared with it: "493" for 0755, "2" for 2.0
};

/// Nothing where the scalar is no finite number. (Numbers to the base of 60, as 12:30, count as text.)
[[nodiscard]] std::optional<SigmaNumber> sigma_number(const yaml::Node& node);

} // namespace rwatch::rules
