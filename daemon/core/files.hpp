// SPDX-License-Identifier: MIT OR Apache-2.0
// Finding and reading the text files that admins write: rules and configuration with their drop-ins, by systemd's rules
// for such directories.
#pragma once

#include "core/diagnostic.hpp"

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rwatch {

/// Where rules stand, highest precedence first, and how their names end.
inline constexpr std::array<std::string_view, 3> kRuleDirectories{"/etc/rwatch/rules.d", "/run/rwatch/rules.d",
                                                                  "/usr/lib/rwatch/rules.d"};
inline constexpr std::array<std::string_view, 3> kRuleSuffixes{".yaml", ".yml", ".json"};

struct TextFile {
    std::string path;
    std::string text;
};

/// Files with one of the suffixes in the directories, the first directory having the highest precedence: a file hides
/// those of the same name in later ones, a link to /dev/null masks. Sorted by name, whatever the directory. A missing
/// directory is none; an unreadable one is an error in `out`.
[[nodiscard]] std::vector<std::string> find_files(std::span<const std::string> directories,
                                                  std::span<const std::string_view> suffixes, Diagnostics& out);

/// Reads regular files of at most `most` bytes each; what can't be read is an error in `out` and left out.
[[nodiscard]] std::vector<TextFile> read_files(std::span<const std::string> paths, std::size_t most, Diagnostics& out);

} // namespace rwatch
