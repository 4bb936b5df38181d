// SPDX-License-Identifier: MIT OR Apache-2.0
#include "app/open_sensor.hpp"

#include "pipeline/system_enricher.hpp"
#include "process/host_view.hpp"
#include "sensor/bpf_source.hpp"

#include <algorithm>

namespace rwatch::app {

namespace {

/// Of the automaton in the kernel: more than these rules take, since a reload can't make the room larger.
std::size_t room_for(const rules::Interest& interest) {
    constexpr std::size_t kLeast = 4096;
    return std::max(kLeast, std::min(interest.paths.states().size() * 2, rules::TextAutomaton::kMostStates));
}

} // namespace

event::CallSet calls_needed(const rules::RuleSet& rules, const rules::Interest& interest) {
    return pipeline::SystemEnricher::followed(rules::wanted_calls(rules, interest));
}

std::unique_ptr<sensor::EventSource> open_sensor(const config::Config& config, const rules::RuleSet& rules,
                                                 std::uint32_t canary, event::CallSet& calls) {
    sensor::BpfOptions options;
    options.host_mntns = process::HostView().namespace_id();
    if (config.sensor.sift) {
        const auto interest = rules::interest_of(rules, {});
        options.states = room_for(interest);
        options.calls = calls_needed(rules, interest);
    }
    calls = options.calls;
    options.ring_size = config.sensor.ring_size;
    options.skip_own = true;
    options.canary = canary;
    return sensor::BpfSource::open(options);
}

} // namespace rwatch::app
