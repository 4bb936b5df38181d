// SPDX-License-Identifier: MIT OR Apache-2.0
#include "process/proc_reader.hpp"

#include "temp_dir.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

using namespace rwatch;
using namespace rwatch::process;
using namespace std::literals;

TEST_CASE("stat: comm may hold anything") {
    const auto stat = parse_proc_stat(
        "42 (a) b) (c) S 7 42 42 34816 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 12345 99 100 18446744073709551615");
    REQUIRE(stat);
    CHECK(stat->comm == "a) b) (c");
    CHECK(stat->state == 'S');
    CHECK(stat->ppid == 7);
    CHECK(stat->tty == 34816);
    CHECK(stat->start_ticks == 12345);
    CHECK_FALSE(parse_proc_stat(""));
    CHECK_FALSE(parse_proc_stat("42 (x"));
    CHECK_FALSE(parse_proc_stat("42 )x( S 1"));
    CHECK_FALSE(parse_proc_stat("42 (x) S 7 42"));
}

TEST_CASE("command lines as Falco composes them") {
    CHECK(compose_cmdline("cat", "/bin/cat\0-n\0/etc/shadow"sv) == "cat -n /etc/shadow");
    CHECK(compose_cmdline("cat", "cat") == "cat");
    CHECK(compose_cmdline("kworker", "") == "kworker");
    CHECK(compose_cmdline("x", "x\0"sv) == "x ");
    CHECK(compose_cmdline("x", "x\0\0y"sv) == "x  y");
}

TEST_CASE("our own process") {
    const ProcReader reader;
    const auto info = reader.read(static_cast<std::uint32_t>(::getpid()));
    REQUIRE(info);
    const auto& p = info->process;
    CHECK(p.pid == static_cast<std::uint32_t>(::getpid()));
    CHECK(p.ppid == static_cast<std::uint32_t>(::getppid()));
    CHECK(p.uid == ::getuid());
    CHECK(p.egid == ::getegid());
    CHECK(p.exe_path == std::filesystem::read_symlink("/proc/self/exe"));
    struct stat st {};
    REQUIRE(::stat("/proc/self/exe", &st) == 0);
    CHECK(p.exe.id == event::FileId{st.st_dev, st.st_ino});
    CHECK(p.exe.mode == st.st_mode);
    CHECK(p.cwd == std::filesystem::current_path());
    CHECK_FALSE(p.argv.empty());
    CHECK_FALSE(p.cmdline.empty());
    CHECK_FALSE(info->cgroup.empty());
    CHECK(p.start_ns % reader.tick_ns() == 0);
    CHECK(reader.start_ticks(p.pid) == reader.ticks(p.start_ns));
    CHECK(p.alive);
    const auto all = reader.pids(100'000);
    CHECK(std::find(all.begin(), all.end(), p.pid) != all.end());
    CHECK(reader.pids(1).size() == 1);
}

TEST_CASE("a process that is not there, and one of which most is hidden") {
    const test::TempDir dir;
    const ProcReader reader(dir.path());
    CHECK_FALSE(reader.read(5));
    CHECK_FALSE(reader.start_ticks(5));
    CHECK(reader.pids(10).empty());

    dir.write("5/stat", "5 (kthreadd) S 0 0 0 0 -1 1 0 0 0 0 0 0 0 0 20 0 1 0 3 0 0");
    dir.write("sys/x", "");
    const auto info = reader.read(5);
    REQUIRE(info);
    CHECK(info->process.comm == "kthreadd");
    CHECK(info->process.cmdline == "kthreadd");
    CHECK(info->process.exe_path.empty());
    CHECK(info->process.loginuid == event::kUnset);
    CHECK(reader.pids(10) == std::vector<std::uint32_t>{5});
}

TEST_CASE("a process as /proc shows it in full") {
    const test::TempDir dir;
    dir.write("7/stat", "7 (sh) S 1 7 7 34816 -1 1 0 0 0 0 0 0 0 0 20 0 1 0 500 0 0");
    dir.write("7/status", "Name:\tsh\nUid:\t1000\t0\t0\t0\nGid:\t100\t101\t1\t1\nNSpid:\t7\t3\nCapPrm:"
                          "\t000001ffffffffff\nCapEff:\t00000000000000ff\n");
    dir.write("7/loginuid", "1000");
    dir.write("7/sessionid", "12\n");
    dir.write("7/cgroup", "0::/system.slice/x.service\n");
    dir.write("7/cmdline", std::string("sh\0-c\0true\0", 11));
    const auto gone = dir.write("gone", "");
    std::filesystem::create_symlink(gone, dir.at("7/exe"));
    std::filesystem::create_symlink("/srv", dir.at("7/cwd"));
    const auto info = ProcReader(dir.path()).read(7);
    REQUIRE(info);
    const auto& p = info->process;
    CHECK(p.uid == 1000);
    CHECK(p.euid == 0);
    CHECK(p.gid == 100);
    CHECK(p.egid == 101);
    CHECK(p.vpid == 3);
    CHECK(p.cap_permitted == 0x1ffffffffff);
    CHECK(p.cap_effective == 0xff);
    CHECK(p.loginuid == 1000);
    CHECK(p.session == 12);
    CHECK(p.tty == 34816);
    CHECK(p.argv == "sh\0-c\0true"sv);
    CHECK(p.cmdline == "sh -c true");
    CHECK(p.exe_path == gone);
    CHECK_FALSE(p.exe_unlinked);
    CHECK(p.cwd == "/srv");
    CHECK(info->cgroup == "0::/system.slice/x.service\n");
}

TEST_CASE("argv longer than is kept") {
    const test::TempDir dir;
    dir.write("7/stat", "7 (sh) S 1 7 7 0 -1 1 0 0 0 0 0 0 0 0 20 0 1 0 500 0 0");
    dir.write("7/cmdline", "sh" + std::string(1, '\0') + std::string(3 * kMaxArgv, 'x'));
    const auto info = ProcReader(dir.path()).read(7);
    REQUIRE(info);
    CHECK(info->process.argv.size() == kMaxArgv);
    CHECK(info->process.args_truncated);
}
