// SPDX-License-Identifier: MIT OR Apache-2.0
// Owners for things of C libraries: a file descriptor, and unique_ptr with a stateless deleter.
#pragma once

#include <memory>
#include <unistd.h>
#include <utility>

namespace rwatch {

/// Owns a file descriptor; -1 is none.
class Fd {
  public:
    Fd() noexcept = default;
    explicit Fd(int fd) noexcept : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        reset(std::exchange(other.fd_, -1));
        return *this;
    }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd() { reset(); }

    [[nodiscard]] int get() const noexcept { return fd_; }
    [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }
    [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
    void reset(int fd = -1) noexcept {
        if (fd_ >= 0)
            ::close(fd_);
        fd_ = fd;
    }

  private:
    int fd_ = -1;
};

/// Calls Fn on destruction: `Handle<sd_event, sd_event_unref>`.
template <auto Fn> struct Deleter {
    template <typename T> void operator()(T* pointer) const noexcept { Fn(pointer); }
};
template <typename T, auto Fn> using Handle = std::unique_ptr<T, Deleter<Fn>>;

} // namespace rwatch
