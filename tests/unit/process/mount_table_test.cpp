// SPDX-License-Identifier: MIT OR Apache-2.0
#include "process/mount_table.hpp"

#include "process/lexical.hpp"
#include "temp_dir.hpp"

#include <catch2/catch.hpp>
#include <sys/sysmacros.h>

using namespace rwatch::process;

namespace {

constexpr const char* kSample = "21 26 0:20 / /proc rw,relatime - proc proc rw\n"
                                "26 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/vda rw,discard\n"
                                "30 26 254:0 /etc /mnt/etc rw - ext4 /dev/vda rw\n"
                                "31 26 8:1 / /data\\040disk rw - xfs /dev/sda1 rw\n"
                                "32 26 8:1 /a /srv/a rw - xfs /dev/sda1 rw\n"
                                "33 26 8:1 / /very/long/second/mount rw - xfs /dev/sda1 rw\n"
                                "40 26 0:50 /@ /btr rw - btrfs /dev/sdb rw,subvol=/@\n"
                                "41 26 0:50 /@home /home rw - btrfs /dev/sdb rw,subvol=/@home\n"
                                "42 26 0:50 /@home/x /bound rw - btrfs /dev/sdb rw,subvol=/@home\n"
                                "nonsense\n"
                                "50 26 x:y / /bad rw - ext4 a b\n"
                                "51 26 8:2 / /no-separator rw\n"
                                "\n";

std::string name(const MountTable& table, std::uint64_t dev, std::string_view inside) {
    std::string out;
    return table.append_name(dev, inside, out) ? out : "none";
}

} // namespace

TEST_CASE("mountinfo") {
    const auto mounts = parse_mountinfo(kSample);
    REQUIRE(mounts.size() == 9);
    CHECK(mounts[1].id == 26);
    CHECK(mounts[1].dev == makedev(254, 0));
    CHECK(mounts[1].root == "/");
    CHECK(mounts[1].point == "/");
    CHECK(mounts[1].type == "ext4");
    CHECK(mounts[3].point == "/data disk");
    CHECK(parse_mountinfo("").empty());
    CHECK(parse_mountinfo("1 2 3:4").empty());
}

TEST_CASE("the host's name of a file in a file system") {
    const rwatch::test::TempDir dir;
    const MountTable table(dir.write("mountinfo", kSample));
    CHECK(name(table, makedev(254, 0), "/etc/shadow") == "/etc/shadow"); // not by the bind mount of /etc
    CHECK(name(table, makedev(254, 0), "/") == "/");
    CHECK(name(table, makedev(8, 1), "/a/b") == "/data disk/a/b");
    CHECK(name(table, makedev(0, 50), "/@/x") == "/btr/x");
    CHECK(name(table, makedev(0, 50), "/@home/x/y") == "/home/x/y"); // the subvolume, not the later bind mount
    CHECK(name(table, makedev(0, 50), "/@home") == "/home");
    CHECK(name(table, makedev(0, 50), "/@homeless") == "none");
    CHECK(name(table, makedev(9, 9), "/x") == "none");
    REQUIRE(table.by_id(41) != nullptr);
    CHECK(table.by_id(41)->point == "/home");
    CHECK(table.by_id(99) == nullptr);
}

TEST_CASE("a table that can't be read is empty; one that changes is read again") {
    const rwatch::test::TempDir dir;
    MountTable table(dir.at("mountinfo"));
    CHECK(table.mounts().empty());
    CHECK(table.fd() == -1);
    dir.write("mountinfo", kSample);
    table.refresh();
    CHECK(table.mounts().size() == 9);
}

TEST_CASE("our own mounts") {
    const MountTable table("/proc/self/mountinfo");
    CHECK(table.fd() >= 0);
    CHECK_FALSE(table.mounts().empty());
}

TEST_CASE("paths as text") {
    CHECK(normal_path("/a/b", "c") == "/a/b/c");
    CHECK(normal_path("/a/b", "../c") == "/a/c");
    CHECK(normal_path("/a", "../../../c") == "/c");
    CHECK(normal_path("/a", "/x//y/./z/") == "/x/y/z");
    CHECK(normal_path("/a", "") == "/a");
    CHECK(normal_path("/", "..") == "/");
    CHECK(normal_path("", "x").empty());
    CHECK(normal_path("rel", "x").empty());
    std::string out = "kept:";
    append_normal(out, "/a", "../..");
    CHECK(out == "kept:/");

    CHECK(lies_in("/etc/x", "/etc"));
    CHECK(lies_in("/etc", "/etc"));
    CHECK_FALSE(lies_in("/etcetera", "/etc"));
    CHECK(lies_in("/etc", "/"));
    CHECK_FALSE(lies_in("", "/"));

    CHECK((split_last("a/b/").parent == "a" && split_last("a/b/").last == "b"));
    CHECK((split_last("b").parent.empty() && split_last("b").last == "b"));
    CHECK((split_last("/b").parent == "/" && split_last("/b").last == "b"));
    CHECK((split_last("/a//b//").parent == "/a" && split_last("/a//b//").last == "b"));
    CHECK((split_last("/").parent == "/" && split_last("/").last.empty()));
}
