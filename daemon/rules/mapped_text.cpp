// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/mapped_text.hpp"

#include "core/ascii.hpp"

#include <algorithm>

namespace rwatch::rules {

namespace {

/// Walks through a scalar as it is written, giving the bytes that YAML keeps: all but white space, which folding
/// changes.
class WrittenScalar {
  public:
    WrittenScalar(std::string_view source, std::size_t begin, std::uint32_t line, std::uint32_t column)
        : source_(source), at_(begin), line_(line), column_(column) {
        skip_properties();
        if (at_ >= source_.size())
            return;
        style_ = source_[at_];
        if (style_ == '|' || style_ == '>')
            skip_while([](char c) { return c != '\n'; });
        else if (style_ == '"' || style_ == '\'')
            step();
    }

    /// Goes to the next kept byte; false where it is not `expected`.
    bool seek(char expected) {
        skip_while(is_blank);
        while (style_ == '"' && escape_is_blank()) {
            step();
            step();
            skip_while(is_blank);
        }
        if (at_ >= source_.size())
            return false;
        const bool escaped = style_ == '"' && source_[at_] == '\\' && at_ + 1 < source_.size();
        if (escaped && (is_numeric(source_[at_ + 1])))
            return true;
        return source_[escaped ? at_ + 1 : at_] == expected;
    }

    /// Steps over the kept byte. True where it was written as a number ("\u00e4") and stands for all bytes of a
    /// character.
    bool consume() {
        std::size_t length = 1;
        bool numeric = false;
        if (style_ == '"' && source_[at_] == '\\' && at_ + 1 < source_.size()) {
            const char kind = source_[at_ + 1];
            numeric = is_numeric(kind);
            length = kind == 'x' ? 4 : kind == 'u' ? 6 : kind == 'U' ? 10 : 2;
        } else if (style_ == '\'' && source_[at_] == '\'') {
            length = 2;
        }
        while (length-- > 0 && at_ < source_.size())
            step();
        return numeric;
    }

    [[nodiscard]] std::uint32_t line() const noexcept { return line_; }
    [[nodiscard]] std::uint32_t column() const noexcept { return column_; }

  private:
    static bool is_numeric(char kind) noexcept { return kind == 'x' || kind == 'u' || kind == 'U'; }

    [[nodiscard]] bool escape_is_blank() const noexcept {
        return at_ + 1 < source_.size() && source_[at_] == '\\' &&
               std::string_view("ntr \n\r").find(source_[at_ + 1]) != std::string_view::npos;
    }

    void step() noexcept {
        if (source_[at_++] == '\n') {
            ++line_;
            column_ = 1;
        } else {
            ++column_;
        }
    }

    template <typename Predicate> void skip_while(Predicate predicate) {
        while (at_ < source_.size() && predicate(source_[at_]))
            step();
    }

    /// An anchor and a tag may stand before the value.
    void skip_properties() {
        while (at_ < source_.size() && (source_[at_] == '&' || source_[at_] == '!')) {
            skip_while([](char c) { return !is_blank(c); });
            skip_while(is_blank);
        }
    }

    std::string_view source_;
    std::size_t at_;
    std::uint32_t line_, column_;
    char style_ = 0;
};

} // namespace

SourceLines::SourceLines(std::string_view text) : text_(text), starts_{0} {
    for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n', end + 1))
        starts_.push_back(end + 1);
}

std::size_t SourceLines::offset(std::uint32_t line, std::uint32_t column) const noexcept {
    if (line == 0 || column == 0 || line > starts_.size())
        return text_.size();
    return std::min(starts_[line - 1] + column - 1, text_.size());
}

MappedText::MappedText(std::string_view text, const Location& where) : text_(text), files_{where.file} {
    auto line = where.line;
    runs_.push_back({0, line, where.column, 0, false});
    if (line == 0)
        return;
    for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n', end + 1))
        runs_.push_back({end + 1, ++line, 1, 0, false});
}

MappedText::MappedText(const yaml::Node& scalar, const SourceLines& source, const std::string& file)
    : text_(scalar.text), files_{file} {
    runs_.push_back({0, scalar.line, scalar.column, 0, true});
    align(scalar, source, 0);
}

void MappedText::align(const yaml::Node& scalar, const SourceLines& source, std::uint32_t file) {
    WrittenScalar written(source.text(), source.offset(scalar.line, scalar.column), scalar.line, scalar.column);
    std::vector<Run> runs;
    for (std::size_t i = 0; i < text_.size();) {
        if (is_blank(text_[i])) {
            ++i;
            continue;
        }
        if (!written.seek(text_[i]))
            return; // not what the file holds there: keep the node's place for all
        const auto line = written.line(), column = written.column();
        const bool goes_on = !runs.empty() && runs.back().line == line && !runs.back().fixed &&
                             column - runs.back().column == i - runs.back().begin;
        if (!goes_on)
            runs.push_back({i, line, column, file, false});
        ++i;
        if (written.consume())
            while (i < text_.size() && is_continuation(text_[i]))
                ++i;
    }
    if (runs.empty())
        return;
    if (runs.front().begin > 0) // white space before the first word
        runs.insert(runs.begin(), {0, runs.front().line, runs.front().column, file, true});
    runs_ = std::move(runs);
}

Location MappedText::at(std::size_t offset) const {
    offset = std::min(offset, text_.size());
    auto run =
        std::upper_bound(runs_.begin(), runs_.end(), offset, [](std::size_t o, const Run& r) { return o < r.begin; });
    if (run == runs_.begin())
        return {};
    --run;
    Location where{files_[run->file], run->line, run->column};
    if (!run->fixed && where.line != 0)
        where.column += static_cast<std::uint32_t>(offset - run->begin);
    return where;
}

std::uint32_t MappedText::file_index(const std::string& file) {
    const auto found = std::find(files_.begin(), files_.end(), file);
    if (found != files_.end())
        return static_cast<std::uint32_t>(found - files_.begin());
    files_.push_back(file);
    return static_cast<std::uint32_t>(files_.size() - 1);
}

void MappedText::append(std::string_view text, const Location& where) {
    runs_.push_back({text_.size(), where.line, where.column, file_index(where.file), true});
    text_ += text;
}

void MappedText::append(const MappedText& other) {
    const auto base = text_.size();
    for (const auto& run : other.runs_)
        runs_.push_back({run.begin + base, run.line, run.column, file_index(other.files_[run.file]), run.fixed});
    text_ += other.text_;
}

} // namespace rwatch::rules
