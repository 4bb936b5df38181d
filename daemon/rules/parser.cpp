// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/parser.hpp"

#include "core/ascii.hpp"
#include "core/suggest.hpp"
#include "rules/lexer.hpp"
#include "rules/slips.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace rwatch::rules {

namespace {

/// The text is wrong; caught in this file.
struct SyntaxError {
    std::size_t at;
    std::string message, hint;
};

std::uint32_t offset32(std::size_t offset) noexcept {
    return static_cast<std::uint32_t>(offset);
}

class ConditionParser {
  public:
    explicit ConditionParser(std::string_view text) : lexer_(text) {}

    Expr condition() {
        lexer_.blank();
        if (lexer_.end())
            throw SyntaxError{0, "the condition is empty", {}};
        auto expr = disjunction();
        if (!lexer_.end())
            expected_connective("'and', 'or' or the end");
        return expr;
    }

    /// Where the innermost parenthesis is opened that the end closes.
    [[nodiscard]] std::optional<std::size_t> unclosed() const noexcept { return unclosed_; }

    Operand operand() {
        auto out = try_operand();
        if (!out)
            unexpected("a field or a transformer", {});
        return std::move(*out);
    }
    [[nodiscard]] std::size_t at() const noexcept { return lexer_.at(); }

    std::vector<Literal> values() {
        std::vector<Literal> out;
        lexer_.blank();
        if (lexer_.end())
            return out;
        do {
            lexer_.blank();
            out.push_back(value());
            lexer_.blank();
        } while (lexer_.symbol(','));
        if (!lexer_.end())
            unexpected("','", {});
        return out;
    }

  private:
    [[noreturn]] void unexpected(std::string_view expected, std::span<const std::string_view> candidates,
                                 std::string_view hint = {}) const {
        const auto word = lexer_.rest_of_word();
        SyntaxError error{lexer_.at(), {}, std::string(hint)};
        if (word.empty()) {
            error.message = "the condition ends where " + std::string(expected) + " was expected";
            throw error;
        }
        error.message = "unexpected '" + std::string(word) + "', expected " + std::string(expected);
        if (error.hint.empty())
            error.hint = hint_for(word, candidates);
        throw error;
    }

    [[noreturn]] void expected_connective(std::string_view expected) const {
        unexpected(expected, std::array<std::string_view, 2>{"and", "or"}, slip_);
    }

    /// True where the keyword was taken; what follows must be apart from it.
    bool connective(std::string_view word) {
        lexer_.blank();
        if (!lexer_.keyword(word))
            return false;
        if (lexer_.peek() != '(' && !lexer_.blank())
            unexpected("white space or '(' after '" + std::string(word) + "'", {});
        return true;
    }

    Expr chain(Expr::Kind kind, std::string_view word, Expr (ConditionParser::*part)()) {
        lexer_.blank();
        const auto at = offset32(lexer_.at());
        Expr first = (this->*part)();
        if (!connective(word))
            return first;
        Expr out;
        out.kind = kind;
        out.at = at;
        out.children.push_back(std::move(first));
        do
            out.children.push_back((this->*part)());
        while (connective(word));
        return out;
    }

    Expr disjunction() { return chain(Expr::Kind::any, "or", &ConditionParser::conjunction); }
    Expr conjunction() { return chain(Expr::Kind::all, "and", &ConditionParser::negation); }

    Expr negation() {
        lexer_.blank();
        const auto at = offset32(lexer_.at());
        bool negated = false;
        while (connective("not")) {
            negated = !negated;
            lexer_.blank();
        }
        Expr inner = check();
        if (!negated)
            return inner;
        Expr out;
        out.kind = Expr::Kind::negation;
        out.at = at;
        out.children.push_back(std::move(inner));
        return out;
    }

    Expr check() {
        lexer_.blank();
        slip_ = {};
        const auto at = lexer_.at();
        if (lexer_.symbol('('))
            return group(at);
        Expr out;
        out.at = offset32(at);
        if (auto left = try_operand()) {
            out.left = std::move(*left);
            test(out);
            return out;
        }
        if (const auto name = lexer_.identifier()) {
            if (lexer_.peek() == '(')
                no_transformer(at, *name);
            check_keyword(at, *name);
            out.kind = Expr::Kind::macro;
            out.name = *name;
            return out;
        }
        unexpected("a field, a macro or '('", {});
    }

    /// "NOT evt.type = …": nothing follows the name of a macro but a connective.
    void check_keyword(std::size_t at, std::string_view name) {
        const auto small = lower(name);
        if (small == name || (small != "not" && small != "and" && small != "or"))
            return;
        const auto after = lexer_.at();
        lexer_.blank();
        const bool goes_on = lexer_.peek() == '(' || is_letter(lexer_.peek());
        const bool connected = lexer_.keyword("and") || lexer_.keyword("or");
        lexer_.go_back(after);
        if (goes_on && !connected)
            throw SyntaxError{at, "unexpected '" + std::string(name) + "', expected a field, a macro or '('",
                              "keywords are lower case: '" + small + "'"};
    }

