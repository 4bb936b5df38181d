// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/output_format.hpp"

#include "core/ascii.hpp"
#include "core/escape.hpp"
#include "rules/lints.hpp"
#include "rules/parser.hpp"

#include <algorithm>
#include <charconv>

namespace rwatch::rules {

namespace {

constexpr std::string_view kMissing = "<NA>";
constexpr std::string_view kContainerInfo = "container.info"; // Falco takes it and writes nothing
constexpr std::uint32_t kMaxWidth = 4096;
constexpr std::size_t kMostFormatErrors = 100; // told of one template, and as many warnings
constexpr std::size_t kMaxName = 256;          // bytes of a field with its argument

/// The value as one string without line breaks or other surprises.
void append_value(std::span<const event::Value> values, bool list, std::string& out) {
    std::string text;
    for (std::size_t i = 0; i < values.size(); ++i) {
        text += i == 0 ? "" : ",";
        event::append_text(values[i], text);
    }
    const bool several = list || values.size() > 1;
    out += several ? "(" : "";
    escape_to(out, text);
    out += several ? ")" : "";
}

/// Cuts or fills to so many bytes; a character that the cut goes through is left away whole.
void fit(std::string& out, std::size_t size) {
    auto end = size;
    while (end < out.size() && (static_cast<unsigned char>(out[end]) & 0xc0U) == 0x80U)
        --end;
    out.resize(std::min(end, out.size()));
    out.resize(size, ' ');
}

} // namespace

OutputFormat OutputFormat::compile(std::string_view text, const Location& where, Diagnostics& out) {
    return compile(MappedText(text, where), out);
}

class OutputFormat::Reader {
  public:
    Reader(const MappedText& text, OutputFormat& format, Diagnostics& out)
        : mapped_(text), text_(text.text()), format_(format), out_(out) {}

    void read() {
        std::size_t begin = 0, end = text_.size();
        while (begin < end && is_blank(text_[begin]))
            ++begin;
        while (end > begin && is_blank(text_[end - 1]))
            --end;
        if (begin == end)
            report(Severity::error, 0, "empty-output", "the output is empty");
        format_.text_ = text_.substr(begin, end - begin);
        text_ = text_.substr(0, end);
        at_ = begin < end && text_[begin] == '*' ? begin + 1 : begin;
        while (at_ < text_.size() && errors_ < kMostFormatErrors) {
            if (text_[at_] == '%') {
                take_token();
                continue;
            }
            piece_.literal += text_[at_] == '\n' ? ' ' : text_[at_];
            ++at_;
        }
        if (!piece_.literal.empty())
            format_.pieces_.push_back(std::move(piece_));
    }

  private:
    void report(Severity severity, std::size_t at, std::string code, std::string message, std::string hint = {}) {
        errors_ += severity == Severity::error ? 1 : 0;
        out_.push_back({severity, std::move(code), mapped_.at(at), std::move(message), std::move(hint)});
    }

    void take_token() {
        token_ = at_++;
        if (text_.substr(at_).starts_with('%')) {
            piece_.literal += '%';
            ++at_;
            return;
        }
        const auto digits = at_;
        while (at_ < text_.size() && is_digit(text_[at_]))
            ++at_;
        const auto [end, code] = std::from_chars(text_.data() + digits, text_.data() + at_, piece_.width);
        if (code == std::errc::result_out_of_range || piece_.width > kMaxWidth) {
            report(Severity::error, digits, "out-of-range",
                   "a value is shown in at most " + std::to_string(kMaxWidth) + " bytes");
            piece_.width = 0;
        }
        const auto rest = text_.substr(at_);
        if (rest.starts_with(kContainerInfo)) {
            report(Severity::warning, token_, "deprecated", "%container.info writes nothing", "leave it away");
            piece_.width = 0;
            at_ += kContainerInfo.size();
            return;
        }
        auto parsed = parse_operand(rest);
        const bool transformer = parsed.operand && parsed.operand->kind == Operand::Kind::transformer;
        if (transformer)
            take_transformer(*parsed.operand, parsed.length);
        else
            take_field(rest, parsed);
    }

