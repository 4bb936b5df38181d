// SPDX-License-Identifier: MIT OR Apache-2.0
// The writing end of a pipe whose reader may be slow, or gone: takes text whole or not at all, and never waits.
#pragma once

#include "core/handle.hpp"

#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>

namespace rwatch::pipeline {

class PipeWriter {
  public:
    static constexpr int kRoom = 1 << 20; ///< bytes that the pipe itself holds, where the kernel allows so many

    /// most: bytes that may wait here for room in the pipe before more is refused. Throws Error.
    PipeWriter(Fd pipe, std::size_t most);

    static constexpr std::size_t kChunk = 64U << 10U; ///< bytes that are worth a write

    /// False, and nothing taken, where too much waits already. Throws std::bad_alloc, with nothing taken.
    bool put(std::string_view text);
    /// Whether put() would take something now.
    [[nodiscard]] bool ready() noexcept;
    /// Writes what waits, as far as there is room.
    void flush() noexcept;
    /// Looks whether nobody reads any more. Any thread.
    [[nodiscard]] bool closed() noexcept;
    /// As of the last look or write.
    [[nodiscard]] bool known_closed() const noexcept { return closed_.load(std::memory_order_relaxed); }

  private:
    Fd pipe_;
    std::size_t most_;
    std::string waiting_;
    std::size_t sent_ = 0;  ///< bytes at the beginning of waiting_
    std::size_t tried_ = 0; ///< size of waiting_ after the last flush
    std::atomic<bool> closed_{false};
};

} // namespace rwatch::pipeline
