// SPDX-License-Identifier: MIT OR Apache-2.0
// Opens that no rule can want: what the probes pass over, and what they never do.
#include "sifted.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <linux/openat2.h>
#include <sched.h>
#include <set>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace rwatch;
using namespace rwatch::test;
using event::OpenClass;

namespace {

/// Names, as passed, of the opens that were told.
std::multiset<std::string> opened(const Run& run) {
    std::multiset<std::string> out;
    for (const auto& record : run.of(RW_OPEN))
        out.insert(record.text(record.as<rw_open>().raw));
    return out;
}

int try_open(const std::string& path, int flags, mode_t mode = 0644) {
    const int fd = ::open(path.c_str(), flags, mode);
    if (fd >= 0)
        ::close(fd);
    return 0;
}

/// A mount namespace in which `from` is bound to `to`.
class BoundNamespace {
  public:
    BoundNamespace(const std::string& from, const std::string& to) {
        std::array<int, 2> ready{};
        REQUIRE(::pipe(ready.data()) == 0);
        holder_ = ::fork();
        if (holder_ == 0) {
            const bool bound = ::unshare(CLONE_NEWNS) == 0 &&
                               ::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                               ::mount(from.c_str(), to.c_str(), nullptr, MS_BIND, nullptr) == 0;
            if (::write(ready[1], bound ? "y" : "n", 1) == 1)
                ::pause();
            ::_exit(0);
        }
        char answer = 0;
        REQUIRE(::read(ready[0], &answer, 1) == 1);
        CHECK(answer == 'y');
        ::close(ready[0]);
        ::close(ready[1]);
    }
    ~BoundNamespace() {
        ::kill(holder_, SIGKILL);
        ::waitpid(holder_, nullptr, 0);
    }
    BoundNamespace(const BoundNamespace&) = delete;
    BoundNamespace& operator=(const BoundNamespace&) = delete;
    [[nodiscard]] bool enter() const {
        const int fd = ::open(("/proc/" + std::to_string(holder_) + "/ns/mnt").c_str(), O_RDONLY | O_CLOEXEC);
        return fd >= 0 && ::setns(fd, CLONE_NEWNS) == 0;
    }

  private:
    pid_t holder_ = -1;
};

bool told(const std::string& path, int flags = O_RDONLY) {
    return opened(run([&] { return try_open(path, flags); })).contains(path);
}

} // namespace

TEST_CASE("sieve: the kernel wants what the interest does") {
    const Directory directory;
    const auto top = directory.path();
    const Sifted sifted("evt.type in (open, openat, openat2) and ((evt.is_open_read=true and evt.rawres>=0 and "
                        "(fd.name startswith " +
                        top + "/in/ or fd.name endswith .enc or fd.filename contains secret or fd.name = " + top +
                        "/exact)) or (fd.created=true and fs.mode.exec_added=true) or (evt.is_open_write=true and "
                        "fd.directory = " +
                        top + "/written))");
    for (const char* name : {"in", "in/deep", "out", "out/deep", "written"})
        (void)directory.directory(name);
    const std::vector<std::string> names{"exact",
                                         "exact2",
                                         "in/a",
                                         "in/deep/b",
                                         "out/a",
                                         "out/b.enc",
                                         "out/b.ENC",
                                         "out/b.enc2",
                                         "out/deep/my-SECRET.x",
                                         "out/deep/m\xc3\xbc",
                                         "written/a",
                                         "in",
                                         "out",
                                         "out/deep",
                                         "written"};
    for (const auto& name : names)
        if (!std::filesystem::exists(directory.path(name)))
            (void)directory.file(name);
    struct Try {
        int flags;
        mode_t mode;
        const char* suffix;
        bool all; ///< each is wanted
    };
    const std::vector<Try> tries{{O_RDONLY, 0, "", false},
                                 {O_PATH, 0, "", false},
                                 {O_WRONLY, 0, "", false},
                                 {O_RDWR | O_CREAT | O_EXCL, 0644, ".new", false},
                                 {O_WRONLY | O_CREAT | O_EXCL, 0755, ".program", true},
                                 {O_RDONLY, 0, "/missing", true}};
    for (const auto& how : tries) {
        const auto result = run([&] {
            for (int turn = 0; turn < 2; ++turn) // the second time directories are known
                for (const auto& name : names)
                    try_open(directory.path(name) + how.suffix, how.flags, how.mode);
            return 0;
        });
        const auto seen = opened(result);
        std::size_t wanted = 0;
        for (const auto& name : names) {
            const auto path = directory.path(name) + how.suffix;
            const bool folder = std::filesystem::is_directory(path);
            auto one = std::filesystem::exists(path) ? OpenClass::read : OpenClass::failed;
            if ((how.flags & O_CREAT) != 0)
                one = (how.mode & 0111) != 0 ? OpenClass::program : OpenClass::create;
            else if (how.flags == O_PATH)
                one = OpenClass::path;
            else if (how.flags == O_WRONLY)
                one = folder ? OpenClass::failed : OpenClass::write; // EISDIR
            else if (folder)
                one = OpenClass::directory;
            const bool known = one != OpenClass::failed;
            // Names that are given at the second turn are there already: EEXIST.
            const auto expected = sifted.wants(one, known ? path : "") ? 1U : 0U;
            const auto again = (how.flags & O_CREAT) != 0 ? (sifted.wants(OpenClass::failed, "") ? 1U : 0U) : expected;
            INFO(path << " as " << event::name_of(one) << " flags " << how.flags);
            CHECK(seen.count(path) == expected + again);
            wanted += expected;
        }
        INFO("flags " << how.flags);
        CHECK((wanted == names.size()) == (how.all || (older() && wanted > 0)));
    }
}

