// SPDX-License-Identifier: MIT OR Apache-2.0
// What the path of a control group says: systemd's unit, slice, session and machine, or a container. A pure function of
// the text; the rules are those of systemd's cg_path_get_unit() and its kin (systemd 252, src/basic/cgroup-util.c),
// told in its CGROUP_DELEGATION document.
#pragma once

#include "event/event.hpp"

#include <string_view>

namespace rwatch::process {

/// path: below the root of the cgroup file system, "/system.slice/nginx.service". Names of units are left as systemd
/// writes them (\x2d stays); the name of a machine is unescaped, since it is no unit's name.
[[nodiscard]] event::Placement parse_cgroup(std::string_view path);

} // namespace rwatch::process
