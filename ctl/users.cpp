// SPDX-License-Identifier: MIT OR Apache-2.0
#include "users.hpp"

#include <array>
#include <pwd.h>

namespace rwatch::ctl {

std::string user_name(std::uint64_t uid) {
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 4096> buffer{};
    if (uid <= UINT32_MAX && getpwuid_r(static_cast<uid_t>(uid), &entry, buffer.data(), buffer.size(), &found) == 0 &&
        found != nullptr)
        return found->pw_name;
    return "uid " + std::to_string(uid);
}

} // namespace rwatch::ctl
