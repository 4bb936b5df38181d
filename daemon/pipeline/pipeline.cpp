// SPDX-License-Identifier: MIT OR Apache-2.0
#include "pipeline/pipeline.hpp"

#include "event/decode.hpp"

#include <cassert>
#include <exception>
#include <limits>
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
    if (set == engine_.rule_set())
        return;
    enricher_.want_hashes(set != nullptr && set->asks_late());
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
    const bool later = event->kind == event::Kind::exec && engine_.rule_set() != nullptr &&
                       engine_.rule_set()->asks_late() && enricher_.waits_for_hash(*event) &&
                       postpone(record, wall_offset_ns, *event);
    for (const auto& listener : listeners_) {
        scratch_->reset();
        listener->on_event({record, wall_offset_ns, *event, later}, *scratch_);
    }
    scratch_->reset();
    engine_.process(*event, *scratch_, *this, later ? rules::Share::prompt : rules::Share::all);
}

bool Pipeline::postpone(std::span<const std::byte> record, std::int64_t wall_offset_ns,
                        const event::Event& event) noexcept {
    if (postponed_.size() >= kMostPostponed) {
        count(counters_.unhashed);
        return false;
    }
    auto& exec = postponed_.emplace_back();
    exec.record.assign(record.begin(), record.end());
    exec.wall_offset_ns = wall_offset_ns;
    exec.number = event.number;
    exec.process = *event.process;
    exec.until_ns = static_cast<std::int64_t>(event.boot_ns) + kWait;
    return true;
}

bool Pipeline::try_again(Postponed& exec, bool time_over) noexcept {
    auto event = event::decode(exec.record, exec.wall_offset_ns);
    assert(event && "it was decoded before");
    event->number = exec.number;
    enricher_.revisit(*event, exec.process);
    const bool waits = enricher_.waits_for_hash(*event);
    if (waits && !time_over)
        return false;
    if (event->exe_hash.empty())
        count(counters_.unhashed);
    for (const auto& listener : listeners_)
        listener->on_late(exec.number, event->exe_hash);
    scratch_->reset();
    engine_.process(*event, *scratch_, *this, rules::Share::late);
    return true;
}

void Pipeline::resume(std::int64_t boot_ns) noexcept {
    while (!postponed_.empty() && try_again(postponed_.front(), postponed_.front().until_ns <= boot_ns))
        postponed_.pop_front();
    try {
        while (!held_.empty() && completed(held_.front(), held_.front().until_ns <= boot_ns))
            send_front();
    } catch (const std::exception&) {
        count(counters_.failed);
    }
    for (const auto& listener : listeners_)
        listener->on_rest();
}

/// Whether it waits for nothing more; then it has all that was found.
bool Pipeline::completed(Held& held, bool time_over) {
    if (held.completion == nullptr)
        return true;
    const auto found = held.completion->look();
    if (!found.complete && !time_over)
        return false;
    if (!found.hash.empty())
        alerts::put_hash(*held.alert, found.hash);
    if (found.place != nullptr)
        alerts::put_placement(*held.alert, *found.place);
    for (const auto& listener : listeners_)
        listener->on_complete(held.number, found);
    held.completion.reset();
    return true;
}

void Pipeline::hold(Held held) {
    if (completed(held, false) && held_.empty()) {
        output_(std::move(held.alert));
        return;
    }
    if (held_.size() >= kMostHeld) {
        (void)completed(held_.front(), true);
        send_front();
    }
    held_.push_back(std::move(held));
}

void Pipeline::send_front() {
    auto alert = std::move(held_.front().alert);
    held_.pop_front();
    output_(std::move(alert));
}

void Pipeline::on_match(const rules::Match& match) noexcept {
    auto& rule_counters = engine_.rule_set()->counters(match.index);
    try {
        if (!debounce_.admit(match, *scratch_)) {
            count(counters_.suppressed);
            count(rule_counters.suppressed);
            return;
        }
        auto alert = std::make_shared<alerts::Alert>(factory_.make(match, *scratch_));
        debounce_.opened(alert);
        count(counters_.alerts);
        hold({std::move(alert), enricher_.completion(match.event), match.event.number,
              static_cast<std::int64_t>(match.event.boot_ns) + kWait});
    } catch (const std::exception&) {
        count(counters_.failed); // no memory: the next event may find some
    }
}

void Pipeline::raise(alerts::Alert alert) {
    count(counters_.alerts);
    hold({std::make_shared<alerts::Alert>(std::move(alert)), nullptr, 0, 0});
}

void Pipeline::tick(std::uint64_t boot_ns) noexcept {
    try {
        debounce_.expire(static_cast<std::int64_t>(boot_ns));
    } catch (const std::exception&) {
        count(counters_.failed);
    }
    for (const auto& listener : listeners_)
        listener->on_tick(boot_ns);
    counters_.evicted_groups.store(engine_.evicted_groups(), kRelaxed);
    counters_.closed_early.store(debounce_.closed_early(), kRelaxed);
    counters_.cut_values.store(scratch_->cut(), kRelaxed);
}

void Pipeline::flush() noexcept {
    resume(std::numeric_limits<std::int64_t>::max());
    try {
        debounce_.flush();
    } catch (const std::exception&) {
        count(counters_.failed);
    }
}

} // namespace rwatch::pipeline
