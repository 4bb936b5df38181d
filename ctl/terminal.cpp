// SPDX-License-Identifier: MIT OR Apache-2.0
#include "terminal.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <langinfo.h>
#include <optional>
#include <sstream>
#include <string_view>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace rwatch::ctl {

namespace {

constexpr std::size_t kLeastWidth = 40;

std::string_view environment(const char* name) {
    const char* value = std::getenv(name); // NOLINT(concurrency-mt-unsafe): one thread
    return value == nullptr ? std::string_view{} : std::string_view(value);
}

std::size_t size_from(const char* name, std::size_t otherwise) {
    const auto text = environment(name);
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() && number > 0 ? number : otherwise;
}

/// False where the reader is gone or the disk is full; errno tells.
bool write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const auto written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

/// The admin's pager in words; empty: none wanted. A variable that is set but empty, or "cat", asks for none.
std::vector<std::string> pager_command() {
    for (const char* name : {"SYSTEMD_PAGER", "PAGER"}) {
        const char* value = std::getenv(name); // NOLINT(concurrency-mt-unsafe)
        if (value == nullptr)
            continue;
        std::istringstream words(value);
        std::vector<std::string> command;
        for (std::string word; words >> word;)
            command.push_back(word);
        return command.size() == 1 && command.front() == "cat" ? std::vector<std::string>{} : command;
    }
    return {"less"};
}

[[noreturn]] void run_pager(std::vector<std::string> command, int input) {
    dup2(input, STDIN_FILENO);
    close(input);
    const auto less = environment("SYSTEMD_LESS");
    setenv("LESS", less.empty() ? "FRSXMK" : std::string(less).c_str(), 1);
    // Under sudo the pager must not become a shell of root's.
    if (geteuid() == 0 && !environment("SUDO_UID").empty())
        setenv("LESSSECURE", "1", 1);
    std::vector<char*> argv;
    argv.reserve(command.size() + 1);
    for (auto& word : command)
        argv.push_back(word.data());
    argv.push_back(nullptr);
    execvp(argv[0], argv.data());
    _exit(127);
}

constexpr int kNoPager = 127;

/// Exit status of the pager, or nothing where it could not be started.
std::optional<int> page(const std::string& text, std::vector<std::string> command) {
    int ends[2];
    if (pipe(ends) != 0)
        return std::nullopt;
    const pid_t child = fork();
    if (child == 0) {
        close(ends[1]);
        run_pager(std::move(command), ends[0]);
    }
    close(ends[0]);
    // The pager may be left before its end; that is no error, and it takes Ctrl-C for itself.
    const auto old_pipe = std::signal(SIGPIPE, SIG_IGN);
    const auto old_interrupt = std::signal(SIGINT, SIG_IGN);
    if (child > 0)
        write_all(ends[1], text);
    close(ends[1]);
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    std::signal(SIGPIPE, old_pipe);
    std::signal(SIGINT, old_interrupt);
    if (child < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == kNoPager))
        return std::nullopt;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

} // namespace

Terminal detect_terminal() {
    Terminal terminal;
    terminal.tty = isatty(STDOUT_FILENO) != 0;
    terminal.utf8 = std::strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    const auto term = environment("TERM");
    terminal.colour = terminal.tty && environment("NO_COLOR").empty() && !term.empty() && term != "dumb";
    winsize size{};
    if (terminal.tty && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        terminal.width = size.ws_col;
        terminal.rows = size.ws_row;
    }
    terminal.width = std::max(size_from("COLUMNS", terminal.width), kLeastWidth);
    terminal.rows = size_from("LINES", terminal.rows);
    return terminal;
}

bool show(const std::string& text, const Terminal& terminal, bool pager) {
    const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    if (pager && terminal.tty && lines >= terminal.rows) {
        auto command = pager_command();
        if (!command.empty() && page(text, std::move(command)))
            return true;
    }
    return write_all(STDOUT_FILENO, text) || errno == EPIPE;
}

} // namespace rwatch::ctl
