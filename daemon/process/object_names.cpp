// SPDX-License-Identifier: MIT OR Apache-2.0
// Names of calls that were made by path (chmod, unlink, rename, link, symlink, refused opens): from the directory that
// the kernel told and the string that the caller passed to the file that is meant. First as text, then through the file
// system, as far as its cache goes.
#include "process/file_info.hpp"
#include "process/lexical.hpp"
#include "process/objects.hpp"

#include <climits>
#include <fcntl.h>

namespace rwatch::process {

namespace {

constexpr int kMostProcLinks = 4; // of a path like /proc/self/root/proc/self/cwd/x that are followed

bool only_digits(std::string_view text) noexcept {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// Takes the first component off; slashes before it do not count.
std::string_view take_component(std::string_view& path) noexcept {
    while (path.starts_with('/'))
        path.remove_prefix(1);
    const auto component = path.substr(0, path.find('/'));
    path.remove_prefix(component.size());
    return component;
}

struct ProcLink {
    std::string_view who, link, rest; ///< "self", "root" or "fd/3", "/etc/shadow"
    [[nodiscard]] bool found() const noexcept { return !link.empty(); }
};

/// Takes a path through one of /proc's magic links apart.
ProcLink proc_link(std::string_view path) noexcept {
    auto rest = path;
    if (take_component(rest) != "proc")
        return {};
    ProcLink out;
    out.who = take_component(rest);
    if (out.who != "self" && out.who != "thread-self" && !only_digits(out.who))
        return {};
    auto link = take_component(rest);
    if (link == "task") { // /proc/PID/task/TID/root
        out.who = take_component(rest);
        link = take_component(rest);
    }
    if (link == "fd") {
        const auto number = take_component(rest);
        if (!only_digits(number))
            return {};
        link = {link.data(), static_cast<std::size_t>(number.data() + number.size() - link.data())};
    } else if (link != "root" && link != "cwd" && link != "exe") {
        return {};
    }
    out.link = link;
    out.rest = rest;
    return out;
}

} // namespace

/// Sets path_ to what the caller meant, from his root, not yet normal. False where that can't be told.
bool Objects::whole_path(const event::Event& e, const event::Object& object, std::int32_t dfd, bool ask) {
    path_.clear();
    if (object.raw.starts_with('/')) {
        path_ = object.raw;
        if (ask && on_host(e))
            enter_chroot(e);
        return true;
    }
    if (!object.base.empty())
        path_ = object.base;
    else if (dfd != AT_FDCWD || !ask ||
             !read_link(AT_FDCWD, (host_.proc_root() + "/" + std::to_string(e.pid) + "/cwd").c_str(), path_))
        return false;
    if (!object.raw.empty())
        path_.append("/").append(object.raw);
    return path_.starts_with('/');
}

/// An absolute path counts from the caller's root directory.
void Objects::enter_chroot(const event::Event& e) {
    scratch_.clear();
    if (!read_link(AT_FDCWD, (host_.proc_root() + "/" + std::to_string(e.pid) + "/root").c_str(), scratch_))
        return;
    if (scratch_.starts_with('/') && scratch_ != "/")
        path_.insert(0, scratch_);
}

/// "/proc/self" is the caller, not us; and a magic link leads out of what an open below a root may follow.
void Objects::expand_proc_links(const event::Event& e) {
    for (int i = 0; i < kMostProcLinks; ++i) {
        scratch_.clear();
        append_normal(scratch_, {}, path_);
        const auto found = proc_link(scratch_);
        if (!found.found())
            return;
        const bool self = !only_digits(found.who);
        std::string target;
        const auto link = host_.proc_root() + "/" + (self ? std::to_string(e.pid) : std::string(found.who)) + "/" +
                          std::string(found.link);
        if (!read_link(AT_FDCWD, link.c_str(), target) || !target.starts_with('/'))
            return;
        path_ = target.append(found.rest);
    }
}

/// Looks path_ up below `root`; fills found_.
bool Objects::look_at(int root, Last last) {
    int error = 0;
    if (last == Last::follow) {
        const auto fd = HostView::open_in(root, path_.c_str(), 0, HostView::Waiting::never, error);
        return fd && host_.describe(fd.get(), found_);
    }
    const auto [parent, name] = split_last(path_);
    if (name.empty() || name == "." || name == "..")
        return look_at(root, Last::follow);
    const auto directory =
        HostView::open_in(root, std::string(parent).c_str(), O_DIRECTORY, HostView::Waiting::never, error);
    if (!directory)
        return false;
    // The directory is held: what its name leads to can't be swapped between the two steps.
    if (last == Last::keep) {
        const std::string file(name);
        const auto fd = HostView::open_in(directory.get(), file.c_str(), O_NOFOLLOW, HostView::Waiting::never, error);
        if (fd && host_.describe(fd.get(), found_))
            return true;
    }
    if (!host_.describe(directory.get(), found_))
        return false;
    found_.file = {};
    for (auto* text : {&found_.name, &found_.alias})
        if (!text->empty())
            text->append(text->ends_with('/') ? "" : "/").append(name);
    return true;
}

/// Gives an object that is known by base and raw alone its name, and file where it still stands. False where it stays
/// as text.
bool Objects::name_object(const event::Event& e, event::Object& object, std::int32_t dfd, Last last) {
    const bool ask = !offline_ && last != Last::text;
    if (!whole_path(e, object, dfd, ask))
        return false;
    if (path_.size() >= PATH_MAX || path_.find('\0') != std::string::npos) {
        ++counters_.unresolved;
        return false;
    }
    if (ask)
        expand_proc_links(e);
    scratch_.clear();
    append_normal(scratch_, {}, path_);
    object.name = arena_.keep(scratch_);
    if (!ask)
        return false;
    Fd other;
    if (!on_host(e))
        other.reset(::open((host_.proc_root() + "/" + std::to_string(e.pid) + "/root").c_str(),
                           O_PATH | O_DIRECTORY | O_CLOEXEC));
    const int root = on_host(e) ? host_.root() : other.get();
    if (root < 0 || !look_at(root, last)) {
        ++counters_.unresolved;
        return false;
    }
    ++counters_.resolved;
    object.name = arena_.keep(found_.name);
    if (!found_.alias.empty())
        object.alias = arena_.keep(found_.alias);
    if (!object.file.id)
        object.file = found_.file;
    return true;
}

} // namespace rwatch::process
