// SPDX-License-Identifier: MIT OR Apache-2.0
#include "pipeline/system_enricher.hpp"

#include "core/escape.hpp"
#include "core/time.hpp"

#include <algorithm>
#include <malloc.h>
#include <poll.h>
#include <string_view>

namespace rwatch::pipeline {

namespace {
constexpr std::size_t kSweepEachSecond = 256; // processes whose life is checked, in case their exit was lost
constexpr std::size_t kFlood = 512;           // processes in the table at once that are worth it to give memory back
constexpr std::array<std::string_view, 11> kShortfallNames{
    "units unknown",        "units forgotten",      "names left out",      "names kept as text",
    "processes incomplete", "processes forgotten",  "arguments dropped",   "execs unseen",
    "containers nameless",  "executables unhashed", "host names forgotten"};

/// Adds the hash of the executable, and what logind and the container's runtime tell.
class WhoCompletion : public Completion {
  public:
    WhoCompletion(process::HashCache& hashes, const event::FileInfo& exe, process::Units::Use place)
        : hashes_(hashes), exe_(exe), place_(std::move(place)) {}

    Findings look() noexcept override {
        return {hashes_.find(exe_), place_.get(),
                hashes_.state(exe_) != process::HashCache::State::waiting && !place_.waiting()};
    }

  private:
    process::HashCache& hashes_;
    event::FileInfo exe_;
    process::Units::Use place_;
};

} // namespace

SystemEnricher::SystemEnricher() : hashes_(lookups_), table_(process::ProcessTable::kCapacity, units_) {
    units_.ask_of(lookups_);
}

event::CallSet SystemEnricher::followed(const event::CallSet& wanted) {
    using event::Kind;
    using event::set_of;
    // What files are called, and which of them are watched; who a process is, and how it calls itself.
    constexpr auto kState = set_of(Kind::rename) | set_of(Kind::unlink) | set_of(Kind::link) | set_of(Kind::symlink) |
                            set_of(Kind::mkdir) | set_of(Kind::mknod) | set_of(Kind::mount) | set_of(Kind::setid);
    constexpr auto kTraffic = set_of(Kind::connect) | set_of(Kind::send) | set_of(Kind::accept) | set_of(Kind::dup);
    auto out = event::calls_of(kState);
    out.set(static_cast<std::size_t>(event::Call::prctl));
    const auto of_traffic = wanted & event::calls_of(kTraffic);
    if ((of_traffic >> 1).any()) // not Call::none: by which name an address was found
        out |= event::calls_of(set_of(Kind::resolve));
    return out.reset(static_cast<std::size_t>(event::Call::none));
}

event::CallSet SystemEnricher::hooked_for(const event::CallSet& wanted) {
    return followed(wanted) | event::calls_of(event::set_of(event::Kind::chmod)); // modes that files had
}

void SystemEnricher::fill() {
    table_.fill_from_proc();
    processes_.store(table_.size(), std::memory_order_relaxed);
}

void SystemEnricher::take_watch_list() noexcept {
    if (std::unique_ptr<process::WatchList> list; watch_lists_.take(list))
        objects_.install(std::move(list));
}

void SystemEnricher::enrich(event::Event& event) noexcept {
    take_watch_list();
    event.directory = &users_.directory();
    objects_.enrich(event);
    table_.enrich(event);
    names_.enrich(event);
    if (want_hashes_)
        hash(event);
}

void SystemEnricher::hash(event::Event& event) noexcept {
    if (event.kind == event::Kind::exec)
        (void)hashes_.want(*event.process);
    event.exe_hash = hashes_.find(event.process->exe);
}

std::unique_ptr<Completion> SystemEnricher::completion(const event::Event& event) {
    (void)hashes_.want(*event.process);
    return std::make_unique<WhoCompletion>(hashes_, event.process->exe, table_.place_of(event));
}

bool SystemEnricher::waits_for_hash(const event::Event& event) noexcept {
    return hashes_.state(event.process->exe) == process::HashCache::State::waiting;
}

void SystemEnricher::revisit(event::Event& event, event::Process& then) noexcept {
    event.directory = &users_.directory();
    objects_.enrich(event);
    table_.revisit(event, then);
    names_.enrich(event);
    event.exe_hash = hashes_.find(then.exe);
}

void SystemEnricher::take_answers() noexcept {
    users_.adopt();
    if (!lookups_.take(places_told_, hashes_told_))
        return;
    for (auto& answer : places_told_)
        units_.told(std::move(answer));
    for (auto& answer : hashes_told_)
        hashes_.told(std::move(answer));
}

void SystemEnricher::chores() noexcept {
    pollfd mounts{objects_.mounts_fd(), POLLPRI, 0};
    if (mounts.fd >= 0 && poll(&mounts, 1, 0) > 0)
        objects_.refresh_mounts();
    table_.sweep(kSweepEachSecond, static_cast<std::uint64_t>(boot_now()));
    processes_.store(table_.size(), std::memory_order_relaxed);
    give_back();
    count_shortfalls();
}

/// The memory of a flood of processes goes back to the system when they are forgotten; the allocator would keep it.
void SystemEnricher::give_back() noexcept {
    most_processes_ = std::max(most_processes_, table_.size());
    if (most_processes_ < kFlood || table_.size() > most_processes_ / 2)
        return;
    most_processes_ = table_.size();
    ::malloc_trim(0);
}

std::string SystemEnricher::name_of(std::uint64_t cgroup) {
    const auto use = units_.find(cgroup, 0);
    const auto* placement = use.get();
    if (placement == nullptr)
        return {};
    // Of a user's manager the unit that it runs says more than the manager.
    for (const auto* name : {&placement->container_name, &placement->container_id, &placement->user_unit,
                             &placement->unit, &placement->cgroup})
        if (!name->empty())
            return escape(*name);
    return {};
}

void SystemEnricher::count_shortfalls() noexcept {
    const auto objects = objects_.counters();
    const auto processes = table_.counters();
    const auto& nodes = processes.nodes;
    const std::array<std::uint64_t, kShortfalls> now{
        units_.unresolved(),  units_.evicted(),
        objects.left_out,     objects.unresolved,
        processes.incomplete, nodes.evicted_dead + nodes.evicted_live + nodes.refused,
        nodes.trimmed,        processes.lost_execs,
        units_.nameless(),    hashes_.counters().failed + hashes_.counters().refused,
        names_.forgotten()};
    for (std::size_t i = 0; i < now.size(); ++i)
        shortfalls_[i].store(now[i], std::memory_order_relaxed);
}

std::map<std::string, std::uint64_t> SystemEnricher::shortfalls() const {
    static_assert(kShortfallNames.size() == kShortfalls);
    std::map<std::string, std::uint64_t> out;
    for (std::size_t i = 0; i < kShortfalls; ++i)
        if (const auto count = shortfalls_[i].load(std::memory_order_relaxed); count != 0)
            out.emplace(kShortfallNames[i], count);
    return out;
}

std::vector<std::string> SystemEnricher::watch(std::span<const std::string> paths) {
    auto list = process::Objects::look_up(paths);
    auto names = list->other_names();
    watch_lists_.put(std::move(list));
    return names;
}

} // namespace rwatch::pipeline
