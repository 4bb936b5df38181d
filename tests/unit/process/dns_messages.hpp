// SPDX-License-Identifier: MIT OR Apache-2.0
// Messages of RFC 1035 for tests.
#pragma once

#include <algorithm>

#include <string>
#include <string_view>
#include <vector>

namespace rwatch::test {

inline std::string two_bytes(unsigned number) {
    return {static_cast<char>(number >> 8U), static_cast<char>(number)};
}

inline std::string dns_name(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const auto label = text.substr(0, text.find('.'));
        out += static_cast<char>(label.size());
        out += label;
        text.remove_prefix(std::min(label.size() + 1, text.size()));
    }
    return out + '\0';
}

/// Of the name that was asked for, by a pointer to it.
inline std::string record_of(unsigned type, std::string_view data) {
    return "\xc0\x0c" + two_bytes(type) + two_bytes(1) + std::string(4, '\0') +
           two_bytes(static_cast<unsigned>(data.size())) + std::string(data);
}

inline std::string dns_message(std::string_view name, const std::vector<std::string>& records, unsigned flags = 0x8180,
                               unsigned questions = 1) {
    auto out = two_bytes(1) + two_bytes(flags) + two_bytes(questions) +
               two_bytes(static_cast<unsigned>(records.size())) + std::string(4, '\0') + dns_name(name) + two_bytes(1) +
               two_bytes(1);
    for (const auto& record : records)
        out += record;
    return out;
}

} // namespace rwatch::test
