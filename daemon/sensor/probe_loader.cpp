// SPDX-License-Identifier: MIT OR Apache-2.0
#include "sensor/probe_loader.hpp"

#include "core/error.hpp"
#include "ebpf/abi/rwatch_abi.h"
#include "event/call_class.hpp"
#include "event/event.hpp"
#include "sensor/kernel_facts.hpp"
#include "sensor/libbpf_log.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <bpf/libbpf.h>
#include <cerrno>
#include <fcntl.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

// Generated C; not ours to mend.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include "rwatch_bpf.skel.h"
#pragma GCC diagnostic pop

namespace rwatch::sensor {
namespace {

constexpr std::uint32_t kBufferFamilies = 3; ///< enum rw_buf_family of ebpf/lib/emit.bpf.h

constexpr std::string_view kRawTracepoint = "raw_tp/"; // section of such a program

constexpr ino_t kFirstPidNamespace = 0xeffffffc; // PROC_PID_INIT_INO of include/linux/proc_ns.h

bool is_of_call(Place place) noexcept {
    return place == Place::call_enter || place == Place::call_exit;
}

bool needs(const Alternative& way, Place place) noexcept {
    return std::any_of(way.programs.begin(), way.programs.end(),
                       [place](const ProgramUse& use) { return use.place == place; });
}

Fd duplicate(int fd) {
    Fd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
    if (!copy)
        throw Error("keep", "descriptor of probes", errno);
    return copy;
}

} // namespace

void add_reason(std::string& text, std::string_view more) {
    if (!text.empty() && !more.empty())
        text += "; ";
    text += more;
}

void ProbeLoader::SkeletonDeleter::operator()(rwatch_bpf* skeleton) const noexcept {
    rwatch_bpf__destroy(skeleton);
}

ProbeLoader::ProbeLoader(const BpfOptions& options) : options_(options), choices_(families().size()) {
    for (std::size_t i = 0; i < choices_.size(); ++i) {
        const auto ways = families()[i].alternatives.size();
        choices_[i].next = std::min(options.skip_alternatives, ways - 1);
        if (choices_[i].next > 0)
            choices_[i].reason = "left out by request";
    }
}

ProbeLoader::~ProbeLoader() = default;

void ProbeLoader::run(BpfSource& source) {
    const LibbpfLog log;
    // What is known to fail is not tried: each try is a whole load.
    if (const auto problem = ensure_tracefs(); !problem.empty()) {
        give_up_ways(Place::call_exit, problem);
        give_up_ways(Place::call_enter, problem);
    }
    if (const int refused = fentry_refused(); refused != 0)
        give_up_ways(Place::fentry, "fentry: " + errno_text(refused));
    if (!has_kprobes())
        give_up_ways(Place::kprobe, "this kernel has no kprobes");
    // Each failed turn takes at least one alternative away, so this ends.
    for (;;) {
        hooks_ = HookSet();
        programs_.clear();
        open_object();
        choose_programs();
        if (load() && attach_all())
            break;
    }
    if (std::none_of(choices_.begin(), choices_.end(), [](const Choice& c) { return c.attached; }))
        throw Error("attach", "probes", last_error_ != 0 ? last_error_ : ENOENT);
    hand_over(source);
}

void ProbeLoader::open_object() {
    LibbpfLog::clear();
    skeleton_.reset(rwatch_bpf__open());
    if (!skeleton_)
        throw Error("open", "eBPF object", errno);
    if (options_.skip_own)
        name_own();
    skeleton_->rodata->cgroup_root = cgroup_root();
    name_calls(process_calls());
    for (const auto& family : families())
        name_calls(family.calls);
    const auto ring = std::bit_ceil(std::clamp(options_.ring_size, kLeastRing, kMostRing));
    const int cpus = libbpf_num_possible_cpus();
    if (cpus < 1)
        throw Error("count", "possible CPUs", -cpus);
    bpf_map__set_max_entries(skeleton_->maps.rw_ring, static_cast<std::uint32_t>(ring));
    skeleton_->rodata->ring_size = ring;
    bpf_map__set_max_entries(skeleton_->maps.rw_states,
                             static_cast<std::uint32_t>(KernelSieve::entries(options_.states)));
    skeleton_->rodata->has_rdonly_cast = is_kernel_since(6, 2);
    skeleton_->rodata->host_mntns = options_.host_mntns;
    for (std::size_t byte = 0; byte < std::size(skeleton_->rodata->rw_symbols); ++byte)
        skeleton_->rodata->rw_symbols[byte] = rules::TextAutomaton::symbol(static_cast<unsigned char>(byte));
    bpf_map__set_max_entries(skeleton_->maps.rw_buffers, static_cast<std::uint32_t>(cpus) * kBufferFamilies);
}

/// Our pid as our own namespace counts: in a container the kernel knows us by another one.
void ProbeLoader::name_own() {
    struct stat ns {};
    if (::stat("/proc/self/ns/pid", &ns) != 0)
        throw Error("look up", "/proc/self/ns/pid", errno);
    skeleton_->rodata->own_canary = options_.canary;
    skeleton_->rodata->own_tgid = static_cast<std::uint32_t>(::getpid());
    skeleton_->rodata->own_pidns_dev = std::uint64_t{major(ns.st_dev)} << 20U | minor(ns.st_dev);
    skeleton_->rodata->own_pidns_ino = ns.st_ino;
    skeleton_->rodata->own_is_global = ns.st_ino == kFirstPidNamespace;
}

void ProbeLoader::name_calls(std::span<const WatchedCall> calls) {
    for (const auto& call : calls) {
        if (call.number < 0 || static_cast<std::size_t>(call.number) >= std::size(skeleton_->rodata->watched_calls))
            continue;
        auto& watched = skeleton_->rodata->watched_calls[call.number];
        watched.call = call.call;
        watched.kind = static_cast<std::uint8_t>(event::kind_of(static_cast<event::Call>(call.call)));
        watched.texts = call.texts;
        watched.filter = call.filter;
        watched.file = call.file;
        watched.judged = static_cast<std::uint8_t>(event::judged_by(static_cast<event::Call>(call.call)));
    }
}

void ProbeLoader::choose_programs() {
    bpf_program* each = nullptr;
    bpf_object__for_each_program(each, skeleton_->obj) bpf_program__set_autoload(each, false);
    bool stash = false;
    bool objects = false;
    for (std::size_t i = 0; i < choices_.size(); ++i) {
        const auto& ways = families()[i].alternatives;
        if (choices_[i].next == ways.size())
            continue;
        for (const auto& use : ways[choices_[i].next].programs) {
            bpf_program__set_autoload(program(use), true);
            stash = stash || use.place == Place::call_enter;
            objects = objects || use.place == Place::fentry || use.place == Place::kprobe;
        }
    }
    if (!stash) // the object's program text refers to the map only from programs that are not loaded
        bpf_map__set_autocreate(skeleton_->maps.rw_stash, false);
    if (!objects) // others look into it, in vain
        bpf_map__set_max_entries(skeleton_->maps.rw_objects, 1);
}

bool ProbeLoader::load() {
    const int err = rwatch_bpf__load(skeleton_.get());
    if (err == 0)
        return true;
    last_error_ = -err;
    auto why = LibbpfLog::verifier_reason();
    if (why.empty())
        why = errno_text(-err);
    const auto program = LibbpfLog::failed_program();
    if (!program.empty() && give_up_program(program, why))
        return false;
    // Not one program's fault: no privilege, no BTF, no memory.
    throw Error("load", "probes", -err);
}

bool ProbeLoader::give_up_program(const std::string& program, const std::string& why) {
    bool any = false;
    for (std::size_t i = 0; i < choices_.size(); ++i) {
        const auto& ways = families()[i].alternatives;
        if (choices_[i].next == ways.size())
            continue;
        const auto& uses = ways[choices_[i].next].programs;
        if (std::none_of(uses.begin(), uses.end(), [&](const ProgramUse& use) { return use.program == program; }))
            continue;
        give_up(i, why);
        any = true;
    }
    return any;
}

void ProbeLoader::give_up(std::size_t family, const std::string& why) {
    auto& choice = choices_[family];
    add_reason(choice.reason, std::string(families()[family].alternatives[choice.next].name) + ": " + why);
    ++choice.next;
}

/// The next ways of each family, as long as they need such a place.
void ProbeLoader::give_up_ways(Place place, const std::string& why) {
    for (std::size_t i = 0; i < choices_.size(); ++i) {
        const auto& ways = families()[i].alternatives;
        auto& next = choices_[i].next;
        const auto before = next;
        while (next < ways.size() && needs(ways[next], place))
            ++next;
        if (next != before)
            add_reason(choices_[i].reason, why);
    }
}

bool ProbeLoader::attach_all() {
    bool all = true;
    for (std::size_t i = 0; i < choices_.size(); ++i) {
        choices_[i].attached = false;
        if (choices_[i].next < families()[i].alternatives.size())
            all = attach(i) && all;
    }
    return all;
}

std::string_view ProbeLoader::way_of(std::size_t family) const {
    return families()[family].alternatives[choices_[family].next].name;
}

bpf_program* ProbeLoader::program(const ProgramUse& use) const {
    return bpf_object__find_program_by_name(skeleton_->obj, std::string(use.program).c_str());
}

bool ProbeLoader::attach(std::size_t index) {
    for (const auto& use : families()[index].alternatives[choices_[index].next].programs) {
        const int err = is_of_call(use.place) ? attach_calls(index, use) : attach_program(index, use);
        if (err != 0) {
            last_error_ = err;
            give_up(index, errno_text(err));
            return false;
        }
    }
    choices_[index].attached = true;
    return true;
}

/// A descriptor that outlives libbpf's copy of the object.
int ProbeLoader::keep(bpf_program* program) {
    auto& fd = programs_[bpf_program__name(program)];
    if (!fd)
        fd = duplicate(bpf_program__fd(program));
    return fd.get();
}

int ProbeLoader::hang(ProgramHook hook) {
    const bool wanted = BpfSource::is_wanted(hook, options_.calls);
    hooks_.add(std::move(hook));
    return wanted ? hooks_.hang(hooks_.size() - 1) : 0;
}

int ProbeLoader::attach_program(std::size_t family, const ProgramUse& use) {
    auto* const what = program(use);
    const std::string_view section = bpf_program__section_name(what);
    ProgramHook hook;
    hook.family = family;
    hook.program = keep(what);
    if (use.place == Place::kprobe) {
        hook.way = ProgramHook::Way::kprobe;
        hook.kprobe.reset(bpf_program__attach(what));
        if (hook.kprobe == nullptr)
            return errno;
    } else if (section.starts_with(kRawTracepoint)) {
        hook.way = ProgramHook::Way::raw;
        hook.place = section.substr(kRawTracepoint.size());
    }
    return hang(std::move(hook));
}

int ProbeLoader::attach_calls(std::size_t family, const ProgramUse& use) {
    const auto folder = tracefs_events() + (use.place == Place::call_enter ? "/sys_enter_" : "/sys_exit_");
    bool any = false;
    int err = 0;
    for (const auto& call : families()[family].calls) {
        ProgramHook hook;
        hook.way = ProgramHook::Way::call;
        hook.place = folder;
        hook.place += call.name;
        // A call that the kernel does not have needs no hook.
        if ((!use.only.empty() && use.only != call.name) || call.number < 0 || !exists(hook.place))
            continue;
        hook.program = keep(program(use));
        hook.family = family;
        hook.call = static_cast<event::Call>(call.call);
        hook.name = call.name;
        hook.tells = use.place == Place::call_exit;
        if (const int failed = hang(std::move(hook)); failed != 0)
            err = failed;
        else
            any = any || hooks_.hangs(hooks_.size() - 1);
    }
    return any ? 0 : err;
}

/// Whether renames, mounts and starts of programs are seen, on which judgements of opens rest.
bool ProbeLoader::knows_changes() const {
    constexpr std::array<std::string_view, 3> kNeeded{"rename", "mount", "exec"};
    return std::all_of(kNeeded.begin(), kNeeded.end(), [this](std::string_view needed) {
        for (std::size_t i = 0; i < choices_.size(); ++i)
            if (families()[i].name == needed)
                return choices_[i].attached;
        return false;
    });
}

/// Whether the way that is taken of chmod sees the file before the call changes it, whatever its name.
bool ProbeLoader::knows_old_modes() const {
    for (std::size_t i = 0; i < choices_.size(); ++i)
        if (families()[i].name == "chmod" && choices_[i].attached)
            return way_of(i).find("security_path_chmod") != std::string::npos;
    return false;
}

// Maps and programs live on in the kernel through our descriptors and links; libbpf's copy of the object is not needed
// any more.
void ProbeLoader::hand_over(BpfSource& source) {
    for (std::size_t i = 0; i < choices_.size(); ++i)
        source.ways_.push_back({choices_[i].attached ? std::string(way_of(i)) : "", choices_[i].reason});
    source.ring_ =
        RingReader(duplicate(bpf_map__fd(skeleton_->maps.rw_ring)), bpf_map__max_entries(skeleton_->maps.rw_ring));
    void* const reader = ::mmap(nullptr, sizeof(rw_reader), PROT_READ | PROT_WRITE, MAP_SHARED,
                                bpf_map__fd(skeleton_->maps.rw_readers), 0);
    if (reader == MAP_FAILED)
        throw Error("map", "memory shared with probes", errno);
    source.reader_.reset(static_cast<rw_reader*>(reader));
    source.counts_fd_ = duplicate(bpf_map__fd(skeleton_->maps.rw_counts));
    source.group_losses_fd_ = duplicate(bpf_map__fd(skeleton_->maps.rw_group_losses));
    if (options_.states > 0 && knows_changes()) {
        const auto& maps = *skeleton_;
        source.sieve_.emplace(
            KernelSieve::Maps{duplicate(bpf_map__fd(maps.maps.rw_interests)),
                              duplicate(bpf_map__fd(maps.maps.rw_calls)), duplicate(bpf_map__fd(maps.maps.rw_changes)),
                              duplicate(bpf_map__fd(maps.maps.rw_states)), duplicate(bpf_map__fd(maps.maps.rw_exes)),
                              duplicate(bpf_map__fd(maps.maps.rw_files)), duplicate(bpf_map__fd(maps.maps.rw_made)),
                              duplicate(bpf_map__fd(maps.maps.rw_filesystems))},
            options_.states, !knows_old_modes());
    }
    for (auto& [name, program] : programs_)
        source.programs_.push_back(std::move(program));
    source.hooks_ = std::move(hooks_);
    source.describe_probes();
    skeleton_.reset();
    // Loading takes megabytes for a moment (BTF, relocations), more with each try: give them back.
    ::malloc_trim(0);
}

} // namespace rwatch::sensor
