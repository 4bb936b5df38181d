// SPDX-License-Identifier: MIT OR Apache-2.0
// The journal's fields, and the sink against a journal of our own at libsystemd's socket, inside a private mount
// namespace; without one, too.
#include "alert_support.hpp"

#include "alerts/journal.hpp"
#include "alerts/message_id.hpp"
#include "alerts/queued_sink.hpp"
#include "core/handle.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

using namespace rwatch;
using namespace rwatch::test;
using alerts::journal_field_name;
using alerts::journal_fields;

namespace {

std::unique_ptr<alerts::Sink> make_journal_sink(std::size_t capacity) {
    return std::make_unique<alerts::QueuedSink>("journal", capacity, alerts::make_journal_writer());
}

constexpr int kSkipped = 77; // exit status of a child that may not do what it must

/// Runs `work` in a child that sees an empty /run of its own; gives its exit status. Only system calls and the code
/// under test in there: no Catch.
int in_private_run(const std::function<int()>& work) {
    const pid_t child = ::fork();
    if (child == 0) {
        int status = kSkipped;
        if (::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
            ::mount("none", "/run", "tmpfs", 0, nullptr) == 0)
            status = work();
        ::_exit(status);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    return WEXITSTATUS(status);
}

Fd journal_socket() {
    ::mkdir("/run/systemd", 0755);
    ::mkdir("/run/systemd/journal", 0755);
    Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::snprintf(address.sun_path, sizeof address.sun_path, "%s", alerts::kJournalSocket);
    if (::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
        return {};
    return socket;
}

std::string receive(const Fd& socket) {
    pollfd ready{socket.get(), POLLIN, 0};
    if (::poll(&ready, 1, 5000) != 1)
        return {};
    std::string text(65536, '\0');
    const auto got = ::recv(socket.get(), text.data(), text.size(), 0);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
}

} // namespace

TEST_CASE("journal: fields of an entry") {
    auto alert = make_alert("id-1");
    alert.output_fields.emplace_back("proc.aname[2]", std::string("ba\nsh"));
    CHECK(journal_fields(alert) == std::vector<std::string>{
                                       "MESSAGE=/usr/bin/cat reads /etc/shadow",
                                       "PRIORITY=4",
                                       "MESSAGE_ID=" + std::string(alerts::kAlertMessageId),
                                       "SYSLOG_IDENTIFIER=rwatchd",
                                       "RWATCH_ALERT_ID=id-1",
                                       "RWATCH_RULE=Sensitive file read",
                                       "RWATCH_TAGS=file",
                                       "RWATCH_TAGS=T1003.008",
                                       "RWATCH_UNIT=ssh.service",
                                       "OBJECT_PID=123",
                                       "RWATCH_F_PROC_EXEPATH=/usr/bin/cat",
                                       "RWATCH_F_PROC_PID=123",
                                       "RWATCH_F_EVT_IS_OPEN_READ=true",
                                       "RWATCH_F_PROC_ANAME_2=ba\nsh",
                                   });
    alert.unit.clear();
    alert.pid = 0;
    alert.tags.clear();
    alert.output_fields.clear();
    alert.suppressed = 12;
    CHECK(journal_fields(alert).size() == 7);
    CHECK(journal_fields(alert).back() == "RWATCH_SUPPRESSED=12");
}

TEST_CASE("journal: names of fields are as journald takes them") {
    CHECK(journal_field_name("proc.exepath") == "RWATCH_F_PROC_EXEPATH");
    CHECK(journal_field_name("evt.arg[flags]") == "RWATCH_F_EVT_ARG_FLAGS");
    CHECK(journal_field_name("a..b--c ") == "RWATCH_F_A_B_C");
    CHECK(journal_field_name("\xc3\xa9=\n") == "RWATCH_F");
    const auto longest = journal_field_name(std::string(200, 'x'));
    CHECK(longest.size() == 64);
}

TEST_CASE("journal: the catalog explains this MESSAGE_ID") {
    const auto catalog = read_all(RWATCH_SOURCE_DIR "/systemd/rwatch.catalog");
    CHECK(catalog.find("\n-- " + std::string(alerts::kAlertMessageId) + "\nSubject: ") != std::string::npos);
    CHECK(alerts::kAlertMessageId.size() == 32);
}

TEST_CASE("journal: an entry arrives whole at the journal's socket") {
    const int status = in_private_run([] {
        const auto socket = journal_socket();
        if (!socket)
            return 1;
        auto sink = make_journal_sink(10);
        auto alert = make_alert("id-1");
        alert.output_fields.emplace_back("fd.name", std::string("two\nMESSAGE=forged"));
        sink->submit(std::make_shared<const alerts::Alert>(alert));
        const auto entry = receive(socket);
        sink->stop(kSecond);
        const bool whole = entry.find("MESSAGE=/usr/bin/cat reads /etc/shadow\n") != std::string::npos &&
                           entry.find("RWATCH_TAGS=T1003.008\n") != std::string::npos &&
                           entry.find("OBJECT_PID=123\n") != std::string::npos;
        // A value with a line break is sent with its length: "NAME\n", eight bytes of length, the value.
        const std::string length{18, 0, 0, 0, 0, 0, 0, 0};
        const bool binary = entry.find("RWATCH_F_FD_NAME\n" + length + "two\nMESSAGE=forged\n") != std::string::npos;
        const bool placeless = entry.find("CODE_FILE") == std::string::npos;
        const auto now = sink->status();
        return whole && binary && placeless && now.delivered == 1 && now.state == "ok" ? 0 : 2;
    });
    if (status == kSkipped)
        WARN("skipped: no right to a mount namespace");
    else
        CHECK(status == 0);
}

TEST_CASE("journal: without one, its state says so and nothing waits") {
    const int status = in_private_run([] {
        auto sink = make_journal_sink(10);
        const std::string expected = "cannot reach journal '/run/systemd/journal/socket': No such file or directory";
        if (!eventually([&] { return sink->status().state == expected; })) // before the first alert
            return 1;
        sink->submit(shared_alert());
        if (!eventually([&] { return sink->status().dropped == 1; }))
            return 2;
        if (sink->status().failed != 1 || sink->status().state != expected)
            return 3;
        const auto socket = journal_socket(); // it comes up later
        sink->submit(shared_alert());
        return eventually([&] { return sink->status().delivered == 1 && sink->status().state == "ok"; }) ? 0 : 4;
    });
    if (status == kSkipped)
        WARN("skipped: no right to a mount namespace");
    else
        CHECK(status == 0);
}

TEST_CASE("journal: one that does not read blocks neither submit nor stop") {
    const int status = in_private_run([] {
        const auto socket = journal_socket(); // bound, never read: after a few datagrams a sender waits
        auto sink = make_journal_sink(5000);
        const auto submitting = time_of([&] {
            for (int i = 0; i < 4000; ++i)
                sink->submit(shared_alert());
        });
        if (submitting > std::chrono::seconds(5))
            return 1;
        std::uint64_t last = 0; // wait until it is stuck
        const bool stuck = eventually([&] {
            const auto now = sink->status().delivered;
            const bool same = now == last && now > 0;
            last = now;
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
            return same;
        });
        if (!stuck || sink->status().queued == 0)
            return 2;
        const auto stopping = time_of([&] { sink->stop(100 * kMillisecond); });
        const auto now = sink->status();
        if (stopping > std::chrono::seconds(5))
            return 3;
        return now.delivered + now.dropped == 4000 ? 0 : 4;
    });
    if (status == kSkipped)
        WARN("skipped: no right to a mount namespace");
    else
        CHECK(status == 0);
}
