// SPDX-License-Identifier: MIT OR Apache-2.0
#include "alerts/sink_set.hpp"

#include <algorithm>
#include <system_error>
#include <thread>

namespace rwatch::alerts {

void SinkSet::submit(const std::shared_ptr<const Alert>& alert) noexcept {
    for (const auto& sink : sinks_)
        sink->submit(alert);
}

std::vector<SinkStatus> SinkSet::statuses() const {
    std::vector<SinkStatus> out;
    out.reserve(sinks_.size());
    for (const auto& sink : sinks_)
        out.push_back(sink->status());
    return out;
}

std::shared_ptr<QueuedSink> SinkSet::find(std::string_view name) const {
    const auto found = std::find_if(sinks_.begin(), sinks_.end(), [&](auto& sink) { return sink->name() == name; });
    return found == sinks_.end() ? nullptr : *found;
}

SinkSet SinkSet::without(const SinkSet& other) const {
    SinkSet rest;
    for (const auto& sink : sinks_)
        if (!other.find(sink->name()))
            rest.add(sink);
    return rest;
}

void SinkSet::stop(std::int64_t limit_ns) noexcept {
    std::vector<std::thread> stops;
    stops.reserve(sinks_.size());
    for (const auto& sink : sinks_) {
        try {
            stops.emplace_back([&sink, limit_ns] { sink->stop(limit_ns); });
        } catch (const std::system_error&) {
            sink->stop(limit_ns); // no thread to be had: one after the other
        }
    }
    for (auto& stop : stops)
        stop.join();
}

} // namespace rwatch::alerts
