// SPDX-License-Identifier: MIT OR Apache-2.0
#include "alerts/json_file.hpp"

#include "core/error.hpp"
#include "core/handle.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <string_view>
#include <sys/file.h>
#include <sys/stat.h>

namespace rwatch::alerts {

namespace {

constexpr mode_t kFileMode = 0640;
constexpr mode_t kDirectoryMode = 0750;
constexpr std::uint32_t kMostStale = 1000; // old files past max_files that one rotation looks for

/// Makes the directories above `path` that are missing.
void make_parents(const std::string& path) {
    for (auto slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
        const auto directory = path.substr(0, slash);
        if (::mkdir(directory.c_str(), kDirectoryMode) != 0 && errno != EEXIST)
            throw Error("create directory", directory, errno);
    }
}

/// A file of lines at a path. Throws Error for what the file system refuses; can be used again after that.
class LineFile {
  public:
    explicit LineFile(JsonFileOptions options) : options_(std::move(options)) {}

    /// Opens the file where it isn't open, or isn't any more what the path names.
    void ensure_open() {
        if (fd_) {
            struct stat named {};
            if (::stat(options_.path.c_str(), &named) == 0 && named.st_dev == dev_ && named.st_ino == ino_)
                return;
            fd_.reset();
        }
        open();
    }

    /// Appends a line and its newline, whole or not at all.
    void append(std::string line) {
        ensure_open();
        line += '\n';
        auto size = size_now();
        if (size != 0 && size + line.size() > options_.max_size) {
            rotate();
            size = size_now();
        }
        if (torn_)
            line.insert(line.begin(), '\n');
        write_whole(line, size);
        torn_ = false;
    }

  private:
    void open() {
        // For reading too: whether the last line is whole. O_NONBLOCK: a FIFO in its place must not hold us.
        constexpr int kFlags = O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
        const auto& path = options_.path;
        Fd fd(::open(path.c_str(), kFlags, kFileMode));
        if (!fd && errno == ENOENT) {
            make_parents(path);
            fd.reset(::open(path.c_str(), kFlags, kFileMode));
        }
        if (!fd)
            throw Error("open", path, errno);
        struct stat info {};
        if (::fstat(fd.get(), &info) != 0)
            throw Error("open", path, errno);
        if (!S_ISREG(info.st_mode))
            throw Error("open", path, "not a regular file");
        // Two writers would rotate each other's lines away.
        if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
            if (errno == EWOULDBLOCK)
                throw Error("lock", path, "another process writes to it");
            throw Error("lock", path, errno);
        }
        char last = '\n';
        if (info.st_size > 0 && ::pread(fd.get(), &last, 1, info.st_size - 1) != 1)
            throw Error("read", path, errno);
        torn_ = last != '\n';
        dev_ = info.st_dev;
        ino_ = info.st_ino;
        fd_ = std::move(fd);
    }

    [[nodiscard]] std::uint64_t size_now() const {
        struct stat info {};
        if (::fstat(fd_.get(), &info) != 0)
            throw Error("look at", options_.path, errno);
        return static_cast<std::uint64_t>(info.st_size);
    }

    [[nodiscard]] std::string numbered(std::uint32_t number) const {
        return options_.path + "." + std::to_string(number);
    }

    void rotate() {
        // A lowered max_files leaves older ones behind: they go too.
        for (auto n = options_.max_files + 1; n <= options_.max_files + kMostStale; ++n)
            if (::unlink(numbered(n).c_str()) != 0)
                break;
        for (auto n = options_.max_files; n > 1; --n)
            if (::rename(numbered(n - 1).c_str(), numbered(n).c_str()) != 0 && errno != ENOENT)
                throw Error("rotate", numbered(n - 1), errno);
        const auto& path = options_.path;
        const int result =
            options_.max_files == 0 ? ::unlink(path.c_str()) : ::rename(path.c_str(), numbered(1).c_str());
        if (result != 0 && errno != ENOENT)
            throw Error("rotate", path, errno);
        fd_.reset();
        open();
    }

    /// size: of the file before.
    void write_whole(std::string_view bytes, std::uint64_t size) {
        while (!bytes.empty()) {
            const auto written = ::write(fd_.get(), bytes.data(), bytes.size());
            if (written > 0) {
                bytes.remove_prefix(static_cast<std::size_t>(written));
                continue;
            }
            const int code = written == 0 ? EIO : errno;
            if (code == EINTR)
                continue;
            // Take the half line back. Where that fails too, the next line begins with a newline.
            torn_ = ::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0 || torn_;
            throw Error("write", options_.path, code);
        }
    }

    const JsonFileOptions options_;
    Fd fd_;
    dev_t dev_ = 0;
    ino_t ino_ = 0;
    bool torn_ = false; ///< the file ends within a line
};

class JsonFileWriter : public Writer {
  public:
    JsonFileWriter(JsonFileOptions options, JsonFileRetry retry) : file_(std::move(options)), retry_(retry) {}

    void start(Attempt& attempt) override {
        for (std::uint32_t tries = 1;; ++tries) {
            try {
                file_.ensure_open();
                return attempt.troubled({});
            } catch (const Error& e) {
                attempt.troubled(e.what());
            }
            // A writer that we replace may hold the file a moment longer.
            if (tries >= retry_.attempts || !attempt.pause(retry_.wait_ns))
                return;
        }
    }

    bool write(const Alert& alert, Attempt& attempt) override {
        const auto line = to_json_text(alert);
        for (std::uint32_t tries = 1;; ++tries) {
            try {
                file_.append(line);
                return true;
            } catch (const Error& e) {
                attempt.failed(e.what());
            }
            if (tries >= retry_.attempts || !attempt.pause(retry_.wait_ns))
                return false;
        }
    }

  private:
    LineFile file_;
    const JsonFileRetry retry_;
};

} // namespace

std::unique_ptr<Writer> make_json_file_writer(JsonFileOptions options, JsonFileRetry retry) {
    return std::make_unique<JsonFileWriter>(std::move(options), retry);
}

} // namespace rwatch::alerts
