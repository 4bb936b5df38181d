// SPDX-License-Identifier: MIT OR Apache-2.0
// Reads the words of a condition. What a word is depends on where it stands (a bare value may hold what would be an
// operator elsewhere), so the parser asks for the token that it expects; each method either takes it and says so, or
// takes nothing.
#pragma once

#include "core/ascii.hpp"
#include "rules/ast.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace rwatch::rules {

/// What may stand between the words of a condition: blanks, and the backspace that Falco takes for one.
[[nodiscard]] constexpr bool is_gap(char c) noexcept {
    return is_blank(c) || c == '\b';
}

class Lexer {
  public:
    explicit Lexer(std::string_view text) noexcept : text_(text) {}

    [[nodiscard]] std::size_t at() const noexcept { return at_; }
    [[nodiscard]] bool end() const noexcept { return at_ == text_.size(); }
    [[nodiscard]] char peek() const noexcept { return end() ? '\0' : text_[at_]; }

    bool blank() noexcept; ///< any white space; false where there was none
    bool symbol(char c) noexcept;
    /// A word that neither goes on nor stands before more of a name: "in(" is the word "in", "inside" is not.
    bool keyword(std::string_view word) noexcept;

    std::optional<std::string_view> field_name() noexcept; ///< letters, digits, _, with at least one dot inside
    std::optional<std::string_view> identifier() noexcept;
    std::optional<std::string_view> number() noexcept;        ///< [+-]digits with fraction and exponent, or 0x…
    std::optional<std::string_view> bare() noexcept;          ///< a value: anything but ( ) " ' = , and white space
    std::optional<std::string_view> bare_argument() noexcept; ///< inside [ ]
    const OperatorInfo* op() noexcept;
    Modifier modifier() noexcept; ///< none: nothing was taken; it must be followed by white space, which is taken too
    /// A transformer's name with the "(" behind it, which is taken too.
    std::optional<std::string_view> transformer() noexcept;

    enum class Quoted { absent, good, bad };
    /// A text in " or ', its escapes resolved. bad: `error` and `error_at` say why.
    Quoted quoted(std::string& value, std::string& error, std::size_t& error_at);

    void go_back(std::size_t at) noexcept { at_ = at; }

    /// What stands here, for messages: up to the next white space or parenthesis, "" at the end.
    [[nodiscard]] std::string_view rest_of_word() const noexcept;

  private:
    [[nodiscard]] std::size_t identifier_end(std::size_t from) const noexcept;
    std::string_view take(std::size_t end) noexcept;

    std::string_view text_;
    std::size_t at_ = 0;
};

} // namespace rwatch::rules
