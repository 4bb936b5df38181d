// SPDX-License-Identifier: MIT OR Apache-2.0
#include "sensor/ring_reader.hpp"

#include "core/error.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <linux/bpf.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

namespace rwatch::sensor {

namespace {

constexpr std::uint64_t kAligned = 8; // records, of which each begins with a header of as many bytes
constexpr std::size_t kWindow = std::size_t{1} << 20U;

template <typename T> T load(const std::byte* from) noexcept {
    // The kernel writes it; atomic_ref takes no const in C++20.
    return std::atomic_ref(*reinterpret_cast<T*>(const_cast<std::byte*>(from))).load(std::memory_order_acquire);
}

} // namespace

void Unmap::operator()(std::byte* memory) const noexcept {
    ::munmap(memory, size_);
}

RingReader::Mapped RingReader::map(std::size_t offset, std::size_t size, int protection) const {
    void* const memory = ::mmap(nullptr, size, protection, MAP_SHARED, ring_.get(), static_cast<off_t>(offset));
    if (memory == MAP_FAILED)
        throw Error("map", "ring of events", errno);
    return Mapped(static_cast<std::byte*>(memory), Unmap(size));
}

RingReader::RingReader(Fd ring, std::size_t size)
    : ring_(std::move(ring)), size_(size), page_(static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))) {
    consumer_ = map(0, page_, PROT_READ | PROT_WRITE);
    producer_ = map(page_, page_, PROT_READ);
    wakes_.reset(::epoll_create1(EPOLL_CLOEXEC));
    epoll_event edge{};
    edge.events = EPOLLIN | EPOLLET;
    if (!wakes_ || ::epoll_ctl(wakes_.get(), EPOLL_CTL_ADD, ring_.get(), &edge) != 0)
        throw Error("wait for", "ring of events", errno);
}

/// So many bytes of the data, which may go over its end; null where no memory can be mapped. Valid until the next one.
const std::byte* RingReader::look(std::size_t begin, std::size_t size) noexcept {
    if (begin < window_begin_ || begin + size > window_begin_ + window_size_) {
        const auto from = begin / page_ * page_;
        const auto length =
            std::min(std::max(kWindow, begin + size - from + page_ - 1) / page_ * page_, 2 * size_ - from);
        try {
            window_ = map(2 * page_ + from, length, PROT_READ);
        } catch (const Error&) {
            return nullptr;
        }
        window_begin_ = from;
        window_size_ = length;
    }
    return window_.get() + (begin - window_begin_);
}

std::size_t RingReader::read(RecordHandler& handler, std::size_t most) noexcept {
    epoll_event woken{};
    (void)::epoll_wait(wakes_.get(), &woken, 1, 0);
    std::atomic_ref consumed(*reinterpret_cast<std::uint64_t*>(consumer_.get()));
    auto at = consumed.load(std::memory_order_acquire);
    std::uint64_t end = 0;
    std::size_t count = 0;
    while (count < most && (at < end || at < (end = load<std::uint64_t>(producer_.get())))) {
        const auto begin = static_cast<std::size_t>(at & (size_ - 1));
        const auto* const head = look(begin, BPF_RINGBUF_HDR_SZ);
        if (head == nullptr)
            break;
        const auto header = load<std::uint32_t>(head);
        if ((header & BPF_RINGBUF_BUSY_BIT) != 0)
            break; // it is being written, and those behind it wait for it
        const std::uint64_t size = header & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
        if ((header & BPF_RINGBUF_DISCARD_BIT) == 0) {
            const auto* const record = look(begin + kAligned, size);
            if (record == nullptr)
                break;
            handler.on_record({record, size});
            ++count;
        }
        at += (size + BPF_RINGBUF_HDR_SZ + kAligned - 1) / kAligned * kAligned;
        consumed.store(at, std::memory_order_release);
    }
    return count;
}

} // namespace rwatch::sensor
