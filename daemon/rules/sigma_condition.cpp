// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/suggest.hpp"
#include "rules/sigma_detection.hpp"
#include "rules/text_like.hpp"

#include <algorithm>
#include <array>

namespace rwatch::rules {

namespace {

constexpr std::array<std::string_view, 3> kConditionWords{"not", "and", "or"};

bool is_condition_word(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '*';
}

class SigmaConditionParser {
  public:
    SigmaConditionParser(const yaml::Node& node, const std::deque<SigmaDetection>& named, const SourceLines& lines,
                         const SigmaContext& context)
        : text_(node, lines, context.file), rest_(text_.text()), named_(named), context_(context) {
        next();
    }

    std::optional<SigmaCondition> parse() {
        if (text_.text().find('|') != std::string::npos) {
            fail(text_.text().find('|'), "a condition counts no events any more",
                 "write a correlation that names this rule");
            return std::nullopt;
        }
        auto condition = either();
        if (names_nothing(condition))
            condition.kind = SigmaCondition::Kind::any; // of nothing: never
        if (good_ && !word_.empty())
            fail(at_, "'" + std::string(word_) + "' is not expected here", "names are joined by and, or");
        return good_ && !unknown_ ? std::optional(std::move(condition)) : std::nullopt;
    }

  private:
    /// Reads one word, parenthesis or other character into word_; empty at the end.
    void next() {
        const auto begin = rest_.find_first_not_of(" \t\r\n");
        rest_.remove_prefix(std::min(begin, rest_.size()));
        at_ = text_.text().size() - rest_.size();
        const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_condition_word) - rest_.begin();
        word_ = rest_.substr(0, std::max<std::size_t>(static_cast<std::size_t>(end), 1));
        rest_.remove_prefix(word_.size());
    }

    bool take(std::string_view word) {
        if (!good_ || word_ != word)
            return false;
        next();
        return true;
    }

    void fail(std::size_t at, std::string message, std::string hint = {}, std::string code = "condition-syntax") {
        if (good_)
            context_.report(Severity::error, text_.at(at), std::move(code), std::move(message), std::move(hint));
        good_ = false;
    }

    SigmaCondition joined(SigmaCondition::Kind kind, std::string_view word,
                          SigmaCondition (SigmaConditionParser::*part)()) {
        SigmaCondition out{kind, text_.at(at_), {}, nullptr};
        do {
            auto child = (this->*part)();
            if (!names_nothing(child))
                out.children.push_back(std::move(child));
        } while (take(word));
        if (out.children.size() != 1)
            return out;
        auto only = std::move(out.children.front());
        return only;
    }

    /// As a selector that no name fits: it is left out, and so is all that has nothing else in it.
    static bool names_nothing(const SigmaCondition& condition) noexcept {
        return condition.kind != SigmaCondition::Kind::detection && condition.children.empty();
    }

    SigmaCondition either() { return joined(SigmaCondition::Kind::any, "or", &SigmaConditionParser::both); }
    SigmaCondition both() { return joined(SigmaCondition::Kind::all, "and", &SigmaConditionParser::unary); }

    SigmaCondition unary() {
        if (++depth_ > kMaxSigmaDepth)
            fail(at_, "more than " + std::to_string(kMaxSigmaDepth) + " parentheses and 'not' are nested");
        SigmaCondition out{SigmaCondition::Kind::negation, text_.at(at_), {}, nullptr};
        if (!good_)
            return out;
        if (!take("not"))
            out = operand();
        else if (auto child = unary(); !names_nothing(child))
            out.children.push_back(std::move(child));
        --depth_;
        return out;
    }

    SigmaCondition operand() {
        const auto begin = at_;
        if (take("(")) {
            auto inner = either();
            if (good_ && !take(")"))
                fail(at_, "a parenthesis is not closed");
            return inner;
        }
        const auto word = word_;
        if (word.empty() || !is_condition_word(word.front()) ||
            std::find(kConditionWords.begin(), kConditionWords.end(), word) != kConditionWords.end()) {
            fail(begin, word.empty() ? "the condition ends too early"
                                     : "a name must stand here, not '" + std::string(word) + "'");
            return {};
        }
        next();
        const bool all = word == "all", any = word == "1" || word == "any";
        if ((all || any) && take("of"))
            return selector(all ? SigmaCondition::Kind::all : SigmaCondition::Kind::any, begin);
        return name(word, begin);
    }

    SigmaCondition selector(SigmaCondition::Kind kind, std::size_t begin) {
        const auto pattern = word_;
        SigmaCondition out{kind, text_.at(begin), {}, nullptr};
        if (pattern.empty() || !is_condition_word(pattern.front())) {
            fail(at_, "'of' must be followed by 'them' or the pattern of a name");
            return out;
        }
        const auto at = at_;
        next();
        if (!look(at))
            return out;
        const TextLike like({pattern == "them" ? "*" : std::string(pattern)}, false);
        for (const auto& detection : named_)
            if (like.fits(std::string_view(detection.name)) &&
                (pattern.starts_with('_') || !detection.name.starts_with('_')) && count_part(begin))
                out.children.push_back({SigmaCondition::Kind::detection, out.where, {}, &detection});
        if (good_ && out.children.empty())
            context_.report(Severity::warning, text_.at(at), "unknown-detection",
                            "no name fits '" + std::string(pattern) + "': this part is left out", suggestion(pattern));
        return out;
    }

    SigmaCondition name(std::string_view name, std::size_t begin) {
        if (!look(begin) || !count_part(begin))
            return {};
        const auto found = std::find_if(named_.begin(), named_.end(),
                                        [&](const SigmaDetection& detection) { return detection.name == name; });
        if (found != named_.end())
            return {SigmaCondition::Kind::detection, text_.at(begin), {}, &*found};
        constexpr std::array<std::string_view, 3> kLoud{"AND", "OR", "NOT"};
        const bool keyword = std::find(kLoud.begin(), kLoud.end(), name) != kLoud.end();
        unknown_ = true;
        context_.report(Severity::error, text_.at(begin), "unknown-detection",
                        "there is no '" + std::string(name) + "' in the detection",
                        keyword ? "keywords are lower case" : suggestion(name));
        if (keyword)
            good_ = false;
        return {};
    }

    /// Before all names are looked at.
    bool look(std::size_t at) {
        good_ = good_ && context_.spend(SigmaCost::names, named_.size(), text_.at(at));
        return good_;
    }

    bool count_part(std::size_t at) {
        if (++parts_ > kMaxSigmaParts)
            fail(at, "more than " + std::to_string(kMaxSigmaParts) + " parts are joined", {}, "condition-too-large");
        return good_;
    }

    std::string suggestion(std::string_view name) const {
        std::vector<std::string_view> names;
        for (const auto& detection : named_)
            names.push_back(detection.name);
        return did_you_mean(name, names);
    }

    MappedText text_;
    std::string_view rest_, word_;
    std::size_t at_ = 0, depth_ = 0, parts_ = 0;
    const std::deque<SigmaDetection>& named_;
    const SigmaContext& context_;
    bool good_ = true;
    bool unknown_ = false; ///< a name was: told, and the others are looked up all the same
};

} // namespace

std::optional<SigmaCondition> read_sigma_condition(const yaml::Node& node, const std::deque<SigmaDetection>& named,
                                                   const SourceLines& lines, const SigmaContext& context) {
    return SigmaConditionParser(node, named, lines, context).parse();
}

} // namespace rwatch::rules
