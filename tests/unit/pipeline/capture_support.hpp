// SPDX-License-Identifier: MIT OR Apache-2.0
// What the tests of captures share: some rules, and a replay whose alerts can be compared.
#pragma once

#include "ebpf/abi/rwatch_abi.h"
#include "event/decode.hpp"
#include "pipeline/replay.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sys/mman.h>
#include <unistd.h>

namespace rwatch::test {

using Alerts = std::vector<nlohmann::ordered_json>;

inline constexpr std::int64_t kOffset = 1'700'000'000'000'000'000;

inline constexpr std::string_view kReplayRules = R"(
- rule: run
  desc: d
  condition: evt.type = execve
  output: "%proc.cmdline of %user.name below %proc.pexepath and %proc.aexepath[2] in %systemd.unit, %evt.num, %fd.name"
  priority: info
  debounce: {for: 2s, by: [proc.exepath]}
- {rule: hash, desc: d, condition: 'proc.hash.sha256 startswith ee', output: '%proc.cmdline', priority: info}
- rule: many
  desc: d
  condition: evt.type = execve
  correlation: {type: event_count, group-by: [proc.ppid], timespan: 10s, condition: {gte: 3}}
  output: "many below %proc.ppid"
  priority: warning
)";

inline std::shared_ptr<const rules::RuleSet> rules_of(std::string_view text) {
    const rules::SourceText source{"a.yaml", std::string(text)};
    auto loaded = rules::load({&source, 1});
    for (const auto& d : loaded.diagnostics)
        UNSCOPED_INFO(d.message);
    REQUIRE(loaded.set != nullptr);
    return loaded.set;
}

/// What is the same live and replayed: all but the id, which counts alerts about rwatch too.
inline nlohmann::ordered_json comparable(const alerts::Alert& alert) {
    auto out = alerts::to_full_json(alert);
    out.erase("id");
    return out;
}

inline Fd file_of(std::string_view content) {
    Fd out(::memfd_create("capture", MFD_CLOEXEC));
    REQUIRE(::write(out.get(), content.data(), content.size()) == static_cast<ssize_t>(content.size()));
    REQUIRE(::lseek(out.get(), 0, SEEK_SET) == 0);
    return out;
}

struct Replayed {
    explicit Replayed(std::string_view content) {
        static const auto rules = rules_of(kReplayRules);
        pipeline::CaptureReader capture(file_of(content));
        report = pipeline::replay(capture, rules, 0, [this](auto alert) { alerts.push_back(comparable(*alert)); });
    }
    Alerts alerts;
    pipeline::ReplayReport report;
};

} // namespace rwatch::test
