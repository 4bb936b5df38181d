// SPDX-License-Identifier: MIT OR Apache-2.0
// fd.* of files and fs.*: the objects that file calls worked on, as the kernel resolved them.
#include "event/field_tables.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>

namespace rwatch::event {

std::string_view file_type(std::uint32_t mode, std::uint16_t family) noexcept {
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return "directory";
    case S_IFIFO:
        return "fifo";
    case S_IFSOCK:
        return socket_type(family, false);
    default:
        return "file";
    }
}

std::string_view socket_type(std::uint16_t family, bool letter) noexcept {
    switch (family) {
    case AF_INET:
        return letter ? "4" : "ipv4";
    case AF_INET6:
        return letter ? "6" : "ipv6";
    default:
        return letter ? "u" : "unix";
    }
}

namespace {

constexpr KindSet kHasFd = kOpen | kSockets | kChanges | kWithFile;
constexpr KindSet kHasMode = kOpen | set_of(Kind::chmod) | kMakes;

/// The file behind a descriptor: an open, or a call that was given one.
const Object* by_descriptor(const Event& e) noexcept {
    const bool told = (set_of(e.kind) & kWithFile) != 0 && !e.object.name.empty();
    return e.kind == Kind::open || changes_descriptor(e.call) || told ? &e.object : nullptr;
}

/// Whose numbers fd.ino and its like tell.
const Object* numbered_object(const Event& e) noexcept {
    return (set_of(e.kind) & (kPathOps | kWithFile)) != 0 && e.object.file.id ? &e.object : nullptr;
}

const Object* path_object(const Event& e) noexcept {
    return (set_of(e.kind) & kPathOps) != 0 ? &e.object : nullptr;
}
const Object* second_object(const Event& e) noexcept {
    return (set_of(e.kind) & kTwoNames) != 0 ? &e.target : nullptr;
}

const Object* resulting_object(const Event& e) noexcept {
    const auto* second = second_object(e);
    return second != nullptr ? second : path_object(e);
}

/// Four octal digits.
std::string_view octal(std::uint32_t mode, Scratch& scratch) noexcept {
    const auto mark = scratch.mark();
    for (int shift = 9; shift >= 0; shift -= 3)
        scratch.put(static_cast<char>('0' + (mode >> static_cast<unsigned>(shift) & 7U)));
    return scratch.since(mark);
}

std::string_view type_char(std::uint32_t mode) noexcept {
    return (mode & S_IFMT) == S_IFIFO ? "p" : (mode & S_IFMT) == S_IFDIR ? "d" : "f";
}

void put_end(const Address& address, std::uint16_t port, Scratch& s) noexcept {
    s.put(address);
    s.put(':');
    s.put(static_cast<std::int64_t>(port));
}

/// "client:port->server:port", the address that was bound, the unix path, or the file's names.
void get_fd_name(const Event& e, const FieldArg&, Scratch& s, Values& out) noexcept {
    if (const auto* object = by_descriptor(e)) {
        add_names(out, *object);
        return;
    }
    const bool bound = e.kind == Kind::bind && e.local.family != 0;
    if ((set_of(e.kind) & kSockets) == 0)
        return;
    if (e.remote.family == 0 && !bound) {
        add_string(out, e.unix_path);
        return;
    }
    const auto mark = s.mark();
    const bool from_here = is_client(e);
    if (from_here)
        put_end(e.local, e.local_port, s);
    else if (!bound)
        put_end(e.remote, e.remote_port, s);
    if (!bound)
        s.put("->");
    if (from_here)
        put_end(e.remote, e.remote_port, s);
    else
        put_end(e.local, e.local_port, s);
    out.add(s.since(mark));
}

template <std::string_view (*Part)(std::string_view) noexcept>
void add_parts(const Object* object, Values& out) noexcept {
    if (object == nullptr)
        return;
    add_string(out, Part(object->name));
    add_string(out, Part(object->alias));
}

std::uint32_t mode_now(const Event& e) noexcept {
    return e.object.file.id ? e.object.file.mode & 07777U : e.mode & 07777U;
}

/// A regular file that could not be executed and now can: by chmod, or by being created so.
constexpr KindSet kExecAdding = kOpen | set_of(Kind::chmod) | set_of(Kind::mknod);
bool exec_added(const Event& e) noexcept {
    const auto type = e.object.file.mode & S_IFMT; // 0: unknown
    if (e.result < 0 || (type != 0 && type != S_IFREG))
        return false;
    if (e.kind == Kind::open)
        return e.created && (mode_now(e) & 0111U) != 0;
    if (e.kind == Kind::mknod) // a type of 0 is a regular file
        return ((e.mode & S_IFMT) == 0 || S_ISREG(e.mode)) && (mode_now(e) & 0111U) != 0;
    const bool before = e.old_mode != kUnset && (e.old_mode & 0111U) != 0;
    return e.kind == Kind::chmod && (e.mode & 0111U) != 0 && !before;
}

bool set_object_name(EventBuilder& b, std::string_view text) {
    b.event().object.name = b.keep(text);
    return true;
}

bool parse_octal(std::string_view text, std::uint32_t& out) noexcept {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, 8);
    return error == std::errc{} && end == text.data() + text.size() && out <= 07777U;
}

