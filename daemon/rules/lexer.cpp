// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/lexer.hpp"

#include "core/ascii.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace rwatch::rules {

namespace {

constexpr std::size_t kMostUnexpected = 32; // bytes of unexpected text in a message

bool is_hex(char c) noexcept {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// Resolves the escape at text[i] (after the backslash); moves i to its last byte. False where there is no such escape.
bool unescape(std::string_view text, std::size_t& i, char quote, std::string& value, std::string& error) {
    switch (const char c = text[i]) {
    case 'b':
        value += '\b';
        return true;
    case 'f':
        value += '\f';
        return true;
    case 'n':
        value += '\n';
        return true;
    case 'r':
        value += '\r';
        return true;
    case 't':
        value += '\t';
        return true;
    case ' ': // as Falco: a needless backslash before a blank is kept, the blank is not
    case '\\':
        value += '\\';
        return true;
    case '/':
        value += '/';
        return true;
    case '"':
    case '\'':
        if (c != quote) {
            error = std::string("in this kind of quotes ") + c + " stands without a backslash";
            return false;
        }
        value += c;
        return true;
    case 'x': {
        unsigned char byte = 0;
        if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) {
            error = "\\x must be followed by two hexadecimal digits";
            return false;
        }
        std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16);
        value += static_cast<char>(byte);
        i += 2;
        return true;
    }
    default:
        error = std::string("there is no escape \\") + c;
        return false;
    }
}

} // namespace

std::string to_string(const Operand& operand) {
    if (operand.kind == Operand::Kind::text)
        return '"' + operand.name + '"';
    if (operand.kind == Operand::Kind::field)
        return operand.name;
    std::string out = operand.name + '(';
    for (const auto& argument : operand.arguments)
        out.append(out.ends_with('(') ? "" : ", ").append(to_string(argument));
    out += ')';
    return operand.selector ? out + '[' + *operand.selector + ']' : out;
}

std::string_view Lexer::take(std::size_t end) noexcept {
    const auto token = text_.substr(at_, end - at_);
    at_ = end;
    return token;
}

bool Lexer::blank() noexcept {
    const auto begin = at_;
    while (!end() && is_gap(text_[at_]))
        ++at_;
    return at_ != begin;
}

bool Lexer::symbol(char c) noexcept {
    if (end() || text_[at_] != c)
        return false;
    ++at_;
    return true;
}

bool Lexer::keyword(std::string_view word) noexcept {
    if (!text_.substr(at_).starts_with(word))
        return false;
    const auto after = at_ + word.size();
    if (after < text_.size() && (is_name(text_[after]) || text_[after] == '.' || text_[after] == '-'))
        return false;
    at_ = after;
    return true;
}

std::size_t Lexer::identifier_end(std::size_t from) const noexcept {
    if (from >= text_.size() || !is_letter(text_[from]))
        return from;
    while (from < text_.size() && is_name(text_[from]))
        ++from;
    return from;
}

std::optional<std::string_view> Lexer::identifier() noexcept {
    const auto end = identifier_end(at_);
    return end == at_ ? std::nullopt : std::optional(take(end));
}

std::optional<std::string_view> Lexer::field_name() noexcept {
    auto end = identifier_end(at_);
    if (end == at_)
        return std::nullopt;
    bool dotted = false;
    while (end < text_.size() && text_[end] == '.') {
        const auto next = identifier_end(end + 1);
        if (next == end + 1)
            break;
        end = next;
        dotted = true;
    }
    return dotted ? std::optional(take(end)) : std::nullopt;
}

