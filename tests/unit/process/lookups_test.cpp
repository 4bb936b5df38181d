// SPDX-License-Identifier: MIT OR Apache-2.0
// Looking up containers by their files, and hashes, on a thread beside.
#include "process/executable_hash.hpp"
#include "process/file_info.hpp"
#include "process/hash_cache.hpp"
#include "process/system_lookups.hpp"
#include "process/units.hpp"

#include "temp_dir.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using namespace rwatch;
using namespace rwatch::process;

namespace {

const std::string kId(64, 'a');
constexpr auto kDockerFile = R"({"Config":{"Image":"nginx:1.25"},"Name":"/web","Image":"sha256:1"})";
constexpr auto kStoreMetadata =
    R"("names":["web"],"image":"1f","metadata":"{\"image-name\":\"alpine:3\",\"name\":\"web\"}"}])";

std::string store(const std::string& id) {
    return "[{\"id\":\"" + id + "\"," + kStoreMetadata;
}

struct Answers {
    std::vector<PlaceAnswer> places;
    std::vector<HashAnswer> hashes;
};

/// What comes within five seconds.
Answers answers_of(Lookups& lookups) {
    Answers out;
    for (int i = 0; i < 500 && !lookups.take(out.places, out.hashes); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return out;
}

HashQuestion question_for(const std::string& path) {
    const auto st = stat_file(AT_FDCWD, path.c_str(), 0);
    REQUIRE(st);
    return {version_of(st->info), 0, path};
}

/// Answers nothing by itself, and has room for `room` questions.
struct Asked : Lookups {
    bool ask(PlaceQuestion question) noexcept override {
        places.push_back(std::move(question));
        return places.size() <= room;
    }
    bool ask(HashQuestion question) noexcept override {
        hashes.push_back(std::move(question));
        return hashes.size() <= room;
    }
    bool take(std::vector<PlaceAnswer>&, std::vector<HashAnswer>&) noexcept override { return false; }
    std::vector<PlaceQuestion> places;
    std::vector<HashQuestion> hashes;
    std::size_t room = 100;
};

} // namespace

TEST_CASE("each runtime's files, of the system and of users") {
    const test::TempDir dir;
    dir.write("etc/passwd", "root:x:0:0::/root:/bin/sh\nann:x:1000:1000:Ann:/home/ann:/bin/sh\n");
    dir.write("proc/x", "");
    SystemLookups lookups(dir.path(), dir.at("proc"));
    const auto look = [&](const std::string& runtime, std::uint32_t owner) {
        PlaceQuestion question;
        question.runtime = runtime;
        question.container = kId;
        question.owner = owner;
        return lookups.look(question).container;
    };
    // The home is looked for as the account has it: below the test's own root.
    std::filesystem::create_directories(dir.at("home/ann"));
    CHECK(look("docker", 0).empty());
    dir.write("var/lib/docker/containers/" + kId + "/config.v2.json", kDockerFile);
    CHECK(look("docker", 0).image == "nginx:1.25");
    CHECK(look("docker", 0).name == "web");
    CHECK(look("docker", 1000).empty());
    dir.write("home/ann/.local/share/docker/containers/" + kId + "/config.v2.json", kDockerFile);
    CHECK(look("docker", 1000).name == "web");
    CHECK(look("docker", 1001).empty()); // no such account

    CHECK(look("podman", 0).empty());
    dir.write("run/containers/storage/overlay-containers/volatile-containers.json", store(kId));
    CHECK(look("podman", 0).image == "alpine:3");
    CHECK(look("podman", 1000).empty());
    dir.write("home/ann/.local/share/containers/storage/vfs-containers/containers.json", store(kId));
    CHECK(look("podman", 1000).image == "alpine:3");

    dir.write("var/lib/containers/storage/overlay-containers/" + kId + "/userdata/config.json",
              R"({"annotations":{"io.kubernetes.pod.name":"web-0","io.kubernetes.container.name":"c"}})");
    CHECK(look("cri-o", 0).pod_name == "web-0");
    CHECK(look("cri-o", 0).name == "c");
    CHECK(look("cri-o", 0).image == "alpine:3");

    dir.write("run/containerd/io.containerd.runtime.v2.task/k8s.io/" + kId + "/config.json",
              R"({"annotations":{"io.kubernetes.cri.image-name":"busybox:1"}})");
    CHECK(look("containerd", 0).image == "busybox:1");
    CHECK(look("lxc", 0).empty());
}

