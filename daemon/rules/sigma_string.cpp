// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/sigma_string.hpp"

#include <algorithm>
#include <numeric>

namespace rwatch::rules {

namespace {

using Part = SigmaString::Part;

/// Without the backslash that takes a percent sign its meaning.
std::string without_escapes(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i)
        if (text[i] != '\\' || i + 1 == text.size() || text[i + 1] != '%')
            out += text[i];
    return out;
}

/// Place of the next % that has its meaning, from `at` on; npos where there is none.
std::size_t next_percent(std::string_view text, std::size_t at) noexcept {
    for (at = text.find('%', at); at != std::string_view::npos; at = text.find('%', at + 1))
        if (at == 0 || text[at - 1] != '\\')
            return at;
    return std::string_view::npos;
}

} // namespace

SigmaString::SigmaString(std::string_view written) {
    for (std::size_t i = 0; i < written.size(); ++i) {
        const char c = written[i];
        const char next = i + 1 < written.size() ? written[i + 1] : '\0';
        if (c == '\\' && (next == '*' || next == '?' || next == '\\')) {
            append({Part::Kind::text, std::string(1, next)});
            ++i;
        } else if (c == '*' || c == '?') {
            append({c == '*' ? Part::Kind::star : Part::Kind::any, {}});
        } else {
            append({Part::Kind::text, std::string(1, c)});
        }
    }
}

SigmaString SigmaString::plain(std::string text) {
    SigmaString out;
    out.append({Part::Kind::text, std::move(text)});
    return out;
}

void SigmaString::append(Part part) {
    const bool text = part.kind == Part::Kind::text;
    if (text && !parts_.empty() && parts_.back().kind == Part::Kind::text)
        parts_.back().text += part.text;
    else if (!text || !part.text.empty())
        parts_.push_back(std::move(part));
}

bool SigmaString::has_wildcards() const noexcept {
    return std::any_of(parts_.begin(), parts_.end(),
                       [](const Part& p) { return p.kind == Part::Kind::star || p.kind == Part::Kind::any; });
}

const std::string* SigmaString::placeholder() const noexcept {
    const auto found =
        std::find_if(parts_.begin(), parts_.end(), [](const Part& p) { return p.kind == Part::Kind::placeholder; });
    return found == parts_.end() ? nullptr : &found->text;
}

std::size_t SigmaString::size() const noexcept {
    return std::accumulate(parts_.begin(), parts_.end(), std::size_t{0}, [](std::size_t sum, const Part& p) {
        return sum + std::max<std::size_t>(p.text.size(), 1);
    });
}

std::string SigmaString::text() const {
    std::string out;
    for (const auto& part : parts_)
        if (part.kind == Part::Kind::text)
            out += part.text;
    return out;
}

std::string SigmaString::pattern() const {
    std::string out;
    for (const auto& part : parts_) {
        if (part.kind == Part::Kind::star)
            out += '*';
        else if (part.kind == Part::Kind::any)
            out += '?';
        else
            for (const char c : part.text)
                out.append(c == '*' || c == '?' || c == '\\' ? "\\" : "").push_back(c);
    }
    return out;
}

void SigmaString::open_begin() {
    if (parts_.empty() || parts_.front().kind != Part::Kind::star)
        parts_.insert(parts_.begin(), {Part::Kind::star, {}});
}

void SigmaString::open_end() {
    if (parts_.empty() || parts_.back().kind != Part::Kind::star)
        parts_.push_back({Part::Kind::star, {}});
}

void SigmaString::read_placeholders() {
    SigmaString out;
    for (auto& part : parts_) {
        if (part.kind != Part::Kind::text) {
            out.append(std::move(part));
            continue;
        }
        const std::string_view text = part.text;
        std::size_t done = 0;
        for (auto open = next_percent(text, 0); open != std::string_view::npos; open = next_percent(text, open)) {
            const auto close = text.find('%', open + 1);
            if (close == std::string_view::npos)
                break;
            if (close == open + 1) { // "%%" has no name
                ++open;
                continue;
            }
            out.append({Part::Kind::text, without_escapes(text.substr(done, open - done))});
            out.append({Part::Kind::placeholder, std::string(text.substr(open + 1, close - open - 1))});
            done = open = close + 1;
        }
        out.append({Part::Kind::text, without_escapes(text.substr(done))});
    }
    parts_ = std::move(out.parts_);
}

} // namespace rwatch::rules
