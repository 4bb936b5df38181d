// SPDX-License-Identifier: MIT OR Apache-2.0
#include "render.hpp"

#include "core/escape.hpp"
#include "core/time.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <ctime>
#include <cwchar>
#include <numeric>

namespace rwatch::ctl {

namespace {

constexpr std::size_t kGap = 2;         // blanks between columns
constexpr std::size_t kLeastColumn = 8; // a flexible column is not cut below this

/// Bytes of the character at the front of valid UTF-8 (text is escaped before it comes here, so it is valid).
std::size_t length_of(std::string_view text) noexcept {
    const auto lead = static_cast<unsigned char>(text.front());
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    return std::min(length, text.size());
}

std::size_t width_of(std::string_view character) noexcept {
    if (character.size() == 1)
        return 1;
    constexpr std::array<unsigned, 5> kMask{0, 0x7f, 0x1f, 0x0f, 0x07};
    auto point = static_cast<wchar_t>(static_cast<unsigned char>(character[0]) & kMask[character.size()]);
    for (const char byte : character.substr(1))
        point = static_cast<wchar_t>((static_cast<unsigned>(point) << 6U) | (static_cast<unsigned char>(byte) & 0x3fU));
    const int width = wcwidth(point);
    return width < 0 ? 1 : static_cast<std::size_t>(width);
}

std::string padded(std::string_view text, std::size_t width, bool right) {
    const auto used = display_width(text);
    const std::string blanks(width > used ? width - used : 0, ' ');
    return right ? blanks + std::string(text) : std::string(text) + blanks;
}

std::string formatted(std::int64_t wall_ns, const char* format) {
    const auto seconds = static_cast<std::time_t>(wall_ns / kSecond);
    std::tm parts{};
    localtime_r(&seconds, &parts);
    std::array<char, 64> text{};
    return {text.data(), std::strftime(text.data(), text.size(), format, &parts)};
}

std::string cell_text(const Cell& cell) {
    auto text = escape(cell.text);
    return text.empty() ? "-" : text;
}

} // namespace

std::string paint(std::string_view text, Tint tint, const Terminal& terminal) {
    if (!terminal.colour || tint == Tint::none || text.empty())
        return std::string(text);
    constexpr std::array<std::string_view, 7> kCodes{"",         "\x1b[1m",    "\x1b[32m", "\x1b[33m",
                                                     "\x1b[31m", "\x1b[1;31m", "\x1b[90m"};
    return std::string(kCodes[static_cast<std::size_t>(tint)]).append(text).append("\x1b[0m");
}

Tint tint_of_priority(std::string_view priority) noexcept {
    if (priority == "Emergency" || priority == "Alert" || priority == "Critical")
        return Tint::alarm;
    if (priority == "Error")
        return Tint::red;
    if (priority == "Warning")
        return Tint::yellow;
    return priority == "Notice" ? Tint::bold : Tint::grey;
}

std::size_t display_width(std::string_view text) noexcept {
    std::size_t width = 0;
    while (!text.empty()) {
        const auto length = length_of(text);
        width += width_of(text.substr(0, length));
        text.remove_prefix(length);
    }
    return width;
}

std::string fit(std::string_view text, std::size_t width, const Terminal& terminal) {
    if (display_width(text) <= width)
        return std::string(text);
    const std::string_view ellipsis = terminal.utf8 ? "\xe2\x80\xa6" : "...";
    const auto reserved = terminal.utf8 ? std::size_t{1} : std::size_t{3};
    std::string out;
    std::size_t used = 0;
    while (!text.empty()) {
        const auto length = length_of(text);
        const auto next = width_of(text.substr(0, length));
        if (used + next + reserved > width)
            break;
        out.append(text.substr(0, length));
        used += next;
        text.remove_prefix(length);
    }
    return out.append(ellipsis);
}

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
    std::vector<std::string> lines(1);
    while (!text.empty()) {
        const auto end = text.find_first_of(" \n");
        const auto word = text.substr(0, end);
        if (!word.empty()) {
            auto& line = lines.back();
            if (!line.empty() && display_width(line) + 1 + display_width(word) > width)
                lines.emplace_back(word);
            else
                line.append(line.empty() ? "" : " ").append(word);
        }
        if (end == std::string_view::npos)
            break;
        if (text[end] == '\n')
            lines.emplace_back();
        text.remove_prefix(end + 1);
    }
    while (lines.size() > 1 && lines.back().empty())
        lines.pop_back();
    return lines;
}

