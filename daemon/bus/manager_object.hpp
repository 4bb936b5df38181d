// SPDX-License-Identifier: MIT OR Apache-2.0
// org.rwatch1.Manager at /org/rwatch1: checks what comes, asks the authorizer, calls Control, answers. Decides nothing
// else.
#pragma once

#include "bus/authorizer.hpp"
#include "bus/snapshot.hpp"
#include "dbus/rwatch1_adaptor.hpp"
#include "dbus/variant_json.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace rwatch::bus {

class ManagerObject final
    : public sdbus::AdaptorInterfaces<org::rwatch1::Manager_adaptor, sdbus::ObjectManager_adaptor> {
  public:
    /// All must outlive it.
    ManagerObject(sdbus::IConnection& connection, Control& control, Snapshot& snapshot, Authorizer& authorizer);
    ~ManagerObject();
    ManagerObject(const ManagerObject&) = delete;
    ManagerObject& operator=(const ManagerObject&) = delete;

    /// PropertiesChanged for one that is announced: "State", "Generation".
    void property_changed(const std::string& name);

  private:
    void Reload(sdbus::Result<std::uint64_t, std::vector<dbus::Dictionary>>&& result) override;
    void ListAlerts(sdbus::Result<std::vector<dbus::Dictionary>>&& result, dbus::Dictionary filter) override;
    void GetAlert(sdbus::Result<dbus::Dictionary>&& result, std::string id) override;
    void AcknowledgeAlerts(sdbus::Result<>&& result, std::vector<std::string> ids, std::string note) override;
    void Pause(sdbus::Result<std::vector<std::string>>&& result, std::string selector, std::uint64_t usec,
               std::string reason) override;
    void Resume(sdbus::Result<std::vector<std::string>>&& result, std::string selector) override;
    void OpenEventStream(sdbus::Result<sdbus::UnixFd>&& result, std::string condition) override;
    void OpenCapture(sdbus::Result<sdbus::UnixFd>&& result) override;
    std::vector<dbus::Dictionary> ListDetectors() override;

    std::string Version() override;
    std::string State() override;
    std::string StateReason() override;
    std::string ServicesUnseen() override;
    std::uint64_t Generation() override;
    std::uint64_t StartedRealtimeUSec() override;
    std::uint64_t RulesLoaded() override;
    std::uint64_t RulesEnabled() override;
    std::uint64_t RulesPaused() override;
    std::vector<dbus::Dictionary> Probes() override;
    std::uint64_t EventsReceived() override;
    std::uint64_t EventsSifted() override;
    std::map<std::string, std::uint64_t> EventsLost() override;
    std::map<std::string, std::uint64_t> EventsLostBy() override;
    std::map<std::string, std::uint64_t> Shortfalls() override;
    std::uint64_t AlertsRaised() override;
    std::uint64_t AlertsSuppressed() override;
    std::uint64_t AlertsUnacknowledged() override;
    std::uint64_t AlertsForgotten() override;
    std::vector<dbus::Dictionary> Sinks() override;
    std::uint64_t ProcessesTracked() override;

    /// Who sent the message that is being handled. Throws sdbus::Error where the bus can't tell.
    [[nodiscard]] Caller caller() const;
    /// Answers `result` with what handler(caller) gives, once the caller was found to be allowed; with an error
    /// otherwise.
    template <typename Result, typename Handler> void authorized(Result&& result, const char* action, Handler handler);

    Control& control_;
    Snapshot& snapshot_;
    Authorizer& authorizer_;
};

} // namespace rwatch::bus
