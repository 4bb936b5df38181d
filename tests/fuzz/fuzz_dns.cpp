// SPDX-License-Identifier: MIT OR Apache-2.0
// Fuzz target: any bytes as a name server's answer. What comes back is bounded and can be printed.
#include "process/dns_answer.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using rwatch::process::DnsAnswer;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto answer = rwatch::process::parse_dns_answer({reinterpret_cast<const char*>(data), size});
    if (!answer)
        return 0;
    constexpr std::size_t kLongest = 4 * 255; // each byte as \DDD
    const bool plain =
        std::all_of(answer->name.begin(), answer->name.end(), [](char c) { return c > ' ' && c < 0x7f; });
    const bool addresses = std::all_of(answer->addresses.begin(), answer->addresses.end(),
                                       [](const auto& address) { return address.family == 4 || address.family == 6; });
    if (!plain || !addresses || answer->name.empty() || answer->name.size() > kLongest ||
        answer->addresses.size() > DnsAnswer::kMostAddresses)
        std::abort();
    return 0;
}
