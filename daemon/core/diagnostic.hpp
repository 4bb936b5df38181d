// SPDX-License-Identifier: MIT OR Apache-2.0
// What is wrong with a text that a user wrote (rules, configuration, conditions): found by readers, shown by rwatchctl,
// D-Bus and the journal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rwatch {

enum class Severity : std::uint8_t { error, warning, note };

/// A place in a text; lines and columns count from 1 (columns in bytes), 0 means unknown.
struct Location {
    std::string file;
    std::uint32_t line = 0;
    std::uint32_t column = 0;
};

struct Diagnostic {
    Severity severity = Severity::error;
    std::string code; ///< stable, kebab-case: "unknown-key"
    Location where;
    std::string message; ///< a sentence without full stop; names the key or value
    std::string hint;    ///< what to do, may be empty: "did you mean 'condition'?"
};

using Diagnostics = std::vector<Diagnostic>;

/// Where a list grows past this, one last diagnostic says how many more there were.
inline constexpr std::size_t kMaxDiagnostics = 1000;

[[nodiscard]] std::string_view to_string(Severity severity) noexcept;
[[nodiscard]] bool has_errors(const Diagnostics& list) noexcept;
[[nodiscard]] std::size_t count_errors(const Diagnostics& list) noexcept;

/// "file:line:column: error: message [code]", then the source line with a caret where `source` (the file's text) is
/// given, then "hint: …". Untrusted text is escaped. No trailing newline.
[[nodiscard]] std::string render(const Diagnostic& diagnostic, std::string_view source = {});

} // namespace rwatch
