// SPDX-License-Identifier: MIT OR Apache-2.0
#include "bus/detector_object.hpp"

#include "bus/convert.hpp"
#include "bus/guard.hpp"
#include "dbus/names.hpp"

#include <algorithm>

namespace rwatch::bus {

namespace {
std::int64_t paused_until(const Detector& detector) noexcept {
    return detector.pause ? detector.pause->until_ns : 0;
}
} // namespace

DetectorObject::Announced::Announced(const Detector& detector)
    : description(detector.description), state(detector.state), priority(detector.priority), tags(detector.tags),
      paused_until_ns(paused_until(detector)) {}

DetectorObject::DetectorObject(sdbus::IConnection& connection, Snapshot& snapshot, const Detector& detector)
    : AdaptorInterfaces(connection, dbus::detector_path(detector.name)), snapshot_(snapshot), name_(detector.name),
      announced_(detector) {
    registerAdaptor();
}

DetectorObject::~DetectorObject() {
    unregisterAdaptor();
}

void DetectorObject::announce_changes(const Detector& now) {
    const Announced next(now);
    std::vector<std::string> changed;
    const auto note = [&](bool differs, const char* property) {
        if (differs)
            changed.emplace_back(property);
    };
    note(next.description != announced_.description, "Description");
    note(next.state != announced_.state, "State");
    note(next.priority != announced_.priority, "Priority");
    note(next.tags != announced_.tags, "Tags");
    note(next.paused_until_ns != announced_.paused_until_ns, "PausedUntilUSec");
    announced_ = next;
    if (!changed.empty())
        getObject().emitPropertiesChangedSignal(INTERFACE_NAME, changed);
}

const Detector& DetectorObject::detector() const {
    const auto* found = snapshot_.detector(name_);
    if (found == nullptr)
        throw sdbus::Error(dbus::kErrorNoSuchDetector, "this rule is no longer in force");
    return *found;
}

std::string DetectorObject::Name() {
    return guarded([&] { return to_utf8(name_); });
}

std::string DetectorObject::Description() {
    return guarded([&] { return to_utf8(detector().description); });
}

std::string DetectorObject::State() {
    return guarded([&] { return to_utf8(detector().state); });
}

std::string DetectorObject::Priority() {
    return guarded([&] { return std::string(rules::to_string(detector().priority)); });
}

std::vector<std::string> DetectorObject::Tags() {
    return guarded([&] {
        auto tags = detector().tags;
        std::transform(tags.begin(), tags.end(), tags.begin(), [](const std::string& tag) { return to_utf8(tag); });
        return tags;
    });
}

std::uint64_t DetectorObject::PausedUntilUSec() {
    return guarded([&] { return usec_of(paused_until(detector())); });
}

std::uint64_t DetectorObject::Matched() {
    return guarded([&] { return detector().matched; });
}

std::uint64_t DetectorObject::Hits() {
    return guarded([&] { return detector().hits; });
}

std::uint64_t DetectorObject::Suppressed() {
    return guarded([&] { return detector().suppressed; });
}

std::uint64_t DetectorObject::Evicted() {
    return guarded([&] { return detector().evicted; });
}

std::uint64_t DetectorObject::LastHitUSec() {
    return guarded([&] { return usec_of(detector().last_hit_ns); });
}

std::uint64_t DetectorObject::Tried() {
    return guarded([&] { return detector().tried; });
}

std::uint64_t DetectorObject::MeanCostNSec() {
    return guarded([&] { return detector().mean_cost_ns; });
}

void DetectorObjects::sync(bool announce) {
    snapshot_.invalidate();
    const auto all = snapshot_.detectors(); // a copy: emitting reads properties, which may read the snapshot anew
    std::map<std::string, std::unique_ptr<DetectorObject>> old;
    old.swap(objects_);
    for (const auto& detector : all) {
        const auto kept = old.find(detector.name);
        if (kept == old.end()) {
            add(detector, announce);
            continue;
        }
        auto& object = *objects_.emplace(detector.name, std::move(kept->second)).first->second;
        old.erase(kept);
        if (announce)
            object.announce_changes(detector);
    }
    if (announce)
        for (const auto& [name, object] : old)
            object->emitInterfacesRemovedSignal({org::rwatch1::Detector_adaptor::INTERFACE_NAME});
}

void DetectorObjects::add(const Detector& detector, bool announce) {
    if (objects_.contains(detector.name))
        return; // two rules of one name can't be in one set; were they, the first would stand
    auto& object = *objects_.emplace(detector.name, std::make_unique<DetectorObject>(connection_, snapshot_, detector))
                        .first->second;
    if (announce)
        object.emitInterfacesAddedSignal({org::rwatch1::Detector_adaptor::INTERFACE_NAME});
}

} // namespace rwatch::bus
