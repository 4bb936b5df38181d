// SPDX-License-Identifier: MIT OR Apache-2.0
// A dbus-daemon of the test's own, in a folder of its own, that can be stopped and started again at the same address.
#pragma once

#include <string>
#include <sys/types.h>

namespace rwatch::test {

class PrivateBus {
  public:
    /// policy: XML inside <busconfig>; by default everyone may do everything. Throws std::runtime_error.
    explicit PrivateBus(const std::string& policy = kOpenPolicy);
    ~PrivateBus();
    PrivateBus(const PrivateBus&) = delete;
    PrivateBus& operator=(const PrivateBus&) = delete;

    void start();
    void stop();
    [[nodiscard]] const std::string& address() const { return address_; }

    static const std::string kOpenPolicy;

  private:
    std::string folder_, config_, address_;
    pid_t pid_ = -1;
};

} // namespace rwatch::test
