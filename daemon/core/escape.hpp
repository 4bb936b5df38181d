// SPDX-License-Identifier: MIT OR Apache-2.0
// Printable quoting of untrusted bytes: what an attacker names a file must not move the admin's cursor or forge a line.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace rwatch {

/// Valid, printable UTF-8 is kept. Control characters, DEL, C1, bidirectional overrides, line separators and invalid
/// bytes become \n, \t, \r, \xHH or \u{H}; a backslash stays, so the result is for reading and not for decoding.
[[nodiscard]] std::string escape(std::string_view bytes);

/// Appends the same to `out`.
void escape_to(std::string& out, std::string_view bytes);

/// JSON that is valid UTF-8, for a terminal: the same characters as \uXXXX, which reads back as the same document.
[[nodiscard]] std::string escape_json(std::string_view json);

/// How many bytes from the front are well-formed UTF-8 (RFC 3629).
[[nodiscard]] std::size_t utf8_prefix(std::string_view bytes) noexcept;

/// Where the first control character stands: C0, DEL, C1, the separators of lines and paragraphs.
[[nodiscard]] std::optional<std::size_t> find_control(std::string_view bytes) noexcept;

/// Well-formed UTF-8 of the same text; each invalid byte becomes U+FFFD. For JSON and D-Bus, which refuse anything
/// else; D-Bus also refuses NUL, which becomes U+FFFD too.
[[nodiscard]] std::string to_utf8(std::string_view bytes);

} // namespace rwatch
