// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/output_format.hpp"

#include "core/escape.hpp"

#include <algorithm>
#include <charconv>

namespace rwatch::rules {

namespace {

constexpr std::string_view kMissing = "<NA>";
constexpr std::string_view kContainerInfo = "container.info"; // Falco takes it and writes nothing
constexpr std::uint32_t kMaxWidth = 4096;
constexpr std::size_t kMostErrors = 100; // told of one template

bool is_name(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}
bool is_blank(char c) noexcept {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/// The longest beginning of `text` that may be a field: name with dots, argument in brackets.
std::string_view field_text(std::string_view text) noexcept {
    const auto end = static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_name) - text.begin());
    if (end < text.size() && text[end] == '[') {
        const auto close = text.find(']', end);
        if (close != std::string_view::npos)
            return text.substr(0, close + 1);
    }
    return text.substr(0, end);
}

/// Without its last part: "proc.aname[2]" → "proc.aname", "proc.name." → "proc.name".
std::string_view shorter(std::string_view text) noexcept {
    if (text.ends_with(']'))
        return text.substr(0, text.find('['));
    const auto dot = text.rfind('.');
    return dot == std::string_view::npos ? std::string_view{} : text.substr(0, dot);
}

/// The value as one string without line breaks or other surprises.
void append_value(std::span<const event::Value> values, std::string& out) {
    if (values.empty()) {
        out += kMissing;
        return;
    }
    std::string text;
    for (std::size_t i = 0; i < values.size(); ++i) {
        text += i == 0 ? "" : ",";
        event::append_text(values[i], text);
    }
    out += values.size() > 1 ? "(" : "";
    escape_to(out, text);
    out += values.size() > 1 ? ")" : "";
}

} // namespace

OutputFormat OutputFormat::compile(std::string_view text, const Location& where, Diagnostics& out) {
    return compile(MappedText(text, where), out);
}

OutputFormat OutputFormat::compile(const MappedText& mapped, Diagnostics& out) {
    OutputFormat format;
    const std::string_view text = mapped.text();
    const auto report = [&](std::size_t at, std::string code, std::string message, std::string hint = {}) {
        out.push_back({Severity::error, std::move(code), mapped.at(at), std::move(message), std::move(hint)});
    };
    std::size_t begin = 0, end = text.size();
    while (begin < end && is_blank(text[begin]))
        ++begin;
    while (end > begin && is_blank(text[end - 1]))
        --end;
    if (begin == end)
        report(0, "empty-output", "the output is empty");
    format.text_ = text.substr(begin, end - begin);
    if (begin < end && text[begin] == '*')
        ++begin;
    const auto before = out.size();
    Piece piece;
    for (std::size_t at = begin; at < end && out.size() - before < kMostErrors; ++at) {
        if (text[at] != '%') {
            piece.literal += text[at] == '\n' ? ' ' : text[at];
            continue;
        }
        const auto token = at;
        while (at + 1 < end && text[at + 1] >= '0' && text[at + 1] <= '9')
            ++at;
        std::from_chars(text.data() + token + 1, text.data() + at + 1, piece.width);
        piece.width = std::min(piece.width, kMaxWidth);
        const auto name = field_text(text.substr(at + 1, end - at - 1));
        at += format.add_field(name, piece, [&](std::string message, std::string hint) {
            report(token, "unknown-field", std::move(message), std::move(hint));
        });
    }
    if (!piece.literal.empty())
        format.pieces_.push_back(std::move(piece));
    return format;
}

std::size_t OutputFormat::add_field(std::string_view name, Piece& piece,
                                    const std::function<void(std::string, std::string)>& report) {
    if (name.empty()) {
        report("'%' must be followed by a field", {});
        return 0;
    }
    if (name.starts_with(kContainerInfo))
        return kContainerInfo.size();
    std::string error, hint;
    std::optional<event::FieldRef> field = event::resolve_field(name, error, hint);
    auto taken = name;
    while (!field && !taken.empty()) {
        std::string ignored, also;
        taken = shorter(taken);
        if (!taken.empty())
            field = event::resolve_field(taken, ignored, also);
    }
    if (!field) {
        report(std::move(error), std::move(hint));
        return name.size();
    }
    auto known = std::find(fields_.begin(), fields_.end(), *field);
    if (known == fields_.end())
        known = fields_.insert(known, *field);
    piece.field = static_cast<int>(known - fields_.begin());
    pieces_.push_back(std::move(piece));
    piece = {};
    return taken.size();
}

std::string OutputFormat::render(const event::Event& event, event::Scratch& scratch) const {
    std::string out;
    event::Values values;
    for (const auto& piece : pieces_) {
        out += piece.literal;
        if (piece.field < 0)
            continue;
        const auto mark = scratch.mark();
        const auto begin = out.size();
        event::read(fields_[static_cast<std::size_t>(piece.field)], event, scratch, values);
        append_value(values.items(), out);
        scratch.release(mark);
        if (piece.width != 0)
            out.resize(begin + piece.width, ' ');
    }
    return out;
}

} // namespace rwatch::rules