TEST_CASE("sieve: a directory that is renamed is called otherwise at once") {
    if (older())
        return; // paths are not judged
    const Directory directory;
    const Sifted sifted("evt.type=openat and evt.is_open_read=true and evt.rawres>=0 and fd.name startswith " +
                        directory.path("watched/"));
    (void)directory.directory("other");
    (void)directory.directory("other/below");
    (void)directory.file("other/below/file");
    const auto before = directory.path("other/below/file"), after = directory.path("watched/below/file");
    CHECK_FALSE(told(before));
    const auto result = run([&] {
        try_open(before, O_RDONLY);
        ::rename(directory.path("other").c_str(), directory.path("watched").c_str());
        try_open(after, O_RDONLY);
        ::rename(directory.path("watched").c_str(), directory.path("other").c_str());
        try_open(before, O_RDONLY);
        return 0;
    });
    CHECK(opened(result) == std::multiset<std::string>{after});
}

TEST_CASE("sieve: a directory that takes the number of one that was removed") {
    if (older())
        return; // paths are not judged
    const Directory directory;
    const Sifted sifted("evt.type=openat and evt.is_open_read=true and evt.rawres>=0 and fd.name startswith " +
                        directory.path("watched/"));
    const auto other = directory.path("other"), watched = directory.path("watched");
    const auto result = run([&] {
        for (int i = 0; i < 20; ++i) { // the same number, on most file systems
            ::mkdir(other.c_str(), 0755);
            try_open(other + "/f", O_WRONLY | O_CREAT);
            try_open(other + "/f", O_RDONLY);
            ::unlink((other + "/f").c_str());
            ::rmdir(other.c_str());
            ::mkdir(watched.c_str(), 0755);
            try_open(watched + "/f", O_WRONLY | O_CREAT);
            try_open(watched + "/f", O_RDONLY);
            ::unlink((watched + "/f").c_str());
            ::rmdir(watched.c_str());
        }
        return 0;
    });
    CHECK(opened(result).count(watched + "/f") == 40);
    CHECK(opened(result).count(other + "/f") == 0);
}

TEST_CASE("sieve: what may have another name is told") {
    if (older())
        return; // paths are not judged
    const Directory directory;
    const Sifted sifted("evt.type=openat and evt.is_open_read=true and evt.rawres>=0 and fd.name = /nothing/here");
    const auto plain = directory.file("plain"), linked = directory.file("linked");
    std::filesystem::create_hard_link(linked, directory.path("second"));
    (void)directory.directory("from");
    (void)directory.directory("to");
    (void)directory.file("from/file");
    CHECK_FALSE(told(plain));
    CHECK(told(linked));
    CHECK(told(directory.path("second")));
    const auto bound = directory.path("to/file");
    const auto changes = Sifted::sieve().mount_changes();
    const auto result = run([&] {
        if (::unshare(CLONE_NEWNS) != 0 || ::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            ::mount(directory.path("from").c_str(), directory.path("to").c_str(), nullptr, MS_BIND, nullptr) != 0)
            return 1;
        try_open(bound, O_RDONLY);
        return try_open(plain, O_RDONLY);
    });
    CHECK(result.status == 0);
    CHECK(opened(result).contains(bound));
    CHECK_FALSE(opened(result).contains(plain));
    CHECK(Sifted::sieve().mount_changes() > changes);
    // A change of mounts that nobody looked at yet: a watched file is known whatever its name.
    Sifted::sieve().watch_files({id_of(plain)});
    CHECK(told(plain));
    Sifted::sieve().tell_mounts(Sifted::sieve().mount_changes(), {});
    CHECK_FALSE(told(plain));
    Sifted::sieve().tell_mounts(Sifted::sieve().mount_changes(), {{1, "/a"}, {2, "/"}, {1, "/b"}});
    CHECK(told(plain));
    Sifted::sieve().watch_files({});
    CHECK_FALSE(told(plain));
    Sifted::sieve().tell_mounts(Sifted::sieve().mount_changes(), {});
}

