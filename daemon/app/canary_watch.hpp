// SPDX-License-Identifier: MIT OR Apache-2.0
// Which probes no longer answer the canary: told apart from a record that a full ring lost by asking twice.
#pragma once

#include "pipeline/self_watch.hpp"
#include "sensor/event_source.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace rwatch::app {

class CanaryWatch {
  public:
    static constexpr std::int64_t kPatience =
        3'000'000'000;                                     ///< from the end of a round until its events must have come
    static constexpr std::int64_t kAgain = 5'000'000'000;  ///< after a round that not all answered
    static constexpr std::int64_t kStuck = 30'000'000'000; ///< a round takes milliseconds
    static constexpr unsigned kSilentAfter = 2;            ///< rounds without an answer
    static constexpr unsigned kRestartAfter = 4;

    /// Boot clock; 0 before the first whole round.
    struct Round {
        std::int64_t begun_ns = 0, ended_ns = 0;
    };

    explicit CanaryWatch(std::int64_t every_ns) : every_ns_(every_ns) {}

    /// About once a second. True: let the canary sing.
    [[nodiscard]] bool check(std::int64_t now_ns, Round last, const std::vector<sensor::ProbeState>& probes,
                             const pipeline::SelfWatch& answers);

    /// Rounds that have begun by now do not count: hooks have come or gone.
    void hooks_changed(std::int64_t now_ns) noexcept { changed_ns_ = now_ns; }

    /// By probe, the hooks that are silent: "openat, openat2"; a probe with one hook by its own name.
    [[nodiscard]] const std::map<std::string, std::string>& silent() const noexcept { return silent_; }
    /// True where the canary itself does not come back.
    [[nodiscard]] bool stuck() const noexcept { return stuck_; }
    /// True where a hook that once answered has been silent for so long that only a restart can help.
    [[nodiscard]] bool hopeless() const noexcept { return hopeless_; }

  private:
    void judge(std::uint64_t begun_ns, const std::vector<sensor::ProbeState>& probes,
               const pipeline::SelfWatch& answers);
    /// before: rounds that hooks had missed until this one.
    void judge_hook(const std::string& probe, const std::string& hook, std::uint64_t last_ns, std::uint64_t begun_ns,
                    const std::map<std::string, unsigned>& before);

    std::int64_t every_ns_;
    std::int64_t asked_ns_ = 0, judged_ns_ = 0, changed_ns_ = 0;
    std::map<std::string, unsigned> missed_; ///< rounds in a row, by hook
    std::map<std::string, std::string> silent_;
    bool stuck_ = false, hopeless_ = false;
};

} // namespace rwatch::app
