// SPDX-License-Identifier: MIT OR Apache-2.0
// Who stopped in order leaves nothing; who was killed is found by the next, with the time until which it was alive.
#include "app/run_mark.hpp"

#include "core/time.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sys/stat.h>

using namespace rwatch;

namespace {

struct Folder {
    Folder() {
        char name[] = "/tmp/rwatch-mark-XXXXXX";
        REQUIRE(mkdtemp(name) != nullptr);
        path = name;
    }
    ~Folder() { std::filesystem::remove_all(path); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    std::string path;
};

} // namespace

TEST_CASE("a daemon that stopped in order leaves no mark") {
    const Folder folder;
    app::RunMark first(folder.path);
    CHECK(first.trouble().empty());
    CHECK(!first.gap());
    first.clear();
    CHECK(std::filesystem::is_empty(folder.path));
    const app::RunMark second(folder.path);
    CHECK(!second.gap());
}

TEST_CASE("one that was killed is found, with the time at which it was seen alive") {
    const Folder folder;
    std::optional<app::RunMark> first(folder.path);
    first->touch();
    first.reset(); // as a kill: nothing is cleared
    const app::RunMark second(folder.path);
    REQUIRE(second.gap());
    CHECK(second.gap()->same_boot);
    CHECK(wall_now() - second.gap()->last_alive_ns < 10 * kSecond);
    CHECK(second.gap()->last_alive_ns <= wall_now());
}

TEST_CASE("one that lives is not taken for killed, and its mark stays") {
    const Folder folder;
    app::RunMark first(folder.path);
    {
        app::RunMark second(folder.path);
        CHECK(!second.gap());
        CHECK(second.trouble().find("another rwatchd runs with it") != std::string::npos);
        second.clear();
    }
    CHECK(!std::filesystem::is_empty(folder.path));
}

TEST_CASE("a mark of another boot says so") {
    const Folder folder;
    std::ofstream(folder.path + "/running") << "00000000-0000-0000-0000-000000000000";
    const app::RunMark mark(folder.path);
    REQUIRE(mark.gap());
    CHECK(!mark.gap()->same_boot);
}

TEST_CASE("a folder that is not there, and a mark that is no file, are told and do no harm") {
    const Folder folder;
    app::RunMark none(folder.path + "/none/deeper");
    CHECK(none.trouble().find("No such file") != std::string::npos);
    none.touch();
    none.clear();
    REQUIRE(mkfifo((folder.path + "/running").c_str(), 0600) == 0);
    app::RunMark fifo(folder.path);
    CHECK(!fifo.trouble().empty());
    CHECK(!fifo.gap());
    std::filesystem::remove(folder.path + "/running");
    std::filesystem::create_symlink(folder.path + "/elsewhere", folder.path + "/running");
    const app::RunMark link(folder.path);
    CHECK(!link.trouble().empty());
    CHECK(!std::filesystem::exists(folder.path + "/elsewhere"));
}
