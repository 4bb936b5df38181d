// SPDX-License-Identifier: MIT OR Apache-2.0
// Who may do what over the bus: the one place where that is decided.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <sdbus-c++/sdbus-c++.h>
#include <string>
#include <sys/types.h>

namespace rwatch::bus {

struct Caller {
    std::string name;                    ///< unique bus name
    uid_t euid = static_cast<uid_t>(-1); ///< as the bus tells it: can't be forged, does not change
};

/// uid 0 may do everything. Others may do what polkit allows them, which may have them asked for a password; nothing
/// where there is no polkit.
class Authorizer {
  public:
    static constexpr std::size_t kMostAsked = 64; ///< questions to polkit at a time; further ones are answered "no"
    using Answer = std::function<void(bool allowed)>;

    /// connection: the bus on which callers and polkit are; must outlive it.
    explicit Authorizer(sdbus::IConnection& connection);

    /// Calls `answer` once, now or later, on the main thread; never after the authorizer is gone. action: one of
    /// dbus::kAction….
    void ask(const Caller& caller, const char* action, Answer answer);

  private:
    std::unique_ptr<sdbus::IProxy> polkit_;
    std::size_t asked_ = 0; ///< and not answered yet
};

} // namespace rwatch::bus
