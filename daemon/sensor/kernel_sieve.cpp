// SPDX-License-Identifier: MIT OR Apache-2.0
#include "sensor/kernel_sieve.hpp"

#include "core/error.hpp"

#include <algorithm>
#include <bpf/bpf.h>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <sys/sysmacros.h>

namespace rwatch::sensor {

namespace {

using State = rules::TextAutomaton::State;
static_assert(sizeof(State) == sizeof(rw_state) && offsetof(rw_state, hits) == offsetof(State, hits) &&
              offsetof(rw_state, live) == offsetof(State, live) && rules::TextAutomaton::kSymbols == RW_SYMBOLS &&
              rules::TextAutomaton::kEnd == RW_SYMBOL_END);

using Calls = rules::CallInterest;
static_assert(Calls::kClasses == RW_VALUES && Calls::kFamilies == RW_SOCKET_FAMILIES &&
              Calls::kTypes == RW_SOCKET_TYPES && Calls::kModes == RW_MODES && Calls::kPorts == RW_PORTS &&
              Calls::kPortClasses == RW_PORT_CLASSES && event::kCalls <= RW_CALL_ROWS &&
              sizeof(Calls::Row) == sizeof(rw_calls::wanted[0]) && rules::kMarkOfCalls == 1U << RW_EXE_CALLS);

constexpr std::uint32_t kTheOnly = 0;
constexpr std::size_t kMostTurns = 100'000; // above what a map of programs holds

std::uint32_t kernel_device(std::uint64_t dev) noexcept {
    constexpr unsigned kMinorBits = 20;
    return major(dev) << kMinorBits | minor(dev);
}

rw_file_key key_of(const event::FileId& id) noexcept {
    return {id.ino, kernel_device(id.dev)};
}

bool before(const event::FileId& a, const event::FileId& b) noexcept {
    return a.ino != b.ino ? a.ino < b.ino : a.dev < b.dev;
}

} // namespace

std::size_t KernelSieve::entries(std::size_t states) noexcept {
    return std::max<std::size_t>(states, 1) * 2;
}

void KernelSieve::exchange(bool on) noexcept {
    now_.on = 0;
    bpf_map_update_elem(maps_.interests.get(), &kTheOnly, &now_, BPF_ANY);
    if (!on)
        return;
    now_.on = 1;
    if (bpf_map_update_elem(maps_.interests.get(), &kTheOnly, &now_, BPF_ANY) != 0)
        now_.on = 0;
}

bool KernelSieve::write_states(std::uint32_t first, const rules::TextAutomaton& automaton) noexcept {
    const auto states = automaton.states();
    if (states.size() > states_)
        return false;
    for (std::uint32_t i = 0; i < states.size(); ++i) {
        const auto key = first + i;
        if (bpf_map_update_elem(maps_.states.get(), &key, &states[i], BPF_ANY) != 0)
            return false;
    }
    return true;
}

bool KernelSieve::write_calls(const rules::CallInterest& calls) noexcept {
    std::memcpy(calls_->wanted, calls.wanted.data(), calls.wanted.size() * sizeof(Calls::Row));
    std::copy(calls.sockets.begin(), calls.sockets.end(), std::begin(calls_->sockets));
    std::copy(calls.modes.begin(), calls.modes.end(), std::begin(calls_->modes));
    std::copy(calls.ports.begin(), calls.ports.end(), std::begin(calls_->ports));
    return bpf_map_update_elem(maps_.calls.get(), &kTheOnly, calls_.get(), BPF_ANY) == 0;
}

void KernelSieve::want(const rules::Interest* interest) noexcept {
    exchange(false);
    interest_ = interest;
    if (interest == nullptr)
        return;
    ++now_.generation;
    now_.first = now_.first == 0 ? static_cast<std::uint32_t>(states_) : 0;
    now_.count = static_cast<std::uint32_t>(interest->paths.states().size());
    now_.start = interest->paths.start();
    now_.always = interest->always;
    now_.by_path = interest->by_path;
    now_.by_exe = interest->by_exe;
    now_.keep_modes = keep_modes_ ? 1 : 0;
    if (!write_calls(interest->calls))
        return;
    if (!write_states(now_.first, interest->paths)) {
        now_.always |= now_.by_path;
        now_.by_path = 0;
    }
    write_filesystems(interest->paths);
    exchange(true);
}

void KernelSieve::tell_exe(const event::FileId& exe, event::OpenClasses wanted) noexcept {
    const auto key = key_of(exe);
    const rw_exe_interest value{now_.generation, wanted};
    bpf_map_update_elem(maps_.exes.get(), &key, &value, BPF_ANY); // where there is no room it stays unknown
}

void KernelSieve::forget_exes() noexcept {
    // A program that starts is forgotten by the probes meanwhile: a failure says nothing.
    rw_file_key next{};
    for (std::size_t i = 0; i < kMostTurns && bpf_map_get_next_key(maps_.exes.get(), nullptr, &next) == 0; ++i)
        bpf_map_delete_elem(maps_.exes.get(), &next);
}

void KernelSieve::watch_files(std::vector<event::FileId> files) {
    constexpr std::uint32_t kYes = 1;
    std::sort(files.begin(), files.end(), before);
    std::vector<event::FileId> come, gone;
    std::set_difference(files.begin(), files.end(), files_.begin(), files_.end(), std::back_inserter(come), before);
    std::set_difference(files_.begin(), files_.end(), files.begin(), files.end(), std::back_inserter(gone), before);
    bool all = true;
    for (const auto& file : come) {
        const auto key = key_of(file);
        all = bpf_map_update_elem(maps_.files.get(), &key, &kYes, BPF_ANY) == 0 && all;
    }
    for (const auto& file : gone) {
        const auto key = key_of(file);
        bpf_map_delete_elem(maps_.files.get(), &key);
    }
    files_ = std::move(files);
    if (all)
        return;
    files_.clear(); // the next time all are told
    throw Error("keep", "watched files in the kernel", errno);
}

rw_changes KernelSieve::changes() const noexcept {
    rw_changes out{};
    bpf_map_lookup_elem(maps_.changes.get(), &kTheOnly, &out);
    return out;
}

/// Entries of other generations count as unknown, so none need be taken away but those of places that are no more.
void KernelSieve::write_filesystems(const rules::TextAutomaton& automaton) noexcept {
    for (const auto& place : places_) {
        const auto at = automaton.walk(place.point == "/" ? std::string_view() : std::string_view(place.point));
        const rw_filesystem value{now_.generation, at.state, at.hits};
        const auto key = kernel_device(place.dev);
        bpf_map_update_elem(maps_.filesystems.get(), &key, &value, BPF_ANY); // where there is no room it stays unknown
    }
}

void KernelSieve::tell_mounts(std::uint64_t changes, std::vector<Place> places) noexcept {
    const bool on = now_.on != 0;
    exchange(false);
    for (const auto& place : places_) {
        const auto key = kernel_device(place.dev);
        bpf_map_delete_elem(maps_.filesystems.get(), &key);
    }
    // The first of each device counts.
    const auto less = [](const Place& a, const Place& b) { return a.dev < b.dev; };
    const auto same = [](const Place& a, const Place& b) { return a.dev == b.dev; };
    std::stable_sort(places.begin(), places.end(), less);
    const auto end = std::unique(places.begin(), places.end(), same);
    now_.twice = end == places.end() ? 0 : 1;
    now_.mounts = changes;
    places.erase(end, places.end());
    places_ = std::move(places);
    if (interest_ != nullptr)
        write_filesystems(interest_->paths);
    exchange(on);
}

bool KernelSieve::restore() noexcept {
    rw_interest there{};
    const bool kept = bpf_map_lookup_elem(maps_.interests.get(), &kTheOnly, &there) != 0 ||
                      std::memcmp(&there, &now_, sizeof now_) == 0;
    const bool calls_kept = now_.on == 0 ||
                            bpf_map_lookup_elem(maps_.calls.get(), &kTheOnly, calls_there_.get()) != 0 ||
                            std::memcmp(calls_there_.get(), calls_.get(), sizeof *calls_) == 0;
    if (kept && calls_kept)
        return true;
    const bool on = now_.on != 0;
    exchange(false);
    exchange(on && (calls_kept || bpf_map_update_elem(maps_.calls.get(), &kTheOnly, calls_.get(), BPF_ANY) == 0));
    return false;
}

std::optional<std::pair<std::uint32_t, std::uint64_t>>
KernelSieve::sifted_mode(const event::FileId& file) const noexcept {
    const auto key = key_of(file);
    rw_made_file made{};
    if (!keep_modes_ || bpf_map_lookup_elem(maps_.made.get(), &key, &made) != 0)
        return std::nullopt;
    return std::pair(made.mode, made.ktime);
}

} // namespace rwatch::sensor
