// SPDX-License-Identifier: MIT OR Apache-2.0
// The permission bits that files were last seen with: so that a chmod that the kernel could not tell the old mode of
// can still be said to have added a bit.
#pragma once

#include "event/event.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace rwatch::process {

/// A bounded memory of the files seen last: sets of four, the least recently used of a set goes. No allocation after
/// construction.
class ModeCache {
  public:
    static constexpr std::size_t kWays = 4;
    static constexpr std::size_t kSets = 2048; ///< a power of two

    ModeCache() : sets_(kSets) {}

    struct Seen {
        std::uint32_t mode = event::kUnset; ///< kUnset: the file was not seen
        std::uint64_t at_ns = 0;            ///< boot clock
        std::uint64_t sifted = 0;           ///< modes that the kernel side had kept by then
    };

    [[nodiscard]] Seen find(const event::FileId& id) const noexcept {
        for (const auto& entry : sets_[set_of(id)])
            if (entry.id == id)
                return entry.seen;
        return {};
    }

    void put(const event::FileId& id, Seen seen) noexcept {
        auto& set = sets_[set_of(id)];
        auto* slot = &set[0];
        for (auto& entry : set) {
            if (entry.id == id) {
                slot = &entry;
                break;
            }
            if (entry.used < slot->used)
                slot = &entry;
        }
        *slot = {id, seen, ++clock_};
    }

  private:
    struct Entry {
        event::FileId id;
        Seen seen;
        std::uint64_t used = 0;
    };

    [[nodiscard]] static std::size_t set_of(const event::FileId& id) noexcept {
        const auto mixed = (id.ino ^ (id.dev << 32U)) * 0x9e3779b97f4a7c15U;
        return (mixed >> 40U) & (kSets - 1);
    }

    std::vector<std::array<Entry, kWays>> sets_;
    std::uint64_t clock_ = 0;
};

} // namespace rwatch::process
