// SPDX-License-Identifier: MIT OR Apache-2.0
// An example of a regular expression: the first alternative, the least repetition.
#include "satisfy.hpp"

#include <charconv>

namespace rwatch::rules::test {

namespace {

class Example {
  public:
    explicit Example(std::string_view regex) : rest_(regex) {}

    std::optional<std::string> make() {
        auto out = alternatives();
        return good_ && rest_.empty() ? std::optional(std::move(out)) : std::nullopt;
    }

  private:
    bool take(std::string_view text) {
        if (!rest_.starts_with(text))
            return false;
        rest_.remove_prefix(text.size());
        return true;
    }
    char next() {
        if (rest_.empty()) {
            good_ = false;
            return 'x';
        }
        const char c = rest_.front();
        rest_.remove_prefix(1);
        return c;
    }

    std::string alternatives() {
        auto out = sequence();
        while (good_ && take("|"))
            (void)sequence();
        return out;
    }

    std::string sequence() {
        std::string out;
        while (good_ && !rest_.empty() && rest_.front() != '|' && rest_.front() != ')') {
            const auto piece = atom();
            for (auto times = least(); times > 0; --times)
                out += piece;
        }
        return out;
    }

    std::string atom() {
        switch (const char c = next()) {
        case '^':
        case '$':
            return "";
        case '.':
            return "x";
        case '[':
            return set();
        case '\\':
            return escaped();
        case '(': {
            if (take("?")) {
                while (!rest_.empty() && rest_.front() != ':' && rest_.front() != ')')
                    (void)next();
                if (take(")"))
                    return "";
                (void)next();
            }
            auto out = alternatives();
            good_ = good_ && take(")");
            return out;
        }
        default:
            return {c};
        }
    }

    std::string escaped() {
        switch (const char c = next()) {
        case 'd':
            return "1";
        case 'w':
        case 'S':
        case 'D':
            return "a";
        case 's':
        case 'W':
            return " ";
        case 't':
            return "\t";
        case 'n':
            return "\n";
        case 'b':
        case 'B':
        case 'A':
        case 'z':
            return "";
        default:
            return {c};
        }
    }

    /// A member of a set; of a negated one a letter that is not in it.
    std::string set() {
        const bool negated = take("^");
        std::string members;
        bool first = true;
        while (good_ && (first || !rest_.starts_with("]"))) {
            first = false;
            if (take("[:")) {
                const auto end = rest_.find(":]");
                if (end == std::string_view::npos) {
                    good_ = false;
                    break;
                }
                const auto name = rest_.substr(0, end);
                members += name == "digit" || name == "xdigit" || name == "alnum" ? '1' : name == "space" ? ' ' : 'a';
                rest_.remove_prefix(end + 2);
                continue;
            }
            const char c = next();
            members += c == '\\' ? escaped() : std::string{c};
        }
        good_ = good_ && take("]");
        if (!negated)
            return members.substr(0, 1);
        for (const char c : std::string_view("xqzQ7 _~"))
            if (members.find(c) == std::string::npos)
                return {c};
        good_ = false;
        return "";
    }

    /// The least count of the quantifier that stands here, 1 without one.
    unsigned least() {
        unsigned count = 1;
        if (take("*") || take("?"))
            count = 0;
        else if (take("{")) {
            const auto* end = rest_.data() + rest_.size();
            const auto read = std::from_chars(rest_.data(), end, count);
            good_ = good_ && read.ec == std::errc{};
            while (good_ && next() != '}') {
            }
        } else if (!take("+"))
            return 1;
        (void)take("?"); // as few as possible
        return count;
    }

    std::string_view rest_;
    bool good_ = true;
};

} // namespace

std::optional<std::string> example_of(std::string_view regex) {
    return Example(regex).make();
}

} // namespace rwatch::rules::test
