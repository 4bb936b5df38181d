// SPDX-License-Identifier: MIT OR Apache-2.0
// Paths as text: what can be said about a name without asking the file system. Symbolic links are not seen here.
#pragma once

#include <string>
#include <string_view>

namespace rwatch::process {

/// Appends `base`/`name` (`name` alone where it is absolute) with "//", "." and ".." taken out; ".." at the root stays
/// there. Nothing where the result would not be absolute.
void append_normal(std::string& out, std::string_view base, std::string_view name);

/// The same as a new string.
[[nodiscard]] std::string normal_path(std::string_view base, std::string_view name);

/// Whether `path` is `prefix` or lies below it: "/etc" holds "/etc/x" but not "/etcetera". "/" holds every absolute
/// path.
[[nodiscard]] bool lies_in(std::string_view path, std::string_view prefix) noexcept;

/// A path split before its last component; trailing slashes do not count. "a/b/" gives {"a", "b"}, "b" gives {"", "b"},
/// "/b" gives {"/", "b"}.
struct SplitPath {
    std::string_view parent, last;
};
[[nodiscard]] SplitPath split_last(std::string_view path) noexcept;

} // namespace rwatch::process
