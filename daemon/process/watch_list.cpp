// SPDX-License-Identifier: MIT OR Apache-2.0
#include "process/watch_list.hpp"

#include "process/file_info.hpp"
#include "process/lexical.hpp"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <utility>

namespace rwatch::process {

namespace {

struct Pattern {
    std::string plain; ///< the name that it stands for, where vague is 0
    int vague = 0;     ///< parts between slashes that stand for more than one name
};

Pattern read(std::string_view text) {
    Pattern out;
    bool vague = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 1 < text.size())
            ++i;
        else if (text[i] == '*' || text[i] == '?' || text[i] == '[')
            vague = true;
        else if (text[i] == '/')
            out.vague += std::exchange(vague, false) ? 1 : 0;
        out.plain += text[i];
    }
    out.vague += vague ? 1 : 0;
    return out;
}

bool is_of_kernel(std::string_view path) {
    constexpr std::array<std::string_view, 3> kRoots{"/proc/", "/sys/", "/dev/"};
    return std::any_of(kRoots.begin(), kRoots.end(), [&](auto root) { return path.starts_with(root); });
}

/// A server may never answer, and an automount does something when it is asked.
bool may_wait_for_ever(const Mount& mount) {
    constexpr std::array<std::string_view, 12> kTypes{"9p",   "afs",    "autofs", "ceph", "cifs", "glusterfs",
                                                      "gpfs", "lustre", "ncpfs",  "nfs",  "nfs4", "smb3"};
    return mount.point != "/" &&
           (mount.type.starts_with("fuse") || std::find(kTypes.begin(), kTypes.end(), mount.type) != kTypes.end());
}

/// Would looking for what fits go through the mount's root?
bool leads_through(const std::string& pattern, const Mount& mount) {
    auto end = std::size_t{0};
    for (auto parts = std::count(mount.point.begin(), mount.point.end(), '/'); parts > 0 && end < pattern.size();
         --parts)
        end = std::min(pattern.find('/', end + 1), pattern.size());
    return ::fnmatch(pattern.substr(0, end).c_str(), mount.point.c_str(), FNM_PATHNAME) == 0;
}

/// What fits now below `root`, at most `most`.
std::vector<std::string> matches_of(const std::string& pattern, int root, std::size_t most) {
    const auto prefix = "/proc/self/fd/" + std::to_string(root);
    glob_t found{};
    std::vector<std::string> out;
    if (::glob((prefix + pattern).c_str(), GLOB_NOSORT, nullptr, &found) == 0)
        for (std::size_t i = 0; i < std::min(found.gl_pathc, most); ++i)
            out.emplace_back(found.gl_pathv[i] + prefix.size());
    ::globfree(&found);
    return out;
}

} // namespace

void WatchList::add_name(std::string_view name, std::uint32_t entry) {
    if (by_name_.contains(name))
        return;
    names_.push_back(std::make_unique<std::string>(name));
    by_name_.emplace(*names_.back(), entry);
    const auto slot = name.size() % kLengths;
    lengths_[slot / 64] |= std::uint64_t{1} << (slot % 64);
}

void WatchList::look_up(std::uint32_t index, const HostView& host) {
    auto& entry = entries_[index];
    int error = 0;
    Found found;
    // The name itself with only its directory resolved: what unlink and rename work on.
    const auto [parent, last] = split_last(entry.path);
    const auto directory =
        HostView::open_in(host.root(), std::string(parent).c_str(), O_DIRECTORY, HostView::Waiting::allowed, error);
    if (directory && host.describe(directory.get(), found))
        add_name(normal_path(found.name, last), index);
    const auto file = HostView::open_in(host.root(), entry.path.c_str(), 0, HostView::Waiting::allowed, error);
    if (!file || !host.describe(file.get(), found))
        return;
    entry.real = found.name;
    const auto st = stat_file(file.get(), "", AT_EMPTY_PATH);
    const auto* mount = st ? host.mounts().by_id(st->mount_id) : nullptr;
    entry.shared_inodes = mount != nullptr && mount->type == "btrfs";
    add_name(entry.real, index);
    learn(entry, found.file);
}

void WatchList::add(const std::string& path) {
    if (by_name_.contains(path))
        return;
    if (entries_.size() == kMost) {
        ++left_out_;
        return;
    }
    entries_.push_back({path, path, {}, 0, false});
    add_name(path, static_cast<std::uint32_t>(entries_.size() - 1));
}

WatchList::WatchList(std::span<const std::string> patterns, const HostView& host)
    : patterns_(patterns.begin(), patterns.end()) {
    const auto mounts = host.mounts().mounts();
    const auto waits = [&](const std::string& text) {
        return std::any_of(mounts.begin(), mounts.end(),
                           [&](const Mount& mount) { return may_wait_for_ever(mount) && leads_through(text, mount); });
    };
    std::vector<std::string> vague;
    for (const auto& text : patterns_) {
        const auto pattern = read(text);
        if (pattern.vague == 0 && text.starts_with('/'))
            add(pattern.plain);
        else if (pattern.vague <= kMostVague && text.starts_with('/') && !is_of_kernel(text) && !waits(text))
            vague.push_back(text);
    }
    for (const auto& pattern : vague)
        for (const auto& path : matches_of(pattern, host.root(), kMostOfPattern))
            add(path);
    // Own names first, so that where one name leads to another watched one, that one keeps its own.
    for (std::uint32_t i = 0; i < entries_.size(); ++i)
        look_up(i, host);
}

void WatchList::adopt(const WatchList& before) {
    if (before.patterns_ != patterns_)
        return;
    for (const auto& old : before.entries_) {
        if (!old.id || old.nlink < 2 || by_id_.contains(old.id))
            continue;
        add(old.path);
        const auto found = by_name_.find(old.path);
        if (found == by_name_.end() || entries_[found->second].id)
            continue;
        auto& entry = entries_[found->second];
        entry.real = old.real;
        entry.nlink = old.nlink;
        entry.shared_inodes = old.shared_inodes;
        entry.id = old.id;
        by_id_.emplace(old.id, found->second);
    }
}

std::vector<event::FileId> WatchList::ids() const {
    std::vector<event::FileId> out;
    out.reserve(by_id_.size());
    for (const auto& [id, entry] : by_id_)
        out.push_back(id);
    return out;
}

std::vector<std::string> WatchList::other_names() const {
    std::vector<std::string> out;
    for (const auto& [name, entry] : by_name_)
        if (name != entries_[entry].path)
            out.emplace_back(name);
    return out;
}

void WatchList::forget_identity(Entry& entry) noexcept {
    ++changes_;
    const auto found = by_id_.find(entry.id);
    if (found != by_id_.end() && &entries_[found->second] == &entry)
        by_id_.erase(found);
    entry.id = {};
}

void WatchList::learn(Entry& entry, const event::FileInfo& file) {
    entry.nlink = file.nlink;
    if (entry.id == file.id)
        return;
    forget_identity(entry);
    entry.id = file.id;
    if (file.id)
        by_id_.try_emplace(file.id, static_cast<std::uint32_t>(&entry - entries_.data()));
}

} // namespace rwatch::process
