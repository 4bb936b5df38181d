// SPDX-License-Identifier: MIT OR Apache-2.0
// Fields that are a part of a path which is a field itself: what is looked for in them can be looked for there.
#pragma once

#include "rules/fragment.hpp"

#include <cstdint>
#include <string_view>

namespace rwatch::rules {

struct PathPart {
    enum class Which : std::uint8_t { whole, directory, file_name, extension };
    std::string_view field; ///< the path
    Which which = Which::whole;
};

/// whole: of itself, where it is a part of nothing else.
[[nodiscard]] PathPart path_part(std::string_view field) noexcept;
/// A fragment of the part as one of the path, which is absolute.
[[nodiscard]] Fragment in_path(Fragment fragment, PathPart::Which which);

} // namespace rwatch::rules
