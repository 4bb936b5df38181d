// SPDX-License-Identifier: MIT OR Apache-2.0
// The JSON log: modes, rotation, files that are moved away, torn lines, full disks.
#include "alert_support.hpp"

#include "alerts/json_file.hpp"
#include "alerts/queued_sink.hpp"

#include <csignal>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

using namespace rwatch;
using namespace rwatch::test;
using alerts::JsonFileOptions;
namespace fs = std::filesystem;

namespace {

std::unique_ptr<alerts::Sink> make_json_file_sink(alerts::JsonFileOptions options, std::size_t capacity,
                                                  alerts::JsonFileRetry retry = {}) {
    return std::make_unique<alerts::QueuedSink>("file", capacity,
                                                alerts::make_json_file_writer(std::move(options), retry));
}

using FileIds = std::vector<std::string>;

void send(alerts::Sink& sink, const std::string& id) {
    const auto before = sink.status();
    sink.submit(shared_alert(id));
    REQUIRE(eventually([&] {
        const auto now = sink.status();
        return now.delivered + now.dropped == before.delivered + before.dropped + 1;
    }));
}

mode_t mode_of(const fs::path& path) {
    struct stat info {};
    REQUIRE(::stat(path.c_str(), &info) == 0);
    return info.st_mode & 07777U;
}

/// Limits the size of files for as long as it lives.
class FileSizeLimit {
  public:
    explicit FileSizeLimit(rlim_t bytes) {
        std::signal(SIGXFSZ, SIG_IGN);
        REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
        auto limit = before_;
        limit.rlim_cur = bytes;
        REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;
    ~FileSizeLimit() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, SIG_DFL);
    }

  private:
    rlimit before_{};
};

/// A tiny file system of its own, where we may mount one.
class TinyDisk {
  public:
    explicit TinyDisk(const fs::path& at) : at_(at) { fs::create_directory(at_); }
    TinyDisk(const TinyDisk&) = delete;
    TinyDisk& operator=(const TinyDisk&) = delete;
    ~TinyDisk() {
        if (mounted_)
            ::umount2(at_.c_str(), MNT_DETACH);
    }
    bool mount() { return mounted_ = ::mount("none", at_.c_str(), "tmpfs", 0, "size=32k") == 0; }

  private:
    fs::path at_;
    bool mounted_ = false;
};

void fill(const fs::path& path) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    REQUIRE(fd >= 0);
    const std::string page(4096, 'x');
    while (::write(fd, page.data(), page.size()) > 0) {
    }
    ::close(fd);
}

} // namespace

TEST_CASE("file: makes folder and file with their modes at once, and appends lines") {
    const TempDir dir;
    const auto path = dir.path() / "log" / "rwatch" / "alerts.jsonl";
    const auto before = ::umask(022);
    auto sink = make_json_file_sink({path.string()}, 100);
    REQUIRE(eventually([&] { return fs::exists(path); })); // before the first alert: tail -f works
    ::umask(before);
    CHECK(mode_of(path) == 0640);
    CHECK(mode_of(path.parent_path()) == 0750);
    send(*sink, "a");
    send(*sink, "b");
    CHECK(ids_in(path) == FileIds{"a", "b"});
    CHECK(lines_of(path)[0] == alerts::to_json_text(make_alert("a")));
    CHECK(read_all(path).back() == '\n');
    CHECK(sink->status().state == "ok");
    CHECK(sink->status().name == "file");

    sink.reset();
    auto again = make_json_file_sink({path.string()}, 100); // after a restart: what was there stays
    send(*again, "c");
    CHECK(ids_in(path) == FileIds{"a", "b", "c"});
}

TEST_CASE("file: rotates by size and keeps so many") {
    const TempDir dir;
    const auto path = dir.path() / "alerts.jsonl";
    const auto line = alerts::to_json_text(make_alert("0")).size() + 1;
    auto sink = make_json_file_sink({path.string(), 2 * line, 2}, 100);
    for (const auto* id : {"1", "2", "3", "4", "5", "6", "7", "8", "9"})
        send(*sink, id);
    CHECK(ids_in(path) == FileIds{"9"});
    CHECK(ids_in(path.string() + ".1") == FileIds{"7", "8"});
    CHECK(ids_in(path.string() + ".2") == FileIds{"5", "6"});
    CHECK_FALSE(fs::exists(path.string() + ".3"));
    CHECK(sink->status().delivered == 9);
}

TEST_CASE("file: no old files, fewer old files, a line longer than the size") {
    const TempDir dir;
    const auto path = dir.path() / "alerts.jsonl";
    for (const auto* old : {".1", ".2", ".3"})
        std::ofstream(path.string() + old) << "{\"id\":\"old\"}\n";
    {
        auto sink = make_json_file_sink({path.string(), 10, 1}, 100); // each line is longer than this
        send(*sink, "1");
        send(*sink, "2");
        CHECK(ids_in(path) == FileIds{"2"});
        CHECK(ids_in(path.string() + ".1") == FileIds{"1"});
        CHECK_FALSE(fs::exists(path.string() + ".2")); // of a time when more were kept
        CHECK_FALSE(fs::exists(path.string() + ".3"));
    }
    auto sink = make_json_file_sink({path.string(), 10, 0}, 100);
    send(*sink, "3");
    CHECK(ids_in(path) == FileIds{"3"});
    CHECK_FALSE(fs::exists(path.string() + ".1"));
}

