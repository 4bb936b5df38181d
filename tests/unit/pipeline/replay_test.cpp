// SPDX-License-Identifier: MIT OR Apache-2.0
// Captures: the same rules give the same alerts as they did live; a file that is cut off or damaged is read up to
// there; what a slow reader loses is told.
#include "capture_support.hpp"

#include "pipeline/recorder.hpp"

#include <array>
#include <csignal>
#include <fcntl.h>
#include <stdexcept>
#include <unistd.h>

using namespace rwatch;
using namespace rwatch::pipeline;
using namespace rwatch::test;

namespace {

const std::string kSha(64, 'e');

std::string content_of(int fd) {
    std::string out(static_cast<std::size_t>(::lseek(fd, 0, SEEK_END)), '\0');
    REQUIRE(::pread(fd, out.data(), out.size(), 0) == static_cast<ssize_t>(out.size()));
    return out;
}

/// A machine with a chain of processes; hashes and names of containers come when a test says so.
class Machine final : public Enricher {
  public:
    Machine() {
        init.pid = 1;
        init.exe_path = "/sbin/init";
        shell.pid = 2;
        shell.parent = &init;
        shell.placement = &place;
        shell.exe_path = "/bin/sh";
        tool.parent = &shell;
        tool.ppid = 2;
        tool.placement = &place;
        tool.session_size = &session_size;
        tool.exe_path = "/opt/tool";
        tool.comm = "tool";
        place.unit = "web.service";
        names.version = 1;
        names.users[0] = "root";
    }

    void enrich(event::Event& e) noexcept override {
        tool.pid = e.pid;
        e.process = &tool;
        e.placement = &place;
        e.directory = &names;
        e.exe_hash = hash;
        e.object.name = "/host/opt/tool";
    }
    std::unique_ptr<Completion> completion(const event::Event&) override { return std::make_unique<Later>(*this); }
    bool waits_for_hash(const event::Event&) noexcept override { return hash.empty(); }
    void revisit(event::Event& e, event::Process& then) noexcept override {
        enrich(e);
        e.process = &then;
    }
    void want_hashes(bool) noexcept override {}

    event::Process init, shell, tool;
    event::Placement place;
    event::Directory names;
    std::uint32_t session_size = 3;
    std::string hash;
    bool complete = false;

  private:
    struct Later final : Completion {
        explicit Later(Machine& machine) : machine(machine) {}
        Findings look() noexcept override { return {machine.hash, &machine.place, machine.complete}; }
        Machine& machine;
    };
};

/// A pipeline whose recording goes through a pipe into a file.
class Live {
  public:
    explicit Live(std::string_view rules) : set_(rules_of(rules)) {
        std::signal(SIGPIPE, SIG_IGN);
        std::array<int, 2> ends{-1, -1};
        REQUIRE(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0);
        reader.reset(ends[0]);
        pipeline.install(set_);
        CaptureHeader header;
        header.wire_version = event::kWireVersion;
        header.hostname = "host";
        pipeline.install({std::make_shared<Recorder>(header, Fd(ends[1]))});
    }

    void exec(std::uint32_t pid, const std::string& arguments = "one") {
        machine.tool.cmdline = "tool " + arguments;
        now += 1'000'000;
        rw_exec record{};
        record.c.kind = RW_EXEC;
        record.c.call = RW_CALL_EXECVE;
        record.c.size = sizeof record;
        record.c.ktime = static_cast<std::uint64_t>(now);
        record.c.pid = record.c.tid = record.c.vpid = pid;
        record.c.start = 1;
        pipeline.record(std::as_bytes(std::span(&record, 1)), kOffset);
    }
    void pass(std::int64_t ns) {
        now += ns;
        pipeline.resume(now);
        pipeline.tick(static_cast<std::uint64_t>(now));
        take();
    }
    /// What the pipe has goes to the writer.
    void take() {
        std::string bytes(1U << 20U, '\0');
        for (ssize_t got = 1; got > 0;) {
            got = ::read(reader.get(), bytes.data(), bytes.size());
            if (got > 0)
                writer.add({bytes.data(), static_cast<std::size_t>(got)});
        }
    }
    /// The capture as a file's content.
    std::string finish() {
        pipeline.flush();
        take();
        writer.finish();
        return content_of(file.get());
    }