std::string escape_lines(std::string_view text) {
    std::string out;
    while (true) {
        const auto end = text.find('\n');
        escape_to(out, text.substr(0, end));
        if (end == std::string_view::npos)
            return out;
        out += '\n';
        text.remove_prefix(end + 1);
    }
}

void Table::add(std::vector<Cell> row) {
    assert(row.size() == columns_.size());
    rows_.push_back(std::move(row));
}

std::vector<std::size_t> Table::shown_columns() const {
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        const auto empty = [i](const std::vector<Cell>& row) { return row[i].text.empty(); };
        if (!columns_[i].optional || !std::all_of(rows_.begin(), rows_.end(), empty))
            out.push_back(i);
    }
    return out;
}

std::vector<std::size_t> Table::widths(const std::vector<std::size_t>& shown, std::size_t available) const {
    std::vector<std::size_t> out;
    for (const auto column : shown) {
        auto width = display_width(columns_[column].title);
        for (const auto& row : rows_)
            width = std::max(width, display_width(cell_text(row[column])));
        out.push_back(width);
    }
    auto total = std::accumulate(out.begin(), out.end(), (shown.size() - 1) * kGap);
    // The widest flexible column gives way until all fits.
    while (total > available) {
        std::size_t widest = shown.size();
        for (std::size_t i = 0; i < shown.size(); ++i)
            if (columns_[shown[i]].flexible && out[i] > kLeastColumn &&
                (widest == shown.size() || out[i] > out[widest]))
                widest = i;
        if (widest == shown.size())
            break;
        --out[widest];
        --total;
    }
    return out;
}

std::string Table::render_plain() const {
    std::string out;
    for (const auto& row : rows_)
        for (std::size_t i = 0; i < row.size(); ++i)
            out.append(cell_text(row[i])).append(i + 1 == row.size() ? "\n" : "\t");
    return out;
}

std::string Table::render(const Terminal& terminal) const {
    if (!terminal.tty)
        return render_plain();
    std::string out;
    const auto shown = shown_columns();
    const auto wide = widths(shown, terminal.width);
    const auto put = [&](std::size_t i, const std::string& text, Tint tint) {
        const auto& column = columns_[shown[i]];
        const auto cut = fit(text, wide[i], terminal);
        const bool last = i + 1 == shown.size();
        const auto aligned = last && !column.right ? cut : padded(cut, wide[i], column.right);
        out.append(paint(aligned, tint, terminal)).append(last ? "\n" : std::string(kGap, ' '));
    };
    for (std::size_t i = 0; i < shown.size(); ++i)
        put(i, columns_[shown[i]].title, Tint::grey);
    for (const auto& row : rows_)
        for (std::size_t i = 0; i < shown.size(); ++i)
            put(i, cell_text(row[shown[i]]), row[shown[i]].tint);
    return out;
}

std::string field(std::string_view label, std::string_view text) {
    std::string out = padded(label, kLabelWidth, true) + (label.empty() ? "  " : ": ");
    for (const char c : text)
        c == '\n' ? out.append("\n").append(kLabelWidth + 2, ' ') : out.append(1, c);
    return out.append("\n");
}

std::string wrapped_field(std::string_view label, std::string_view text, const Terminal& terminal) {
    const auto width = terminal.tty ? std::min<std::size_t>(terminal.width, 120) - kLabelWidth - 2 : std::string::npos;
    std::string joined;
    for (const auto& line : wrap(text, width))
        joined.append(joined.empty() ? "" : "\n").append(line);
    return field(label, joined);
}

std::string long_time(std::int64_t wall_ns) {
    return formatted(wall_ns, "%a %Y-%m-%d %H:%M:%S %Z");
}

std::string short_time(std::int64_t wall_ns) {
    return formatted(wall_ns, "%b %d %H:%M:%S");
}

std::string relative_time(std::int64_t wall_ns, std::int64_t now_ns) {
    // Whole seconds: nobody reads fractions here.
    const auto seconds = (now_ns - wall_ns) / kSecond;
    if (seconds == 0)
        return "now";
    return seconds > 0 ? format_span(seconds * kSecond) + " ago" : "in " + format_span(-seconds * kSecond);
}

} // namespace rwatch::ctl