std::optional<std::string_view> Lexer::number() noexcept {
    const auto digit = [&](std::size_t i) { return i < text_.size() && is_digit(text_[i]); };
    auto end = at_;
    if (peek() == '0' && at_ + 2 < text_.size() && (text_[at_ + 1] == 'x' || text_[at_ + 1] == 'X') &&
        is_hex(text_[at_ + 2])) {
        end += 2;
        while (end < text_.size() && is_hex(text_[end]))
            ++end;
        return take(end);
    }
    if (peek() == '+' || peek() == '-')
        ++end;
    if (!digit(end))
        return std::nullopt;
    while (digit(end))
        ++end;
    if (end < text_.size() && text_[end] == '.')
        for (++end; digit(end);)
            ++end;
    if (end + 2 < text_.size() && (text_[end] == 'e' || text_[end] == 'E') &&
        (text_[end + 1] == '+' || text_[end + 1] == '-') && digit(end + 2))
        for (end += 2; digit(end);)
            ++end;
    return take(end);
}

std::optional<std::string_view> Lexer::bare() noexcept {
    auto end = at_;
    while (end < text_.size() && !is_gap(text_[end]) &&
           std::string_view("()\"'=,\f\v").find(text_[end]) == std::string_view::npos)
        ++end;
    return end == at_ ? std::nullopt : std::optional(take(end));
}

std::optional<std::string_view> Lexer::bare_argument() noexcept {
    auto end = at_;
    while (end < text_.size() && !is_gap(text_[end]) &&
           std::string_view("[]\"'").find(text_[end]) == std::string_view::npos)
        ++end;
    return end == at_ ? std::nullopt : std::optional(take(end));
}

const OperatorInfo* Lexer::op() noexcept {
    for (const auto& info : operators()) {
        const auto after = at_ + info.text.size();
        if (!text_.substr(at_).starts_with(info.text))
            continue;
        // As Falco: a word before a text needs white space behind it, "exists" needs nothing.
        const bool word = is_letter(info.text.front());
        if (word && info.operand == OperandShape::text && (after >= text_.size() || !is_gap(text_[after])))
            continue;
        if (word && info.operand == OperandShape::list) {
            if (keyword(info.text))
                return &info;
            continue;
        }
        at_ = after;
        return &info;
    }
    return nullptr;
}

Modifier Lexer::modifier() noexcept {
    for (const auto modifier : {Modifier::oneof, Modifier::anyof, Modifier::allof}) {
        const auto word = to_string(modifier);
        const auto after = at_ + word.size();
        if (!text_.substr(at_).starts_with(word) || after >= text_.size() || !is_gap(text_[after]))
            continue;
        at_ = after;
        blank();
        return modifier;
    }
    return Modifier::none;
}

std::optional<std::string_view> Lexer::transformer() noexcept {
    for (const auto& [name, usage, doc] : transformers())
        if (text_.substr(at_).starts_with(name) && at_ + name.size() < text_.size() &&
            text_[at_ + name.size()] == '(') {
            at_ += name.size() + 1;
            return name;
        }
    return std::nullopt;
}

Lexer::Quoted Lexer::quoted(std::string& value, std::string& error, std::size_t& error_at) {
    const char quote = peek();
    if (quote != '"' && quote != '\'')
        return Quoted::absent;
    value.clear();
    const auto begin = at_ + 1;
    auto close = text_.find(quote, begin);
    // As Falco: a quote with a backslash before it never closes, not even where that backslash is itself escaped.
    while (close != std::string_view::npos && close > begin && text_[close - 1] == '\\')
        close = text_.find(quote, close + 1);
    if (close == std::string_view::npos) {
        error =
            "this quote is not closed (a quote behind a backslash does not close; write \\x5c for a backslash at the "
            "end)";
        error_at = at_;
        return Quoted::bad;
    }
    const auto inside = text_.substr(0, close);
    for (auto i = begin; i < close; ++i) {
        if (inside[i] != '\\') {
            value += inside[i];
            continue;
        }
        error_at = i++;
        if (!unescape(inside, i, quote, value, error))
            return Quoted::bad;
    }
    at_ = close + 1;
    return Quoted::good;
}

std::string_view Lexer::rest_of_word() const noexcept {
    auto end = at_;
    if (end < text_.size())
        ++end;
    while (end < text_.size() && end - at_ < kMostUnexpected && !is_gap(text_[end]) && text_[end] != '(' &&
           text_[end] != ')')
        ++end;
    return text_.substr(at_, end - at_);
}

} // namespace rwatch::rules
