// SPDX-License-Identifier: MIT OR Apache-2.0
#include "process/units.hpp"

#include "process/cgroup_path.hpp"
#include "process/file_info.hpp"
#include "process/lexical.hpp"
#include "process/mount_table.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <deque>
#include <dirent.h>
#include <fcntl.h>
#include <functional>
#include <sys/stat.h>

namespace rwatch::process {

namespace {

constexpr int kKernfsHandle = 0xfe;           // FILEID_KERNFS of the kernel's exportfs.h: the handle is the 64-bit id
constexpr std::size_t kMaxProcCgroup = 65536; // bytes of /proc/PID/cgroup
constexpr std::size_t kMostPinned = 256;      // entries in use that are passed over in search of a free one
constexpr std::uint64_t kPathId = std::uint64_t{1}
                                  << 63U; // marks ids that we made from a path (v1); kernfs never counts so far

std::string_view without_deleted(std::string_view path) noexcept {
    constexpr std::string_view kDeleted = " (deleted)";
    if (path.ends_with(kDeleted))
        path.remove_suffix(kDeleted.size());
    return path;
}

/// The value of the line of /proc/PID/cgroup with this middle part ("" is v2).
std::string_view hierarchy(std::string_view text, std::string_view name) noexcept {
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(line.size() < text.size() ? line.size() + 1 : line.size());
        const auto first = line.find(':');
        const auto second = first == std::string_view::npos ? first : line.find(':', first + 1);
        if (second != std::string_view::npos && line.substr(first + 1, second - first - 1) == name)
            return line.substr(second + 1);
    }
    return {};
}

std::string find_mount(const std::string& proc_root) {
    const MountTable table(proc_root + "/self/mountinfo");
    for (const auto& mount : table.mounts())
        if (mount.type == "cgroup2")
            return mount.point;
    return {};
}

/// The user of "user@1000.service"; 0 for units of the system's manager.
std::uint32_t manager_of(std::string_view unit) noexcept {
    constexpr std::string_view kPrefix = "user@", kSuffix = ".service";
    std::uint32_t uid = 0;
    if (!unit.starts_with(kPrefix) || !unit.ends_with(kSuffix))
        return 0;
    unit.remove_suffix(kSuffix.size());
    unit.remove_prefix(kPrefix.size());
    const auto [end, error] = std::from_chars(unit.data(), unit.data() + unit.size(), uid);
    return error == std::errc{} && end == unit.data() + unit.size() ? uid : 0;
}

using Directory = Handle<DIR, ::closedir>;

} // namespace

std::string_view cgroup_in(std::string_view proc_cgroup) noexcept {
    const auto unified = without_deleted(hierarchy(proc_cgroup, ""));
    if (!unified.empty() && unified != "/")
        return unified;
    const auto systemd = without_deleted(hierarchy(proc_cgroup, "name=systemd"));
    return systemd.empty() ? unified : systemd;
}

