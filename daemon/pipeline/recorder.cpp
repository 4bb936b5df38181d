// SPDX-License-Identifier: MIT OR Apache-2.0
#include "pipeline/recorder.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace rwatch::pipeline {

namespace {

std::uint32_t session_size_of(const event::Process& process) noexcept {
    return process.session_size == nullptr ? 0 : *process.session_size;
}

} // namespace

Recorder::Recorder(const CaptureHeader& header, Fd pipe) : pipe_(std::move(pipe), kMostWaiting) {
    put_entry(out_, Tag::header, [&](Packer& pack) { pack_header(pack, header); });
    (void)pipe_.put(out_);
    out_.clear();
}

/// Writes what `write` appends to out_, whole or not at all: then nothing counts as written that was not.
template <typename Write> bool Recorder::put(Write&& write) noexcept {
    try {
        if (!pipe_.ready())
            return false;
        out_.clear();
        // Now, since what an event refers to must stay: itself, its target, their ancestors.
        constexpr std::size_t kMostNew = 2 * kMostAncestors + 2;
        if (std::max(places_.size(), processes_.size()) + kMostNew > kMostRefs)
            forget();
        if (lost_ > 0)
            put_entry(out_, Tag::lost, [&](Packer& pack) { pack(lost_); });
        write();
        (void)pipe_.put(out_);
        lost_ = 0;
        return true;
    } catch (const std::exception&) {
        forget();
        return false;
    }
}

void Recorder::forget() noexcept {
    places_.clear();
    processes_.clear();
    names_version_ = 0;
}

void Recorder::on_event(const Passing& passing, event::Scratch& /*scratch*/) noexcept {
    const bool written = put([&] {
        const auto& event = passing.event;
        if (event.directory != nullptr && event.directory->version != names_version_)
            write_names(*event.directory);
        EventHead head;
        head.wall_offset_ns = passing.wall_offset_ns;
        head.later = passing.later;
        head.process = process_ref(event.process);
        head.target_process = process_ref(event.target_process);
        head.place = place_ref(event.placement);
        head.record = {reinterpret_cast<const char*>(passing.record.data()), passing.record.size()};
        put_entry(out_, Tag::event, [&](Packer& pack) {
            pack_head(pack, std::as_const(head));
            pack_facts(pack, event);
        });
    });
    lost_ += written ? 0 : 1;
}

void Recorder::on_late(std::uint64_t number, std::string_view hash) noexcept {
    (void)put([&] {
        put_entry(out_, Tag::late, [&](Packer& pack) {
            pack(number);
            pack(hash);
        });
    });
}

void Recorder::on_complete(std::uint64_t number, const Findings& findings) noexcept {
    (void)put([&] {
        const auto place = place_ref(findings.place);
        put_entry(out_, Tag::complete, [&](Packer& pack) {
            pack(number);
            pack(findings.hash);
            pack(place);
        });
    });
}

void Recorder::on_tick(std::uint64_t boot_ns) noexcept {
    if (!pipe_.closed())
        (void)put([&] { put_entry(out_, Tag::tick, [&](Packer& pack) { pack(boot_ns); }); });
}

void Recorder::write_names(const event::Directory& directory) {
    put_entry(out_, Tag::names, [&](Packer& pack) {
        for (const auto* names : {&directory.users, &directory.groups}) {
            pack(static_cast<std::uint32_t>(names->size()));
            for (const auto& [id, name] : *names) {
                pack(id);
                pack(std::string_view(name));
            }
        }
    });
    names_version_ = directory.version;
}

std::uint32_t Recorder::place_ref(const event::Placement* place) {
    if (place == nullptr)
        return kNoRef;
    auto& known = places_[place];
    if (known.ref != kNoRef && known.as_written == *place)
        return known.ref;
    if (known.ref == kNoRef)
        known.ref = static_cast<std::uint32_t>(places_.size() - 1);
    known.as_written = *place;
    put_entry(out_, Tag::place, [&](Packer& pack) {
        pack(known.ref);
        pack_place(pack, *place);
    });
    return known.ref;
}

std::uint32_t Recorder::process_ref(const event::Process* process) {
    chain_.clear();
    for (; process != nullptr && chain_.size() < kMostAncestors; process = process->parent)
        chain_.push_back(process);
    auto parent = kNoRef;
    for (auto at = chain_.rbegin(); at != chain_.rend(); ++at)
        parent = process_ref(**at, parent);
    return parent;
}

std::uint32_t Recorder::process_ref(const event::Process& process, std::uint32_t parent) {
    const auto place = place_ref(process.placement);
    const auto session_size = session_size_of(process);
    auto& known = processes_[&process];
    if (known.ref != kNoRef && known.session_size == session_size && known.as_written == process)
        return known.ref;
    if (known.ref == kNoRef)
        known.ref = static_cast<std::uint32_t>(processes_.size() - 1);
    known.as_written = process;
    known.session_size = session_size;
    put_entry(out_, Tag::process, [&](Packer& pack) {
        pack(known.ref);
        pack(parent);
        pack(place);
        pack(session_size);
        pack_process(pack, process);
    });
    return known.ref;
}

} // namespace rwatch::pipeline
