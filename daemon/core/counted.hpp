// SPDX-License-Identifier: MIT OR Apache-2.0
// Numbers as people read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rwatch {

/// "1,234,567"
[[nodiscard]] std::string grouped(std::uint64_t number);
/// "1 rule", "3 rules"
[[nodiscard]] std::string counted(std::uint64_t number, std::string_view noun);

} // namespace rwatch
