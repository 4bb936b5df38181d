// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/diagnostic.hpp"

#include "core/escape.hpp"

#include <algorithm>

namespace rwatch {

namespace {

constexpr std::size_t kMaxShownLine = 160; // bytes of a source line shown around the caret

std::string_view line_of(std::string_view source, std::uint32_t number) noexcept {
    for (std::uint32_t line = 1; line < number; ++line) {
        const auto end = source.find('\n');
        if (end == std::string_view::npos)
            return {};
        source.remove_prefix(end + 1);
    }
    auto line = source.substr(0, source.find('\n'));
    if (!line.empty() && line.back() == '\r')
        line.remove_suffix(1);
    return line;
}

/// The next place at or after `at` where a character begins.
std::size_t whole_at(std::string_view line, std::size_t at) noexcept {
    while (at < line.size() && (static_cast<unsigned char>(line[at]) & 0xc0U) == 0x80)
        ++at;
    return std::min(at, line.size());
}

/// The line and, below it, a caret under `column`; long lines are cut around it.
std::string excerpt(std::string_view line, std::uint32_t column) {
    const std::size_t at = whole_at(line, column == 0 ? 0 : column - 1);
    const std::size_t begin = whole_at(line, at > kMaxShownLine / 2 ? at - kMaxShownLine / 2 : 0);
    const std::size_t end = whole_at(line, std::max(at, begin + kMaxShownLine));
    const auto before = (begin > 0 ? "…" : "") + escape(line.substr(begin, at - begin));
    const auto after = escape(line.substr(at, end - at)) + (end < line.size() ? "…" : "");
    std::string out = "\n  " + before + after;
    if (column != 0) {
        // One column a code point; wide characters may shift the caret, which is harmless.
        const auto width = static_cast<std::size_t>(std::count_if(
            before.begin(), before.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; }));
        out += "\n  " + std::string(width, ' ') + "^";
    }
    return out;
}

} // namespace

std::string_view to_string(Severity severity) noexcept {
    switch (severity) {
    case Severity::error:
        return "error";
    case Severity::warning:
        return "warning";
    case Severity::note:
        return "note";
    }
    return "error";
}

std::size_t count_errors(const Diagnostics& list) noexcept {
    return static_cast<std::size_t>(
        std::count_if(list.begin(), list.end(), [](const auto& d) { return d.severity == Severity::error; }));
}

bool has_errors(const Diagnostics& list) noexcept {
    return count_errors(list) != 0;
}

std::string render(const Diagnostic& diagnostic, std::string_view source) {
    const auto& where = diagnostic.where;
    std::string out;
    if (!where.file.empty()) {
        escape_to(out, where.file);
        if (where.line != 0)
            out += ":" + std::to_string(where.line) + ":" + std::to_string(where.column);
        out += ": ";
    }
    out.append(to_string(diagnostic.severity)).append(": ");
    escape_to(out, diagnostic.message);
    if (!diagnostic.code.empty())
        out += " [" + diagnostic.code + "]";
    if (where.line != 0 && !source.empty()) {
        const auto line = line_of(source, where.line);
        if (!line.empty())
            out += excerpt(line, where.column);
    }
    if (!diagnostic.hint.empty()) {
        out += "\n  hint: ";
        escape_to(out, diagnostic.hint);
    }
    return out;
}

} // namespace rwatch
