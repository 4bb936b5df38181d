// SPDX-License-Identifier: MIT OR Apache-2.0
// Identity of objects: mounts, watched files, modes. How names of path-based calls are resolved stands in
// object_names.cpp.
#include "process/objects.hpp"

#include "process/lexical.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>

namespace rwatch::process {

namespace {

constexpr std::uint32_t kPermissions = 07777, kExecutable = 0111;

} // namespace

std::string_view NameArena::keep(std::string_view text) noexcept {
    if (text.size() > kSize - used_) {
        ++left_out_;
        return {};
    }
    char* at = bytes_.get() + used_;
    std::memcpy(at, text.data(), text.size());
    used_ += text.size();
    return {at, text.size()};
}

Objects::Objects(std::string proc_root) : host_(std::move(proc_root)), watched_(std::make_unique<WatchList>()) {}

std::unique_ptr<WatchList> Objects::look_up(std::span<const std::string> patterns, const std::string& proc_root) {
    return std::make_unique<WatchList>(patterns, HostView(proc_root));
}

void Objects::install(std::unique_ptr<WatchList> list) noexcept {
    try {
        list->adopt(*watched_);
    } catch (const std::bad_alloc&) {
        // The names themselves are in it.
    }
    watched_ = std::move(list);
    ++lists_;
}

void Objects::set_watched(std::span<const std::string> patterns) {
    install(std::make_unique<WatchList>(patterns, host_));
}

Objects::Counters Objects::counters() const noexcept {
    Counters out = counters_;
    out.left_out = arena_.left_out();
    return out;
}

bool Objects::on_host(const event::Event& e) const noexcept {
    return host_.namespace_id() == 0 || e.mntns == 0 || e.mntns == host_.namespace_id();
}

/// The name of an object that was reached through a bind mount.
void Objects::canonical_mount(event::Object& object) {
    if (object.mount_root.empty() || object.mount_root == "/" || object.file.id.dev == 0)
        return;
    scratch_.clear();
    const auto rest = object.name.substr(object.mount_length);
    append_normal(scratch_, object.mount_root, rest.substr(rest.starts_with('/') ? 1 : 0));
    path_.clear();
    auto& mounts = host_.mounts();
    if (!mounts.append_name(object.file.id.dev, scratch_, path_)) {
        pollfd poll{mounts.fd(), POLLPRI, 0};
        if (mounts.fd() < 0 || ::poll(&poll, 1, 0) <= 0)
            return;
        mounts.refresh();
        if (!mounts.append_name(object.file.id.dev, scratch_, path_))
            return;
    }
    if (path_ == object.name)
        return;
    object.alias = object.name;
    object.name = arena_.keep(path_);
    ++counters_.renamed;
}

void Objects::rewrite(event::Object& object, const WatchList::Entry& entry) {
    if (object.alias.empty())
        object.alias = object.name;
    object.name = arena_.keep(entry.path);
    ++counters_.renamed;
}

/// Whether the watched name leads to this very file now; learns where it leads else. What can't be told without waiting
/// counts as unchanged.
bool Objects::still_leads_to(WatchList::Entry& entry, const event::FileInfo& file) {
    if (offline_)
        return true;
    int error = 0;
    const auto fd = HostView::open_in(host_.root(), entry.path.c_str(), 0, HostView::Waiting::never, error);
    if (!fd && error != ENOENT && error != ENOTDIR)
        return true;
    if (!fd || !host_.describe(fd.get(), found_)) {
        // Its name is gone; other links to it are still what was called so.
        if (entry.nlink > 1)
            return true;
        watched_->forget_identity(entry);
        return false;
    }
    const bool same = found_.file.id == file.id && (!entry.shared_inodes || found_.file.mtime_ns == file.mtime_ns);
    if (found_.file.id != entry.id)
        ++counters_.learned;
    watched_->learn(entry, found_.file);
    return same;
}

/// Names a file that rules name by that name, and follows which file such a name leads to.
void Objects::match_watched(const event::Event& e, event::Object& object, Rename rename) {
    if (watched_->empty())
        return;
    const bool happened = !e.has_result || e.result >= 0;
    auto* named = watched_->by_name(object.name);
    if (named != nullptr && object.name != named->path && object.alias.empty())
        object.alias = arena_.keep(named->path); // /run/x for a rule that says /var/run/x
    else if (named != nullptr && object.name != named->path)
        rewrite(object, *named);
    if (!object.file.id)
        return;
    if (auto* entry = watched_->by_id(object.file.id)) {
        entry->nlink = object.file.nlink;
        if (named != nullptr || object.name == entry->path || object.name == entry->real || rename == Rename::never)
            return;
        if (still_leads_to(*entry, object.file))
            rewrite(object, *entry);
        return;
    }
    if (named == nullptr || !happened || named->id == object.file.id || !on_host(e))
        return;
    watched_->learn(*named, object.file);
    ++counters_.learned;
}

/// A watched name was taken away, or another file put in its place.
void Objects::recheck(event::Object& object) {
    auto* entry = watched_->by_name(object.name);
    if (entry != nullptr && entry->id)
        (void)still_leads_to(*entry, object.file);
}

/// By the kernel's word where it has named the object; else by what the caller passed.
void Objects::name(const event::Event& e, event::Object& object, std::int32_t dfd, Last last) {
    if (object.name.empty())
        (void)name_object(e, object, dfd, last);
    else
        canonical_mount(object);
}

void Objects::enrich_open(event::Event& e) {
    auto& object = e.object;
    const bool submitted = (e.flags & event::kFlagIoUring) != 0; // the kernel has not opened it yet
    if (e.kind == event::Kind::open && (e.result < 0 || submitted) && object.name.empty()) {
        // Who probes for files that are not there is no reason for system calls of ours; who was refused is.
        const bool refused = submitted || e.result == -EACCES || e.result == -EPERM;
        const auto there = (e.open_flags & O_NOFOLLOW) != 0 ? Last::keep : Last::follow;
        (void)name_object(e, object, e.dfd, refused ? there : Last::text);
    } else {
        canonical_mount(object);
    }
    match_watched(e, object);
    const bool writes = (e.open_flags & O_ACCMODE) != O_RDONLY;
    if (e.kind == event::Kind::open && object.file.id && (e.created || writes))
        saw_mode(object.file.id, object.file.mode, e.boot_ns);
}

void Objects::enrich_change(event::Event& e) {
    name(e, e.object, e.dfd, (e.call_flags & AT_SYMLINK_NOFOLLOW) != 0 ? Last::keep : Last::follow);
    match_watched(e, e.object);
}

void Objects::enrich_chmod(event::Event& e) {
    enrich_change(e);
    const auto& id = e.object.file.id;
    if (!id)
        return;
    if (e.old_mode == event::kUnset)
        e.old_mode = mode_before(id, e.boot_ns);
    if (e.result >= 0)
        saw_mode(id, e.mode, e.boot_ns);
}

void Objects::saw_mode(const event::FileId& id, std::uint32_t mode, std::uint64_t boot_ns) {
    const bool program = (mode & kExecutable) != 0;
    modes_.put(id, {mode & kPermissions, boot_ns, program && sifted_modes_.kept ? sifted_modes_.kept() : 0});
}

/// By what was seen last of the file: an event, or what the kernel side made none of.
std::uint32_t Objects::mode_before(const event::FileId& id, std::uint64_t boot_ns) const {
    const auto seen = modes_.find(id);
    if (!sifted_modes_.of)
        return seen.mode;
    const auto sifted = sifted_modes_.of(id);
    if (sifted.mode != event::kUnset && sifted.at_ns > boot_ns)
        return event::kUnset; // what was kept before is overwritten
    if (sifted.mode != event::kUnset && sifted.at_ns >= seen.at_ns)
        return sifted.mode;
    // Another file may have its number by now, and what was kept of that be forgotten.
    const bool program = seen.mode != event::kUnset && (seen.mode & kExecutable) != 0;
    return program && sifted_modes_.kept() - seen.sifted > kModesKept ? event::kUnset : seen.mode;
}

void Objects::enrich_unlink(event::Event& e) {
    name(e, e.object, e.dfd, e.result < 0 ? Last::keep : Last::name_only);
    match_watched(e, e.object);
    if (e.result >= 0)
        recheck(e.object);
}

void Objects::enrich_rename(event::Event& e) {
    const bool done = e.result >= 0;
    // What was moved now stands under the new name.
    name(e, e.object, e.dfd, done ? Last::name_only : Last::keep);
    if (done)
        e.target.file = e.object.file;
    name(e, e.target, e.dfd2, Last::keep);
    if (done && !e.object.file.id)
        e.object.file = e.target.file;
    match_watched(e, e.object);
    match_watched(e, e.target, Rename::never);
    if (done)
        recheck(e.object);
}

void Objects::enrich_link(event::Event& e) {
    name(e, e.object, e.dfd, (e.call_flags & AT_SYMLINK_FOLLOW) != 0 ? Last::follow : Last::keep);
    if (e.result >= 0)
        e.target.file = e.object.file;
    name(e, e.target, e.dfd2, Last::keep);
    match_watched(e, e.object);
}

void Objects::enrich_symlink(event::Event& e) {
    name(e, e.target, e.dfd2, Last::keep);
    // The text counts from the directory of the link.
    const auto directory = split_last(e.target.name).parent;
    if (e.object.base.empty())
        e.object.base = directory;
    (void)name_object(e, e.object, e.dfd2, Last::follow);
    match_watched(e, e.object);
}

void Objects::enrich_make(event::Event& e) {
    name(e, e.object, e.dfd, Last::keep);
    match_watched(e, e.object);
}

void Objects::enrich(event::Event& e) noexcept {
    arena_.reset();
    if (!offline_ && host_.namespace_id() != 0 && e.mntns != 0)
        e.host_mounts = e.mntns == host_.namespace_id();
    switch (e.kind) {
    case event::Kind::open:
    case event::Kind::exec:
        enrich_open(e);
        break;
    case event::Kind::chmod:
        enrich_chmod(e);
        break;
    case event::Kind::chown:
    case event::Kind::truncate:
    case event::Kind::xattr:
        enrich_change(e);
        break;
    case event::Kind::unlink:
        enrich_unlink(e);
        break;
    case event::Kind::rename:
        enrich_rename(e);
        break;
    case event::Kind::link:
        enrich_link(e);
        break;
    case event::Kind::symlink:
        enrich_symlink(e);
        break;
    case event::Kind::mkdir:
    case event::Kind::mknod:
        enrich_make(e);
        break;
    case event::Kind::memory:
    case event::Kind::module:
    case event::Kind::io_uring:
        canonical_mount(e.object);
        match_watched(e, e.object);
        break;
    default:
        break;
    }
}

} // namespace rwatch::process
