// SPDX-License-Identifier: MIT OR Apache-2.0
#include "pipeline/sifter.hpp"

#include <exception>
#include <utility>
#include <vector>

namespace rwatch::pipeline {

Sifter::Sifter(sensor::Sieve* sieve, SystemEnricher& enricher) : sieve_(sieve), enricher_(enricher) {
    if (sieve_ != nullptr)
        enricher_.objects().ask_modes([this](const event::FileId& id) {
            const auto made = sieve_->sifted_mode(id);
            return made ? process::ModeCache::Seen{made->first, made->second} : process::ModeCache::Seen{};
        });
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
    exes_.clear();
    sieve_->forget_exes();
    if (!sifts())
        return;
    enricher_.take_watch_list();
    watched_version_ = 0;
    mounts_.reset();
    keep_true([this] {
        tell_files();
        tell_mounts();
        sieve_->want(interest_.get());
    });
}

/// What can't be told leaves everything wanted.
template <typename Tell> void Sifter::keep_true(Tell tell) noexcept {
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

/// A file that may be known by several paths is one program to the sieve: what is wanted of any of them, and of one
/// that has other links everything.
void Sifter::tell_exe(const event::FileId& id, const event::Process& process) {
    if (exes_.size() >= kMostExes) {
        exes_.clear();
        sieve_->forget_exes();
    }
    auto& wanted = exes_[id];
    wanted |= process.exe.nlink == 1 ? interest_->exes.run(process.exe_path) : rules::kAllMarks;
    sieve_->tell_exe(id, wanted);
}

void Sifter::on_event(const Passing& passing, event::Scratch& /*scratch*/) noexcept {
    const auto& event = passing.event;
    if (!sifts() || (interest_->by_exe == 0 && interest_->calls.exes.empty()) || !event.exe ||
        event.process == nullptr || event.process->exe_path.empty())
        return;
    // The number of a program that starts may have been another one's: the probes have forgotten it.
    if (event.kind != event::Kind::exec && exes_.contains(event.exe))
        return;
    try {
        tell_exe(event.exe, *event.process);
    } catch (const std::exception&) {
        // No memory: what it does stays wanted.
    }
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
