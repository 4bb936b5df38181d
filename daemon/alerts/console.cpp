// SPDX-License-Identifier: MIT OR Apache-2.0
#include "alerts/console.hpp"

#include "core/error.hpp"
#include "core/escape.hpp"
#include "core/handle.hpp"
#include "core/time.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <string_view>
#include <sys/stat.h>

namespace rwatch::alerts {

namespace {

constexpr std::size_t kMostShown =
    600; // bytes of an output on the console: whole command lines are in the log and in `rwatchctl show`

constexpr std::string_view kReset = "\x1b[0m";
constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kDim = "\x1b[2m";
/// Written at once where the descriptor could not be opened without blocking: what a pipe that polls writable surely
/// takes.
constexpr std::size_t kChunk = 512;

struct PriorityStyle {
    std::string_view name; ///< padded to the longest
    std::string_view colour;
};

const PriorityStyle& style_of(rules::Priority priority) noexcept {
    static constexpr std::array<PriorityStyle, 8> kStyles{{{"EMERGENCY", "\x1b[1;37;41m"},
                                                           {"ALERT    ", "\x1b[1;37;41m"},
                                                           {"CRITICAL ", "\x1b[1;31m"},
                                                           {"ERROR    ", "\x1b[31m"},
                                                           {"WARNING  ", "\x1b[33m"},
                                                           {"NOTICE   ", "\x1b[36m"},
                                                           {"INFO     ", "\x1b[2m"},
                                                           {"DEBUG    ", "\x1b[2m"}}};
    return kStyles[std::min<std::size_t>(static_cast<std::size_t>(priority), kStyles.size() - 1)];
}

/// "cat (pid 123, root, ssh.service)", or nothing for an alert that is about no process.
std::string who(const Alert& alert) {
    std::string_view name;
    std::string_view user;
    if (!alert.processes.empty()) {
        const auto& process = alert.processes.front();
        name = process.exe_path;
        name.remove_prefix(name.find_last_of('/') + 1); // npos + 1 is 0
        if (name.empty())
            name = std::string_view(process.cmdline).substr(0, process.cmdline.find(' '));
        user = process.user;
    }
    if (alert.pid == 0 && name.empty())
        return {};
    std::string out = name.empty() ? "?" : escape(name);
    out += " (pid " + std::to_string(alert.pid);
    if (!user.empty())
        out.append(", ").append(escape(user));
    if (const auto& unit = alert.user_unit.empty() ? alert.unit : alert.user_unit; !unit.empty())
        out.append(", ").append(escape(unit));
    return out + ")";
}

/// The same terminal or pipe by a file description of our own, so that O_NONBLOCK doesn't change it for the shell; else
/// a copy of `fd`.
Fd open_again(int fd, bool& non_blocking) {
    struct stat info {};
    const bool can_block = ::fstat(fd, &info) == 0 && (S_ISCHR(info.st_mode) || S_ISFIFO(info.st_mode));
    if (can_block) {
        const auto path = "/proc/self/fd/" + std::to_string(fd);
        Fd own(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
        if (own) {
            non_blocking = true;
            return own;
        }
    }
    Fd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
    if (!copy)
        throw Error("open console", std::to_string(fd), errno);
    return copy;
}

class ConsoleWriter : public Writer {
  public:
    ConsoleWriter(int fd, ConsoleMode mode, bool colour)
        : fd_(open_again(fd, non_blocking_)), mode_(mode), colour_(colour) {}

    bool write(const Alert& alert, Attempt& attempt) override {
        auto line = mode_ == ConsoleMode::json ? to_json_text(alert) : console_line(alert, colour_);
        line += '\n';
        // A line that was cut off when its write failed must not run into this one.
        if (torn_)
            line.insert(line.begin(), '\n');
        const std::string_view all = line;
        std::string_view rest = all;
        while (!rest.empty()) {
            if (!wait_writable(attempt))
                break;
            const auto written =
                ::write(fd_.get(), rest.data(), non_blocking_ ? rest.size() : std::min(rest.size(), kChunk));
            if (written >= 0) {
                rest.remove_prefix(static_cast<std::size_t>(written));
                continue;
            }
            if (errno != EAGAIN && errno != EINTR) {
                attempt.failed(Error("write to", "console", errno).what());
                break;
            }
        }
        if (rest.size() != all.size())
            torn_ = !rest.empty();
        return rest.empty();
    }

  private:
    /// False where it is time to give up.
    [[nodiscard]] bool wait_writable(const Attempt& attempt) const noexcept {
        std::array<pollfd, 2> waits{{{fd_.get(), POLLOUT, 0}, {attempt.give_up_fd(), POLLIN, 0}}};
        while (::poll(waits.data(), waits.size(), -1) < 0 && errno == EINTR) {
        }
        return waits[1].revents == 0;
    }

    bool non_blocking_ = false;
    Fd fd_;
    const ConsoleMode mode_;
    const bool colour_;
    bool torn_ = false;
};

/// At most kMostShown bytes, whole code points.
std::string_view clip(std::string_view text) noexcept {
    if (text.size() <= kMostShown)
        return text;
    auto end = kMostShown;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80)
        --end;
    return text.substr(0, end);
}

} // namespace

std::string console_line(const Alert& alert, bool colour) {
    const auto& style = style_of(alert.priority);
    const auto paint = [colour](std::string_view ansi, std::string_view text) {
        return colour ? std::string(ansi).append(text).append(kReset) : std::string(text);
    };
    std::string out = paint(kDim, local_clock(alert.wall_ns));
    out.append("  ").append(paint(style.colour, style.name));
    out.append("  ").append(paint(kBold, escape(alert.rule)));
    if (const auto process = who(alert); !process.empty())
        out.append("  ").append(process);
    out.append("  ");
    escape_to(out, clip(alert.output));
    if (alert.output.size() > kMostShown)
        out.append("…");
    return out;
}

bool wants_colour(int fd) noexcept {
    const char* refused = std::getenv("NO_COLOR");
    const char* terminal = std::getenv("TERM");
    return ::isatty(fd) == 1 && (refused == nullptr || *refused == '\0') && terminal != nullptr &&
           std::string_view(terminal) != "dumb";
}

std::unique_ptr<Writer> make_console_writer(int fd, ConsoleMode mode, bool colour) {
    return std::make_unique<ConsoleWriter>(fd, mode, colour);
}

} // namespace rwatch::alerts
