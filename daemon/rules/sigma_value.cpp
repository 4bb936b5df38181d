// SPDX-License-Identifier: MIT OR Apache-2.0
// What modifiers accept and refuse follows pySigma, the reference implementation.
#include "rules/sigma_value.hpp"

#include "core/suggest.hpp"
#include "rules/sigma_encoding.hpp"
#include "rules/sigma_number.hpp"

#include <algorithm>
#include <array>

namespace rwatch::rules {

namespace {

using Kind = SigmaValue::Kind;
using Kinds = std::uint32_t;

constexpr Kinds set_of(Kind kind) noexcept {
    return 1U << static_cast<unsigned>(kind);
}
constexpr Kinds kText = set_of(Kind::text), kRegex = set_of(Kind::regex), kNumber = set_of(Kind::number),
                kNumeric = kNumber | set_of(Kind::moment), kBoolean = set_of(Kind::boolean),
                kPattern = kText | kRegex | set_of(Kind::field);
constexpr Kinds kWholeList = 0; // not about single values

std::string_view describe_kind(Kind kind) noexcept {
    constexpr std::array<std::string_view, 11> kNames{"null",
                                                      "text",
                                                      "a number",
                                                      "true or false",
                                                      "a regular expression",
                                                      "an address block",
                                                      "comparison",
                                                      "a field name",
                                                      "a field's being",
                                                      "a time",
                                                      "text"};
    return kNames[static_cast<std::size_t>(kind)];
}

/// What a modifier sees beside the value.
struct Applied {
    SigmaItem& item;
    bool first; ///< nothing was applied before
};

/// Changes the value, or says what is wrong.
using Change = std::string (*)(SigmaValue&, const Applied&);

struct SigmaModifier {
    std::string_view name;
    Kinds takes;
    Change change;
};

std::string wrap(SigmaValue& value, bool begin, bool end) {
    if (value.kind == Kind::field) {
        value.open_begin = value.open_begin || begin;
        value.open_end = value.open_end || end;
    } else if (value.kind == Kind::text) {
        if (begin)
            value.text.open_begin();
        if (end)
            value.text.open_end();
    } else if (begin != end) { // a regular expression is searched for: contains says nothing new
        value.regex = begin ? "(?:" + value.regex + ")$" : "^(?:" + value.regex + ")";
    }
    return {};
}

std::string contains(SigmaValue& value, const Applied&) {
    return wrap(value, true, true);
}
std::string starts_with(SigmaValue& value, const Applied&) {
    return wrap(value, false, true);
}
std::string ends_with(SigmaValue& value, const Applied&) {
    return wrap(value, true, false);
}

/// One variant stands for itself.
std::string become(SigmaValue& value, std::vector<SigmaString> texts) {
    std::vector<SigmaValue> variants;
    variants.reserve(texts.size());
    for (auto& text : texts) {
        auto& variant = variants.emplace_back();
        variant.kind = Kind::text;
        variant.where = value.where;
        variant.text = std::move(text);
        variant.cased = value.cased;
    }
    value.kind = Kind::variants;
    value.variants = std::move(variants);
    return {};
}

std::string to_base64(SigmaValue& value, const Applied&) {
    if (value.text.placeholder() != nullptr)
        return {}; // such a rule can't run
    if (value.text.has_wildcards())
        return "a text with wildcards can't be written in Base64";
    value.text = SigmaString::plain(base64(value.text.text()));
    return {};
}

std::string to_base64_offset(SigmaValue& value, const Applied&) {
    if (value.text.has_wildcards())
        return "a text with wildcards can't be written in Base64";
    std::vector<SigmaString> texts;
    for (auto& text : base64_offsets(value.text.text()))
        texts.push_back(SigmaString::plain(std::move(text)));
    return become(value, std::move(texts));
}

std::string to_wide(SigmaValue& value, bool big_endian, std::string_view mark) {
    for (const auto& part : value.text.parts())
        for (const char c : part.text)
            if (static_cast<unsigned char>(c) >= 0x80)
                return "only ASCII text can be made wide";
    value.text.change_text([&](const std::string& text) { return widened(text, big_endian); });
    if (!mark.empty()) {
        auto marked = SigmaString::plain(std::string(mark));
        for (const auto& part : value.text.parts())
            marked.append(part);
        value.text = std::move(marked);
    }
    return {};
}

std::string to_windash(SigmaValue& value, const Applied&) {
    auto texts = with_other_dashes(value.text, kMaxSigmaVariants);
    if (texts.empty())
        return "the dashes of this value can be written in more than " + std::to_string(kMaxSigmaVariants) + " ways";
    return become(value, std::move(texts));
}

std::string to_regex(SigmaValue& value, const Applied& applied) {
    if (!applied.first)
        return "'re' must be the first modifier";
    if (auto wrong = wrong_regex(value.written, value.regex_size); !wrong.empty())
        return wrong;
    value.kind = Kind::regex;
    value.regex = value.written;
    return {};
}

template <char Flag> std::string add_flag(SigmaValue& value, const Applied&) {
    value.regex = std::string("(?") + Flag + ")" + value.regex;
    return {};
}

std::string to_cased(SigmaValue& value, const Applied&) {
    value.cased = true;
    return {};
}

std::string to_network(SigmaValue& value, const Applied& applied) {
    if (!applied.first)
        return "'cidr' must be the first modifier";
    if (auto wrong = wrong_network(value.written); !wrong.empty())
        return wrong;
    value.kind = Kind::network;
    value.text = SigmaString::plain(value.written);
    return {};
}

template <Operator Op> std::string compare(SigmaValue& value, const Applied&) {
    value.kind = Kind::compare;
    value.op = Op;
    return {};
}

std::string to_field(SigmaValue& value, const Applied&) {
    if (value.text.has_wildcards())
        return "a field's name has no wildcards";
    value.kind = Kind::field;
    return {};
}

std::string to_exists(SigmaValue& value, const Applied& applied) {
    if (applied.item.field.empty())
        return "'exists' needs a field";
    if (!applied.first)
        return "'exists' must be the first modifier";
    value.kind = Kind::exists;
    return {};
}

std::string expand(SigmaValue& value, const Applied&) {
    if (value.kind == Kind::regex) {
        SigmaString text = SigmaString::plain(value.regex);
        text.read_placeholders();
        value.text = std::move(text);
    } else {
        value.text.read_placeholders();
    }
    return {};
}

template <const char* Part> std::string to_moment(SigmaValue& value, const Applied&) {
    value.kind = Kind::moment;
    value.moment = Part;
    return {};
}
constexpr char kMinute[] = "minute", kHour[] = "hour", kDay[] = "day", kWeek[] = "week", kMonth[] = "month",
               kYear[] = "year";
constexpr std::array<std::string_view, 6> kMoments{kMinute, kHour, kDay, kWeek, kMonth, kYear};

std::string utf16le(SigmaValue& value, const Applied&) {
    return to_wide(value, false, {});
}
std::string utf16be(SigmaValue& value, const Applied&) {
    return to_wide(value, true, {});
}
std::string utf16(SigmaValue& value, const Applied&) {
    return to_wide(value, false, "\xff\xfe");
}

constexpr SigmaModifier kSigmaModifiers[] = {
    {"all", kWholeList, nullptr},
    {"neq", kWholeList, nullptr},
    {"base64", kText, to_base64},
    {"base64offset", kText, to_base64_offset},
    {"cased", kText, to_cased},
    {"cidr", kText, to_network},
    {"contains", kPattern, contains},
    {"day", kNumber, to_moment<kDay>},
    {"dotall", kRegex, add_flag<'s'>},
    {"endswith", kPattern, ends_with},
    {"exists", kBoolean, to_exists},
    {"expand", kText | kRegex, expand},
    {"fieldref", kText, to_field},
    {"gt", kNumeric, compare<Operator::gt>},
    {"gte", kNumeric, compare<Operator::ge>},
    {"hour", kNumber, to_moment<kHour>},
    {"i", kRegex, add_flag<'i'>},
    {"ignorecase", kRegex, add_flag<'i'>},
    {"lt", kNumeric, compare<Operator::lt>},
    {"lte", kNumeric, compare<Operator::le>},
    {"m", kRegex, add_flag<'m'>},
    {"minute", kNumber, to_moment<kMinute>},
    {"month", kNumber, to_moment<kMonth>},
    {"multiline", kRegex, add_flag<'m'>},
    {"re", kText | kNumber | kBoolean, to_regex},
    {"s", kRegex, add_flag<'s'>},
    {"startswith", kPattern, starts_with},
    {"utf16", kText, utf16},
    {"utf16be", kText, utf16be},
    {"utf16le", kText, utf16le},
    {"week", kNumber, to_moment<kWeek>},
    {"wide", kText, utf16le},
    {"windash", kText, to_windash},
    {"year", kNumber, to_moment<kYear>},
};

const SigmaModifier* modifier_named(std::string_view name) noexcept {
    const auto* found = std::find_if(std::begin(kSigmaModifiers), std::end(kSigmaModifiers),
                                     [&](const SigmaModifier& modifier) { return modifier.name == name; });
    return found == std::end(kSigmaModifiers) ? nullptr : found;
}

std::string suggestion(std::string_view name) {
    std::vector<std::string_view> names;
    for (const auto& modifier : kSigmaModifiers)
        names.push_back(modifier.name);
    return did_you_mean(name, names);
}

class ItemReader {
  public:
    ItemReader(const SigmaContext& context) : context_(context) {}

