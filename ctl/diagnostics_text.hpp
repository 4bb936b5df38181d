// SPDX-License-Identifier: MIT OR Apache-2.0
// Diagnostics as text: each with the line that it is about, where that can be read.
#pragma once

#include "core/diagnostic.hpp"
#include "terminal.hpp"

#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace rwatch::ctl {

using Sources = std::map<std::string, std::string>; ///< text by file name

/// As the daemon sent them.
[[nodiscard]] Diagnostics diagnostics_of(const nlohmann::ordered_json& list);
[[nodiscard]] nlohmann::ordered_json diagnostics_json(const Diagnostics& list);
/// The files that are named and can be read; others are left out.
[[nodiscard]] Sources read_sources(const Diagnostics& list);
/// Each on its lines; "" for none.
[[nodiscard]] std::string render_all(const Diagnostics& list, const Sources& sources, const Terminal& terminal);
/// "2 errors, 1 warning", "no problems"
[[nodiscard]] std::string count_text(const Diagnostics& list);

} // namespace rwatch::ctl