TEST_CASE("files that a user may have laid out for us") {
    const test::TempDir dir;
    dir.write("etc/passwd", "ann:x:1000:1000::/home/ann:/bin/sh\n");
    SystemLookups lookups(dir.path(), dir.at("proc"));
    PlaceQuestion question;
    question.runtime = "docker";
    question.container = kId;
    question.owner = 1000;
    const auto folder = dir.at("home/ann/.local/share/docker/containers");
    std::filesystem::create_directories(folder);
    SECTION("a link to another file") {
        const auto other = dir.write("other.json", kDockerFile);
        std::filesystem::create_directories(folder + "/" + kId);
        std::filesystem::create_symlink(other, folder + "/" + kId + "/config.v2.json");
    }
    SECTION("a folder that is a link") {
        dir.write("elsewhere/config.v2.json", kDockerFile);
        std::filesystem::create_directory_symlink(dir.at("elsewhere"), folder + "/" + kId);
    }
    SECTION("a pipe that nobody writes to") {
        std::filesystem::create_directories(folder + "/" + kId);
        REQUIRE(::mkfifo((folder + "/" + kId + "/config.v2.json").c_str(), 0600) == 0);
    }
    SECTION("more than a container's file ever holds") {
        const auto file = dir.write("home/ann/.local/share/docker/containers/" + kId + "/config.v2.json", kDockerFile);
        std::filesystem::resize_file(file, 1U << 30U);
    }
    SECTION("an id that leads elsewhere") {
        dir.write("home/ann/.local/share/docker/config.v2.json", kDockerFile);
        question.container = "..";
    }
    CHECK(lookups.look(question).container.empty());
}

TEST_CASE("asked, and answered a little later, also where the file comes after the question") {
    const test::TempDir dir;
    SystemLookups lookups(dir.path(), dir.at("proc"));
    PlaceQuestion question;
    question.cgroup = 77;
    question.runtime = "docker";
    question.container = kId;
    REQUIRE(lookups.ask(question));
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    dir.write("var/lib/docker/containers/" + kId + "/config.v2.json", kDockerFile);
    const auto answers = answers_of(lookups);
    REQUIRE(answers.places.size() == 1);
    CHECK(answers.places[0].cgroup == 77);
    CHECK(answers.places[0].container.name == "web");
}

TEST_CASE("a container's names reach its group, and every process in it") {
    const test::TempDir dir;
    dir.write("proc/self/cgroup", "0::/\n");
    std::filesystem::create_directories(dir.at("cg"));
    Asked lookups;
    Units units(dir.at("proc"), dir.at("cg"));
    units.ask_of(lookups);
    units.learn(50, "cron.service/system.slice/");
    CHECK(lookups.places.empty());
    units.learn(51, "docker-" + kId + ".scope/user.slice/user@1000.service/user-1000.slice/user.slice/");
    REQUIRE(lookups.places.size() == 1);
    CHECK(lookups.places[0].cgroup == 51);
    CHECK(lookups.places[0].runtime == "docker");
    CHECK(lookups.places[0].container == kId);
    CHECK(lookups.places[0].owner == 1000);
    const auto use = units.find(51, 7);
    CHECK(use.waiting());
    PlaceAnswer answer;
    answer.cgroup = 51;
    answer.container.name = "web";
    answer.container.image = "nginx:1.25";
    units.told(std::move(answer));
    CHECK_FALSE(use.waiting());
    CHECK(use.get()->container_name == "web");
    CHECK(use.get()->image == "nginx:1.25");
    CHECK(units.nameless() == 0);

    units.learn(52, "session-4.scope/user-0.slice/user.slice/");
    REQUIRE(lookups.places.size() == 2);
    CHECK(lookups.places[1].session == "4");
    PlaceAnswer login;
    login.cgroup = 52;
    login.user = "ann";
    login.host = "192.0.2.7";
    units.told(std::move(login));
    const auto session = units.find(52, 7);
    CHECK(session.get()->session_user == "ann");
    CHECK(session.get()->session_host == "192.0.2.7");
    CHECK(session.get()->container_name.empty());

    lookups.room = 2;
    units.learn(53, "libpod-" + kId + ".scope/machine.slice/");
    CHECK_FALSE(units.find(53, 7).waiting());
    CHECK(units.nameless() == 1);
    units.told({.cgroup = 999, .container = {}, .user = {}, .tty = {}, .host = {}, .service = {}}); // forgotten since
}

