// SPDX-License-Identifier: MIT OR Apache-2.0
// Services that start and stop, as systemd reports them on the bus (org.freedesktop.systemd1(5)).
#pragma once

#include <functional>
#include <memory>
#include <sdbus-c++/sdbus-c++.h>
#include <string>
#include <string_view>
#include <unordered_set>

namespace rwatch::bus {

/// "ssh@1.service" of "/org/freedesktop/systemd1/unit/ssh_401_2eservice"; "" for another path.
[[nodiscard]] std::string unit_of_path(std::string_view path);

class UnitWatch {
  public:
    static constexpr std::size_t kMostUnits = 65536; ///< running at a time; further ones are not told

    struct Handlers {
        /// A service runs from now on (it may still be starting), or no longer. state: systemd's ActiveState.
        std::function<void(bool runs, const std::string& unit, const std::string& state)> changed;
        /// Once, when it is known: why none will be told, or "".
        std::function<void(const std::string& trouble)> begun;
    };

    /// Begins at once. connection: must outlive it. The handlers are called on its thread.
    UnitWatch(sdbus::IConnection& connection, Handlers handlers);

  private:
    void begin();
    void take(sdbus::Message& message);
    void see(const std::string& unit, const std::string& state);

    Handlers handlers_;
    std::unordered_set<std::string> running_;
    bool listed_ = false; ///< what ran before us is known
    std::unique_ptr<sdbus::IProxy> manager_;
    sdbus::Slot match_;
};

} // namespace rwatch::bus
