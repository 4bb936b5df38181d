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
#include <exception>
#include <string_view>
#include <thread>
#include <utility>

namespace rwatch::sensor {
namespace {

constexpr std::size_t kMostClosers = 24;       ///< threads that take probes off
constexpr std::size_t kMostGroupLosses = 8192; ///< RW_GROUP_LOSSES of ebpf/lib/admit.bpf.h

std::uint64_t misses(int program) {
    bpf_prog_info info{};
    std::uint32_t size = sizeof(info);
    return bpf_obj_get_info_by_fd(program, &info, &size) == 0 ? info.recursion_misses : 0;
}

} // namespace

void BpfSource::RingDeleter::operator()(ring_buffer* ring) const noexcept {
    ring_buffer__free(ring);
}

void BpfSource::LinkDeleter::operator()(bpf_link* link) const noexcept {
    bpf_link__destroy(link);
}

std::unique_ptr<BpfSource> BpfSource::open(const BpfOptions& options) {
    std::unique_ptr<BpfSource> source(new BpfSource); // the constructor is private
    ProbeLoader loader(options);
    loader.run(*source);
    source->ring_.reset(ring_buffer__new(source->ring_fd_.get(), &BpfSource::on_sample, source.get(), nullptr));
    if (!source->ring_)
        throw Error("map", "ring of events", errno);
    return source;
}

BpfSource::~BpfSource() {
    detach();
}

int BpfSource::on_sample(void* context, void* data, std::size_t size) noexcept {
    auto& self = *static_cast<BpfSource*>(context);
    self.handler_->on_record({static_cast<const std::byte*>(data), size});
    // libbpf 1.1 has no bounded consume: a negative value ends it, with this record consumed.
    return --self.left_ == 0 ? -ECANCELED : 0;
}

std::size_t BpfSource::drain(RecordHandler& handler, std::size_t most) noexcept {
    if (most == 0)
        return 0;
    handler_ = &handler;
    left_ = most;
    ring_buffer__consume(ring_.get());
    handler_ = nullptr;
    drained_ += most - left_;
    emptied_ = emptied_ || left_ > 0;
    return most - left_;
}

int BpfSource::wake_fd() const noexcept {
    return ring_buffer__epoll_fd(ring_.get());
}

void BpfSource::doze(bool on) noexcept {
    constexpr std::uint32_t kTheOnlyReader = 0;
    const rw_reader reader{on ? 1U : 0U};
    bpf_map_update_elem(readers_fd_.get(), &kTheOnlyReader, &reader, BPF_ANY);
}

/// Each link waits in the kernel for a grace period of all CPUs, 15 ms or so: many wait together.
void BpfSource::detach() noexcept {
    std::vector<std::thread> closers;
    std::atomic<std::size_t> next{0};
    const auto close = [&] {
        for (std::size_t i = next++; i < links_.size(); i = next++)
            links_[i].reset();
    };
    try {
        while (closers.size() < std::min(kMostClosers, links_.size()))
            closers.emplace_back(close);
    } catch (const std::exception&) {
        // Fewer, then: this thread closes in any case.
    }
    close();
    for (auto& closer : closers)
        closer.join();
    links_.clear();
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
