// SPDX-License-Identifier: MIT OR Apache-2.0
#include "pipeline/sifter.hpp"

#include <algorithm>
#include <exception>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace rwatch::pipeline {

Sifter::Sifter(sensor::Sieve* sieve, SystemEnricher& enricher) : sieve_(sieve), enricher_(enricher) {
    if (sieve_ != nullptr)
        enricher_.objects().ask_modes(
            {[this](const event::FileId& id) {
                 const auto made = sieve_->sifted_mode(id);
                 return made ? process::ModeCache::Seen{made->first, made->second} : process::ModeCache::Seen{};
             },
             [this] { return sieve_->sifted_modes(); }});
}

void Sifter::install(std::shared_ptr<const rules::Interest> interest) {
    interest_ = std::move(interest);
    put_in_force();
}

void Sifter::hear_all(bool all) {
    if (std::exchange(all_, all) != all)
        put_in_force();
}

bool Sifter::sifts() const noexcept {
    return sieve_ != nullptr && interest_ != nullptr && !all_;
}

void Sifter::put_in_force() {
    if (sieve_ == nullptr)
        return;
    sieve_->want(nullptr);
    enricher_.take_watch_list();
    watched_version_ = 0;
    mounts_.reset();
    keep_true([this] {
        forget_exes();
        if (!sifts())
            return;
        tell_files();
        tell_mounts();
        sieve_->want(interest_.get());
    });
}

/// What can't be told leaves everything wanted.
template <typename Tell> void Sifter::keep_true(const Tell& tell) noexcept {
    try {
        tell();
    } catch (const std::exception&) {
        sieve_->want(nullptr);
    }
}

void Sifter::tell_files() {
    const auto version = enricher_.objects().watched_version() + 1; // 0: told of none
    if (version == watched_version_)
        return;
    sieve_->watch_files(enricher_.objects().watched().ids());
    watched_version_ = version;
}

void Sifter::tell_mounts() {
    const auto changes = sieve_->mount_changes(); // before the look: a change meanwhile is one more
    if (mounts_ == changes)
        return;
    enricher_.objects().refresh_mounts();
    std::vector<sensor::Sieve::Place> places;
    for (const auto* mount : enricher_.objects().mounts().whole())
        places.push_back({mount->dev, mount->point});
    sieve_->tell_mounts(changes, std::move(places));
    mounts_ = changes;
}

/// Programs are told of anew, each when something comes of it. Those that run now may be known by another path than the
/// one that is heard of first: they count by the number of the file alone, since /proc and the kernel may not agree on
/// its device.
void Sifter::forget_exes() {
    exes_.clear();
    running_.clear();
    sieve_->forget_exes();
    if (sifts_programs())
        enricher_.table().each_alive([this](const event::Process& process, const event::FileId& exe) {
            if (exe && !process.exe_path.empty())
                running_[exe.ino] |= marks_of(process);
        });
}

bool Sifter::sifts_programs() const noexcept {
    return sifts() && (interest_->by_exe != 0 || !interest_->calls.exes.empty());
}

/// Of one that has other links everything: who runs it by another name may not be known.
event::OpenClasses Sifter::marks_of(const event::Process& process) const noexcept {
    return process.exe.nlink == 1 ? interest_->exes.run(process.exe_path) : rules::kAllMarks;
}

/// A file that may be known by several paths is one program to the sieve: what is wanted of any of them.
void Sifter::tell_exe(const event::FileId& id, const event::Process& process, std::size_t path) {
    if (exes_.size() >= kMostExes && !exes_.contains(id))
        forget_exes();
    const auto [found, is_new] = exes_.try_emplace(id);
    auto& exe = found->second;
    if (const auto running = running_.find(id.ino); is_new && running != running_.end())
        exe.wanted = running->second;
    exe.wanted |= exe.paths.size() < kMostPaths ? marks_of(process) : rules::kAllMarks;
    if (!exe.is_known_by(path))
        exe.paths.push_back(path);
    sieve_->tell_exe(id, exe.wanted);
}

bool Sifter::Exe::is_known_by(std::size_t path) const noexcept {
    return paths.size() > kMostPaths || std::find(paths.begin(), paths.end(), path) != paths.end();
}

void Sifter::on_event(const Passing& passing, event::Scratch& /*scratch*/) noexcept {
    const auto& event = passing.event;
    if (!sifts_programs() || !event.exe || event.process == nullptr || event.process->exe_path.empty())
        return;
    const auto path = std::hash<std::string>{}(event.process->exe_path);
    const auto known = exes_.find(event.exe);
    // The number of a program that starts may have been another one's: the probes have forgotten it.
    if (event.kind != event::Kind::exec && known != exes_.end() && known->second.is_known_by(path))
        return;
    keep_true([&] { tell_exe(event.exe, *event.process, path); });
}

void Sifter::on_rest() noexcept {
    if (sifts())
        keep_true([this] { tell_files(); });
}

void Sifter::on_tick(std::uint64_t /*boot_ns*/) noexcept {
    if (!sifts())
        return;
    if (!sieve_->restore())
        restored_.fetch_add(1, std::memory_order_relaxed);
    keep_true([this] { tell_mounts(); });
}

} // namespace rwatch::pipeline
