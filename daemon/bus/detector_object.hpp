// SPDX-License-Identifier: MIT OR Apache-2.0
// org.rwatch1.Detector: one object a rule, and the set of them that follows the rules in force.
#pragma once

#include "bus/snapshot.hpp"
#include "dbus/rwatch1_adaptor.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace rwatch::bus {

class DetectorObject final
    : public sdbus::AdaptorInterfaces<org::rwatch1::Detector_adaptor, sdbus::ManagedObject_adaptor> {
  public:
    /// connection and snapshot must outlive it.
    DetectorObject(sdbus::IConnection& connection, Snapshot& snapshot, const Detector& detector);
    ~DetectorObject();
    DetectorObject(const DetectorObject&) = delete;
    DetectorObject& operator=(const DetectorObject&) = delete;

    /// PropertiesChanged for what differs from what was last announced.
    void announce_changes(const Detector& now);

  private:
    /// What PropertiesChanged tells.
    struct Announced {
        std::string description, state;
        rules::Priority priority;
        std::vector<std::string> tags;
        std::int64_t paused_until_ns;
        explicit Announced(const Detector& detector);
    };

    std::string Name() override;
    std::string Description() override;
    std::string State() override;
    std::string Priority() override;
    std::vector<std::string> Tags() override;
    std::uint64_t PausedUntilUSec() override;
    std::uint64_t Matched() override;
    std::uint64_t Hits() override;
    std::uint64_t Suppressed() override;
    std::uint64_t Evicted() override;
    std::uint64_t LastHitUSec() override;
    std::uint64_t Tried() override;
    std::uint64_t MeanCostNSec() override;

    /// The rule as it is now. Throws sdbus::Error where it is no longer in force.
    [[nodiscard]] const Detector& detector() const;

    Snapshot& snapshot_;
    std::string name_;
    Announced announced_;
};

/// The objects under /org/rwatch1/detector/.
class DetectorObjects {
  public:
    DetectorObjects(sdbus::IConnection& connection, Snapshot& snapshot)
        : connection_(connection), snapshot_(snapshot) {}
    /// Makes the objects agree with the rules in force; tells InterfacesAdded, InterfacesRemoved and PropertiesChanged
    /// where `announce`.
    void sync(bool announce);

  private:
    void add(const Detector& detector, bool announce);

    sdbus::IConnection& connection_;
    Snapshot& snapshot_;
    std::map<std::string, std::unique_ptr<DetectorObject>> objects_; ///< by rule
};

} // namespace rwatch::bus