Units::Units(std::string proc_root, std::string cgroup_mount, std::size_t capacity)
    : proc_root_(std::move(proc_root)), mount_(cgroup_mount.empty() ? find_mount(proc_root_) : std::move(cgroup_mount)),
      capacity_(capacity) {
    legacy_ = !hierarchy(read_small_file(proc_root_ + "/self/cgroup", kMaxProcCgroup), "name=systemd").empty();
    if (mount_.empty()) {
        root_id_ = 1; // what the kernel tells of every process where v2 is in no use
        return;
    }
    mount_fd_.reset(::open(mount_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    root_id_ = id_of("/");
}

std::uint64_t Units::id_of(std::string_view path) const {
    struct stat st {};
    if (mount_.empty() || ::stat((mount_ + std::string(path)).c_str(), &st) != 0)
        return 0;
    return st.st_ino;
}

bool Units::path_by_handle(std::uint64_t cgroup, std::string& out) const {
    alignas(file_handle) std::array<unsigned char, sizeof(file_handle) + sizeof cgroup> bytes{};
    auto* handle = reinterpret_cast<file_handle*>(bytes.data());
    handle->handle_bytes = sizeof cgroup;
    handle->handle_type = kKernfsHandle;
    std::memcpy(bytes.data() + offsetof(file_handle, f_handle), &cgroup, sizeof cgroup);
    const Fd fd(::open_by_handle_at(mount_fd_.get(), handle, O_PATH | O_CLOEXEC));
    std::string path;
    if (!fd || !read_link(AT_FDCWD, ("/proc/self/fd/" + std::to_string(fd.get())).c_str(), path) ||
        !lies_in(path, mount_))
        return false;
    out = without_deleted(std::string_view(path).substr(mount_.size()));
    return true;
}

bool Units::path_by_process(std::uint64_t cgroup, std::uint32_t pid, std::string& out) const {
    const auto text = read_small_file(proc_root_ + "/" + std::to_string(pid) + "/cgroup", kMaxProcCgroup);
    const auto path = cgroup_in(text);
    if (path.empty())
        return false;
    // The process may have moved on since: believe only what the file system confirms, or can't deny (group removed, no
    // mount).
    const auto id = id_of(path);
    if (id != 0 && id != cgroup)
        return false;
    out = path;
    return true;
}

bool Units::path_by_walk(std::uint64_t cgroup, std::string& out) const {
    std::deque<std::string> waiting{""};
    for (std::size_t seen = 0; seen < kWalkMost && !waiting.empty(); ++seen) {
        const auto path = std::move(waiting.front());
        waiting.pop_front();
        const Directory directory(::opendir((mount_ + path).c_str()));
        while (const dirent* entry = directory ? ::readdir(directory.get()) : nullptr) {
            if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
                continue;
            auto child = path + "/" + entry->d_name;
            if (entry->d_ino == cgroup) {
                out = std::move(child);
                return true;
            }
            waiting.push_back(std::move(child));
        }
    }
    return false;
}

bool Units::make_room() {
    for (std::size_t passed = 0; entries_.size() >= capacity_; ++passed) {
        if (passed == kMostPinned)
            return false;
        const auto oldest = entries_.begin();
        if (oldest->uses != 0) {
            entries_.splice(entries_.end(), entries_, oldest);
            continue;
        }
        by_id_.erase(oldest->id);
        entries_.erase(oldest);
        ++evicted_;
    }
    return true;
}

Units::Entry* Units::insert(std::uint64_t cgroup, std::string_view path, bool known) {
    if (!make_room()) {
        ++evicted_;
        return nullptr;
    }
    entries_.push_back({});
    auto& entry = entries_.back();
    entry.id = cgroup;
    by_id_.emplace(cgroup, std::prev(entries_.end()));
    if (known)
        describe(entry, path);
    return &entry;
}

void Units::describe(Entry& entry, std::string_view path) {
    entry.placement = parse_cgroup(path);
    entry.known = true;
    ask(entry);
}

void Units::ask_of(Lookups& lookups) noexcept {
    lookups_ = &lookups;
    for (auto& entry : entries_)
        ask(entry);
}

void Units::ask(Entry& entry) noexcept {
    const auto& place = entry.placement;
    const bool container = !place.container_id.empty() && place.container_name.empty();
    if (lookups_ == nullptr || (!container && place.session.empty()))
        return;
    PlaceQuestion question{entry.id, {}, {}, place.session, manager_of(place.unit)};
    if (container) {
        question.runtime = place.container_runtime;
        question.container = place.container_id;
    }
    entry.waiting = lookups_->ask(std::move(question));
    nameless_ += entry.waiting ? 0 : 1;
}

void Units::told(PlaceAnswer&& answer) noexcept {
    const auto found = by_id_.find(answer.cgroup);
    if (found == by_id_.end())
        return;
    found->second->waiting = false;
    auto& place = found->second->placement;
    auto& container = answer.container;
    if (!place.container_id.empty() && place.container_name.empty()) {
        nameless_ += container.empty() ? 1 : 0;
        place.container_name = std::move(container.name);
        place.image = std::move(container.image);
        place.image_id = std::move(container.image_id);
        place.image_digest = std::move(container.image_digest);
        place.pod_name = std::move(container.pod_name);
        place.pod_namespace = std::move(container.pod_namespace);
        place.pod_sandbox = std::move(container.pod_sandbox);
        if (place.pod_uid.empty())
            place.pod_uid = std::move(container.pod_uid);
    }
    place.session_user = std::move(answer.user);
    place.session_tty = std::move(answer.tty);
    place.session_host = std::move(answer.host);
    place.session_service = std::move(answer.service);
}

Units::Use Units::find_legacy(std::uint32_t pid) {
    const auto text = read_small_file(proc_root_ + "/" + std::to_string(pid) + "/cgroup", kMaxProcCgroup);
    const auto path = cgroup_in(text);
    if (path.empty() || path == "/")
        return {};
    const auto id = std::hash<std::string_view>{}(path) | kPathId;
    const auto found = by_id_.find(id);
    if (found == by_id_.end())
        return Use(insert(id, path, true));
    // Another path with this hash: no answer is better than a wrong one.
    return found->second->placement.cgroup == path ? Use(&*found->second) : Use();
}

Units::Use Units::find(std::uint64_t cgroup, std::uint32_t pid) noexcept {
    if (cgroup == 0)
        return {};
    if (legacy_ && cgroup == root_id_)
        if (auto legacy = find_legacy(pid); legacy.get() != nullptr)
            return legacy;
    std::string path;
    if (const auto found = by_id_.find(cgroup); found != by_id_.end()) {
        auto& entry = *found->second;
        // Another process may tell what the first one could not.
        if (!entry.known && path_by_process(cgroup, pid, path))
            describe(entry, path);
        return Use(&entry);
    }
    bool known =
        cgroup == root_id_ || (mount_fd_ && path_by_handle(cgroup, path)) || path_by_process(cgroup, pid, path);
    if (!known) {
        if (mount_fd_ && unresolved_ % kWalkEvery == 0)
            known = path_by_walk(cgroup, path);
        unresolved_ += known ? 0 : 1;
    }
    return Use(insert(cgroup, path, known));
}

void Units::learn(std::uint64_t cgroup, std::string_view names) noexcept {
    // Where systemd has a v1 tree the root of v2 says nothing: find() knows better.
    if (cgroup == 0 || cgroup == root_id_ || names.empty())
        return;
    const auto found = by_id_.find(cgroup);
    if (found != by_id_.end() && found->second->known)
        return;
    std::string path;
    while (!names.empty()) {
        const auto name = names.substr(0, names.find('/'));
        path.insert(0, "/" + std::string(name));
        names.remove_prefix(std::min(names.size(), name.size() + 1));
    }
    if (found == by_id_.end()) {
        (void)insert(cgroup, path, true);
        return;
    }
    describe(*found->second, path);
}

Units::Use Units::find(std::string_view path, std::uint64_t& cgroup) noexcept {
    cgroup = id_of(path);
    const auto id = cgroup != 0 ? cgroup : std::hash<std::string_view>{}(path) | kPathId;
    if (const auto found = by_id_.find(id); found != by_id_.end())
        return found->second->placement.cgroup == path ? Use(&*found->second) : Use();
    return Use(insert(id, path, true));
}

} // namespace rwatch::process