TEST_CASE("the hash of a file, and of none but the version that ran") {
    const test::TempDir dir;
    const std::atomic<bool> go{false};
    const auto file = dir.write("exe", "abc");
    const auto question = question_for(file);
    // FIPS 180-2, B.1
    constexpr auto kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    CHECK(hash_executable(question, dir.path(), go) == kAbc);
    CHECK(hash_executable(question, dir.path(), std::atomic<bool>{true}).empty());
    std::this_thread::sleep_for(std::chrono::milliseconds(20)); // past the tick in which the file was made
    dir.write("exe", "abd");
    CHECK(hash_executable(question, dir.path(), go).empty());
    CHECK(hash_executable(question_for(file), dir.path(), go) != kAbc);
    std::filesystem::remove(file);
    CHECK(hash_executable(question, dir.path(), go).empty());
    SECTION("of a process whose file is gone") {
        auto own = question_for("/proc/self/exe");
        own.pid = static_cast<std::uint32_t>(::getpid());
        own.path = "/nonexistent";
        CHECK(hash_executable(own, "/proc", go).size() == 64);
    }
    SECTION("too large") {
        const auto large = dir.write("large", "");
        std::filesystem::resize_file(large, kMaxHashed + 1);
        CHECK(hash_executable(question_for(large), dir.path(), go).empty());
    }
}

TEST_CASE("hashes are asked for once, kept by version, and bounded") {
    Asked lookups;
    HashCache cache(lookups, 10);
    event::Process p;
    CHECK(cache.want(p) == HashCache::State::none); // no file is known
    p.exe.id = {1, 2};
    p.exe.mtime_ns = 5;
    p.exe.ctime_ns = 6;
    p.exe_path = "/bin/x";
    CHECK(cache.want(p) == HashCache::State::waiting);
    CHECK(cache.want(p) == HashCache::State::waiting);
    REQUIRE(lookups.hashes.size() == 1);
    CHECK(lookups.hashes[0].path == "/bin/x");
    CHECK(cache.find(p.exe).empty());
    cache.told({lookups.hashes[0].file, std::string(64, 'f')});
    CHECK(cache.want(p) == HashCache::State::known);
    CHECK(cache.find(p.exe) == std::string(64, 'f'));
    auto written = p;
    written.exe.ctime_ns = 7;
    CHECK(cache.find(written.exe).empty());
    CHECK(cache.want(written) == HashCache::State::waiting);
    cache.told({lookups.hashes[1].file, ""});
    CHECK(cache.state(written.exe) == HashCache::State::unknown); // asked again for the next process
    CHECK(cache.counters().failed == 1);
    for (std::uint64_t ino = 100; ino < 150; ++ino) {
        p.exe.id.ino = ino;
        (void)cache.want(p);
    }
    CHECK(cache.size() == 10);
    lookups.room = 0;
    p.exe.id.ino = 200;
    CHECK(cache.want(p) == HashCache::State::unknown);
    CHECK(cache.counters().refused == 1);
}

TEST_CASE("hashes of real programs, by the thread beside") {
    SystemLookups lookups;
    const auto question = question_for("/proc/self/exe");
    auto own = question;
    own.pid = static_cast<std::uint32_t>(::getpid());
    REQUIRE(lookups.ask(own));
    const auto answers = answers_of(lookups);
    REQUIRE(answers.hashes.size() == 1);
    CHECK(answers.hashes[0].file == own.file);
    CHECK(answers.hashes[0].sha256.size() == 64);
}
