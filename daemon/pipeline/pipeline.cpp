// SPDX-License-Identifier: MIT OR Apache-2.0
#include "pipeline/pipeline.hpp"

#include "event/decode.hpp"

#include <exception>
#include <utility>

namespace rwatch::pipeline {

namespace {
constexpr auto kRelaxed = std::memory_order_relaxed;

/// A counter that this thread alone writes: no locked instruction.
void count(std::atomic<std::uint64_t>& counter) noexcept {
    counter.store(counter.load(kRelaxed) + 1, kRelaxed);
}
} // namespace

std::uint64_t Counters::received_total() const noexcept {
    std::uint64_t total = 0;
    for (const auto& kind : received)
        total += kind.load(kRelaxed);
    return total;
}

Pipeline::Pipeline(Enricher& enricher, SelfWatch& self, alerts::AlertFactory& factory, std::int64_t default_debounce_ns,
                   Output output)
    : enricher_(enricher), self_(self), factory_(factory), output_(std::move(output)),
      debounce_(default_debounce_ns, factory, [this](alerts::Alert summary) { raise(std::move(summary)); }),
      scratch_(std::make_unique<event::Scratch>()) {}

void Pipeline::install(std::shared_ptr<const rules::RuleSet> set) {
    engine_.install(std::move(set));
}

void Pipeline::record(std::span<const std::byte> record, std::int64_t wall_offset_ns) noexcept {
    auto event = event::decode(record, wall_offset_ns);
    if (!event) {
        count(counters_.undecodable);
        return;
    }
    if (self_.take(*event))
        return;
    count(counters_.received[static_cast<std::size_t>(event->kind)]);
    event->number = ++number_;
    enricher_.enrich(*event);
    scratch_->reset();
    engine_.process(*event, *scratch_, *this);
}

void Pipeline::on_match(const rules::Match& match) noexcept {
    auto& rule_counters = engine_.rule_set()->counters(match.index);
    try {
        if (!debounce_.admit(match, *scratch_)) {
            count(counters_.suppressed);
            count(rule_counters.suppressed);
            return;
        }
        auto alert = std::make_shared<const alerts::Alert>(factory_.make(match, *scratch_));
        debounce_.opened(alert);
        count(counters_.alerts);
        output_(std::move(alert));
    } catch (const std::exception&) {
        count(counters_.failed); // no memory: the next event may find some
    }
}

void Pipeline::raise(alerts::Alert alert) {
    count(counters_.alerts);
    output_(std::make_shared<const alerts::Alert>(std::move(alert)));
}

void Pipeline::tick(std::uint64_t boot_ns) noexcept {
    try {
        debounce_.expire(static_cast<std::int64_t>(boot_ns));
    } catch (const std::exception&) {
        count(counters_.failed);
    }
    counters_.evicted_groups.store(engine_.evicted_groups(), kRelaxed);
    counters_.closed_early.store(debounce_.closed_early(), kRelaxed);
    counters_.cut_values.store(scratch_->cut(), kRelaxed);
}

void Pipeline::flush() noexcept {
    try {
        debounce_.flush();
    } catch (const std::exception&) {
        count(counters_.failed);
    }
}

} // namespace rwatch::pipeline
