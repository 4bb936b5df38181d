// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/source.hpp"

#include "core/ascii.hpp"
#include "rules/getopt.hpp"
#include "rules/parser.hpp"

#include <algorithm>

namespace rwatch::rules {

namespace {

using event::Scratch;
using event::Type;
using event::Value;
using event::Values;

template <char (*Change)(char) noexcept> Value changed(std::string_view text, Scratch& scratch) noexcept {
    const auto mark = scratch.mark();
    for (const char c : text)
        scratch.put(Change(c));
    return Value(scratch.since(mark));
}

/// Six bits of a letter of base64, -1 where it is none.
int base64_bits(char c) noexcept {
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/// As libs: padding may be missing; bits past the last whole byte are not looked at.
std::optional<Value> decoded_base64(std::string_view text, Scratch& scratch) noexcept {
    for (int i = 0; i < 2 && text.ends_with('='); ++i)
        text.remove_suffix(1);
    const auto mark = scratch.mark();
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char c : text) {
        const int six = base64_bits(c);
        if (six < 0)
            return std::nullopt;
        bits = bits << 6U | static_cast<std::uint32_t>(six);
        count += 6;
        if (count >= 8) {
            count -= 8;
            scratch.put(static_cast<char>(bits >> count));
        }
    }
    if (text.size() % 4 == 1)
        return std::nullopt;
    return Value(scratch.since(mark));
}

/// As a text; numbers and addresses are written into `scratch`.
std::string_view as_text(const Value& value, Scratch& scratch) noexcept {
    if (value.type == Type::string)
        return value.string;
    if (value.type == Type::boolean)
        return value.boolean ? "true" : "false";
    const auto mark = scratch.mark();
    if (value.type == Type::integer)
        scratch.put(value.integer);
    else
        scratch.put(value.address);
    return scratch.since(mark);
}

/// The transformers of one text each.
std::optional<Value> transformed(Transformer transformer, std::string_view text, Scratch& scratch) noexcept {
    switch (transformer) {
    case Transformer::tolower:
        return changed<lower>(text, scratch);
    case Transformer::toupper:
        return changed<upper>(text, scratch);
    case Transformer::b64:
        return decoded_base64(text, scratch);
    case Transformer::basename:
        return Value(text.substr(text.rfind('/') + 1)); // npos + 1 is 0
    case Transformer::len:
        return Value(static_cast<std::int64_t>(text.size()));
    default:
        return std::nullopt;
    }
}

} // namespace

Source::Source(const event::FieldRef& field) : type_(field.field->type), kinds_(field.field->kinds), field_(field) {
    // A field that may hold several values holds at most one where its argument says which.
    if (field.field->list && field.arg.index < 0)
        many_ = field.field->set_only ? Many::list : Many::several;
}

void Source::collect_fields(std::vector<event::FieldRef>& out) const {
    if (op_ == Op::field)
        out.push_back(field_);
    for (const auto& argument : arguments_)
        argument.collect_fields(out);
}

void Source::add_to(Hash128& hash) const {
    hash.add(static_cast<std::uint64_t>(op_));
    hash.add(op_ == Op::field         ? event::to_string(field_)
             : op_ == Op::transformer ? std::string(to_string(transformer_))
                                      : text_);
    hash.add(selector_ ? std::string_view(&*selector_, 1) : std::string_view{});
    hash.add(static_cast<std::uint64_t>(arguments_.size()));
    for (const auto& argument : arguments_)
        argument.add_to(hash);
}

bool Source::read(const event::Event& event, Scratch& scratch, Values& out) const noexcept {
    switch (op_) {
    case Op::field:
        event::read(field_, event, scratch, out);
        return !out.empty();
    case Op::text:
        out.clear();
        out.add(std::string_view(text_));
        return true;
    case Op::list:
        return read_list(event, scratch, out);
    case Op::transformer:
        break;
    }
    return read_transformer(event, scratch, out);
}

bool Source::read_transformer(const event::Event& event, Scratch& scratch, Values& out) const noexcept {
    switch (transformer_) {
    case Transformer::join:
        return read_join(event, scratch, out);
    case Transformer::concat:
        return read_concat(event, scratch, out);
    case Transformer::getopt:
        return read_getopt(event, scratch, out);
    default:
        break;
    }
    const auto& from = arguments_.front();
    if (!from.read(event, scratch, out))
        return false;
    if (transformer_ == Transformer::len && from.many_ == Many::list) {
        const auto size = static_cast<std::int64_t>(out.items().size());
        out.clear();
        out.add(size);
        return true;
    }
    for (auto& value : out.items()) {
        const auto result = transformed(transformer_, value.string, scratch);
        if (!result)
            return false;
        value = *result;
    }
    return true;
}

bool Source::read_list(const event::Event& event, Scratch& scratch, Values& out) const noexcept {
    out.clear();
    Values item;
    for (const auto& argument : arguments_) {
        if (!argument.read(event, scratch, item))
            return false;
        out.add(as_text(item.items().front(), scratch)); // of several the first, which is the usual name
    }
    return true;
}

bool Source::read_join(const event::Event& event, Scratch& scratch, Values& out) const noexcept {
    if (!arguments_[0].read(event, scratch, out))
        return false;
    const auto separator = out.items().front().string;
    if (!arguments_[1].read(event, scratch, out))
        return false;
    const auto mark = scratch.mark();
    for (std::size_t i = 0; i < out.items().size(); ++i) {
        if (i != 0)
            scratch.put(separator);
        scratch.put(out.items()[i].string);
    }
    out.clear();
    out.add(scratch.since(mark));
    return true;
}

bool Source::read_concat(const event::Event& event, Scratch& scratch, Values& out) const noexcept {
    std::array<std::string_view, kMaxOperandArguments> parts;
    for (std::size_t i = 0; i < arguments_.size(); ++i) {
        if (!arguments_[i].read(event, scratch, out))
            return false;
        parts[i] = out.items().front().string;
    }
    const auto mark = scratch.mark();
    for (std::size_t i = 0; i < arguments_.size(); ++i)
        scratch.put(parts[i]);
    out.clear();
    out.add(scratch.since(mark));
    return true;
}

bool Source::read_getopt(const event::Event& event, Scratch& scratch, Values& out) const noexcept {
    if (!arguments_[1].read(event, scratch, out))
        return false;
    const OptionLetters letters(out.items().front().string);
    Values words;
    if (!arguments_[0].read(event, scratch, words))
        return false;
    out.clear();
    return read_options(words.items(), letters, selector_, scratch, out);
}

/// Checks an operand from the inside out.
class SourceCompiler {
  public:
    explicit SourceCompiler(const ReportOperand& report) : report_(report) {}

