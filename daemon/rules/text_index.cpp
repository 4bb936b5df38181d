// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/text_index.hpp"

#include "core/ascii.hpp"

#include <algorithm>
#include <bit>
#include <unordered_map>

namespace rwatch::rules {

namespace {

constexpr std::size_t kGram = 3;
constexpr std::size_t kBitsOfText = 32; // of the table of grams: so few of those that do not occur find their bit set
constexpr std::size_t kLeastBits = 1024;
constexpr std::uint32_t kCommon = 1000; // weight of a gram that most texts hold
/// What stands in most paths and command lines.
constexpr std::string_view kUsual =
    "/usr/bin/ /usr/sbin/ /usr/lib/x86_64-linux-gnu/ /usr/share/ /usr/local/ /etc/ /var/lib/ /var/log/ /home/ /root/ "
    "/proc/self/ /proc/1/ /sys/ /dev/ /tmp/ /run/ /opt/ python3 .so. .conf sh -c --";

std::uint32_t gram_at(std::string_view text, std::size_t at) noexcept {
    std::uint32_t out = 0;
    for (std::size_t i = 0; i < kGram; ++i)
        out = out << 8U | static_cast<unsigned char>(text[at + i]);
    return out;
}

constexpr std::array<unsigned char, 256> folds() noexcept {
    std::array<unsigned char, 256> out{};
    for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = lower(static_cast<unsigned char>(i));
    return out;
}

} // namespace

constexpr std::array<unsigned char, 256> TextIndex::kFolded = folds();

std::string TextIndex::bound(const Fragment& fragment) {
    std::string out(fragment.begins ? 1 : 0, static_cast<char>(kBegin));
    out += lower(fragment.text);
    out.append(fragment.ends ? 1 : 0, static_cast<char>(kEnd));
    return out;
}

bool TextIndex::takes(const Fragment& fragment) noexcept {
    constexpr std::string_view kPlaces("\0\1", 2); // stand for the places, and are not told from them
    if (fragment.text.find_first_of(kPlaces) != std::string::npos)
        return false;
    // One whose place is not known is met at one of two neighbouring places.
    return fragment.text.size() + (fragment.ends ? 1 : 0) >= (fragment.begins ? kGram - 1 : kGram + 1);
}

void TextIndex::add(const Fragment& fragment, std::uint32_t item) {
    auto& items = added_[bound(fragment)];
    if (items.empty() || items.back() != item)
        items.push_back(item);
}

void TextIndex::finish() {
    std::unordered_map<std::uint32_t, std::uint32_t> weights;
    const auto weigh = [&](std::string_view text, std::uint32_t weight) {
        for (std::size_t i = 0; i + kGram <= text.size(); ++i)
            weights[gram_at(text, i)] += weight;
    };
    weigh(kUsual, kCommon);
    for (const auto& [text, items] : added_) {
        weigh(text, 1);
        all_.insert(all_.end(), items.begin(), items.end());
    }
    std::sort(all_.begin(), all_.end());
    all_.erase(std::unique(all_.begin(), all_.end()), all_.end());

    const auto bits = std::bit_ceil(std::max(kLeastBits, added_.size() * kBitsOfText));
    shift_ = 32U - static_cast<unsigned>(std::countr_zero(bits));
    grams_.resize(bits / 64);
    buckets_.resize((bits >> kBucketShift) + 1);
    for (const auto& one : added_) {
        const auto& text = one.first;
        const auto& items = one.second;
        const bool begins = text.front() == static_cast<char>(kBegin);
        const std::uint32_t places = begins ? 1 : 2;
        const auto weight = [&](std::uint32_t at) {
            std::uint32_t sum = 0;
            for (std::uint32_t i = 0; i < places; ++i)
                sum += weights[gram_at(text, at + i)];
            return sum;
        };
        std::uint32_t best = 0;
        for (std::uint32_t i = 0; i + kGram + places - 1 <= text.size(); i += begins ? 2 : 1)
            if (weight(i) < weight(best))
                best = i;
        for (std::uint32_t i = best; i < best + places; ++i) {
            const auto gram = gram_at(text, i);
            const auto hash = hash_of(gram);
            grams_[hash >> 6U] |= std::uint64_t{1} << (hash & 63U);
            gram_of_.push_back({gram, static_cast<std::uint32_t>(texts_.size()), i});
            ++buckets_[(hash >> kBucketShift) + 1];
        }
        texts_.push_back({static_cast<std::uint32_t>(bytes_.size()), static_cast<std::uint32_t>(text.size()),
                          static_cast<std::uint32_t>(items_.size()), static_cast<std::uint32_t>(items.size())});
        bytes_ += text;
        items_.insert(items_.end(), items.begin(), items.end());
    }
    added_.clear();
    for (std::size_t i = 1; i < buckets_.size(); ++i)
        buckets_[i] += buckets_[i - 1];
    std::sort(gram_of_.begin(), gram_of_.end(), [&](const Gram& a, const Gram& b) {
        return hash_of(a.gram) >> kBucketShift < hash_of(b.gram) >> kBucketShift;
    });
}

bool TextIndex::stands_at(std::string_view text, std::size_t at, const Text& wanted) const noexcept {
    if (at + wanted.size > text.size() + 2)
        return false;
    for (std::size_t i = 0; i < wanted.size; ++i) {
        const auto place = at + i;
        const auto byte = place == 0                 ? kBegin
                          : place == text.size() + 1 ? kEnd
                                                     : kFolded[static_cast<unsigned char>(text[place - 1])];
        if (byte != static_cast<unsigned char>(bytes_[wanted.begin + i]))
            return false;
    }
    return true;
}

} // namespace rwatch::rules
