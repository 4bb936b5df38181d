// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/rule_expression.hpp"

#include "core/ascii.hpp"
#include "core/suggest.hpp"
#include "rules/correlation_reader.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace rwatch::rules {

namespace {

using Step = CorrelationTerms::Step;

class ExpressionParser {
  public:
    ExpressionParser(const MappedText& text, std::vector<Word>& rules, Diagnostics& out)
        : mapped_(text), text_(text.text()), rules_(rules), given_(rules.size()), out_(out) {}

    std::vector<Step> parse() {
        if (text_.size() > kMaxExpressionText) {
            fail("the correlation's condition is longer than " + std::to_string(kMaxExpressionText) + " bytes");
            return {};
        }
        next();
        if (!any(0) || !at_end() || !all_named())
            return {};
        return std::move(steps_);
    }

  private:
    /// Reads the next token: a name, a text in quotes, one other character, or the end.
    void next() {
        while (end_ < text_.size() && is_blank(text_[end_]))
            ++end_;
        at_ = end_;
        quoted_ = false;
        while (end_ < text_.size() && is_name(text_[end_]))
            ++end_;
        if (end_ != at_ || at_ == text_.size()) {
            token_ = text_.substr(at_, end_ - at_);
            return;
        }
        const char c = text_[at_];
        const auto close = c == '"' || c == '\'' ? text_.find(c, at_ + 1) : std::string_view::npos;
        quoted_ = close != std::string_view::npos;
        token_ = quoted_ ? text_.substr(at_ + 1, close - at_ - 1) : text_.substr(at_, 1);
        end_ = quoted_ ? close + 1 : at_ + 1;
    }

    bool take(std::string_view token) {
        if (quoted_ || token_ != token)
            return false;
        next();
        return true;
    }

    bool fail(std::string message, std::string hint = {}) {
        out_.push_back({Severity::error, "bad-condition", mapped_.at(at_), std::move(message), std::move(hint)});
        return false;
    }
    bool expected(std::string_view what) {
        return fail("expected " + std::string(what) +
                    (at_ == text_.size() ? ", found the end" : ", found '" + std::string(token_) + "'"));
    }

    bool any(std::size_t depth) {
        if (!all(depth))
            return false;
        while (take("or")) {
            if (!all(depth))
                return false;
            steps_.push_back({Step::Op::any});
        }
        return true;
    }

    bool all(std::size_t depth) {
        if (!negation(depth))
            return false;
        while (take("and")) {
            if (!negation(depth))
                return false;
            steps_.push_back({Step::Op::all});
        }
        return true;
    }

    bool negation(std::size_t depth) {
        bool negative = false;
        while (take("not"))
            negative = !negative;
        if (!check(depth))
            return false;
        if (negative)
            steps_.push_back({Step::Op::negation});
        return true;
    }

    bool check(std::size_t depth) {
        if (!quoted_ && token_ == "(") {
            if (depth == kMaxExpressionDepth)
                return fail("more than " + std::to_string(kMaxExpressionDepth) + " parentheses are nested");
            next();
            return any(depth + 1) && (take(")") || expected("')', 'and' or 'or'"));
        }
        const bool name = quoted_ || (!token_.empty() && is_name(token_.front()) && token_ != "and" && token_ != "or");
        return name ? rule() : expected("a rule's name");
    }

    bool rule() {
        auto same = std::find_if(rules_.begin(), rules_.end(), [&](const Word& w) { return w.text == token_; });
        if (same == rules_.end() && given_ > 0) {
            std::vector<std::string_view> names;
            for (const auto& word : rules_)
                names.emplace_back(word.text);
            return fail("'" + std::string(token_) + "' is not one of the correlation's rules",
                        did_you_mean(token_, names));
        }
        if (same == rules_.end()) {
            if (rules_.size() == kMaxCorrelatedRules)
                return fail("more than " + std::to_string(kMaxCorrelatedRules) + " rules");
            same = rules_.insert(rules_.end(), {std::string(token_), mapped_.at(at_)});
        }
        const auto index = static_cast<std::uint32_t>(same - rules_.begin());
        named_ |= 1ULL << index;
        steps_.push_back({Step::Op::rule, index});
        next();
        return true;
    }

    bool at_end() { return at_ == text_.size() || expected("'and', 'or' or the end"); }

    bool all_named() {
        for (std::size_t i = 0; i < rules_.size(); ++i)
            if ((named_ >> i & 1U) == 0) {
                at_ = 0;
                return fail("rule '" + rules_[i].text + "' is in 'rules' but not in the correlation's condition");
            }
        return true;
    }

    const MappedText& mapped_;
    std::string_view text_;
    std::size_t at_ = 0, end_ = 0; ///< of the token
    std::string_view token_;
    bool quoted_ = false;
    std::vector<Word>& rules_;
    std::size_t given_; ///< how many there were before
    Diagnostics& out_;
    std::vector<Step> steps_;
    std::uint64_t named_ = 0;
};

} // namespace

std::vector<Step> parse_rule_expression(const MappedText& text, std::vector<Word>& rules, Diagnostics& out) {
    return ExpressionParser(text, rules, out).parse();
}

bool holds(std::span<const Step> expression, std::uint64_t matched) noexcept {
    // A stack of bits. Each parenthesis, and each "or" with an "and" on its right, leaves one operand below: at most
    // two a level.
    static_assert(2 * (kMaxExpressionDepth + 1) < 128);
    __extension__ using Bits = unsigned __int128;
    Bits stack = 0;
    for (const auto& step : expression) {
        const Bits top = stack & 1U, below = stack >> 1U & 1U;
        switch (step.op) {
        case Step::Op::rule:
            stack = stack << 1U | (matched >> step.rule & 1U);
            break;
        case Step::Op::all:
            stack = stack >> 2U << 1U | (top & below);
            break;
        case Step::Op::any:
            stack = stack >> 2U << 1U | (top | below);
            break;
        case Step::Op::negation:
            stack ^= 1U;
            break;
        }
    }
    return (stack & 1U) != 0;
}

} // namespace rwatch::rules
