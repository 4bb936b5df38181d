// SPDX-License-Identifier: MIT OR Apache-2.0
#include "bus/convert.hpp"

namespace rwatch::bus {

using Json = nlohmann::ordered_json;

Json to_json(const ProbeStatus& probe) {
    return {{"name", probe.name},   {"attached", probe.attached},         {"reason", probe.reason},
            {"blind", probe.blind}, {"alternatives", probe.alternatives}, {"events", probe.events}};
}

Json to_json(const alerts::SinkStatus& sink) {
    return {{"name", sink.name},       {"state", sink.state},   {"absent", sink.absent}, {"delivered", sink.delivered},
            {"dropped", sink.dropped}, {"failed", sink.failed}, {"queued", sink.queued}, {"capacity", sink.capacity}};
}

Json to_json(const Detector& detector) {
    Json out = {{"name", detector.name},
                {"description", detector.description},
                {"state", detector.state},
                {"priority", rules::to_string(detector.priority)},
                {"tags", detector.tags},
                {"matched", detector.matched},
                {"hits", detector.hits},
                {"suppressed", detector.suppressed},
                {"evicted", detector.evicted},
                {"last_hit_usec", usec_of(detector.last_hit_ns)},
                {"mean_cost_ns", detector.mean_cost_ns},
                {"tried", detector.tried},
                {"file", detector.file},
                {"line", std::uint64_t{detector.line}}};
    if (detector.pause)
        out["pause"] = {{"selector", detector.pause->selector},
                        {"reason", detector.pause->reason},
                        {"uid", std::uint64_t{detector.pause->uid}},
                        {"since_usec", usec_of(detector.pause->since_ns)},
                        {"until_usec", usec_of(detector.pause->until_ns)}};
    return out;
}

Json to_json(const Diagnostic& diagnostic) {
    return {{"severity", to_string(diagnostic.severity)},
            {"code", diagnostic.code},
            {"file", diagnostic.where.file},
            {"line", std::uint64_t{diagnostic.where.line}},
            {"column", std::uint64_t{diagnostic.where.column}},
            {"message", diagnostic.message},
            {"hint", diagnostic.hint}};
}

Json listed_json(const alerts::Alert& alert) {
    auto out = alerts::to_json(alert);
    const auto full = alerts::to_full_json(alert);
    for (const char* key : {"unit", "acknowledged"})
        if (const auto found = full.find(key); found != full.end())
            out[key] = *found;
    return out;
}

} // namespace rwatch::bus
