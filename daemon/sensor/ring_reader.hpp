// SPDX-License-Identifier: MIT OR Apache-2.0
// Reads the kernel's ring of records (BPF_MAP_TYPE_RINGBUF; kernel/bpf/ringbuf.c). What of it is mapped counts as
// memory of ours, and libbpf's reader maps the data twice, so that no record is ever in two pieces: here a part is
// mapped at a time, of the data as the kernel shows them twice. Private to bpf_source.
#pragma once

#include "core/handle.hpp"
#include "sensor/event_source.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace rwatch::sensor {

/// Gives mapped memory back.
class Unmap {
  public:
    explicit Unmap(std::size_t size = 0) noexcept : size_(size) {}
    void operator()(std::byte* memory) const noexcept;

  private:
    std::size_t size_;
};

class RingReader {
  public:
    RingReader() = default;
    /// ring: the map, of so many bytes of data. Throws Error.
    RingReader(Fd ring, std::size_t size);

    /// Hands over what has come, at most `most` records; gives how many.
    std::size_t read(RecordHandler& handler, std::size_t most) noexcept;
    /// Becomes readable when a record is submitted with a wake-up, and stays so until read().
    [[nodiscard]] int wake_fd() const noexcept { return wakes_.get(); }

  private:
    using Mapped = std::unique_ptr<std::byte, Unmap>;

    [[nodiscard]] Mapped map(std::size_t offset, std::size_t size, int protection) const;
    [[nodiscard]] const std::byte* look(std::size_t begin, std::size_t size) noexcept;

    Fd ring_;
    std::size_t size_ = 0, page_ = 0;
    Mapped consumer_;                                ///< page with how far was read
    Mapped producer_;                                ///< page with how far was written
    Mapped window_;                                  ///< part of the data …
    std::size_t window_begin_ = 0, window_size_ = 0; ///< … from here on
    Fd wakes_;                                       ///< epoll, on the edge: the ring is read while it fills
};

} // namespace rwatch::sensor
