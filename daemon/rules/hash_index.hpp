// SPDX-License-Identifier: MIT OR Apache-2.0
// Finds items of an array by a hash of their key: chains of indices, no memory for each item but two numbers, none
// freed or taken when items come and go.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rwatch::rules {

inline constexpr std::uint32_t kNoItem = 0xffffffff;

class HashIndex {
  public:
    /// The item of this hash for which `same` says yes, kNoItem where there is none.
    template <typename Same> [[nodiscard]] std::uint32_t find(std::uint64_t hash, Same same) const noexcept {
        if (buckets_.empty())
            return kNoItem;
        for (auto item = buckets_[hash & (buckets_.size() - 1)]; item != kNoItem; item = links_[item].next)
            if (links_[item].hash == hash && same(item))
                return item;
        return kNoItem;
    }

    /// May throw bad_alloc, then nothing was put in.
    void insert(std::uint32_t item, std::uint64_t hash) {
        if (item >= links_.size())
            links_.resize(item + 1);
        if (count_ + 1 > buckets_.size())
            grow();
        links_[item].hash = hash;
        link(item);
        ++count_;
    }

    /// The item is in.
    void erase(std::uint32_t item) noexcept {
        auto* place = &buckets_[links_[item].hash & (buckets_.size() - 1)];
        while (*place != item)
            place = &links_[*place].next;
        *place = links_[item].next;
        --count_;
    }

  private:
    struct Link {
        std::uint64_t hash = 0;
        std::uint32_t next = kNoItem;
    };

    void link(std::uint32_t item) noexcept {
        auto& bucket = buckets_[links_[item].hash & (buckets_.size() - 1)];
        links_[item].next = bucket;
        bucket = item;
    }

    void grow() {
        std::vector<std::uint32_t> old(buckets_.empty() ? 16 : buckets_.size() * 2, kNoItem);
        buckets_.swap(old);
        for (const auto head : old)
            for (auto item = head; item != kNoItem;) {
                const auto next = links_[item].next;
                link(item);
                item = next;
            }
    }

    std::vector<std::uint32_t> buckets_; ///< a power of two
    std::vector<Link> links_;            ///< by item
    std::size_t count_ = 0;
};

} // namespace rwatch::rules
