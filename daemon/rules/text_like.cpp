// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/text_like.hpp"

#include "core/ascii.hpp"
#include "event/fields.hpp"
#include "rules/case_fold.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace rwatch::rules {

namespace {

using Segment = LikePattern::Segment;

/// Bytes of the last character of a text that is not empty.
std::size_t last_char(std::string_view text) noexcept {
    constexpr std::size_t kLongest = 4;
    for (std::size_t n = 1; n <= std::min(kLongest, text.size()); ++n)
        if (!is_continuation(text[text.size() - n]))
            return first_char(text.substr(text.size() - n)) == n ? n : 1;
    return 1;
}

/// Takes a segment off the beginning of `text`; false where it does not stand there.
bool take_front(std::string_view& text, const Segment& segment) noexcept {
    for (std::size_t i = 0; i < segment.size(); ++i) {
        if (i > 0) {
            if (text.empty())
                return false;
            text.remove_prefix(first_char(text));
        }
        if (!text.starts_with(segment[i]))
            return false;
        text.remove_prefix(segment[i].size());
    }
    return true;
}

bool take_back(std::string_view& text, const Segment& segment) noexcept {
    for (std::size_t i = segment.size(); i-- > 0;) {
        if (!text.ends_with(segment[i]))
            return false;
        text.remove_suffix(segment[i].size());
        if (i > 0) {
            if (text.empty())
                return false;
            text.remove_suffix(last_char(text));
        }
    }
    return true;
}

/// Takes everything up to the end of the segment's first place.
bool take_past(std::string_view& text, const Segment& segment) noexcept {
    const auto& run = segment.front();
    while (true) {
        const void* found = ::memmem(text.data(), text.size(), run.data(), run.size());
        if (found == nullptr)
            return false;
        auto rest = text.substr(static_cast<std::size_t>(static_cast<const char*>(found) - text.data()));
        const auto begin = rest;
        if (take_front(rest, segment)) {
            text = rest;
            return true;
        }
        if (begin.empty())
            return false;
        text = begin.substr(first_char(begin));
    }
}

/// What stands between two stars is taken at its first place: a later one would leave less for the rest.
bool fits_pattern(std::string_view text, const LikePattern& pattern) noexcept {
    const auto& segments = pattern.segments;
    if (!take_front(text, segments.front()))
        return false;
    if (segments.size() == 1)
        return text.empty();
    if (!take_back(text, segments.back()))
        return false;
    return std::all_of(segments.begin() + 1, segments.end() - 1,
                       [&](const Segment& segment) { return take_past(text, segment); });
}

bool is_empty(const Segment& segment) noexcept {
    return segment.size() == 1 && segment.front().empty();
}

} // namespace

LikePattern::LikePattern(std::string_view pattern) : segments{{""}} {
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const char c = pattern[i];
        const char next = i + 1 < pattern.size() ? pattern[i + 1] : '\0';
        if (c == '\\' && (next == '*' || next == '?' || next == '\\')) {
            segments.back().back() += next;
            ++i;
        } else if (c == '*') {
            if (segments.size() == 1 || !is_empty(segments.back()))
                segments.push_back({""});
        } else if (c == '?') {
            segments.back().emplace_back();
        } else {
            segments.back().back() += c;
        }
    }
}

std::optional<std::string> LikePattern::plain() const {
    if (segments.size() != 1 || segments.front().size() != 1)
        return std::nullopt;
    return segments.front().front();
}

TextLike::TextLike(const std::vector<std::string>& patterns, bool fold) : fold_(fold) {
    std::vector<std::string> whole;
    for (const auto& text : patterns) {
        LikePattern pattern(text);
        for (auto& segment : pattern.segments)
            for (auto& run : segment)
                run = fold ? fold_case(run) : run;
        if (auto plain = pattern.plain())
            whole.push_back(std::move(*plain));
        else
            add(std::move(pattern));
    }
    if (!whole.empty())
        whole_.emplace(std::move(whole));
}

void TextLike::add(LikePattern pattern) {
    auto& segments = pattern.segments;
    const bool plain =
        std::all_of(segments.begin(), segments.end(), [](const Segment& segment) { return segment.size() == 1; });
    const bool open_begin = is_empty(segments.front()), open_end = is_empty(segments.back());
    if (plain && segments.size() == 2 && open_begin && open_end)
        anything_ = true;
    else if (plain && segments.size() == 2 && open_begin)
        ends_.push_back(segments.back().front());
    else if (plain && segments.size() == 2 && open_end)
        begins_.push_back(segments.front().front());
    else if (plain && segments.size() == 3 && open_begin && open_end)
        parts_.push_back(segments[1].front());
    else
        others_.push_back(std::move(pattern));
}

bool TextLike::fits(const event::Value& value) const noexcept {
    event::TextBuffer buffer;
    return fits(event::text_of(value, buffer));
}

bool TextLike::fits(std::string_view text) const noexcept {
    if (anything_)
        return true;
    if (text.empty())
        text = ""; // memmem wants an address
    if (!fold_)
        return fits_folded(text);
    thread_local std::array<char, kMostText * kFoldGrowth> folded;
    return fits_folded(fold_case(text.substr(0, kMostText), folded));
}

bool TextLike::fits_folded(std::string_view text) const noexcept {
    const auto any = [](const auto& list, auto fits) { return std::any_of(list.begin(), list.end(), fits); };
    return (whole_ && whole_->fits(event::Value(text))) ||
           any(ends_, [&](const std::string& end) { return text.ends_with(end); }) ||
           any(begins_, [&](const std::string& begin) { return text.starts_with(begin); }) ||
           any(parts_,
               [&](const std::string& part) {
                   return ::memmem(text.data(), text.size(), part.data(), part.size()) != nullptr;
               }) ||
           any(others_, [&](const LikePattern& pattern) { return fits_pattern(text, pattern); });
}

} // namespace rwatch::rules
