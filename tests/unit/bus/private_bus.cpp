// SPDX-License-Identifier: MIT OR Apache-2.0
#include "private_bus.hpp"

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace rwatch::test {

const std::string PrivateBus::kOpenPolicy = R"(
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
  </policy>)";

PrivateBus::PrivateBus(const std::string& policy) {
    std::string pattern = std::filesystem::temp_directory_path() / "rwatch-bus-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr)
        throw std::runtime_error("mkdtemp");
    folder_ = pattern;
    ::chmod(folder_.c_str(), 0755); // other users connect too
    address_ = "unix:path=" + folder_ + "/socket";
    config_ = folder_ + "/bus.conf";
    std::ofstream(config_) << R"(<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>)" << address_ << "</listen>\n  <auth>EXTERNAL</auth>"
                           << policy << "\n</busconfig>\n";
    start();
}

PrivateBus::~PrivateBus() {
    stop();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

void PrivateBus::start() {
    std::array<int, 2> ready{};
    if (pipe(ready.data()) != 0)
        throw std::runtime_error("pipe");
    pid_ = fork();
    if (pid_ == 0) {
        close(ready[0]);
        const auto config = "--config-file=" + config_;
        const auto print = "--print-address=" + std::to_string(ready[1]);
        execlp("dbus-daemon", "dbus-daemon", config.c_str(), "--nofork", "--nopidfile", "--nosyslog", print.c_str(),
               nullptr);
        _exit(127);
    }
    close(ready[1]);
    char byte = 0;
    const auto got = read(ready[0], &byte, 1); // the address is printed once it listens
    close(ready[0]);
    if (got != 1)
        throw std::runtime_error("dbus-daemon did not start");
}

void PrivateBus::stop() {
    if (pid_ <= 0)
        return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
    std::error_code ignored;
    std::filesystem::remove(folder_ + "/socket", ignored);
}

} // namespace rwatch::test
