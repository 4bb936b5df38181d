// SPDX-License-Identifier: MIT OR Apache-2.0
// The console: golden lines, escapes, colour, and terminals and pipes that do not read.
#include "alert_support.hpp"

#include "alerts/console.hpp"
#include "alerts/queued_sink.hpp"
#include "core/handle.hpp"

#include <ctime>
#include <fcntl.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>

using namespace rwatch;
using namespace rwatch::test;
using namespace std::chrono_literals;
using alerts::console_line;
using alerts::ConsoleMode;

namespace {

std::unique_ptr<alerts::Sink> make_console_sink(int fd, ConsoleMode mode, bool colour, std::size_t capacity) {
    return std::make_unique<alerts::QueuedSink>("console", capacity, alerts::make_console_writer(fd, mode, colour));
}

void use_utc() {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
}

struct Pipe {
    Fd in, out;
    Pipe() {
        int ends[2];
        REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
        in.reset(ends[0]);
        out.reset(ends[1]);
    }
};

std::string read_some(int fd) {
    std::string text(65536, '\0');
    const auto got = ::read(fd, text.data(), text.size());
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
}

} // namespace

TEST_CASE("console: golden lines") {
    use_utc();
    auto alert = make_alert();
    CHECK(console_line(alert, false) ==
          "03:04:05  WARNING    Sensitive file read  cat (pid 123, root, ssh.service)  /usr/bin/cat reads /etc/shadow");
    CHECK(console_line(alert, true) ==
          "\x1b[2m03:04:05\x1b[0m  \x1b[33mWARNING  \x1b[0m  \x1b[1mSensitive file read\x1b[0m  "
          "cat (pid 123, root, ssh.service)  /usr/bin/cat reads /etc/shadow");
    alert.user_unit = "tmux.service";
    alert.priority = rules::Priority::emergency;
    CHECK(
        console_line(alert, false) ==
        "03:04:05  EMERGENCY  Sensitive file read  cat (pid 123, root, tmux.service)  /usr/bin/cat reads /etc/shadow");
    alert.user_unit = alert.unit = "";
    alert.processes.clear();
    alert.priority = rules::Priority::informational;
    CHECK(console_line(alert, false) ==
          "03:04:05  INFO       Sensitive file read  ? (pid 123)  /usr/bin/cat reads /etc/shadow");
    alert.pid = 0;
    CHECK(console_line(alert, false) == "03:04:05  INFO       Sensitive file read  /usr/bin/cat reads /etc/shadow");
}

TEST_CASE("console: a process without path is named by its command line") {
    use_utc();
    auto alert = make_alert();
    alert.processes[0].exe_path = "";
    alert.processes[0].cmdline = "kworker/0:1 x";
    CHECK(console_line(alert, false).find("  kworker/0:1 (pid 123, root") != std::string::npos);
}

TEST_CASE("console: nothing in an alert can move the cursor or forge a line") {
    use_utc();
    auto alert = make_alert();
    alert.rule = "r\x1b[2Jx";
    alert.output = "first\n03:04:05  DEBUG  forged\r\x07\xc2\x9b\xe2\x80\xae\xff";
    alert.processes[0].exe_path = "/tmp/ev\x1b]0;il\n";
    alert.processes[0].user = "ro\tot";
    alert.unit = "a\nb.service";
    const auto line = console_line(alert, false);
    CHECK(line == "03:04:05  WARNING    r\\x1b[2Jx  ev\\x1b]0;il\\n (pid 123, ro\\tot, a\\nb.service)  "
                  "first\\n03:04:05  DEBUG  forged\\r\\x07\\u{9b}\\u{202e}\\xff");
}

TEST_CASE("console: writes text or JSON, one line each, to a pipe") {
    use_utc();
    Pipe pipe;
    const auto mode = GENERATE(ConsoleMode::text, ConsoleMode::json);
    auto sink = make_console_sink(pipe.out.get(), mode, false, 10);
    sink->submit(shared_alert("a"));
    sink->submit(shared_alert("b"));
    sink->stop(5 * kSecond);
    CHECK(sink->status().delivered == 2);
    const auto text = read_some(pipe.in.get());
    if (mode == ConsoleMode::json)
        CHECK(text == alerts::to_json_text(make_alert("a")) + "\n" + alerts::to_json_text(make_alert("b")) + "\n");
    else
        CHECK(text == console_line(make_alert("a"), false) + "\n" + console_line(make_alert("b"), false) + "\n");
    CHECK((::fcntl(pipe.out.get(), F_GETFL) & O_NONBLOCK) == 0); // the caller's descriptor is as it was
}

