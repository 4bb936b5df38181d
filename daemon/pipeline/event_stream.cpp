// SPDX-License-Identifier: MIT OR Apache-2.0
#include "pipeline/event_stream.hpp"

#include "alerts/alert.hpp"
#include "core/error.hpp"
#include "core/escape.hpp"
#include "core/time.hpp"

#include <array>
#include <cerrno>
#include <exception>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <unistd.h>

namespace rwatch::pipeline {

namespace {

/// Of each event those that it has.
constexpr std::array<std::string_view, 21> kTold{
    "evt.type",     "evt.res",           "evt.args",        "proc.pid",     "proc.ppid", "proc.name",
    "proc.exepath", "proc.cmdline",      "proc.pexepath",   "user.name",    "user.uid",  "user.loginname",
    "systemd.unit", "systemd.user_unit", "systemd.session", "container.id", "fd.name",   "fs.path.name",
    "fs.path.new",  "fd.sip.name",       "proc.target.pid"};

} // namespace

EventStream::EventStream(std::optional<rules::Condition> wanted, Fd pipe)
    : wanted_(std::move(wanted)), pipe_(std::move(pipe)), fields_(event::known_fields(kTold)) {
    if (::fcntl(pipe_.get(), F_SETFL, O_NONBLOCK) != 0)
        throw Error("make the pipe of a stream of events not wait", "", errno);
    (void)::fcntl(pipe_.get(), F_SETPIPE_SZ, kRoom); // else it is smaller
}

std::size_t EventStream::send(std::string_view text) noexcept {
    const auto sent = ::write(pipe_.get(), text.data(), text.size());
    if (sent >= 0)
        return static_cast<std::size_t>(sent);
    if (errno != EAGAIN && errno != EINTR)
        closed_.store(true, std::memory_order_relaxed);
    return 0;
}

bool EventStream::send_rest() noexcept {
    if (!rest_.empty())
        rest_.erase(0, send(rest_));
    return rest_.empty();
}

std::string EventStream::line_of(const event::Event& event, event::Scratch& scratch) {
    nlohmann::ordered_json line;
    line["time"] = rfc3339(event.wall_ns);
    line["source"] = "rwatch";
    auto& fields = line["output_fields"];
    for (const auto& ref : fields_) {
        scratch.reset();
        event::read(ref, event, scratch, values_);
        if (!values_.empty())
            fields[event::to_string(ref)] = alerts::to_json(alerts::field_value(ref, values_));
    }
    return escape_json(line.dump()) + "\n";
}

void EventStream::offer(const event::Event& event, event::Scratch& scratch) noexcept {
    if (closed_.load(std::memory_order_relaxed))
        return;
    scratch.reset();
    if (wanted_ && !wanted_->matches(event, scratch))
        return;
    try {
        if (!send_rest()) {
            ++lost_;
            return;
        }
        auto line = line_of(event, scratch);
        if (lost_ > 0)
            line.insert(0, "{\"lost\": " + std::to_string(lost_) + "}\n");
        const auto sent = send(line);
        if (sent == 0) {
            ++lost_;
            return;
        }
        lost_ = 0;
        rest_ = line.substr(sent);
    } catch (const std::exception&) {
        ++lost_; // no memory
    }
}

bool EventStream::closed() noexcept {
    pollfd reader{pipe_.get(), 0, 0};
    if (::poll(&reader, 1, 0) > 0 && (reader.revents & POLLERR) != 0)
        closed_.store(true, std::memory_order_relaxed);
    return closed_.load(std::memory_order_relaxed);
}

void EventStream::look() noexcept {
    if (!closed())
        (void)send_rest();
}

} // namespace rwatch::pipeline