    std::shared_ptr<const rules::RuleSet> set_;
    Machine machine;
    SelfWatch self{9999, 1};
    alerts::AlertFactory factory{"host"};
    Alerts alerts;
    Pipeline pipeline{machine, self, factory, 0, [this](auto alert) { alerts.push_back(comparable(*alert)); }};
    Fd reader;
    Fd file{::memfd_create("capture", MFD_CLOEXEC)};
    CaptureWriter writer{Fd(::dup(file.get())), "capture"};
    std::int64_t now = 1'000'000'000;
};

/// Some of all that can happen.
void provoke(Live& live) {
    live.exec(50); // waits for its hash, and its alert for the rest
    live.exec(51);
    live.machine.tool.cmdline = "tool changed"; // not what it was
    live.machine.hash = kSha;
    live.pass(5'000'000);
    live.machine.place.container_name = "web";
    live.machine.complete = true;
    live.pass(5'000'000);
    live.machine.names.version = 2;
    live.machine.names.users[0] = "admin";
    live.machine.shell.exe_path = "/bin/dash";
    live.exec(52, "two");
    live.exec(53, "two"); // a repeat
    live.machine.hash.clear();
    live.machine.complete = false;
    live.pass(3'000'000'000); // the summary of repeats
    live.exec(54, "three");   // neither its hash nor the rest will come
    live.pass(Pipeline::kWait + 1);
    live.exec(55, "four");
}

} // namespace

TEST_CASE("a replay gives the alerts that were raised live, in their order, with their times") {
    Live live(kReplayRules);
    provoke(live);
    const auto capture = live.finish();
    REQUIRE(live.alerts.size() >= 9);
    CHECK(live.writer.events() == 6);
    CHECK(live.writer.lost() == 0);
    CHECK(live.writer.written() == capture.size());
    const Replayed replayed(capture);
    CHECK(replayed.report.trouble.empty());
    CHECK(replayed.report.events == 6);
    CHECK(replayed.report.alerts == replayed.alerts.size());
    REQUIRE(replayed.alerts.size() == live.alerts.size());
    for (std::size_t i = 0; i < live.alerts.size(); ++i)
        CHECK(replayed.alerts[i].dump(1) == live.alerts[i].dump(1));
    const auto dumped = nlohmann::json(live.alerts).dump();
    for (const auto* word : {"tool one", "web.service", "\"web\"", "admin", "/bin/dash", "/sbin/init",
                             "\"summary\":true", "\"rule\":\"hash\"", "\"rule\":\"many\""})
        CHECK_THAT(dumped, Catch::Contains(word));
}

TEST_CASE("other rules than those in force may be run over a capture") {
    Live live("- {rule: none, desc: d, condition: proc.name = other, output: o, priority: info}");
    provoke(live);
    CHECK(live.alerts.empty());
    const Replayed replayed(live.finish());
    CHECK(replayed.report.trouble.empty());
    CHECK(replayed.alerts.size() >= 4);
}

TEST_CASE("what the output throws ends a replay") {
    Live live(kReplayRules);
    provoke(live);
    CaptureReader capture(file_of(live.finish()));
    int told = 0;
    CHECK_THROWS_WITH(replay(capture, rules_of(kReplayRules), 0,
                             [&](const auto&) {
                                 ++told;
                                 throw std::runtime_error("no room");
                             }),
                      "no room");
    CHECK(told == 1);
}

TEST_CASE("a capture that is cut off is read up to there") {
    Live live(kReplayRules);
    provoke(live);
    live.writer.flush();
    const auto first = content_of(live.file.get()).size(); // a frame ends here
    live.exec(60);
    const auto capture = live.finish();
    const auto whole = Replayed(capture).alerts.size();
    for (std::size_t size = 1; size < capture.size(); size += 1 + size / 16) {
        const Replayed part(std::string_view(capture).substr(0, size));
        INFO(size << " of " << capture.size());
        CHECK_FALSE(part.report.trouble.empty());
        CHECK(part.alerts.size() <= whole);
        CHECK((part.report.events > 0) == (size >= first));
    }
    CHECK(Replayed(std::string_view(capture).substr(0, first + 1)).report.trouble == "cut off");
    CHECK(Replayed(std::string_view(capture).substr(0, first)).report.trouble == "it ends before its end was written");
}

TEST_CASE("a capture that is damaged is read up to there") {
    Live live(kReplayRules);
    provoke(live);
    live.writer.flush();
    const auto first = content_of(live.file.get()).size();
    live.exec(60);
    const auto capture = live.finish();
    for (std::size_t at = 0; at < capture.size(); at += at < first && at + 7 >= first ? 1 : 7) {
        auto damaged = capture;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
        const Replayed replayed(damaged);
        INFO(at << " of " << capture.size());
        CHECK_FALSE(replayed.report.trouble.empty());
        CHECK((replayed.report.events > 0) == (at >= first));
    }
}

TEST_CASE("what a slow reader has no room for is counted, and the rest is whole") {
    Live live(kReplayRules);
    const std::string much(60'000, 'x');
    constexpr std::uint32_t kExecs = 1500;
    for (std::uint32_t i = 0; i < kExecs; ++i)
        live.exec(1000 + i, much + std::to_string(i)); // nobody reads
    live.take();
    live.machine.hash = kSha;
    live.machine.complete = true;
    for (int i = 0; i < 64; ++i) // the pipe holds less than what waits
        live.pass(1'000'000);
    live.exec(9999, "last");
    live.pass(1'000'000);
    const Replayed replayed(live.finish());
    CHECK(replayed.report.trouble.empty());
    CHECK(replayed.report.lost > 0);
    CHECK(replayed.report.lost == live.writer.lost());
    CHECK(replayed.report.lost + replayed.report.events == kExecs + 1);
    CHECK(replayed.report.undecodable == 0);
}

TEST_CASE("a recording that nobody reads any more is noticed") {
    Live live(kReplayRules);
    CHECK_FALSE(live.pipeline.counters().alerts > 0);
    std::array<int, 2> ends{-1, -1};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    Recorder recorder({}, Fd(ends[1]));
    CHECK_FALSE(recorder.closed());
    ::close(ends[0]);
    recorder.on_tick(1);
    CHECK(recorder.closed());
}
