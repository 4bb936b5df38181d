// SPDX-License-Identifier: MIT OR Apache-2.0
#include "process/dns_answer.hpp"

#include "core/ascii.hpp"

#include <algorithm>
#include <cstdint>

namespace rwatch::process {

namespace {

constexpr std::size_t kMostLabel = 63, kMostName = 255; // RFC 1035 2.3.4
constexpr unsigned kTypeA = 1, kTypeAaaa = 28, kClassInternet = 1;

void put_byte(std::string& out, char c) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > ' ' && byte < 0x7f && c != '.' && c != '\\') {
        out += lower(c);
        return;
    }
    out += '\\';
    for (const unsigned place : {100U, 10U, 1U})
        out += static_cast<char>('0' + byte / place % 10);
}

/// Reads a message from its beginning; after a failure everything fails.
class Reader {
  public:
    explicit Reader(std::string_view message) : message_(message) {}

    [[nodiscard]] bool good() const noexcept { return good_; }

    unsigned number() noexcept {
        const auto bytes = take(2);
        return bytes.empty() ? 0 : static_cast<unsigned char>(bytes[0]) * 256U + static_cast<unsigned char>(bytes[1]);
    }

    std::string_view take(std::size_t count) noexcept {
        if (!good_ || message_.size() - at_ < count) {
            good_ = false;
            return {};
        }
        at_ += count;
        return message_.substr(at_ - count, count);
    }

    /// Steps over a name. What a pointer points to is not looked at.
    void skip_name() noexcept {
        while (good_) {
            const auto head = take(1);
            if (head.empty() || head[0] == 0)
                return;
            const auto length = static_cast<unsigned char>(head[0]);
            if (length > kMostLabel) {
                take(1);
                return;
            }
            take(length);
        }
    }

    /// A name without pointers: that of the question, before which there is none to point to.
    std::string name() {
        std::string out;
        for (std::size_t bytes = 0; good_;) {
            const auto head = take(1);
            if (head.empty() || head[0] == 0)
                break;
            const auto length = static_cast<unsigned char>(head[0]);
            bytes += length + 1U;
            good_ = good_ && length <= kMostLabel && bytes < kMostName;
            if (!out.empty())
                out += '.';
            for (const char c : take(length))
                put_byte(out, c);
        }
        return out;
    }

  private:
    std::string_view message_;
    std::size_t at_ = 0;
    bool good_ = true;
};

} // namespace

std::optional<DnsAnswer> parse_dns_answer(std::string_view message) {
    Reader in(message);
    in.number(); // id
    const auto flags = in.number();
    const auto questions = in.number();
    const auto answers = in.number();
    in.take(4); // counts of the sections behind
    constexpr unsigned kResponse = 0x8000, kOpcode = 0x7800, kError = 0x000f;
    if (!in.good() || (flags & (kResponse | kOpcode | kError)) != kResponse || questions != 1)
        return std::nullopt;
    DnsAnswer out;
    out.name = in.name();
    in.take(4); // type and class
    if (!in.good() || out.name.empty())
        return std::nullopt;
    for (unsigned i = 0; i < answers && out.addresses.size() < DnsAnswer::kMostAddresses; ++i) {
        in.skip_name();
        const auto type = in.number();
        const auto of_class = in.number();
        in.take(4); // time to live
        const auto data = in.take(in.number());
        if (!in.good())
            break;
        const bool address = (type == kTypeA && data.size() == 4) || (type == kTypeAaaa && data.size() == 16);
        if (of_class != kClassInternet || !address)
            continue;
        const auto* bytes = reinterpret_cast<const std::uint8_t*>(data.data());
        out.addresses.push_back(event::address_of({bytes, data.size()}));
    }
    return out;
}

} // namespace rwatch::process
