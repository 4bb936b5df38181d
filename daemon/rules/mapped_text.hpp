// SPDX-License-Identifier: MIT OR Apache-2.0
// A text that was put together from pieces of files (a folded YAML scalar, an appended condition, an exception), and
// for each of its bytes the place where that byte stands in its file. Diagnostics point through it, so that an admin
// sees his own line and not ours.
#pragma once

#include "core/diagnostic.hpp"
#include "core/yaml.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rwatch::rules {

/// A file's text with the offsets of its lines, for finding a place fast.
class SourceLines {
  public:
    explicit SourceLines(std::string_view text);
    [[nodiscard]] std::string_view text() const noexcept { return text_; }
    /// Offset of a place; past the end where there is none.
    [[nodiscard]] std::size_t offset(std::uint32_t line, std::uint32_t column) const noexcept;

  private:
    std::string_view text_;
    std::vector<std::size_t> starts_;
};

class MappedText {
  public:
    MappedText() = default;
    /// A text that stands in its file as it is; `where`: place of its first byte.
    MappedText(std::string_view text, const Location& where);
    /// A scalar as YAML read it. Where the bytes can't be followed back (an alias), all of them map to the node's
    /// place.
    MappedText(const yaml::Node& scalar, const SourceLines& source, const std::string& file);

    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
    /// Place of a byte; an offset past the end gives the place after the last byte.
    [[nodiscard]] Location at(std::size_t offset) const;

    /// Adds bytes that all stand at one place.
    void append(std::string_view text, const Location& where);
    /// Adds bytes that stand in no file: they map to what comes before them.
    void append(std::string_view text) { text_ += text; }
    void append(const MappedText& other);

  private:
    struct Run {
        std::size_t begin; ///< offset in text_
        std::uint32_t line, column;
        std::uint32_t file; ///< index into files_
        bool fixed;         ///< every byte maps to the same place
    };

    std::uint32_t file_index(const std::string& file);
    void align(const yaml::Node& scalar, const SourceLines& source, std::uint32_t file);

    std::string text_;
    std::vector<Run> runs_; ///< by begin
    std::vector<std::string> files_;
};

} // namespace rwatch::rules
