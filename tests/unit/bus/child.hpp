// SPDX-License-Identifier: MIT OR Apache-2.0
// A program that runs beside the test, its output collected while it does.
#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

namespace rwatch::test {

struct Outcome {
    int status = -1; ///< exit status; -1: killed
    std::string out, err;
};

class Child {
  public:
    /// Starts argv[0] as user `uid` (0: as who runs the test), in UTC and the C locale.
    Child(const std::vector<std::string>& argv, uid_t uid);
    /// Kills it where it still runs.
    ~Child();
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    /// Reads what there is; true once it has ended.
    bool poll_end();
    [[nodiscard]] const Outcome& outcome() const { return outcome_; }
    /// What it has written by now.
    const std::string& out();
    const std::string& err();

  private:
    void read_all();

    pid_t pid_ = -1;
    int out_ = -1, err_ = -1;
    Outcome outcome_;
};

} // namespace rwatch::test
