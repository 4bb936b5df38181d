// SPDX-License-Identifier: MIT OR Apache-2.0
// Sigma's comparison of texts: patterns with * (any text) and ? (one character), a backslash before either (or before
// another backslash) takes its meaning. Each pattern is tried in the cheapest way that it allows; the text is folded
// once for all of them.
#pragma once

#include "rules/value_matcher.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rwatch::rules {

/// A pattern in its parts: between stars stand segments, and in a segment single characters between runs of text.
struct LikePattern {
    using Segment = std::vector<std::string>; ///< runs; between each two stands one character of any kind
    std::vector<Segment> segments;            ///< one: no star; the first and last may be a single empty run

    explicit LikePattern(std::string_view pattern);
    /// The text that alone fits, where there is only one.
    [[nodiscard]] std::optional<std::string> plain() const;
};

class TextLike final : public ValueMatcher {
  public:
    /// Texts longer than this are looked at so far only; no event holds one (see Scratch and RW_RECORD_MAX).
    static constexpr std::size_t kMostText = std::size_t{64} * 1024;

    TextLike(const std::vector<std::string>& patterns, bool fold);
    /// Values that are no text are compared in their text form.
    [[nodiscard]] bool fits(const event::Value& value) const noexcept override;
    [[nodiscard]] Fragments fragments() const override;
    [[nodiscard]] bool fits(std::string_view text) const noexcept;

  private:
    void add(LikePattern pattern);
    [[nodiscard]] bool fits_folded(std::string_view text) const noexcept;

    bool fold_;
    bool anything_ = false; ///< a pattern that any text fits
    std::optional<TextSet> whole_;
    std::vector<std::string> begins_, ends_, parts_;
    std::vector<LikePattern> others_;
};

} // namespace rwatch::rules
