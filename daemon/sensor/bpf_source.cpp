// SPDX-License-Identifier: MIT OR Apache-2.0
#include "sensor/bpf_source.hpp"

#include "core/error.hpp"
#include "ebpf/abi/rwatch_abi.h"
#include "event/event.hpp"
#include "sensor/probe_loader.hpp"

#include <algorithm>
#include <atomic>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cerrno>
#include <string_view>
#include <sys/mman.h>
#include <utility>

namespace rwatch::sensor {
namespace {

constexpr std::size_t kMostGroupLosses = 8192; ///< RW_GROUP_LOSSES of ebpf/lib/admit.bpf.h

std::uint64_t misses(int program) {
    bpf_prog_info info{};
    std::uint32_t size = sizeof(info);
    return bpf_obj_get_info_by_fd(program, &info, &size) == 0 ? info.recursion_misses : 0;
}

/// A family that no call's tracepoint brings is named as the kind of its events.
event::Kind kind_named(std::string_view name) noexcept {
    auto kind = event::Kind::none;
    while (event::name_of(kind) != name && kind != event::Kind::count)
        kind = static_cast<event::Kind>(static_cast<int>(kind) + 1);
    return kind;
}

} // namespace

void BpfSource::ReaderDeleter::operator()(rw_reader* reader) const noexcept {
    ::munmap(reader, sizeof(rw_reader));
}

std::unique_ptr<BpfSource> BpfSource::open(const BpfOptions& options) {
    std::unique_ptr<BpfSource> source(new BpfSource); // the constructor is private
    ProbeLoader loader(options);
    loader.run(*source);
    return source;
}

BpfSource::~BpfSource() {
    detach();
}

std::size_t BpfSource::drain(RecordHandler& handler, std::size_t most) noexcept {
    const auto count = ring_.read(handler, most);
    drained_ += count;
    emptied_ = emptied_ || count < most;
    return count;
}

void BpfSource::wake_for(Wake which) noexcept {
    static_assert(static_cast<unsigned>(Wake::urgent) == RW_WAKE_URGENT &&
                  static_cast<unsigned>(Wake::any) == RW_WAKE_ANY);
    std::atomic_ref(reader_->wakes).store(static_cast<std::uint32_t>(which));
}

void BpfSource::hurry(event::KindSet kinds) noexcept {
    std::atomic_ref(reader_->urgent).store(kinds, std::memory_order_relaxed);
}

void BpfSource::detach() noexcept {
    hooks_.take_all_off();
}

/// What calls have in common hangs as long as any of them is wanted.
bool BpfSource::is_wanted(const ProgramHook& hook, const event::CallSet& calls) noexcept {
    const auto& family = families()[hook.family];
    if (hook.call != event::Call::none)
        return calls[static_cast<std::size_t>(hook.call)];
    return hook.way == ProgramHook::Way::kprobe || family.always || family.calls.empty() ||
           std::any_of(family.calls.begin(), family.calls.end(), [&](const auto& call) { return calls[call.call]; });
}

void BpfSource::want_calls(const event::CallSet& calls) {
    std::vector<std::size_t> gone;
    for (std::size_t i = 0; i < hooks_.size(); ++i)
        if (is_wanted(hooks_.hook(i), calls))
            (void)hooks_.hang(i);
        else if (hooks_.hangs(i))
            gone.push_back(i);
    hooks_.take_off(gone);
    describe_probes();
}

ProbeState BpfSource::state_of(std::size_t family) const {
    const auto& what = families()[family];
    ProbeState state;
    state.name = what.name;
    state.blind = what.blind;
    for (const auto& way : what.alternatives)
        state.alternatives.emplace_back(way.name);
    state.attached = ways_[family].way;
    state.reason = ways_[family].reason;
    if (state.attached.empty())
        return state;
    if (what.calls.empty()) {
        state.hooks.push_back({state.name, kind_named(state.name), event::Call::none});
        return state;
    }
    std::size_t offered = 0;
    bool idle = false;
    for (std::size_t i = 0; i < hooks_.size(); ++i) {
        const auto& hook = hooks_.hook(i);
        if (hook.family != family)
            continue;
        if (!hook.trouble.empty())
            add_reason(state.reason, hook.place.substr(hook.place.rfind('/') + 1) + ": " + hook.trouble);
        if (!hook.tells)
            continue;
        ++offered;
        if (hooks_.hangs(i))
            state.hooks.push_back({hook.name, {}, hook.call});
        else
            idle = idle || hook.trouble.empty();
    }
    if (offered > 0 && state.hooks.empty() && !idle) { // none could be, though all are wanted
        state.attached.clear();
        return state;
    }
    state.attached += " (" + std::to_string(state.hooks.size()) + " of " + std::to_string(offered);
    state.attached += !idle ? ")" : state.hooks.empty() ? "; no rule needs any)" : "; no rule needs the others)";
    if (offered == 0)
        add_reason(state.reason, "this kernel has no such call");
    return state;
}

void BpfSource::describe_probes() {
    states_.clear();
    for (std::size_t i = 0; i < families().size(); ++i)
        states_.push_back(state_of(i));
}

std::vector<std::pair<std::string, std::uint64_t>> BpfSource::counts(__u64 rw_count::*which) const {
    const int cpus = libbpf_num_possible_cpus();
    std::vector<std::pair<std::string, std::uint64_t>> list;
    if (cpus < 1)
        return list;
    std::vector<rw_count> values(static_cast<std::size_t>(cpus));
    for (std::uint32_t kind = 1; kind < RW_KIND_COUNT; ++kind) {
        if (bpf_map_lookup_elem(counts_fd_.get(), &kind, values.data()) != 0)
            continue;
        std::uint64_t sum = 0;
        for (const auto& value : values)
            sum += value.*which;
        if (sum > 0)
            list.emplace_back(event::name_of(static_cast<event::Kind>(kind)), sum);
    }
    return list;
}

std::vector<std::pair<std::string, std::uint64_t>> BpfSource::submitted() const {
    return counts(&rw_count::submitted);
}

std::vector<std::pair<std::string, std::uint64_t>> BpfSource::held() const {
    return counts(&rw_count::held);
}

std::vector<std::pair<std::string, std::uint64_t>> BpfSource::sifted() const {
    return counts(&rw_count::sifted);
}

/// What was in the ring at the call before must have been handed over, if the ring was read to its end since.
void BpfSource::count_taken() const {
    if (std::exchange(emptied_, false) && drained_ + taken_ < expected_)
        taken_ = expected_ - drained_;
    expected_ = 0;
    for (const auto& [kind, count] : submitted())
        expected_ += count;
}

std::vector<std::pair<std::string, std::uint64_t>> BpfSource::losses() const {
    auto list = counts(&rw_count::lost);
    std::uint64_t missed = 0;
    for (const auto& program : programs_)
        missed += misses(program.get());
    if (missed > 0)
        list.emplace_back("missed", missed);
    if (count_taken(); taken_ > 0)
        list.emplace_back("taken away", taken_);
    return list;
}

std::vector<GroupLoss> BpfSource::group_losses() const {
    std::vector<GroupLoss> list;
    rw_group_kind key{}, next{};
    std::uint64_t count = 0;
    // Entries come and go meanwhile, which may start the walk anew: bounded.
    for (bool first = true; list.size() < kMostGroupLosses; first = false, key = next) {
        if (bpf_map_get_next_key(group_losses_fd_.get(), first ? nullptr : &key, &next) != 0)
            break;
        if (bpf_map_lookup_elem(group_losses_fd_.get(), &next, &count) == 0)
            list.push_back({next.cgroup, std::string(event::name_of(static_cast<event::Kind>(next.kind))), count});
    }
    return list;
}

} // namespace rwatch::sensor
