// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/glob.hpp"

#include "core/ascii.hpp"

#include <array>
#include <cctype>
#include <optional>

namespace rwatch::rules {

namespace {

struct Class {
    std::string_view name;
    bool (*holds)(int);
};
constexpr std::array kClasses{
    Class{"alpha", [](int c) { return c < 128 && std::isalpha(c) != 0; }},
    Class{"digit", [](int c) { return c < 128 && std::isdigit(c) != 0; }},
    Class{"alnum", [](int c) { return c < 128 && std::isalnum(c) != 0; }},
    Class{"upper", [](int c) { return c < 128 && std::isupper(c) != 0; }},
    Class{"lower", [](int c) { return c < 128 && std::islower(c) != 0; }},
    Class{"space", [](int c) { return c < 128 && std::isspace(c) != 0; }},
    Class{"blank", [](int c) { return c == ' ' || c == '\t'; }},
    Class{"punct", [](int c) { return c < 128 && std::ispunct(c) != 0; }},
    Class{"print", [](int c) { return c < 128 && std::isprint(c) != 0; }},
    Class{"graph", [](int c) { return c < 128 && std::isgraph(c) != 0; }},
    Class{"cntrl", [](int c) { return c < 128 && std::iscntrl(c) != 0; }},
    Class{"xdigit", [](int c) { return c < 128 && std::isxdigit(c) != 0; }},
};

/// What a bracket expression holds, read from `rest` (after the '['); `length` bytes of it. Nothing where it is not
/// closed.
class Bracket {
  public:
    explicit Bracket(std::string_view rest) : rest_(rest) {}

    std::optional<std::bitset<256>> read() {
        const bool negated = !rest_.empty() && (rest_[0] == '!' || rest_[0] == '^');
        at_ = negated ? 1 : 0;
        const auto first = at_;
        while (at_ < rest_.size()) {
            if (rest_[at_] == ']' && at_ != first) {
                ++at_;
                return negated ? ~set_ : set_;
            }
            if (!member())
                return std::nullopt;
        }
        return std::nullopt;
    }
    [[nodiscard]] std::size_t length() const noexcept { return at_; }

  private:
    /// One byte, a range or a class; false where the expression ends inside it or names an unknown class.
    bool member() {
        if (rest_.substr(at_).starts_with("[:"))
            if (const auto end = rest_.find(":]", at_ + 2); end != std::string_view::npos)
                return named_class(end);
        const auto from = byte();
        if (!from)
            return false;
        auto to = *from;
        if (at_ + 1 < rest_.size() && rest_[at_] == '-' && rest_[at_ + 1] != ']') {
            ++at_;
            const auto last = byte();
            if (!last)
                return false;
            to = *last;
        }
        for (unsigned c = *from; c <= to; ++c)
            set_.set(c);
        return true;
    }

    bool named_class(std::size_t end) {
        const auto name = rest_.substr(at_ + 2, end - at_ - 2);
        for (const auto& known : kClasses) {
            if (known.name != name)
                continue;
            for (int c = 0; c < 256; ++c)
                if (known.holds(c))
                    set_.set(static_cast<std::size_t>(c));
            at_ = end + 2;
            return true;
        }
        return false;
    }

    std::optional<unsigned char> byte() {
        if (rest_[at_] == '\\' && ++at_ == rest_.size())
            return std::nullopt;
        return static_cast<unsigned char>(rest_[at_++]);
    }

    std::string_view rest_;
    std::size_t at_ = 0;
    std::bitset<256> set_;
};

using Token = GlobToken;

/// Room for a pattern that is met while matching: what does not fit is remembered as such.
template <typename T, std::size_t kMost> class Fixed {
  public:
    void push_back(const T& item) noexcept {
        if (size_ == kMost)
            full_ = true;
        else
            items_[size_++] = item;
    }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] const T& back() const noexcept { return items_[size_ - 1]; }
    [[nodiscard]] const T* data() const noexcept { return items_.data(); }
    [[nodiscard]] bool full() const noexcept { return full_; }

  private:
    std::array<T, kMost> items_;
    std::size_t size_ = 0;
    bool full_ = false;
};

template <typename Tokens, typename Sets>
void read_pattern(std::string_view pattern, bool fold, Tokens& tokens, Sets& sets) {
    const auto add_byte = [&](char c) {
        const auto byte = static_cast<unsigned char>(c);
        tokens.push_back({Token::Kind::byte, fold ? lower(byte) : byte});
    };
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        switch (pattern[i]) {
        case '*':
            if (tokens.empty() || tokens.back().kind != Token::Kind::star)
                tokens.push_back({Token::Kind::star});
            break;
        case '?':
            tokens.push_back({Token::Kind::any});
            break;
        case '\\':
            if (++i == pattern.size())
                tokens.push_back({Token::Kind::never}); // as libc: a pattern that ends in a backslash matches nothing
            else
                add_byte(pattern[i]);
            break;
        case '[': {
            Bracket bracket(pattern.substr(i + 1));
            const auto set = bracket.read();
            if (!set) {
                add_byte('[');
                break;
            }
            tokens.push_back({Token::Kind::set, 0, static_cast<std::uint32_t>(sets.size())});
            sets.push_back(*set);
            i += bracket.length();
            break;
        }
        default:
            add_byte(pattern[i]);
        }
    }
}

/// A pattern that has been read.
struct Pattern {
    const Token* tokens;
    std::size_t count;
    const GlobSet* sets;
    bool fold;

    [[nodiscard]] bool fits(const Token& token, unsigned char c) const noexcept {
        switch (token.kind) {
        case Token::Kind::byte:
            return token.byte == (fold ? lower(c) : c);
        case Token::Kind::any:
            return true;
        case Token::Kind::set:
            return sets[token.set].test(c) ||
                   (fold && (sets[token.set].test(lower(c)) || sets[token.set].test(upper(c))));
        case Token::Kind::star:
        case Token::Kind::never:
            return false;
        }
        return false;
    }

    /// Going back to the last star alone is enough: what an earlier star could take, the last one can take too.
    [[nodiscard]] bool matches(std::string_view text) const noexcept {
        constexpr auto kNone = static_cast<std::size_t>(-1);
        std::size_t token = 0, at = 0, star = kNone, star_at = 0;
        while (at < text.size()) {
            if (token < count && tokens[token].kind == Token::Kind::star) {
                star = token++;
                star_at = at;
            } else if (token < count && fits(tokens[token], static_cast<unsigned char>(text[at]))) {
                ++token;
                ++at;
            } else if (star != kNone) {
                token = star + 1;
                at = ++star_at;
            } else {
                return false;
            }
        }
        while (token < count && tokens[token].kind == Token::Kind::star)
            ++token;
        return token == count;
    }
};

} // namespace

Glob::Glob(std::string_view pattern, bool fold) : fold_(fold) {
    read_pattern(pattern, fold, tokens_, sets_);
}

bool Glob::matches(std::string_view text) const noexcept {
    return Pattern{tokens_.data(), tokens_.size(), sets_.data(), fold_}.matches(text);
}

bool glob_matches(std::string_view pattern, std::string_view text, bool fold) noexcept {
    constexpr std::size_t kMostTokens = 256, kMostSets = 32;
    Fixed<Token, kMostTokens> tokens;
    Fixed<GlobSet, kMostSets> sets;
    if (pattern.size() > kMaxForeignPattern)
        return false;
    read_pattern(pattern, fold, tokens, sets);
    return !tokens.full() && !sets.full() && Pattern{tokens.data(), tokens.size(), sets.data(), fold}.matches(text);
}

} // namespace rwatch::rules