TEST_CASE("console: writes to a file where it was, not over it") {
    const TempDir dir;
    const auto path = dir.path() / "out";
    Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    REQUIRE(::write(file.get(), "hello\n", 6) == 6);
    auto sink = make_console_sink(file.get(), ConsoleMode::json, false, 10);
    sink->submit(shared_alert("a"));
    sink->stop(5 * kSecond);
    CHECK(lines_of(path).size() == 2);
    CHECK(lines_of(path)[0] == "hello");
}

TEST_CASE("console: a pipe that nobody reads holds only this sink, and its end is prompt") {
    Pipe pipe;
    auto sink = make_console_sink(pipe.out.get(), ConsoleMode::json, false, 2000);
    const auto took = time_of([&] {
        for (int i = 0; i < 1000; ++i)
            sink->submit(shared_alert());
    });
    CHECK(took < 5s);
    REQUIRE(eventually([&] { return sink->status().delivered > 50; }));
    CHECK(time_of([&] { sink->stop(100 * kMillisecond); }) < 5s);
    const auto status = sink->status();
    CHECK(status.delivered < 1000);
    CHECK(status.delivered + status.dropped == 1000);
}

TEST_CASE("console: a pipe whose reader is gone is a told failure, not a signal") {
    Pipe pipe;
    auto sink = make_console_sink(pipe.out.get(), ConsoleMode::text, false, 10);
    pipe.in.reset();
    sink->submit(shared_alert());
    REQUIRE(eventually([&] { return sink->status().dropped == 1; }));
    CHECK(sink->status().state == "cannot write to 'console': Broken pipe");
}

TEST_CASE("console: a terminal stopped by ^S holds only this sink, and goes on by ^Q") {
    int master = -1;
    int slave = -1;
    REQUIRE(::openpty(&master, &slave, nullptr, nullptr, nullptr) == 0);
    Fd keyboard(master);
    Fd terminal(slave);
    REQUIRE(::tcflow(terminal.get(), TCOOFF) == 0);
    auto sink = make_console_sink(terminal.get(), ConsoleMode::json, false, 10);
    sink->submit(shared_alert("a"));
    std::this_thread::sleep_for(50ms);
    CHECK(sink->status().delivered == 0);
    REQUIRE(::tcflow(terminal.get(), TCOON) == 0);
    REQUIRE(eventually([&] { return sink->status().delivered == 1; }));
    CHECK(read_some(keyboard.get()).find("\"id\":\"a\"") != std::string::npos);

    REQUIRE(::tcflow(terminal.get(), TCOOFF) == 0);
    sink->submit(shared_alert("b"));
    CHECK(time_of([&] { sink->stop(50 * kMillisecond); }) < 5s);
    CHECK(sink->status().dropped == 1);
}

TEST_CASE("console: colour only for a terminal, and only where it is wanted") {
    int master = -1;
    int slave = -1;
    REQUIRE(::openpty(&master, &slave, nullptr, nullptr, nullptr) == 0);
    const Fd keyboard(master);
    const Fd terminal(slave);
    const Pipe pipe;
    ::setenv("TERM", "xterm", 1);
    ::unsetenv("NO_COLOR");
    CHECK(alerts::wants_colour(terminal.get()));
    CHECK_FALSE(alerts::wants_colour(pipe.out.get()));
    ::setenv("NO_COLOR", "1", 1);
    CHECK_FALSE(alerts::wants_colour(terminal.get()));
    ::setenv("NO_COLOR", "", 1); // empty counts as unset
    CHECK(alerts::wants_colour(terminal.get()));
    ::setenv("TERM", "dumb", 1);
    CHECK_FALSE(alerts::wants_colour(terminal.get()));
    ::unsetenv("TERM");
    CHECK_FALSE(alerts::wants_colour(terminal.get()));
    ::unsetenv("NO_COLOR");
}