TEST_CASE("sieve: both names of what is reached through a bind mount") {
    if (older())
        return; // paths are not judged
    const Directory directory;
    const auto from = directory.directory("from"), to = directory.directory("to");
    (void)directory.directory("from/below");
    (void)directory.file("from/file");
    (void)directory.file("from/below/file");
    const BoundNamespace bound(from, to);
    const auto inside = [&](const std::string& path) {
        return opened(run([&] {
                   if (!bound.enter())
                       return 1;
                   try_open(path, O_RDONLY);
                   return try_open(path, O_RDONLY);
               }))
            .count(path);
    };
    const auto settle = [&](bool known) {
        const auto here = stat_of(directory.path()).st_dev;
        auto point = directory.path();
        for (std::filesystem::path up = point; stat_of(up.string()).st_dev == here; up = up.parent_path()) {
            point = up.string();
            if (up == up.root_path())
                break;
        }
        Sifted::sieve().tell_mounts(Sifted::sieve().mount_changes(),
                                    known ? std::vector<sensor::Sieve::Place>{{here, point}}
                                          : std::vector<sensor::Sieve::Place>{});
    };
    const std::string opens = "evt.type=openat and evt.is_open_read=true and evt.rawres>=0 and ";
    {
        const Sifted sifted(opens + "fd.name = /nothing/here");
        settle(true);
        CHECK(inside(to + "/file") == 0);
        CHECK(inside(to + "/below/file") == 0);
        settle(false); // nobody knows where the host has the file system
        CHECK(inside(to + "/file") == 2);
    }
    {
        const Sifted sifted(opens + "fd.name startswith " + from + "/below/");
        settle(true);
        CHECK(inside(to + "/file") == 0);
        CHECK(inside(to + "/below/file") == 2);
    }
    {
        const Sifted sifted(opens + "fd.name startswith " + to + "/below/");
        settle(true);
        CHECK(inside(to + "/file") == 0);
        CHECK(inside(to + "/below/file") == 2);
        CHECK_FALSE(told(from + "/below/file"));
    }
    settle(false);
}

TEST_CASE("sieve: by the program that opens") {
    const Directory directory;
    const Sifted sifted(
        "evt.type=openat and evt.is_open_read=true and evt.rawres>=0 and proc.exepath = /usr/bin/nobody");
    const auto file = directory.file("file"), self = std::string("/proc/self/exe");
    CHECK(told(file)); // not known
    Sifted::sieve().tell_exe(id_of(self), event::set_of(OpenClass::write));
    CHECK_FALSE(told(file));
    Sifted::sieve().tell_exe(id_of(self), event::set_of(OpenClass::read));
    CHECK(told(file));
    // One that is started may be another one than had its number before.
    const auto program = std::filesystem::canonical("/bin/cat").string();
    Sifted::sieve().tell_exe(id_of(program), 0);
    const auto result = run([&] {
        const std::array<char*, 3> argv{const_cast<char*>("cat"), const_cast<char*>(file.c_str()), nullptr};
        ::execv(program.c_str(), argv.data());
        return 1;
    });
    CHECK(opened(result).contains(file));
    Sifted::sieve().forget_exes();
    CHECK(told(file));
}

TEST_CASE("sieve: other rules, and none") {
    const Directory directory;
    const auto file = directory.file("file");
    {
        const Sifted first("evt.type=openat and evt.is_open_read=true and evt.rawres>=0 and fd.name endswith /fil");
        CHECK(told(file) == older());
        const Sifted second("evt.type=openat and evt.is_open_read=true and evt.rawres>=0 and fd.name endswith /file");
        CHECK(told(file));
        const Sifted third("evt.type=execve");
        CHECK_FALSE(told(file));
        CHECK_FALSE(told(directory.path("missing")));
        CHECK_FALSE(told(file, O_RDWR));
    }
    CHECK(told(file));
    CHECK(told(directory.path("missing")));
}

TEST_CASE("sieve: modes of files that were made without a record") {
    const Directory directory;
    const Sifted sifted("evt.type=execve");
    const auto made = directory.path("made"), program = directory.path("program");
    const auto result = run([&] {
        ::umask(0);
        try_open(program, O_WRONLY | O_CREAT, 0755);
        return try_open(made, O_WRONLY | O_CREAT, 0640);
    });
    const auto mode = Sifted::sieve().sifted_mode(id_of(made));
    if (objects_seen(RW_CHMOD)) { // the mode before a chmod is seen when it happens
        CHECK_FALSE(mode);
        CHECK(opened(result).empty());
        return;
    }
    REQUIRE(mode);
    CHECK(mode->first == 0640);
    CHECK(mode->second > 0);
    if (const auto of_program = Sifted::sieve().sifted_mode(id_of(program))) // of a file that had the number before
        CHECK((of_program->first & 07111) == 0);
    CHECK(opened(result) == std::multiset<std::string>{program});
}
