// SPDX-License-Identifier: MIT OR Apache-2.0
// A 128-bit running hash: to know equal tests, conditions and correlation groups again without keeping their text. Not
// cryptographic; with a secret seed an outsider can't aim at collisions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace rwatch::rules {

struct Hash128 {
    std::uint64_t high = 0x9e3779b97f4a7c15ULL, low = 0xd1b54a32d192ed03ULL;

    bool operator==(const Hash128&) const = default;

    void add(std::uint64_t word) noexcept {
        high = fold(high ^ word, 0xa0761d6478bd642fULL);
        low = fold(low ^ word, 0xe7037ed1a0b428dbULL) + high;
    }
    /// Length first, so that pieces can't run into each other.
    void add(std::string_view text) noexcept {
        add(static_cast<std::uint64_t>(text.size()));
        for (std::size_t i = 0; i < text.size(); i += sizeof(std::uint64_t)) {
            std::uint64_t word = 0;
            const auto n = text.size() - i;
            std::memcpy(&word, text.data() + i, n < sizeof word ? n : sizeof word);
            add(word);
        }
    }

  private:
    static std::uint64_t fold(std::uint64_t a, std::uint64_t b) noexcept {
        __extension__ using Wide = unsigned __int128;
        const auto product = static_cast<Wide>(a) * b;
        return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U) ^ a;
    }
};

struct HashOfHash {
    std::size_t operator()(const Hash128& h) const noexcept { return static_cast<std::size_t>(h.high ^ h.low); }
};

} // namespace rwatch::rules
