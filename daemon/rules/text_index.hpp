// SPDX-License-Identifier: MIT OR Apache-2.0
// Which of thousands of texts does another one hold? Looks up three bytes at every other place of it, so that no step
// waits for the one before; what is found so is then compared. Of each text two neighbouring places are known, of which
// one is met. Where a text begins and ends counts as a byte.
#pragma once

#include "core/ascii.hpp"
#include "rules/fragment.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rwatch::rules {

class TextIndex {
  public:
    /// Whether it is long enough to be looked for.
    [[nodiscard]] static bool takes(const Fragment& fragment) noexcept;

    /// item: what it counts for. Only what it takes; before finish().
    void add(const Fragment& fragment, std::uint32_t item);
    /// After the last one, once.
    void finish();

    /// Calls found(items) for each fragment that the text holds, or more than once; of a text that holds other bytes
    /// than ASCII for all items. Free of allocation.
    template <typename Found> void find(std::string_view text, Found&& found) const {
        if (gram_of_.empty() || text.empty())
            return;
        find_at(text, 0, kBegin << 16U | folded(text, 0) << 8U | (text.size() > 1 ? folded(text, 1) : kEnd), found);
        std::size_t at = 2;
        for (; at + 1 < text.size(); at += 2)
            find_at(text, at, folded(text, at - 1) << 16U | folded(text, at) << 8U | folded(text, at + 1), found);
        if (at + 1 == text.size())
            find_at(text, at, folded(text, at - 1) << 16U | folded(text, at) << 8U | kEnd, found);
        if (!is_ascii(text))
            found(std::span<const std::uint32_t>(all_));
    }

  private:
    static constexpr std::uint32_t kBegin = 1, kEnd = 0; ///< bytes before the first byte and behind the last one
    static const std::array<unsigned char, 256> kFolded;

    /// Texts lie in `bytes_`, with kBegin and kEnd where they are bound to those places.
    struct Text {
        std::uint32_t begin = 0, size = 0;
        std::uint32_t first_item = 0, items = 0;
    };
    struct Gram {
        std::uint32_t gram, text, offset; ///< it stands there in the text
    };

    [[nodiscard]] std::uint32_t hash_of(std::uint32_t gram) const noexcept { return gram * 0x9e3779b1U >> shift_; }
    /// Bytes of a fragment with its bound places; letters in lower case.
    [[nodiscard]] static std::string bound(const Fragment& fragment);
    /// Whether `wanted` stands in a text; at: counted from kBegin on, which is 0.
    [[nodiscard]] bool stands_at(std::string_view text, std::size_t at, const Text& wanted) const noexcept;

    static std::uint32_t folded(std::string_view text, std::size_t at) noexcept {
        return kFolded[static_cast<unsigned char>(text[at])];
    }

    /// at: place of the gram, kBegin being at 0.
    template <typename Found>
    void find_at(std::string_view text, std::size_t at, std::uint32_t gram, const Found& found) const {
        const auto hash = hash_of(gram);
        if ((grams_[hash >> 6U] >> (hash & 63U) & 1U) == 0)
            return;
        const auto bucket = hash >> kBucketShift;
        for (auto i = buckets_[bucket]; i < buckets_[bucket + 1]; ++i) {
            const auto& one = gram_of_[i];
            if (one.gram != gram || at < one.offset)
                continue;
            const auto& wanted = texts_[one.text];
            if (stands_at(text, at - one.offset, wanted))
                found(std::span<const std::uint32_t>(items_).subspan(wanted.first_item, wanted.items));
        }
    }

    static constexpr unsigned kBucketShift = 4; ///< bits of `grams_` that share a bucket

    std::map<std::string, std::vector<std::uint32_t>> added_; ///< until finish()
    std::string bytes_;
    std::vector<Text> texts_;
    std::vector<std::uint32_t> items_, all_;
    std::vector<std::uint64_t> grams_;   ///< a bit for each hash of a gram that occurs
    std::vector<std::uint32_t> buckets_; ///< begins in gram_of_, by bucket
    std::vector<Gram> gram_of_;          ///< one or two for each text
    unsigned shift_ = 31;
};

} // namespace rwatch::rules
