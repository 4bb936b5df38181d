// SPDX-License-Identifier: MIT OR Apache-2.0
#include "pipeline/pipe_writer.hpp"

#include "core/error.hpp"

#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <utility>

namespace rwatch::pipeline {

PipeWriter::PipeWriter(Fd pipe, std::size_t most) : pipe_(std::move(pipe)), most_(most) {
    if (::fcntl(pipe_.get(), F_SETFL, O_NONBLOCK) != 0)
        throw Error("make a pipe not wait", "", errno);
    (void)::fcntl(pipe_.get(), F_SETPIPE_SZ, kRoom); // else it is smaller
}

void PipeWriter::flush() noexcept {
    while (sent_ < waiting_.size()) {
        const auto sent = ::write(pipe_.get(), waiting_.data() + sent_, waiting_.size() - sent_);
        if (sent > 0) {
            sent_ += static_cast<std::size_t>(sent);
            continue;
        }
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN)
            closed_.store(true, std::memory_order_relaxed);
        break;
    }
    if (sent_ == waiting_.size()) {
        waiting_.clear();
        sent_ = 0;
    } else if (sent_ > waiting_.size() / 2) {
        waiting_.erase(0, std::exchange(sent_, 0));
    }
    tried_ = waiting_.size();
}

bool PipeWriter::ready() noexcept {
    if (waiting_.size() - sent_ > most_)
        flush();
    return !known_closed() && waiting_.size() - sent_ <= most_;
}

bool PipeWriter::put(std::string_view text) {
    if (!ready())
        return false;
    waiting_.append(text);
    if (waiting_.size() - tried_ >= kChunk)
        flush();
    return true;
}

bool PipeWriter::closed() noexcept {
    pollfd reader{pipe_.get(), 0, 0};
    if (::poll(&reader, 1, 0) > 0 && (reader.revents & POLLERR) != 0)
        closed_.store(true, std::memory_order_relaxed);
    return known_closed();
}

} // namespace rwatch::pipeline
