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

RingReader::RingReader(Fd ring, std::size_t size) : ring_(std::move(ring)), size_(size) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    consumer_ = map(0, page, PROT_READ | PROT_WRITE);
    producer_ = map(page, page + size, PROT_READ);
    data_ = producer_.get() + page;
    wakes_.reset(::epoll_create1(EPOLL_CLOEXEC));
    epoll_event edge{};
    edge.events = EPOLLIN | EPOLLET;
    if (!wakes_ || ::epoll_ctl(wakes_.get(), EPOLL_CTL_ADD, ring_.get(), &edge) != 0)
        throw Error("wait for", "ring of events", errno);
}

/// Of a record that goes over the end its two pieces, put together; without memory for that, nothing.
std::span<const std::byte> RingReader::whole(std::size_t begin, std::size_t size) noexcept {
    if (begin + size <= size_)
        return {data_ + begin, size};
    try {
        pieces_.resize(std::max(pieces_.size(), size));
    } catch (const std::exception&) {
        return {};
    }
    const auto first = size_ - begin;
    std::copy_n(data_ + begin, first, pieces_.begin());
    std::copy_n(data_, size - first, pieces_.begin() + static_cast<std::ptrdiff_t>(first));
    return {pieces_.data(), size};
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
        const auto header = load<std::uint32_t>(data_ + begin);
        if ((header & BPF_RINGBUF_BUSY_BIT) != 0)
            break; // it is being written, and those behind it wait for it
        const std::uint64_t size = header & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
        if ((header & BPF_RINGBUF_DISCARD_BIT) == 0) {
            handler.on_record(whole(static_cast<std::size_t>((at + kAligned) & (size_ - 1)), size));
            ++count;
        }
        at += (size + BPF_RINGBUF_HDR_SZ + kAligned - 1) / kAligned * kAligned;
        consumed.store(at, std::memory_order_release);
    }
    return count;
}

} // namespace rwatch::sensor
