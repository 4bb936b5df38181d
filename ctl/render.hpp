// SPDX-License-Identifier: MIT OR Apache-2.0
// Text for people: tables that fit the terminal, labelled lines as systemctl status has them, colours, times and
// numbers. Pure: what the terminal can do comes in. Everything that is not a literal of ours goes through escape()
// before it comes here, or is escaped here where it says so.
#pragma once

#include "core/counted.hpp"
#include "terminal.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rwatch::ctl {

enum class Tint : std::uint8_t { none, bold, green, yellow, red, alarm, grey };

[[nodiscard]] std::string paint(std::string_view text, Tint tint, const Terminal& terminal);
/// How urgent "Critical" looks.
[[nodiscard]] Tint tint_of_priority(std::string_view priority) noexcept;

/// Columns that the text takes on a terminal.
[[nodiscard]] std::size_t display_width(std::string_view text) noexcept;
/// Cut to `width` columns, with an ellipsis where something was cut.
[[nodiscard]] std::string fit(std::string_view text, std::size_t width, const Terminal& terminal);
/// Broken at blanks into lines of at most `width` columns (a longer word stays whole); line breaks of the text are
/// kept. At least one line.
[[nodiscard]] std::vector<std::string> wrap(std::string_view text, std::size_t width);

/// escape() of each line; the line breaks stay.
[[nodiscard]] std::string escape_lines(std::string_view text);

struct Column {
    std::string title;
    bool right = false;    ///< aligned to the right
    bool flexible = false; ///< may be cut where the terminal is narrow
    bool optional = false; ///< left out on a terminal where every cell of it is empty
};

struct Cell {
    std::string text; ///< escaped by the table
    Tint tint = Tint::none;
};

class Table {
  public:
    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
    /// One cell a column.
    void add(std::vector<Cell> row);
    /// On a terminal: header, aligned columns, cut to its width. Elsewhere: a line a row, cells separated by tabs,
    /// nothing cut. Empty cells are "-".
    [[nodiscard]] std::string render(const Terminal& terminal) const;

  private:
    [[nodiscard]] std::string render_plain() const;
    [[nodiscard]] std::vector<std::size_t> shown_columns() const;
    /// Of the columns in `shown`, in that order.
    [[nodiscard]] std::vector<std::size_t> widths(const std::vector<std::size_t>& shown, std::size_t available) const;

    std::vector<Column> columns_;
    std::vector<std::vector<Cell>> rows_;
};

inline constexpr std::size_t kLabelWidth = 12;

/// "       Label: text"; further lines of `text` begin under the first.
[[nodiscard]] std::string field(std::string_view label, std::string_view text);
/// The same with the text wrapped to the terminal.
[[nodiscard]] std::string wrapped_field(std::string_view label, std::string_view text, const Terminal& terminal);

/// "Tue 2026-11-24 03:22:01 UTC"; local time.
[[nodiscard]] std::string long_time(std::int64_t wall_ns);
/// "Nov 24 03:22:01"; local time.
[[nodiscard]] std::string short_time(std::int64_t wall_ns);
/// "2min 3s ago", "in 5min", "now"
[[nodiscard]] std::string relative_time(std::int64_t wall_ns, std::int64_t now_ns);

} // namespace rwatch::ctl