    std::optional<SigmaItem> read(const yaml::Node* key, const yaml::Node& node) {
        if (key != nullptr) {
            item_.where = context_.place(*key);
            std::string_view rest = key->text;
            item_.field = cut(rest);
            while (more_ && !context_.budget.spent)
                add_modifier(*key, cut(rest));
        } else {
            item_.where = context_.place(node);
        }
        read_values(node);
        for (const auto* modifier : modifiers_)
            if (good_)
                apply(*modifier);
        if (good_ && item_.values.empty()) // of no value: that there is none
            item_.values.emplace_back().where = context_.place(node);
        for (const auto& value : item_.values)
            check(value);
        return good_ ? std::optional(std::move(item_)) : std::nullopt;
    }

  private:
    /// Takes what stands before the next "|".
    std::string_view cut(std::string_view& rest) noexcept {
        const auto bar = rest.find('|');
        const auto piece = rest.substr(0, bar);
        more_ = bar != std::string_view::npos;
        rest.remove_prefix(more_ ? bar + 1 : rest.size());
        return piece;
    }

    void fail(const Location& where, std::string code, std::string message, std::string hint = {}) {
        good_ = false;
        context_.report(Severity::error, where, std::move(code), std::move(message), std::move(hint));
    }

    void add_modifier(const yaml::Node& key, std::string_view name) {
        const auto* modifier = modifier_named(name);
        if (modifier == nullptr)
            fail(context_.place(key), "unknown-modifier", "there is no modifier '" + std::string(name) + "'",
                 spend(SigmaCost::names, std::size(kSigmaModifiers), item_.where) ? suggestion(name) : "");
        else
            modifiers_.push_back(modifier);
        if (modifiers_.size() <= kMaxSigmaModifiers)
            return;
        fail(context_.place(key), "bad-value",
             "a field has at most " + std::to_string(kMaxSigmaModifiers) + " modifiers");
        more_ = false;
    }

