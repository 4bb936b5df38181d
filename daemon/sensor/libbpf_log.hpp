// SPDX-License-Identifier: MIT OR Apache-2.0
// What libbpf says while probes are loaded: which program was refused, and why.
#pragma once

#include <cstdarg>
#include <cstddef>
#include <mutex>
#include <string>

#include <bpf/libbpf.h>

namespace rwatch::sensor {

/// libbpf's messages while it lives. The printer is global to the process, so one at a time.
class LibbpfLog {
  public:
    static constexpr std::size_t kMost = 1U << 14U; ///< bytes of messages kept; the last ones count

    LibbpfLog();
    static void clear() { text().clear(); }

    /// The program that could not be loaded, or "".
    [[nodiscard]] static std::string failed_program();
    /// What the verifier said last before its statistics: the line that tells why; or "".
    [[nodiscard]] static std::string verifier_reason();

  private:
    static std::string& text();
    static std::mutex& busy();
    static int print(enum libbpf_print_level level, const char* format, va_list arguments);

    std::lock_guard<std::mutex> lock_;
};

} // namespace rwatch::sensor
