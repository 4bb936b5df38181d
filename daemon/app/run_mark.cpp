// SPDX-License-Identifier: MIT OR Apache-2.0
#include "app/run_mark.hpp"

#include "core/error.hpp"
#include "core/time.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <string_view>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace rwatch::app {

namespace {

constexpr const char* kBootId = "/proc/sys/kernel/random/boot_id";
constexpr std::size_t kIdLength = 36; // of a UUID

/// The beginning of a file, at most as long as a boot id; "" where it can't be read.
std::string read_id(int fd) {
    std::array<char, kIdLength> bytes{};
    const auto n = ::pread(fd, bytes.data(), bytes.size(), 0);
    return {bytes.data(), n > 0 ? static_cast<std::size_t>(n) : 0};
}

} // namespace

RunMark::RunMark(const std::string& directory) : path_(directory + "/running") {
    const Fd boot(::open(kBootId, O_RDONLY | O_CLOEXEC));
    const auto id = boot ? read_id(boot.get()) : std::string{};
    ::mkdir(directory.c_str(), 0700); // systemd has made it; another may have named one that is not there yet
    file_.reset(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
    struct stat st {};
    if (!file_ || ::fstat(file_.get(), &st) != 0 || !S_ISREG(st.st_mode)) {
        trouble_ = path_ + ": " + (file_ ? "no regular file" : errno_text(errno));
        file_.reset();
        return;
    }
    if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
        trouble_ = path_ + ": " + (errno == EWOULDBLOCK ? "another rwatchd runs with it" : errno_text(errno));
        file_.reset();
        return;
    }
    if (st.st_size != 0)
        gap_ = Gap{st.st_mtim.tv_sec * kSecond + st.st_mtim.tv_nsec, !id.empty() && read_id(file_.get()) == id};
    if (::ftruncate(file_.get(), 0) != 0 ||
        ::pwrite(file_.get(), id.data(), id.size(), 0) != static_cast<ssize_t>(id.size()))
        trouble_ = path_ + ": " + errno_text(errno);
}

void RunMark::touch() const noexcept {
    if (file_)
        ::futimens(file_.get(), nullptr);
}

void RunMark::clear() noexcept {
    if (file_)
        ::unlink(path_.c_str());
    file_.reset();
}

} // namespace rwatch::app
