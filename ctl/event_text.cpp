// SPDX-License-Identifier: MIT OR Apache-2.0
#include "event_text.hpp"

#include "core/counted.hpp"

namespace rwatch::ctl {

namespace {

using Json = nlohmann::ordered_json;

/// "20:15:01.123" of an RFC 3339 time.
std::string clock_of(const std::string& time) {
    constexpr std::size_t kBegin = 11, kLength = 12;
    return time.size() >= kBegin + kLength ? time.substr(kBegin, kLength) : time;
}

/// Whose it is, as far as that is known: unit, or container, and user.
std::string owner_of(const Json& fields) {
    auto place = safe_text(fields, "systemd.user_unit");
    if (place.empty())
        place = safe_text(fields, "systemd.unit");
    const auto container = safe_text(fields, "container.id");
    if (!container.empty() && container != "host")
        place = "container " + container;
    const auto user = safe_text(fields, "user.name");
    return place.empty() || user.empty() ? place + user : place + ", " + user;
}

/// The start of a program is its command line; else the object, and the arguments.
std::string deed_of(const Json& fields, const std::string& type) {
    if (type == "execve" || type == "execveat")
        return safe_text(fields, "proc.exepath") + "  " + safe_text(fields, "proc.cmdline");
    auto object = safe_text(fields, "fd.name");
    if (object.empty())
        object = safe_text(fields, "fs.path.name");
    if (const auto to = safe_text(fields, "fs.path.new"); !to.empty() && to != object)
        object += (object.empty() ? "" : " \xe2\x86\x92 ") + to;
    const auto arguments = safe_text(fields, "evt.args");
    return object.empty() || arguments.empty() ? object + arguments : object + "  " + arguments;
}

} // namespace

std::string event_line(const Json& event, const Terminal& terminal) {
    const auto& fields = member(event, "output_fields");
    const auto type = safe_text(fields, "evt.type");
    const auto line = clock_of(safe_text(event, "time")) + " " + type + "  " + safe_text(fields, "proc.name") + "[" +
                      std::to_string(number(fields, "proc.pid")) + "] (" + owner_of(fields) + ")  " +
                      deed_of(fields, type);
    return terminal.tty ? fit(line, terminal.width, terminal) : line;
}

} // namespace rwatch::ctl
