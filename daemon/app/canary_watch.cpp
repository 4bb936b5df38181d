// SPDX-License-Identifier: MIT OR Apache-2.0
#include "app/canary_watch.hpp"

#include <algorithm>
#include <utility>

namespace rwatch::app {

bool CanaryWatch::check(std::int64_t now_ns, Round last, const std::vector<sensor::ProbeState>& probes,
                        const pipeline::SelfWatch& answers) {
    if (last.ended_ns != 0 && last.begun_ns != judged_ns_ && now_ns - last.ended_ns >= kPatience) {
        judged_ns_ = last.begun_ns;
        if (last.begun_ns > changed_ns_)
            judge(static_cast<std::uint64_t>(last.begun_ns), probes, answers);
    }
    stuck_ = asked_ns_ != 0 && now_ns - asked_ns_ >= kStuck && last.ended_ns < asked_ns_;
    if (asked_ns_ != 0 && now_ns - asked_ns_ < (missed_.empty() ? every_ns_ : std::min(every_ns_, kAgain)))
        return false;
    // A round that is under way, or whose events may still come, is not sung over.
    if (asked_ns_ != 0 && (last.ended_ns < asked_ns_ || judged_ns_ != last.begun_ns))
        return false;
    asked_ns_ = now_ns;
    return true;
}

void CanaryWatch::judge(std::uint64_t begun_ns, const std::vector<sensor::ProbeState>& probes,
                        const pipeline::SelfWatch& answers) {
    silent_.clear();
    hopeless_ = false;
    const auto before = std::exchange(missed_, {}); // of hooks that are gone nothing is kept
    for (const auto& probe : probes) {
        for (const auto& hook : probe.hooks)
            judge_hook(probe.name, hook.name,
                       hook.call == event::Call::none ? answers.last(hook.kind) : answers.last(hook.call), begun_ns,
                       before);
    }
}

void CanaryWatch::judge_hook(const std::string& probe, const std::string& hook, std::uint64_t last_ns,
                             std::uint64_t begun_ns, const std::map<std::string, unsigned>& before) {
    if (last_ns >= begun_ns)
        return;
    const auto known = before.find(hook);
    const auto missed = missed_[hook] = (known == before.end() ? 0 : known->second) + 1;
    hopeless_ = hopeless_ || (last_ns != 0 && missed >= kRestartAfter);
    if (missed >= kSilentAfter)
        silent_[probe].append(silent_[probe].empty() ? "" : ", ").append(hook);
}

} // namespace rwatch::app