bool set_file_number(std::uint64_t& number, std::string_view text) {
    return parse_number(text, number);
}

std::int64_t device_major(std::uint64_t dev) noexcept {
    return major(dev);
}
std::int64_t device_minor(std::uint64_t dev) noexcept {
    return minor(dev);
}

template <std::int64_t (*Part)(std::uint64_t) noexcept>
void get_device_part(const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
    if (const auto* object = numbered_object(e))
        out.add(Part(object->file.id.dev));
}

constexpr Field kFileFields[] = {
    {"fd.created", Type::boolean, false, ArgKind::none, kOpen,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (e.kind == Kind::open)
             out.add(e.created);
     },
     [](EventBuilder& b, const FieldArg&, std::string_view text) {
         lean(b, Call::openat);
         return parse_flag(text, b.event().created);
     },
     "Whether this open created the file (ours)"},
    {"fd.dev", Type::integer, false, ArgKind::none, kPathOps | kWithFile,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (const auto* object = numbered_object(e))
             out.add(static_cast<std::int64_t>(object->file.id.dev));
     },
     [](EventBuilder& b, const FieldArg&, std::string_view text) {
         return set_file_number(b.event().object.file.id.dev, text);
     },
     "Device of the file, as stat(2) gives it"},
    {"fd.dev.major", Type::integer, false, ArgKind::none, kPathOps | kWithFile, get_device_part<device_major>, nullptr,
     "Major number of the file's device"},
    {"fd.dev.minor", Type::integer, false, ArgKind::none, kPathOps | kWithFile, get_device_part<device_minor>, nullptr,
     "Minor number of the file's device"},
    {"fd.directory", Type::string, true, ArgKind::none, kHasFd,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         add_parts<directory_of>(by_descriptor(e), out);
     },
     nullptr, "Directory of fd.name", true},
    {"fd.filename", Type::string, true, ArgKind::none, kHasFd,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         add_parts<base_name>(by_descriptor(e), out);
     },
     nullptr, "Last part of fd.name"},
    {"fd.ino", Type::integer, false, ArgKind::none, kPathOps | kWithFile,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (const auto* object = numbered_object(e))
             out.add(static_cast<std::int64_t>(object->file.id.ino));
     },
     [](EventBuilder& b, const FieldArg&, std::string_view text) {
         return set_file_number(b.event().object.file.id.ino, text);
     },
     "Inode of the file"},
    {"fd.name", Type::string, true, ArgKind::none, kHasFd, get_fd_name,
     [](EventBuilder& b, const FieldArg&, std::string_view text) {
         if ((set_of(b.event().kind) & kSockets) != 0) {
             b.event().unix_path = b.keep(text);
             return true;
         }
         lean(b, Call::openat);
         return set_object_name(b, text);
     },
     "The file that the kernel opened, in the host's view; for a connection 'client:port->server:port'. A file known "
     "by "
     "two names (a hard link, a bind "
     "mount) has both",
     true},
    {"fd.nameraw", Type::string, false, ArgKind::none, kPathOps,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (const auto* object = path_object(e))
             add_string(out, object->raw);
     },
     [](EventBuilder& b, const FieldArg&, std::string_view text) {
         b.event().object.raw = b.keep(text);
         return true;
     },
     "The name as the caller wrote it: evidence only, it can be rewritten behind the kernel's back"},
    {"fd.num", Type::integer, false, ArgKind::none, kDescriptors,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (const auto fd = descriptor_of(e))
             out.add(*fd);
     },
     [](EventBuilder& b, const FieldArg&, std::string_view text) {
         auto& e = b.event();
         if (e.kind == Kind::connect || e.kind == Kind::bind)
             return parse_number(text, e.fd);
         if (changes_descriptor(e.call))
             return parse_number(text, e.dfd);
         lean(b, Call::openat);
         e.has_result = true;
         return parse_number(text, e.result);
     },
     "The descriptor; negative for a call that failed to give one"},
    {"fd.type", Type::string, false, ArgKind::none, kHasFd,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if ((set_of(e.kind) & kSockets) != 0)
             out.add(socket_type(e.family, false));
         else if (by_descriptor(e) != nullptr)
             out.add(file_type(e.object.file.mode, AF_UNIX));
     },
     [](EventBuilder& b, const FieldArg&, std::string_view text) {
         auto& e = b.event();
         if (text == "ipv4" || text == "ipv6" || text == "unix") {
             lean(b, Call::connect);
             e.family = text == "ipv4" ? 2 : text == "ipv6" ? 10 : 1;
             return true;
         }
         lean(b, Call::openat);
         e.object.file.mode = text == "directory" ? S_IFDIR : text == "fifo" ? S_IFIFO : S_IFREG;
         return text == "directory" || text == "fifo" || text == "file";
     },
     "file, directory, fifo, ipv4, ipv6 or unix"},
    {"fd.typechar", Type::string, false, ArgKind::none, kHasFd,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if ((set_of(e.kind) & kSockets) != 0)
             out.add(socket_type(e.family, true));
         else if (by_descriptor(e) != nullptr)
             out.add(type_char(e.object.file.mode));
     },
     nullptr, "One letter for fd.type: f, d, p, 4, 6, u"},
    {"fs.mode", Type::string, false, ArgKind::none, kHasMode,
     [](const Event& e, const FieldArg&, Scratch& s, Values& out) noexcept {
         const bool made = (kMakes & set_of(e.kind)) != 0 && e.object.file.id; // else the umask is not known
         if (e.kind == Kind::chmod || (e.kind == Kind::open && e.created) || made)
             out.add(octal(mode_now(e), s));
     },
     [](EventBuilder& b, const FieldArg&, std::string_view text) { return parse_octal(text, b.event().mode); },
     "Permission bits after chmod or creation, in octal: '0755' (ours)"},
    {"fs.mode.before", Type::string, false, ArgKind::none, set_of(Kind::chmod),
     [](const Event& e, const FieldArg&, Scratch& s, Values& out) noexcept {
         if (e.kind == Kind::chmod && e.old_mode != kUnset)
             out.add(octal(e.old_mode & 07777U, s));
     },
     [](EventBuilder& b, const FieldArg&, std::string_view text) { return parse_octal(text, b.event().old_mode); },
     "Permission bits before chmod, where known (ours)"},
    {"fs.mode.exec_added", Type::boolean, false, ArgKind::none, kExecAdding,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if ((kExecAdding & set_of(e.kind)) != 0)
             out.add(exec_added(e));
     },
     nullptr,
     "A regular file became executable by this call: chmod that adds an execute bit, or creation with one (ours)"},
    {"fs.path.name", Type::string, true, ArgKind::none, kPathOps,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (const auto* object = path_object(e))
             add_names(out, *object);
     },
     [](EventBuilder& b, const FieldArg&, std::string_view text) { return set_object_name(b, text); },
     "The file that a call works on by its path, in the host's view; rename, link and symlink: the source", true},
    {"fs.path.nameraw", Type::string, false, ArgKind::none, kPathOps,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (const auto* object = path_object(e))
             add_string(out, object->raw);
     },
     [](EventBuilder& b, const FieldArg&, std::string_view text) {
         b.event().object.raw = b.keep(text);
         return true;
     },
     "fs.path.name as the caller wrote it"},
    {"fs.path.new", Type::string, true, ArgKind::none, kPathOps,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (const auto* object = resulting_object(e))
             add_names(out, *object);
     },
     nullptr, "The name that stands after the call: the new one of rename, link and symlink, else fs.path.name (ours)",
     true},
    {"fs.path.new.extension", Type::string, true, ArgKind::none, kPathOps,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         add_parts<after_last_dot>(resulting_object(e), out);
     },
     nullptr, "From the last dot of fs.path.new, with it: '.enc' (ours)"},
    {"fs.path.source", Type::string, true, ArgKind::none, kTwoNames,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (second_object(e) != nullptr)
             add_names(out, e.object);
     },
     [](EventBuilder& b, const FieldArg&, std::string_view text) { return set_object_name(b, text); },
     "The old name of rename and link; what a symlink points to", true},
    {"fs.path.sourceraw", Type::string, false, ArgKind::none, kTwoNames,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (second_object(e) != nullptr)
             add_string(out, e.object.raw);
     },
     nullptr, "fs.path.source as the caller wrote it"},
    {"fs.path.target", Type::string, true, ArgKind::none, kTwoNames,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (const auto* object = second_object(e))
             add_names(out, *object);
     },
     [](EventBuilder& b, const FieldArg&, std::string_view text) {
         b.event().target.name = b.keep(text);
         return true;
     },
     "The new name of rename, link and symlink", true},
    {"fs.path.targetraw", Type::string, false, ArgKind::none, kTwoNames,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (const auto* object = second_object(e))
             add_string(out, object->raw);
     },
     nullptr, "fs.path.target as the caller wrote it"},
};

} // namespace

std::span<const Field> file_fields() noexcept {
    return kFileFields;
}

} // namespace rwatch::event