    [[noreturn]] static void no_transformer(std::size_t at, std::string_view name) {
        std::vector<std::string_view> names;
        for (auto i = Transformer::tolower; i <= Transformer::getopt;
             i = static_cast<Transformer>(static_cast<int>(i) + 1))
            names.push_back(to_string(i));
        throw SyntaxError{at, "there is no transformer '" + std::string(name) + "' here",
                          name == "val" ? "val() stands on the right of an operator, around a field"
                                        : did_you_mean(name, names)};
    }

    /// A field or a transformer, where one stands here.
    std::optional<Operand> try_operand() {
        Operand out;
        out.at = offset32(lexer_.at());
        if (const auto name = lexer_.field_name()) {
            out.name = *name;
            if (const auto index = selector())
                out.name += '[' + *index + ']';
            return out;
        }
        if (const auto name = lexer_.transformer())
            return transformer(std::move(out), *name);
        return std::nullopt;
    }

    Operand transformer(Operand out, std::string_view name) {
        if (++operand_depth_ > kMaxOperandDepth)
            throw SyntaxError{out.at, "more than " + std::to_string(kMaxOperandDepth) + " nested transformers", {}};
        out.kind = Operand::Kind::transformer;
        out.name = name;
        do
            add_argument(out, true);
        while (lexer_.symbol(','));
        if (!lexer_.symbol(')'))
            unexpected("',' or ')'", {});
        out.selector = selector();
        --operand_depth_;
        return out;
    }

    /// One argument and the white space around it.
    void add_argument(Operand& to, bool may_be_list) {
        lexer_.blank();
        if (to.arguments.size() == kMaxOperandArguments)
            throw SyntaxError{
                lexer_.at(), "more than " + std::to_string(kMaxOperandArguments) + " arguments of one transformer", {}};
        to.arguments.push_back(argument(may_be_list));
        lexer_.blank();
    }

    Operand argument(bool may_be_list) {
        Operand out;
        out.at = offset32(lexer_.at());
        out.kind = Operand::Kind::text;
        if (const auto number = lexer_.number()) {
            out.name = *number;
            return out;
        }
        if (quoted(out.name))
            return out;
        if (may_be_list && lexer_.symbol('(')) {
            out.kind = Operand::Kind::list;
            lexer_.blank();
            if (lexer_.symbol(')'))
                return out;
            do
                add_argument(out, false);
            while (lexer_.symbol(','));
            if (!lexer_.symbol(')'))
                unexpected("',' or ')'", {});
            return out;
        }
        if (auto operand = try_operand())
            return std::move(*operand);
        unexpected("a field, a transformer, a number or a text in quotes", {});
    }

    /// What may stand for a value: a transformer or val(FIELD).
    std::optional<Operand> try_right() {
        const auto at = lexer_.at();
        if (lexer_.keyword("val") && lexer_.symbol('(')) {
            lexer_.blank();
            Operand out;
            out.at = offset32(lexer_.at());
            const auto name = lexer_.field_name();
            if (!name)
                unexpected("the name of a field", {});
            out.name = *name;
            if (const auto index = selector())
                out.name += '[' + *index + ']';
            lexer_.blank();
            if (!lexer_.symbol(')'))
                unexpected("')'", {});
            if (lexer_.peek() == '[')
                unexpected("the end of the value (val() takes nothing in brackets)", {});
            return out;
        }
        lexer_.go_back(at);
        Operand out;
        out.at = offset32(at);
        if (const auto name = lexer_.transformer())
            return transformer(std::move(out), *name);
        return std::nullopt;
    }

    Expr group(std::size_t opened) {
        if (++depth_ > kMaxConditionDepth)
            throw SyntaxError{opened, "more than " + std::to_string(kMaxConditionDepth) + " nested parentheses", {}};
        Expr out = disjunction();
        lexer_.blank();
        if (!lexer_.symbol(')')) {
            if (!lexer_.end())
                expected_connective("'and', 'or' or ')'");
            if (!unclosed_)
                unclosed_ = opened;
        }
        --depth_;
        return out;
    }

    /// What stands in brackets.
    std::optional<std::string> selector() {
        if (!lexer_.symbol('['))
            return std::nullopt;
        std::string text;
        if (!quoted(text)) {
            const auto bare = lexer_.bare_argument();
            if (!bare)
                unexpected("the field's argument", {});
            text = *bare;
        }
        if (!lexer_.symbol(']'))
            unexpected("']'", {});
        return text;
    }

    void test(Expr& out) {
        lexer_.blank();
        out.op_at = offset32(lexer_.at());
        const auto* info = lexer_.op();
        if (info == nullptr)
            no_operator();
        out.op = info->op;
        const bool apart = lexer_.blank();
        if (out.op == Operator::lt && lexer_.peek() == '>')
            throw SyntaxError{out.op_at, "there is no operator '<>'", "write '!='"};
        if (info->operand == OperandShape::none)
            return;
        if (info->operand == OperandShape::text && apart && take_modified(out))
            return;
        if (auto right = try_right())
            out.right = std::move(right);
        else if (info->operand == OperandShape::number)
            out.literals.push_back(number());
        else if (info->operand == OperandShape::text)
            out.literals.push_back(value());
        else
            out.literals = list();
        if (out.op == Operator::eq && !out.literals.empty() && out.literals.front().bare)
            slip_ = slip_in(out.literals.front().text);
    }

