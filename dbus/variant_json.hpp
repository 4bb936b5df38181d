// SPDX-License-Identifier: MIT OR Apache-2.0
// JSON to D-Bus variants and back, generically, so that neither daemon nor client lists the keys of what it passes on.
// text s, true b, integers x (signed) or t (unsigned), fractions d, null an empty signature (g: D-Bus has no null),
// object a{sv}, list as (only texts, or empty), aa{sv} (only objects) or av.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <sdbus-c++/sdbus-c++.h>
#include <string>
#include <vector>

namespace rwatch::dbus {

using Dictionary = std::map<std::string, sdbus::Variant>;

/// Nesting past this becomes null; D-Bus itself allows 64 containers, and a variant in a dictionary is three of them.
inline constexpr std::size_t kMaxVariantDepth = 16;

/// Invalid UTF-8 and NUL in texts become U+FFFD.
[[nodiscard]] sdbus::Variant to_variant(const nlohmann::ordered_json& json);
/// json is an object; anything else gives an empty dictionary.
[[nodiscard]] Dictionary to_dictionary(const nlohmann::ordered_json& json);
/// json is a list; what is no object in it becomes an empty dictionary.
[[nodiscard]] std::vector<Dictionary> to_dictionaries(const nlohmann::ordered_json& json);

/// Never throws for what is in the value: a type that JSON can't hold (a file descriptor) becomes null. All integers
/// are kept exactly.
[[nodiscard]] nlohmann::ordered_json to_json(const sdbus::Variant& value);
[[nodiscard]] nlohmann::ordered_json to_json(const Dictionary& dictionary);
[[nodiscard]] nlohmann::ordered_json to_json(const std::vector<Dictionary>& list);

} // namespace rwatch::dbus
