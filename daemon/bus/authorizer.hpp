// SPDX-License-Identifier: MIT OR Apache-2.0
// Who may do what over the bus: the one place where that is decided. Answers may come later, so that another authority
// (polkit) can be asked without blocking the main thread.
#pragma once

#include <functional>
#include <string>
#include <sys/types.h>

namespace rwatch::bus {

struct Caller {
    std::string name;                    ///< unique bus name
    uid_t euid = static_cast<uid_t>(-1); ///< as the bus tells it: can't be forged, does not change
};

class Authorizer {
  public:
    using Answer = std::function<void(bool allowed)>;
    virtual ~Authorizer() = default;
    /// Calls `answer` once, now or later, on the main thread; never after the authorizer is gone. action: one of
    /// dbus::kAction….
    virtual void ask(const Caller& caller, const char* action, Answer answer) = 0;
};

/// uid 0 may do everything, others nothing.
class RootAuthorizer final : public Authorizer {
  public:
    void ask(const Caller& caller, const char* action, Answer answer) override;
};

} // namespace rwatch::bus
