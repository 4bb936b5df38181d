// SPDX-License-Identifier: MIT OR Apache-2.0
#include "sensor/libbpf_log.hpp"

#include <cstdio>

namespace rwatch::sensor {

LibbpfLog::LibbpfLog() : lock_(busy()) {
    clear();
    libbpf_set_print(&LibbpfLog::print);
}

std::string& LibbpfLog::text() {
    static std::string messages;
    return messages;
}

std::mutex& LibbpfLog::busy() {
    static std::mutex mutex;
    return mutex;
}

int LibbpfLog::print(enum libbpf_print_level level, const char* format, va_list arguments) {
    if (level == LIBBPF_DEBUG)
        return 0;
    va_list again;
    va_copy(again, arguments);
    const int n = std::vsnprintf(nullptr, 0, format, again);
    va_end(again);
    if (n <= 0)
        return 0;
    // The verifier's whole log comes as one message; its end tells why.
    std::string message(static_cast<std::size_t>(n) + 1, '\0');
    std::vsnprintf(message.data(), message.size(), format, arguments);
    message.pop_back();
    auto& log = text();
    log += message;
    if (log.size() > kMost)
        log.erase(0, log.size() - kMost);
    return n;
}

/// "libbpf: prog 'on_exec': failed to load: -22"; where it asks for a type that this kernel lacks "libbpf: prog
/// 'on_exec': relo #3: failed to relocate: -1"; for a function that it lacks "failed to find kernel BTF type ID of".
std::string LibbpfLog::failed_program() {
    const auto& log = text();
    for (const auto* says : {"': failed to load", "': failed to find kernel BTF type", "': relo #"}) {
        const auto end = log.rfind(says);
        const auto begin = end == std::string::npos || end == 0 ? end : log.rfind('\'', end - 1);
        if (end != std::string::npos && end != 0 && begin != std::string::npos)
            return log.substr(begin + 1, end - begin - 1);
    }
    return {};
}

std::string LibbpfLog::verifier_reason() {
    const auto& log = text();
    const auto end = log.rfind("\nprocessed ");
    if (end == std::string::npos || end == 0)
        return {};
    const auto begin = log.rfind('\n', end - 1);
    return log.substr(begin == std::string::npos ? 0 : begin + 1, end - begin - 1);
}

} // namespace rwatch::sensor
