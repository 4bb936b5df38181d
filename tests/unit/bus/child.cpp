// SPDX-License-Identifier: MIT OR Apache-2.0
#include "child.hpp"

#include <array>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace rwatch::test {

namespace {

[[noreturn]] void become(std::vector<std::string> argv, uid_t uid, int out, int err) {
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    // Opened before: the user need not reach the folder of the build.
    const int program = open(argv.front().c_str(), O_RDONLY | O_CLOEXEC);
    if (uid != 0 && (setgid(uid) != 0 || setuid(uid) != 0))
        _exit(126);
    setenv("TZ", "UTC", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    std::vector<char*> words;
    for (auto& word : argv)
        words.push_back(word.data());
    words.push_back(nullptr);
    fexecve(program, words.data(), environ);
    _exit(127);
}

void drain(int fd, std::string& into) {
    std::array<char, 65536> buffer{};
    for (ssize_t got = 0; (got = read(fd, buffer.data(), buffer.size())) > 0;)
        into.append(buffer.data(), static_cast<std::size_t>(got));
}

} // namespace

Child::Child(const std::vector<std::string>& argv, uid_t uid) {
    std::array<int, 2> out{}, err{};
    if (pipe2(out.data(), O_CLOEXEC) != 0 || pipe2(err.data(), O_CLOEXEC) != 0)
        throw std::runtime_error("pipe");
    pid_ = fork();
    if (pid_ == 0)
        become(argv, uid, out[1], err[1]);
    close(out[1]);
    close(err[1]);
    out_ = out[0];
    err_ = err[0];
    fcntl(out_, F_SETFL, O_NONBLOCK);
    fcntl(err_, F_SETFL, O_NONBLOCK);
}

Child::~Child() {
    if (pid_ > 0) {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
    close(out_);
    close(err_);
}

void Child::read_all() {
    drain(out_, outcome_.out);
    drain(err_, outcome_.err);
}

bool Child::poll_end() {
    read_all();
    int status = 0;
    if (pid_ <= 0 || waitpid(pid_, &status, WNOHANG) != pid_)
        return pid_ <= 0;
    pid_ = -1;
    read_all();
    outcome_.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return true;
}

const std::string& Child::out() {
    read_all();
    return outcome_.out;
}

const std::string& Child::err() {
    read_all();
    return outcome_.err;
}

} // namespace rwatch::test