TEST_CASE("file: moved or removed under it, it is made anew") {
    const TempDir dir;
    const auto path = dir.path() / "alerts.jsonl";
    const auto moved = dir.path() / "moved";
    auto sink = make_json_file_sink({path.string()}, 100);
    send(*sink, "a");
    fs::rename(path, moved);
    send(*sink, "b");
    fs::remove(path);
    send(*sink, "c");
    CHECK(ids_in(moved) == FileIds{"a"});
    CHECK(ids_in(path) == FileIds{"c"});
    fs::remove_all(dir.path());
    send(*sink, "d");
    CHECK(ids_in(path) == FileIds{"d"});
}

TEST_CASE("file: one writer at a time; the next one takes over when it goes") {
    const TempDir dir;
    const auto path = dir.path() / "alerts.jsonl";
    auto first = make_json_file_sink({path.string()}, 100);
    send(*first, "a");
    auto second = make_json_file_sink({path.string()}, 100, {100, 20'000'000});
    const auto refused = "cannot lock '" + path.string() + "': another process writes to it";
    REQUIRE(eventually([&] { return second->status().state == refused; }));
    second->submit(shared_alert("c"));
    send(*first, "b");
    CHECK(ids_in(path) == FileIds{"a", "b"});
    first.reset();
    REQUIRE(eventually([&] { return second->status().delivered == 1; }));
    CHECK(second->status().state == "ok");
    CHECK(ids_in(path) == FileIds{"a", "b", "c"});
}

TEST_CASE("file: a line that a crash tore is not continued") {
    const TempDir dir;
    const auto path = dir.path() / "alerts.jsonl";
    std::ofstream(path) << "{\"id\":\"whole\"}\n{\"id\":\"to";
    auto sink = make_json_file_sink({path.string()}, 100);
    send(*sink, "a");
    const auto lines = lines_of(path);
    REQUIRE(lines.size() == 3);
    CHECK(lines[1] == "{\"id\":\"to");
    CHECK(nlohmann::json::parse(lines[2]).at("id") == "a");
}

TEST_CASE("file: a write that comes short leaves no half line, and later works again") {
    const TempDir dir;
    const auto path = dir.path() / "alerts.jsonl";
    auto sink = make_json_file_sink({path.string()}, 100, {3, 20 * kMillisecond});
    send(*sink, "a");
    const auto size = fs::file_size(path);
    {
        const FileSizeLimit limit(size + 100);
        send(*sink, "b");
        CHECK(fs::file_size(path) == size);
        const auto status = sink->status();
        CHECK(status.state == "cannot write '" + path.string() + "': File too large");
        CHECK(status.dropped == 1);
        CHECK(status.failed == 3);
        CHECK(status.delivered == 1);
        sink->submit(shared_alert("c")); // retried until there is room
        REQUIRE(eventually([&] { return sink->status().failed > 3; }));
    }
    REQUIRE(eventually([&] { return sink->status().delivered == 2; }));
    CHECK(ids_in(path) == FileIds{"a", "c"});
    CHECK(sink->status().state == "ok");
}

TEST_CASE("file: a full disk") {
    const TempDir dir;
    TinyDisk disk(dir.path() / "disk");
    if (!disk.mount()) {
        WARN("skipped: no right to mount a tmpfs");
        return;
    }
    const auto path = dir.path() / "disk" / "alerts.jsonl";
    const auto ballast = dir.path() / "disk" / "ballast";
    auto sink = make_json_file_sink({path.string()}, 1000, {2, 5 * kMillisecond});
    send(*sink, "before");
    fill(ballast);
    std::uint64_t sent = 0;
    while (sink->status().dropped == 0 && sent < 100) // the page that the file has takes some more
        send(*sink, "filler-" + std::to_string(sent++));
    REQUIRE(sink->status().dropped == 1);
    CHECK(sink->status().state == "cannot write '" + path.string() + "': No space left on device");
    CHECK(ids_in(path).size() == sent); // "before" and all but the last, whole
    fs::remove(ballast);
    send(*sink, "after");
    CHECK(sink->status().state == "ok");
    CHECK(ids_in(path).back() == "after");
    CHECK(ids_in(path).size() == sent + 1);
    sink->stop(kSecond);
}

TEST_CASE("file: what can't be a log says so and loses nothing of the daemon") {
    const TempDir dir;
    SECTION("a folder") {
        auto sink = make_json_file_sink({dir.path().string()}, 10, {1, 0});
        REQUIRE(eventually(
            [&] { return sink->status().state == "cannot open '" + dir.path().string() + "': Is a directory"; }));
        send(*sink, "a");
        CHECK(sink->status().dropped == 1);
    }
    SECTION("a FIFO without reader does not block") {
        const auto path = dir.path() / "fifo";
        REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
        auto sink = make_json_file_sink({path.string()}, 10, {1, 0});
        send(*sink, "a");
        CHECK(sink->status().state == "cannot open '" + path.string() + "': not a regular file");
    }
    SECTION("a file where a folder should be") {
        const auto file = dir.path() / "file";
        std::ofstream(file) << "x";
        auto sink = make_json_file_sink({(file / "alerts.jsonl").string()}, 10, {1, 0});
        send(*sink, "a");
        CHECK(sink->status().state.find("Not a directory") != std::string::npos);
    }
}

TEST_CASE("file: stop while the disk is full is prompt") {
    const TempDir dir;
    const auto path = dir.path() / "alerts.jsonl";
    auto sink = make_json_file_sink({path.string()}, 100, {1000, 10 * kSecond});
    REQUIRE(eventually([&] { return fs::exists(path); }));
    const FileSizeLimit limit(10);
    for (int i = 0; i < 10; ++i)
        sink->submit(shared_alert());
    REQUIRE(eventually([&] { return sink->status().failed == 1; }));
    CHECK(time_of([&] { sink->stop(100 * kMillisecond); }) < std::chrono::seconds(5));
    CHECK(sink->status().dropped == 10);
    CHECK(fs::file_size(path) == 0);
}