    /// "oneof (a, b)", "oneof NAME"; the word alone is a value like any other.
    bool take_modified(Expr& out) {
        const auto at = lexer_.at();
        const auto modifier = lexer_.modifier();
        if (modifier == Modifier::none)
            return false;
        const auto list_at = lexer_.at();
        const bool connects = lexer_.keyword("and") || lexer_.keyword("or") || lexer_.keyword("not");
        lexer_.go_back(list_at);
        const bool listed = !connects && (lexer_.peek() == '(' || lexer_.identifier());
        lexer_.go_back(listed ? list_at : at);
        if (listed) {
            out.modifier = modifier;
            out.literals = list();
        }
        return listed;
    }

    [[noreturn]] void no_operator() const {
        std::vector<std::string_view> names;
        for (const auto& info : operators())
            names.push_back(info.text);
        const bool negated = lower(lexer_.rest_of_word()) == "not";
        unexpected("an operator", names, negated ? "'not' stands before the field: not FIELD in (…)" : "");
    }

    Literal number() {
        Literal out;
        out.at = offset32(lexer_.at());
        const auto text = lexer_.number();
        if (!text)
            unexpected("a number", {});
        out.text = *text;
        return out;
    }

    bool quoted(std::string& text) {
        SyntaxError error{0, {}, {}};
        switch (lexer_.quoted(text, error.message, error.at)) {
        case Lexer::Quoted::absent:
            return false;
        case Lexer::Quoted::good:
            return true;
        case Lexer::Quoted::bad:
            break;
        }
        throw error;
    }

    Literal value() {
        Literal out;
        out.at = offset32(lexer_.at());
        if (quoted(out.text))
            return out;
        const auto text = lexer_.bare();
        if (!text)
            unexpected("a value", {}, lexer_.peek() == '(' ? "behind 'in' stands a list" : "");
        if (lexer_.peek() == '(')
            no_transformer(out.at, *text);
        out.text = *text;
        out.bare = true;
        return out;
    }

    /// As Falco: the name of a list may hold white space. That there is one is for the compiler to find.
    void take_more_words(Literal& name) {
        lexer_.blank();
        while (name.bare) {
            const auto word = lexer_.bare();
            if (!word)
                return;
            name.text.append(" ").append(*word);
            lexer_.blank();
        }
    }

    std::vector<Literal> list() {
        const auto opened = lexer_.at();
        if (!lexer_.symbol('(')) {
            const auto name = lexer_.identifier();
            if (!name)
                unexpected("'(' and a list of values", {});
            return {Literal{std::string(*name), offset32(opened), true}};
        }
        std::vector<Literal> out;
        lexer_.blank();
        if (lexer_.symbol(')'))
            return out;
        do {
            lexer_.blank();
            out.push_back(value());
            take_more_words(out.back());
        } while (lexer_.symbol(','));
        if (!lexer_.symbol(')')) {
            if (lexer_.end())
                throw SyntaxError{opened, "this list is not closed", {}};
            unexpected("',' or ')'", {});
        }
        return out;
    }

    Lexer lexer_;
    std::size_t depth_ = 0, operand_depth_ = 0;
    std::optional<std::size_t> unclosed_;
    std::string_view slip_; ///< what was surely meant, where a connective does not follow the last test
};

} // namespace

std::optional<Expr> parse_condition(const MappedText& text, Diagnostics& out) {
    if (text.text().size() > kMaxConditionText) {
        out.push_back({Severity::error,
                       "condition-too-large",
                       text.at(0),
                       "the condition has more than " + std::to_string(kMaxConditionText) + " bytes",
                       {}});
        return std::nullopt;
    }
    try {
        ConditionParser parser(text.text());
        auto expr = parser.condition();
        if (const auto at = parser.unclosed())
            out.push_back({Severity::error, "condition-syntax", text.at(*at), "this '(' is not closed", {}});
        return expr;
    } catch (SyntaxError& error) {
        out.push_back(
            {Severity::error, "condition-syntax", text.at(error.at), std::move(error.message), std::move(error.hint)});
        return std::nullopt;
    }
}

ParsedOperand parse_operand(std::string_view text) {
    ParsedOperand out;
    ConditionParser parser(text);
    try {
        out.operand = parser.operand();
        out.length = parser.at();
    } catch (SyntaxError& error) {
        out.error_at = error.at;
        out.error = std::move(error.message);
    }
    return out;
}

std::optional<std::vector<Literal>> parse_values(std::string_view text) {
    try {
        return ConditionParser(text).values();
    } catch (const SyntaxError&) {
        return std::nullopt;
    }
}

} // namespace rwatch::rules