    void read_values(const yaml::Node& node) {
        if (node.is_sequence()) {
            for (const auto& item : node.items)
                if (!context_.budget.spent)
                    read_value(item);
            return;
        }
        read_value(node);
    }

    void read_value(const yaml::Node& node) {
        SigmaValue value;
        value.where = context_.place(node);
        if (!bounded(node.text.size(), value.where))
            return;
        value.written = node.text;
        if (!node.is_null() && !node.is_scalar())
            return fail(value.where, "wrong-type",
                        "a value must be text, a number, true, false or null, not " +
                            std::string(yaml::describe(node.kind)));
        const auto boolean = node.as_bool();
        const auto number = sigma_number(node);
        if (boolean) {
            value.kind = Kind::boolean;
            value.boolean = *boolean;
            value.text = SigmaString::plain(*boolean ? "true" : "false");
        } else if (number) {
            value.kind = Kind::number;
            value.number = number->value;
            value.text = SigmaString::plain(number->text);
        } else if (node.is_scalar()) {
            value.kind = Kind::text;
            value.text = SigmaString(node.text);
        }
        item_.values.push_back(std::move(value));
    }

    void apply(const SigmaModifier& modifier) {
        if (modifier.name == "all")
            item_.all = true;
        else if (modifier.name == "neq")
            item_.negated = true;
        else
            for (auto& value : item_.values)
                if (good_)
                    apply(modifier, value);
        first_ = false;
    }

