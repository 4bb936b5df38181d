// SPDX-License-Identifier: MIT OR Apache-2.0
#include "process/watch_list.hpp"

#include "process/file_info.hpp"
#include "process/lexical.hpp"

#include <algorithm>
#include <fcntl.h>

namespace rwatch::process {

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

WatchList::WatchList(std::span<const std::string> paths, const HostView& host) {
    entries_.reserve(std::min(paths.size(), kMost));
    for (const auto& path : paths) {
        if (!path.starts_with('/') || by_name_.contains(path))
            continue;
        if (entries_.size() == kMost) {
            ++left_out_;
            continue;
        }
        entries_.push_back({path, path, {}, 0, false});
        add_name(path, static_cast<std::uint32_t>(entries_.size() - 1));
    }
    // Own names first, so that where one name leads to another watched one, that one keeps its own.
    for (std::uint32_t i = 0; i < entries_.size(); ++i)
        look_up(i, host);
}

void WatchList::forget_identity(Entry& entry) noexcept {
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
