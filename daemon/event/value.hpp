// SPDX-License-Identifier: MIT OR Apache-2.0
// The typed values that fields give: small, trivially copyable, pointing into the event that they came from.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace rwatch::event {

enum class Type : std::uint8_t { string, integer, boolean, address };

/// An IP address in normal form: an IPv4-mapped IPv6 address is stored as IPv4.
struct Address {
    std::array<std::uint8_t, 16> bytes{}; ///< network order; IPv4 in the first four
    std::uint8_t family = 0;              ///< 4 or 6; 0: none
    bool operator==(const Address&) const = default;
};

/// Of 4 or 16 bytes in network order, else none.
[[nodiscard]] inline Address address_of(std::span<const std::uint8_t> bytes) noexcept {
    constexpr std::size_t kV4 = 4, kV6 = 16;
    constexpr std::array<std::uint8_t, kV6 - kV4> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    Address out;
    if (bytes.size() == kV6 && std::equal(kMapped.begin(), kMapped.end(), bytes.begin()))
        bytes = bytes.last(kV4);
    if (bytes.size() != kV4 && bytes.size() != kV6)
        return out;
    out.family = bytes.size() == kV4 ? 4 : 6;
    std::copy(bytes.begin(), bytes.end(), out.bytes.begin());
    return out;
}

/// One value. Which member counts is told by `type`.
struct Value {
    Type type;
    union {
        std::int64_t integer;
        bool boolean;
        Address address;
        std::string_view string;
    };

    Value() noexcept : type(Type::integer), integer(0) {}
    explicit Value(std::string_view s) noexcept : type(Type::string), string(s) {}
    explicit Value(std::int64_t i) noexcept : type(Type::integer), integer(i) {}
    explicit Value(bool b) noexcept : type(Type::boolean), boolean(b) {}
    explicit Value(const Address& a) noexcept : type(Type::address), address(a) {}
};

/// Memory for strings that a field has to compose; freed all at once before the next event. Never grows: a string that
/// does not fit is cut and counted.
class Scratch {
  public:
    static constexpr std::size_t kSize = std::size_t{64} * 1024;

    void reset() noexcept { used_ = 0; }
    /// Appends to the string under construction.
    void put(std::string_view text) noexcept {
        const auto n = text.copy(bytes_.data() + used_, kSize - used_);
        if (n < text.size())
            ++cut_;
        used_ += n;
    }
    void put(char c) noexcept { put(std::string_view(&c, 1)); }
    void put(std::int64_t number, int base = 10) noexcept;
    void put_hex(std::uint64_t number) noexcept; ///< lower case, without a prefix
    void put(const Address& address) noexcept;
    /// Where the next string begins; give it to `since`.
    [[nodiscard]] std::size_t mark() const noexcept { return used_; }
    [[nodiscard]] std::string_view since(std::size_t mark) const noexcept {
        return {bytes_.data() + mark, used_ - mark};
    }
    /// Gives back what was composed since a mark; strings from there on are gone.
    void release(std::size_t mark) noexcept { used_ = mark; }
    [[nodiscard]] std::uint64_t cut() const noexcept { return cut_; }
    /// Counts a value that found no room elsewhere.
    void count_cut() noexcept { ++cut_; }

  private:
    std::array<char, kSize> bytes_;
    std::size_t used_ = 0;
    std::uint64_t cut_ = 0;
};

/// What a field holds in one event: nothing (missing), one value, or several (either end of a connection, all
/// ancestors).
class Values {
  public:
    static constexpr std::size_t kMost = 64;

    void clear() noexcept { size_ = 0; }
    void add(const Value& value) noexcept {
        if (size_ < kMost)
            items_[size_++] = value;
    }
    void add(std::string_view s) noexcept { add(Value(s)); }
    void add(std::int64_t i) noexcept { add(Value(i)); }
    void add(bool b) noexcept { add(Value(b)); }
    void add(const Address& a) noexcept { add(Value(a)); }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::span<const Value> items() const noexcept { return {items_.data(), size_}; }
    [[nodiscard]] std::span<Value> items() noexcept { return {items_.data(), size_}; }

  private:
    std::array<Value, kMost> items_;
    std::size_t size_ = 0;
};

} // namespace rwatch::event
