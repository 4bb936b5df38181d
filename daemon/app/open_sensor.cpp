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

Wanted wanted_by(const rules::RuleSet& rules, std::span<const std::string> names) {
    Wanted out;
    out.interest = rules::interest_of(rules, names);
    const auto asked = rules::wanted_calls(rules, out.interest);
    out.calls = asked | pipeline::SystemEnricher::hooked_for(asked);
    out.interest.calls.want_done(pipeline::SystemEnricher::followed(asked));
    return out;
}

std::unique_ptr<sensor::EventSource> open_sensor(const config::Config& config, const rules::RuleSet& rules,
                                                 std::uint32_t canary, event::CallSet& calls) {
    sensor::BpfOptions options;
    options.host_mntns = process::HostView().namespace_id();
    if (config.sensor.sift) {
        const auto wanted = wanted_by(rules, {});
        options.states = room_for(wanted.interest);
        options.calls = wanted.calls;
    }
    calls = options.calls;
    options.ring_size = config.sensor.ring_size;
    options.skip_own = true;
    options.canary = canary;
    return sensor::BpfSource::open(options);
}

} // namespace rwatch::app
