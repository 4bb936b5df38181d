// SPDX-License-Identifier: MIT OR Apache-2.0
// rwatchctl record -o FILE: what happens on this machine, into a file that rules can be tried on later.
#include "command.hpp"
#include "core/error.hpp"
#include "core/escape.hpp"
#include "core/time.hpp"
#include "pipeline/capture_file.hpp"
#include "render.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <limits>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace rwatch::ctl {

namespace {

constexpr std::array<OptionSpec, 2> kRecordOptions{{
    {"output", 'o', "FILE", "where to; replaced where it exists"},
    {"for", '\0', "SPAN", "how long: 10m, 1h30min; without it, until Ctrl-C"},
}};

constexpr std::int64_t kFlushEvery = kSecond;
constexpr std::int64_t kLinger = kSecond / 5; // what happened before the end is on its way

/// Readable once the user wants it to end.
Fd stop_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP})
        sigaddset(&signals, signal);
    sigprocmask(SIG_BLOCK, &signals, nullptr);
    Fd out(::signalfd(-1, &signals, SFD_CLOEXEC));
    if (!out)
        throw Failure(kFailed, "cannot wait for signals: " + errno_text(errno));
    return out;
}

Fd create_file(const std::string& path) {
    Fd out(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!out)
        throw Failure(kFailed, "cannot open '" + escape(path) + "': " + errno_text(errno));
    return out;
}

/// Until a signal, or `end` on the boot clock; false where the daemon stopped.
bool copy(const Fd& capture, const Fd& signals, std::int64_t end, pipeline::CaptureWriter& writer) {
    std::string bytes(256U << 10U, '\0');
    auto flush_at = boot_now() + kFlushEvery;
    for (bool stopping = false;;) {
        const auto now = boot_now();
        if (now >= end && stopping)
            return true;
        if (now >= flush_at) {
            writer.flush();
            flush_at = now + kFlushEvery;
        }
        std::array<pollfd, 2> fds{{{capture.get(), POLLIN, 0}, {signals.get(), POLLIN, 0}}};
        const auto wait = std::max<std::int64_t>(std::min(end, flush_at) - now, 0);
        const timespec timeout{wait / kSecond, wait % kSecond};
        if (::ppoll(fds.data(), stopping ? 1 : 2, &timeout, nullptr) < 0 && errno != EINTR)
            throw Failure(kFailed, "cannot wait for events: " + errno_text(errno));
        if (!stopping && (fds[1].revents != 0 || boot_now() >= end)) {
            stopping = true;
            end = boot_now() + kLinger;
        }
        if (fds[0].revents == 0)
            continue;
        const auto got = ::read(capture.get(), bytes.data(), bytes.size());
        if (got == 0)
            return false;
        if (got < 0 && errno != EINTR)
            throw Failure(kFailed, "cannot read the events: " + errno_text(errno));
        writer.add({bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))});
    }
}

void tell(const Context& context, const std::string& path, const pipeline::CaptureWriter& writer) {
    if (context.json())
        return context.print(Json{{"file", to_utf8(path)},
                                  {"events", writer.events()},
                                  {"lost", writer.lost()},
                                  {"bytes", writer.written()}});
    context.print("Recorded " + counted(writer.events(), "event") + ", " + counted(writer.written(), "byte") + " in " +
                  escape(path) + "\n");
    if (writer.lost() > 0)
        complain(counted(writer.lost(), "event") + " not recorded: there were more than could be written");
}

int run_record(const Context& context) {
    const auto path = context.args().value("output").value_or("");
    if (path.empty())
        throw UsageError("'record' needs --output FILE");
    auto end = std::numeric_limits<std::int64_t>::max();
    if (const auto span = context.args().value("for"))
        end = boot_now() + static_cast<std::int64_t>(span_usec(*span, "for")) * 1000;
    const auto signals = stop_signals();
    auto client = context.client();
    const auto capture = client.open_capture(); // before a file is replaced
    pipeline::CaptureWriter writer(create_file(path), path);
    complain("recording to " + escape(path) + "; Ctrl-C ends");
    try {
        const bool in_order = copy(capture, signals, end, writer);
        in_order ? writer.finish() : writer.flush();
        tell(context, path, writer);
        if (!in_order)
            throw Failure(kNotRunning, "rwatchd stopped; what came before is recorded");
    } catch (const Error& error) {
        throw Failure(kFailed, error.what());
    }
    return kOk;
}

} // namespace

constinit const Verb kRecordVerb{
    "record",
    "",
    "Record events into a file",
    "All that rwatchd is told by the kernel, and what it knows of it: processes, units,\n"
    "names. It may hold secrets, such as arguments of commands, and only you can read it.\n"
    "'rwatchctl replay' runs rules over it.",
    kRecordOptions,
    0,
    0,
    run_record};

} // namespace rwatch::ctl