    void take_transformer(const Operand& operand, std::size_t length) {
        const auto offset = at_;
        at_ += length;
        auto source = Source::compile(operand, [&](OperandError e) {
            report(Severity::error, offset + e.at, std::move(e.code), std::move(e.message), std::move(e.hint));
        });
        if (source)
            add(std::move(*source));
    }

    /// The longest beginning of `rest` that is a field: "%proc.nameand" is proc.name and "and", as Falco reads it.
    void take_field(std::string_view rest, const ParsedOperand& parsed) {
        const auto longest = std::min(parsed.operand ? parsed.length : rest.size(), kMaxName);
        for (auto length = longest; length > 0; --length) {
            const auto part = rest.substr(0, length);
            const auto again = parse_operand(part);
            if (!again.operand || again.length != length || again.operand->kind != Operand::Kind::field)
                continue;
            std::string ignored;
            if (const auto field = event::find_field(again.operand->name, ignored)) {
                at_ += length;
                add(Source(*field));
                return look_behind(again.operand->name);
            }
        }
        std::string error = parsed.error, hint;
        if (parsed.operand)
            (void)event::resolve_field(rest.substr(0, longest), error, hint);
        if (rest.empty() || is_blank(rest.front()))
            report(Severity::error, token_, "unknown-field", "'%' must be followed by a field",
                   "write %% for a percent sign");
        else
            report(Severity::error, token_, "unknown-field", std::move(error), std::move(hint));
        at_ += parsed.length;
    }

    /// What stands behind a field and is text for Falco too, though it looks like a part of the name.
    void look_behind(const std::string& name) {
        auto end = at_;
        while (end < text_.size() && end - at_ < kMaxName && is_name(text_[end]))
            ++end;
        if (end == at_ && text_.substr(at_).starts_with('[')) {
            const auto close = text_.find_first_not_of("0123456789", at_ + 1);
            end = close != std::string_view::npos && close > at_ + 1 && text_[close] == ']' ? close + 1 : at_;
        }
        if (end != at_ && ++behind_ <= kMostFormatErrors)
            report(Severity::warning, at_, "text-behind-field",
                   "'" + std::string(text_.substr(at_, end - at_)) + "' is text behind field '" + name +
                       "', no part of its name",
                   text_[at_] == '[' ? "the field takes no argument" : "put a blank between them where that is meant");
    }

    void add(Source source) {
        std::vector<event::FieldRef> fields;
        source.collect_fields(fields);
        for (const auto& field : fields) {
            if (std::find(format_.fields_.begin(), format_.fields_.end(), field) != format_.fields_.end())
                continue;
            format_.fields_.push_back(field);
            if (auto lint = lint_field(field))
                report(Severity::warning, token_, std::move(lint->code), std::move(lint->message),
                       std::move(lint->hint));
        }
        piece_.source = static_cast<int>(format_.sources_.size());
        format_.sources_.push_back(std::move(source));
        format_.pieces_.push_back(std::move(piece_));
        piece_ = {};
    }

    const MappedText& mapped_;
    std::string_view text_;
    OutputFormat& format_;
    Diagnostics& out_;
    Piece piece_;
    std::size_t at_ = 0, token_ = 0, errors_ = 0, behind_ = 0;
};

OutputFormat OutputFormat::compile(const MappedText& mapped, Diagnostics& out) {
    OutputFormat format;
    Reader(mapped, format, out).read();
    return format;
}

std::string OutputFormat::render(const event::Event& event, event::Scratch& scratch) const {
    std::string out;
    event::Values values;
    for (const auto& piece : pieces_) {
        out += piece.literal;
        if (piece.source < 0)
            continue;
        const auto& source = sources_[static_cast<std::size_t>(piece.source)];
        const auto mark = scratch.mark();
        const auto begin = out.size();
        if (source.read(event, scratch, values))
            append_value(values.items(), source.many() == Source::Many::list, out);
        else
            out += kMissing;
        scratch.release(mark);
        if (piece.width != 0)
            fit(out, begin + piece.width);
    }
    return out;
}

} // namespace rwatch::rules