    std::optional<Source> compile(const Operand& operand) {
        switch (operand.kind) {
        case Operand::Kind::field:
            return field(operand);
        case Operand::Kind::text: {
            Source out;
            out.op_ = Source::Op::text;
            out.text_ = operand.name;
            return out;
        }
        case Operand::Kind::list:
        case Operand::Kind::transformer:
            break;
        }
        Source out;
        for (const auto& argument : operand.arguments)
            if (auto compiled = compile(argument)) {
                out.kinds_ &= compiled->kinds_;
                out.arguments_.push_back(std::move(*compiled));
            }
        if (out.arguments_.size() != operand.arguments.size())
            return std::nullopt; // told
        const bool good = operand.kind == Operand::Kind::list ? finish_list(operand, out) : finish(operand, out);
        return good ? std::optional(std::move(out)) : std::nullopt;
    }

  private:
    std::optional<Source> field(const Operand& operand) {
        std::string message, hint;
        if (const auto ref = event::resolve_field(operand.name, message, hint))
            return Source(*ref);
        report_({operand.at, "unknown-field", std::move(message), std::move(hint)});
        return std::nullopt;
    }

    bool fail(const Operand& at, std::string message) {
        report_({at.at, "transformer-type", std::move(message), {}});
        return false;
    }

    bool finish_list(const Operand& operand, Source& out) {
        out.op_ = Source::Op::list;
        out.many_ = Source::Many::list;
        for (std::size_t i = 0; i < out.arguments_.size(); ++i)
            if (out.arguments_[i].many_ == Source::Many::list)
                return fail(operand.arguments[i], "a list can't stand in a list");
        return true;
    }

    bool finish(const Operand& operand, Source& out) {
        const auto kind = transformer_named(operand.name);
        out.op_ = Source::Op::transformer;
        out.transformer_ = *kind; // the parser takes no other
        if (operand.selector && kind != Transformer::getopt)
            return fail(operand, operand.name + "() takes nothing in brackets");
        switch (*kind) {
        case Transformer::join:
            return takes(operand, out, "a separator and a list", {Shape::text, Shape::list});
        case Transformer::concat:
            return takes(operand, out, "two texts or more",
                         std::vector<Shape>(std::max<std::size_t>(2, out.arguments_.size()), Shape::text));
        case Transformer::getopt:
            return finish_getopt(operand, out);
        case Transformer::len:
            if (!takes(operand, out, "a text or a list", {Shape::any}))
                return false;
            out.type_ = Type::integer;
            if (out.arguments_[0].many_ != Source::Many::list)
                out.many_ = out.arguments_[0].many_;
            return out.arguments_[0].type_ == Type::string || out.arguments_[0].many_ == Source::Many::list ||
                   fail(operand.arguments[0], "len() takes a text or a list");
        default:
            out.many_ = out.arguments_.empty() ? Source::Many::one : out.arguments_[0].many_;
            return takes(operand, out, "a text", {Shape::texts});
        }
    }

    bool finish_getopt(const Operand& operand, Source& out) {
        if (!takes(operand, out, "a list of arguments and the option letters", {Shape::list, Shape::text}))
            return false;
        if (operand.selector && operand.selector->size() != 1)
            return fail(operand, "what stands in the brackets of getopt() must be one option letter");
        if (operand.selector)
            out.selector_ = operand.selector->front();
        else
            out.many_ = Source::Many::list;
        return true;
    }

    enum class Shape : std::uint8_t { any, text, texts, list };

    /// The arguments of a transformer, in number and shape.
    bool takes(const Operand& operand, const Source& out, const std::string& expected,
               const std::vector<Shape>& shapes) {
        if (shapes.size() != out.arguments_.size())
            return fail(operand, operand.name + "() takes " + expected);
        for (std::size_t i = 0; i < shapes.size(); ++i) {
            const auto& argument = out.arguments_[i];
            const bool is_list = argument.many_ == Source::Many::list, is_text = argument.type_ == Type::string;
            const bool fits = shapes[i] == Shape::any ||
                              (is_text && (shapes[i] == Shape::texts || is_list == (shapes[i] == Shape::list)));
            if (!fits)
                return fail(operand.arguments[i],
                            operand.name + "() takes " + expected + ", not " + to_string(operand.arguments[i]));
        }
        return true;
    }

    const ReportOperand& report_;
};

std::optional<Source> Source::compile(const Operand& operand, const ReportOperand& report) {
    return SourceCompiler(report).compile(operand);
}

} // namespace rwatch::rules
