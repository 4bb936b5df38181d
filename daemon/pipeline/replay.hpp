// SPDX-License-Identifier: MIT OR Apache-2.0
// Runs rules over a capture: the pipeline as it is, with what was known of each event taken from the capture instead of
// from the machine, and its clock too. The same rules give the same alerts, with the same times.
#pragma once

#include "pipeline/capture_file.hpp"
#include "pipeline/pipeline.hpp"
#include "rules/rule_set.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace rwatch::pipeline {

struct ReplayReport {
    CaptureHeader header;
    std::uint64_t events = 0;
    std::uint64_t lost = 0;        ///< events that the capture tells it lacks
    std::uint64_t undecodable = 0; ///< events that make no sense
    std::uint64_t alerts = 0;
    std::string trouble; ///< why not all of it was read: no capture, of a newer rwatch, cut off, damaged; "" it was
};

/// default_debounce_ns: see alerts::Debounce. output: called on this thread, in the order of the alerts; what it throws
/// ends the replay, and is thrown.
[[nodiscard]] ReplayReport replay(CaptureReader& capture, std::shared_ptr<const rules::RuleSet> rules,
                                  std::int64_t default_debounce_ns, const Pipeline::Output& output);

} // namespace rwatch::pipeline
