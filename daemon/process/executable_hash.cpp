// SPDX-License-Identifier: MIT OR Apache-2.0
#include "process/executable_hash.hpp"

#include "core/handle.hpp"
#include "process/file_info.hpp"

#include <array>
#include <fcntl.h>
#include <memory>
#include <openssl/evp.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace rwatch::process {

namespace {

constexpr std::size_t kPiece = 256U << 10U; // bytes read at a time

/// What is open there, if it is the version that was asked for. An overlay tells another inode number by its own name
/// than the kernel does: times decide, and with them the inode where the way there is not /proc/PID/exe itself.
bool is_version(int fd, const FileVersion& wanted, bool same_inode) noexcept {
    const auto st = stat_file(fd, "", AT_EMPTY_PATH);
    return st && S_ISREG(st->info.mode) && st->info.mtime_ns == wanted.mtime_ns &&
           st->info.ctime_ns == wanted.ctime_ns && (!same_inode || st->info.id.ino == wanted.id.ino);
}

Fd open_version(const std::string& path, const FileVersion& wanted, bool same_inode) noexcept {
    Fd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!fd || !is_version(fd.get(), wanted, same_inode))
        fd.reset();
    return fd;
}

std::string hex(const unsigned char* bytes, unsigned count) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    for (unsigned i = 0; i < count; ++i) {
        out += kDigits[bytes[i] >> 4U];
        out += kDigits[bytes[i] & 15U];
    }
    return out;
}

std::string hash_of(int fd, const std::atomic<bool>& stop) {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> digest(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    if (digest == nullptr || EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr) != 1)
        return {};
    std::vector<char> piece(kPiece);
    for (std::uint64_t total = 0; total <= kMaxHashed;) {
        const auto got = stop.load(std::memory_order_relaxed) ? -1 : ::read(fd, piece.data(), piece.size());
        if (got < 0)
            return {};
        if (got == 0) {
            std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
            unsigned size = 0;
            return EVP_DigestFinal_ex(digest.get(), bytes.data(), &size) == 1 ? hex(bytes.data(), size) : std::string();
        }
        EVP_DigestUpdate(digest.get(), piece.data(), static_cast<std::size_t>(got));
        total += static_cast<std::uint64_t>(got);
    }
    return {};
}

} // namespace

std::string hash_executable(const HashQuestion& question, const std::string& proc_root, const std::atomic<bool>& stop) {
    auto fd = open_version(proc_root + "/" + std::to_string(question.pid) + "/exe", question.file, false);
    for (const auto& root : {proc_root + "/1/root", std::string()})
        if (!fd && question.path.starts_with('/'))
            fd = open_version(root + question.path, question.file, true);
    struct stat st {};
    if (!fd || ::fstat(fd.get(), &st) != 0 || static_cast<std::uint64_t>(st.st_size) > kMaxHashed)
        return {};
    auto out = hash_of(fd.get(), stop);
    return is_version(fd.get(), question.file, false) ? out : std::string();
}

} // namespace rwatch::process
