// SPDX-License-Identifier: MIT OR Apache-2.0
#include "command.hpp"

#include "core/error.hpp"
#include "core/escape.hpp"
#include "core/time.hpp"

#include <cerrno>
#include <cstdio>

namespace rwatch::ctl {

namespace {

constexpr int kIndent = 2;

std::string dump(const Json& json, int indent) {
    return escape_json(json.dump(indent, ' ', false, Json::error_handler_t::replace));
}

} // namespace

Context::Context(Arguments arguments, const Terminal& terminal) : args_(std::move(arguments)), terminal_(terminal) {}

void Context::print(const std::string& text) const {
    if (!show(text, terminal_, !args_.has("no-pager")))
        throw Failure(kFailed, "cannot write to standard output: " + errno_text(errno));
}

void Context::print(const Json& document) const {
    print(dump(document, kIndent) + "\n");
}

void Context::print_line(const std::string& line) const {
    if (!show(line + "\n", terminal_, false))
        throw Failure(kFailed, "cannot write to standard output: " + errno_text(errno));
}

std::string Context::one_line(const Json& object) const {
    return dump(object, -1);
}

void complain(const std::string& text) {
    std::fprintf(stderr, "rwatchctl: %s\n", text.c_str());
}

std::uint64_t span_usec(const std::string& text, std::string_view option) {
    const auto span = parse_span(text);
    if (!span)
        throw UsageError("--" + std::string(option) + ": '" + escape(text) +
                         "' is no time span; try 10m, 1h30min, 90s");
    return static_cast<std::uint64_t>(*span) / 1000;
}

std::uint64_t time_usec(const std::string& text, std::string_view option) {
    const auto time = parse_time(text, wall_now());
    if (!time || *time < 0)
        throw UsageError("--" + std::string(option) + ": '" + escape(text) +
                         "' is no time; try 10:30, -1h, yesterday, '2026-11-24 03:00'");
    return static_cast<std::uint64_t>(*time) / 1000;
}

} // namespace rwatch::ctl
