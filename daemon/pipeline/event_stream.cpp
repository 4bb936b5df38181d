// SPDX-License-Identifier: MIT OR Apache-2.0
#include "pipeline/event_stream.hpp"

#include "alerts/alert.hpp"
#include "core/escape.hpp"
#include "core/time.hpp"

#include <array>
#include <exception>
#include <nlohmann/json.hpp>

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
    : wanted_(std::move(wanted)), pipe_(std::move(pipe), 0), fields_(event::known_fields(kTold)) {}

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

void EventStream::on_event(const Passing& passing, event::Scratch& scratch) noexcept {
    if (pipe_.known_closed() || (wanted_ && !wanted_->matches(passing.event, scratch)))
        return;
    try {
        if (!pipe_.ready()) {
            ++lost_;
            return;
        }
        auto line = line_of(passing.event, scratch);
        if (lost_ > 0)
            line.insert(0, "{\"lost\": " + std::to_string(lost_) + "}\n");
        (void)pipe_.put(line);
        lost_ = 0;
        pipe_.flush();
    } catch (const std::exception&) {
        ++lost_; // no memory
    }
}

void EventStream::on_tick(std::uint64_t /*boot_ns*/) noexcept {
    (void)pipe_.closed();
}

} // namespace rwatch::pipeline
