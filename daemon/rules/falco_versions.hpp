// SPDX-License-Identifier: MIT OR Apache-2.0
// What a Falco rules file says of the engine and the plugins that it needs.
#pragma once

#include "core/diagnostic.hpp"
#include "core/yaml.hpp"

#include <string>
#include <string_view>

namespace rwatch::rules {

/// Version of Falco's rules engine whose language this is: files that need a later one are refused, as there.
inline constexpr std::string_view kFalcoEngineVersion = "0.63.0";

/// The value of `required_engine_version`: "0.57.0", or 57, which means 0.57.0.
void check_engine_version(const yaml::Node& value, const std::string& file, Diagnostics& out);

/// The value of `required_plugin_versions`. Containers are known without a plugin; another is a warning, since rules
/// for its events are left out anyway.
void check_plugin_versions(const yaml::Node& value, const std::string& file, Severity unknown_key, Diagnostics& out);

} // namespace rwatch::rules
