// SPDX-License-Identifier: MIT OR Apache-2.0
// Names of users, as this machine knows them.
#pragma once

#include <cstdint>
#include <string>

namespace rwatch::ctl {

/// "root"; "uid 4711" where there is no such user.
[[nodiscard]] std::string user_name(std::uint64_t uid);

} // namespace rwatch::ctl