    void apply(const SigmaModifier& modifier, SigmaValue& value) {
        if (value.kind == Kind::variants) {
            for (auto& variant : value.variants)
                if (good_)
                    apply(modifier, variant);
            if (good_ && count_values(value) > 2 * kMaxSigmaVariants)
                fail(value.where, "bad-value", "the modifiers make too many variants of this value");
            return;
        }
        if ((modifier.takes & set_of(value.kind)) == 0)
            return fail(value.where, "modifier-type",
                        "modifier '" + std::string(modifier.name) + "' can't be applied to " +
                            std::string(describe_kind(value.kind)));
        if (auto wrong = modifier.change(value, {item_, first_}); !wrong.empty())
            return fail(value.where, "bad-value", std::move(wrong));
        if (value.kind != Kind::variants)
            check_size(value);
        for (const auto& variant : value.variants)
            if (good_)
                check_size(variant);
    }

    void check_size(const SigmaValue& made) {
        const bool regex = made.kind == Kind::regex;
        if (bounded(regex ? made.regex.size() : made.text.size(), made.where) && regex)
            spend(SigmaCost::regexes, made.regex_size, made.where);
    }

    /// Counts a value of so many bytes.
    bool bounded(std::size_t bytes, const Location& where) {
        if (bytes > kMaxSigmaText)
            fail(where, "bad-value",
                 "a value has at most " + std::to_string(kMaxSigmaText) + " bytes, modifiers applied");
        else if (spend(SigmaCost::values, 1, where))
            return spend(SigmaCost::bytes, bytes, where);
        return false;
    }

    bool spend(SigmaCost cost, std::size_t amount, const Location& where) {
        if (!context_.spend(cost, amount, where))
            good_ = false;
        return !context_.budget.spent;
    }

    /// What no value may be once all modifiers are applied.
    void check(const SigmaValue& value) {
        if (!good_)
            return;
        for (const auto& variant : value.variants)
            check(variant);
        if (value.kind == Kind::null && item_.field.empty())
            fail(value.where, "bad-value", "null can only be asked of a field");
    }

    const SigmaContext& context_;
    SigmaItem item_;
    std::vector<const SigmaModifier*> modifiers_;
    bool more_ = false, good_ = true, first_ = true;
};

} // namespace

std::size_t count_values(const SigmaValue& value) noexcept {
    std::size_t total = 1;
    for (const auto& variant : value.variants)
        total += count_values(variant);
    return total;
}

std::optional<SigmaItem> read_sigma_item(const yaml::Node* key, const yaml::Node& value, const SigmaContext& context) {
    return ItemReader(context).read(key, value);
}

const std::string* placeholder(const SigmaValue& value) noexcept {
    if (const auto* name = value.text.placeholder())
        return name;
    for (const auto& variant : value.variants)
        if (const auto* name = placeholder(variant))
            return name;
    return nullptr;
}

bool is_sigma_moment(std::string_view modifier) noexcept {
    return std::find(kMoments.begin(), kMoments.end(), modifier) != kMoments.end();
}

} // namespace rwatch::rules
