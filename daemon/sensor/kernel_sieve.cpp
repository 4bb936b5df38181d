// SPDX-License-Identifier: MIT OR Apache-2.0
#include "sensor/kernel_sieve.hpp"

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

constexpr std::uint32_t kTheOnly = 0;

rw_file_key key_of(const event::FileId& id) noexcept {
    constexpr unsigned kMinorBits = 20;
    return {id.ino, std::uint64_t{major(id.dev)} << kMinorBits | minor(id.dev)};
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

void KernelSieve::want(const rules::Interest* interest) noexcept {
    exchange(false);
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
    if (!write_states(now_.first, interest->paths)) {
        now_.always |= now_.by_path;
        now_.by_path = 0;
    }
    exchange(true);
}

void KernelSieve::tell_exe(const event::FileId& exe, event::OpenClasses wanted) noexcept {
    const auto key = key_of(exe);
    const rw_exe_interest value{now_.generation, wanted};
    bpf_map_update_elem(maps_.exes.get(), &key, &value, BPF_ANY); // where there is no room it stays unknown
}

void KernelSieve::forget_exes() noexcept {
    rw_file_key next{};
    while (bpf_map_get_next_key(maps_.exes.get(), nullptr, &next) == 0 &&
           bpf_map_delete_elem(maps_.exes.get(), &next) == 0) {
    }
}

void KernelSieve::watch_files(std::vector<event::FileId> files) noexcept {
    constexpr std::uint32_t kYes = 1;
    std::sort(files.begin(), files.end(), before);
    std::vector<event::FileId> gone;
    try {
        std::set_difference(files_.begin(), files_.end(), files.begin(), files.end(), std::back_inserter(gone), before);
    } catch (const std::bad_alloc&) {
        gone.clear(); // they stay wanted
    }
    bool all = true;
    for (const auto& file : files) {
        const auto key = key_of(file);
        all = bpf_map_update_elem(maps_.files.get(), &key, &kYes, BPF_ANY) == 0 && all;
    }
    for (const auto& file : gone) {
        const auto key = key_of(file);
        bpf_map_delete_elem(maps_.files.get(), &key);
    }
    files_ = std::move(files);
    if (!all)
        exchange(false);
}

std::uint64_t KernelSieve::mount_changes() const noexcept {
    rw_changes changes{};
    bpf_map_lookup_elem(maps_.changes.get(), &kTheOnly, &changes);
    return changes.mounts;
}

void KernelSieve::tell_mounts(std::uint64_t changes, bool twice) noexcept {
    if (now_.mounts == changes && (now_.twice != 0) == twice)
        return;
    const bool on = now_.on != 0;
    now_.mounts = changes;
    now_.twice = twice ? 1 : 0;
    exchange(on);
}

bool KernelSieve::restore() noexcept {
    rw_interest there{};
    if (bpf_map_lookup_elem(maps_.interests.get(), &kTheOnly, &there) != 0 ||
        std::memcmp(&there, &now_, sizeof now_) == 0)
        return true;
    exchange(now_.on != 0);
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
