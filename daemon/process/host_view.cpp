// SPDX-License-Identifier: MIT OR Apache-2.0
#include "process/host_view.hpp"

#include "process/file_info.hpp"
#include "process/lexical.hpp"

#include <cerrno>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace rwatch::process {

namespace {

/// "1" where we may look through pid 1's eyes, else "self".
std::string whose_eyes(const std::string& proc_root) {
    struct stat st {};
    const Fd root(::open((proc_root + "/1/root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    return root && ::stat((proc_root + "/1/ns/mnt").c_str(), &st) == 0 ? "1" : "self";
}

} // namespace

HostView::HostView(std::string proc_root)
    : proc_root_(std::move(proc_root)), who_(whose_eyes(proc_root_)),
      root_(::open((proc_root_ + "/" + who_ + "/root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)),
      mounts_(proc_root_ + "/" + who_ + "/mountinfo") {
    struct stat st {};
    if (::stat((proc_root_ + "/" + who_ + "/ns/mnt").c_str(), &st) == 0)
        namespace_ = static_cast<std::uint32_t>(st.st_ino);
}

Fd HostView::open_in(int root, const char* path, int flags, Waiting waiting, int& error) noexcept {
    open_how how{};
    how.flags = static_cast<std::uint64_t>(O_PATH | O_CLOEXEC | flags);
    how.resolve = RESOLVE_IN_ROOT | (waiting == Waiting::never ? RESOLVE_CACHED : 0);
    Fd fd(static_cast<int>(::syscall(SYS_openat2, root, path, &how, sizeof how)));
    error = fd ? 0 : errno;
    return fd;
}

bool HostView::describe(int fd, Found& out) const {
    out.name.clear();
    out.alias.clear();
    const auto st = stat_file(fd, "", AT_EMPTY_PATH);
    // Without a link left the kernel prints "name (deleted)": no name at all.
    if (!st || st->info.nlink == 0 || !read_link(AT_FDCWD, ("/proc/self/fd/" + std::to_string(fd)).c_str(), out.name) ||
        !out.name.starts_with('/'))
        return false;
    out.file = st->info;
    const auto* mount = mounts_.by_id(st->mount_id);
    if (mount == nullptr)
        return true;
    out.file.id.dev = mount->dev;
    if (mount->root == "/" || !lies_in(out.name, mount->point))
        return true;
    const auto inside =
        normal_path(mount->root, std::string_view(out.name).substr(
                                     mount->point == "/" ? 1 : std::min(out.name.size(), mount->point.size() + 1)));
    std::string canonical;
    if (mounts_.append_name(mount->dev, inside, canonical) && canonical != out.name) {
        out.alias = std::move(out.name);
        out.name = std::move(canonical);
    }
    return true;
}

} // namespace rwatch::process
