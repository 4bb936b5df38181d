// SPDX-License-Identifier: MIT OR Apache-2.0
// One function a kind: the fixed structure is copied out of the record (a capture need not be aligned), strings are
// checked views into it. Whatever lies outside the record, or in its fixed part, makes the whole record invalid.
#include "event/decode.hpp"

#include "ebpf/abi/rwatch_abi.h"
#include "event/call_args.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <sys/socket.h>
#include <type_traits>

namespace rwatch::event {

namespace {

/// Later than any clock that runs from boot: wall time computed from it can't overflow.
constexpr std::uint64_t kLatestBoot = std::uint64_t{1} << 61U;

/// Views into one record. `bad` stays set once anything was out of bounds.
class Record {
  public:
    Record(std::span<const std::byte> bytes, std::size_t fixed) noexcept
        : text_(reinterpret_cast<const char*>(bytes.data())), size_(bytes.size()), fixed_(fixed) {}

    [[nodiscard]] std::string_view string(const rw_str& at) noexcept {
        if (at.len == 0)
            return {};
        if (at.off < fixed_ || std::size_t{at.off} + at.len > size_) {
            bad_ = true;
            return {};
        }
        return {text_ + at.off, at.len};
    }

    void path(const rw_path& from, Object& to) noexcept {
        to.name = string(from.path);
        const auto root = string(from.root);
        // A path that was cut may be shorter than its mount point: then where it is bound from says nothing.
        if (from.mnt > to.name.size())
            return;
        to.mount_root = root;
        to.mount_length = from.mnt;
    }

    [[nodiscard]] bool bad() const noexcept { return bad_; }

  private:
    const char* text_;
    std::size_t size_;
    std::size_t fixed_;
    bool bad_ = false;
};

FileInfo file(const rw_file& from) noexcept {
    FileInfo to;
    to.id = {from.ino == 0 ? 0 : device_number(from.dev), from.ino};
    to.mode = from.mode;
    to.nlink = from.nlink;
    to.uid = from.uid;
    to.mtime_ns = static_cast<std::int64_t>(from.mtime_ns);
    to.ctime_ns = static_cast<std::int64_t>(from.ctime_ns);
    return to;
}

void fill(Event& e, const rw_exec& r, Record& record) noexcept {
    record.path(r.exe_path, e.object);
    e.object.file = file(r.exe);
    e.object.raw = record.string(r.filename);
    e.filename = e.object.raw;
    e.interp = record.string(r.interp);
    e.argv = record.string(r.argv);
    e.cwd = record.string(r.cwd.path);
    (void)record.string(r.cwd.root); // checked, not used: the directory is told as the process sees it
    e.cap_effective = r.cap_effective;
    e.cap_permitted = r.cap_permitted;
    e.tty = r.tty;
    e.sid = r.sid;
    std::copy(std::begin(r.streams), std::end(r.streams), e.streams.begin());
    e.cgroup_names = record.string(r.cgroup);
    e.has_result = true; // only what succeeded is reported
}

void fill(Event& e, const rw_fork& r, Record&) noexcept {
    e.child_start_ns = r.child_start;
    e.child_cgroup = r.child_cgroup;
    e.child_pid = r.child_pid;
    e.child_vpid = r.child_vpid;
    if (!signature_of(e.call).empty()) {
        e.arg_count = 1;
        e.args[0] = r.flags;
    }
    e.has_result = true;
    e.result = r.child_pid;
}

void fill(Event& e, const rw_exit& r, Record&) noexcept {
    e.status = r.status;
}

void fill(Event& e, const rw_open& r, Record& record) noexcept {
    record.path(r.path, e.object);
    e.object.file = file(r.file);
    e.object.base = record.string(r.base.path);
    (void)record.string(r.base.root);
    e.object.raw = record.string(r.raw);
    e.has_result = true;
    e.result = r.ret;
    e.dfd = r.dfd;
    e.open_flags = r.open_flags;
    e.mode = r.mode;
    e.resolve = r.resolve;
    // The kernel marks only what got a name.
    e.created = (r.c.flags & RW_F_CREATED) != 0 || (r.ret >= 0 && (r.open_flags & O_TMPFILE) == O_TMPFILE);
}

void fill(Event& e, const rw_fsop& r, Record& record) noexcept {
    record.path(r.path, e.object);
    record.path(r.path2, e.target);
    (e.kind == Kind::symlink ? e.target : e.object).file = file(r.file);
    e.object.base = record.string(r.base.path);
    e.target.base = record.string(r.base2.path);
    (void)record.string(r.base.root);
    (void)record.string(r.base2.root);
    e.object.raw = record.string(r.raw);
    e.target.raw = record.string(r.raw2);
    e.has_result = true;
    e.result = r.ret;
    e.dfd = r.dfd;
    e.dfd2 = r.dfd2;
    e.call_flags = r.call_flags;
    e.mode = r.mode;
    e.old_mode = r.old_mode;
    e.node_dev = r.node_dev;
    e.owner = r.owner;
    e.group = r.group;
    e.attribute = record.string(r.attribute);
    e.length = r.length;
}

Address address(std::uint16_t family, const __u8 (&bytes)[16]) noexcept {
    const std::span<const std::uint8_t> all(bytes);
    return family == AF_INET ? address_of(all.first(4)) : family == AF_INET6 ? address_of(all) : Address{};
}

void fill(Event& e, const rw_connect& r, Record& record) noexcept {
    e.local = address(r.family, r.laddr);
    e.family = r.family;
    e.local_port = r.lport;
    e.socket_type = r.type;
    e.protocol = r.protocol;
    e.unix_path = record.string(r.unix_path);
    e.fd = r.fd;
    e.backlog = r.backlog;
    e.answer = record.string(r.answer);
    e.has_result = true;
    e.result = r.ret;
    if (e.kind == Kind::bind)
        return; // has no other end
    e.remote = address(r.family, r.raddr);
    e.remote_port = r.rport;
    // An IPv4-mapped peer is an IPv4 connection, whatever socket it goes through; an unbound local end ("::") then has
    // no address.
    if (e.remote.family == 4)
        e.family = AF_INET;
    if (e.family == AF_INET && e.local.family == 6)
        e.local = {{}, 4};
}

void fill(Event& e, const rw_syscall& r, Record& record) noexcept {
    const auto signature = signature_of(e.call);
    e.arg_count = static_cast<std::uint8_t>(signature.size());
    for (std::size_t i = 0; i < signature.size(); ++i)
        e.args[i] = taken_as(signature[i].form, r.args[i]);
    for (std::size_t i = 0; i < kMostTexts; ++i)
        e.texts[i] = record.string(r.text[i]);
    // These end where their length says, not with a NUL.
    if (e.call == Call::sethostname || e.call == Call::setdomainname)
        e.texts[0] = e.texts[0].substr(0, std::min<std::size_t>(e.texts[0].size(), e.args[1]));
    record.path(r.path, e.object);
    e.object.file = file(r.file);
    e.target_pid = r.target;
    e.has_result = true;
    e.result = r.ret;
}

bool valid(const rw_connect& r) noexcept {
    return r.family == AF_INET || r.family == AF_INET6 || r.family == AF_UNIX;
}
template <typename T> bool valid(const T&) noexcept {
    return true;
}

void fill_common(Event& e, const rw_common& c, std::int64_t wall_offset_ns, const std::byte* begin) noexcept {
    e.kind = static_cast<Kind>(c.kind);
    e.call = static_cast<Call>(c.call);
    e.flags = c.flags;
    e.boot_ns = c.ktime;
    // Wraps instead of overflowing: the offset of a capture may be anything.
    e.wall_ns = static_cast<std::int64_t>(c.ktime + static_cast<std::uint64_t>(wall_offset_ns));
    e.start_ns = c.start;
    e.parent_start_ns = c.parent_start;
    e.cgroup = c.cgroup;
    e.exe = {c.exe_ino == 0 ? 0 : device_number(c.exe_dev), c.exe_ino};
    e.pid = c.pid;
    e.tid = c.tid;
    e.ppid = c.ppid;
    e.vpid = c.vpid;
    e.uid = c.uid;
    e.euid = c.euid;
    e.gid = c.gid;
    e.egid = c.egid;
    e.loginuid = c.loginuid;
    e.session = c.session;
    e.pidns = c.pidns;
    e.mntns = c.mntns;
    const auto* comm = reinterpret_cast<const char*>(begin) + offsetof(rw_common, comm);
    e.comm = {comm, strnlen(comm, RW_COMM_LEN)};
}

/// The record as a T; false where it is none. `out` is written only in part then.
template <typename T> bool read(std::span<const std::byte> bytes, std::int64_t wall_offset_ns, Event& out) noexcept {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) % 8 == 0);
    if (bytes.size() < sizeof(T))
        return false;
    T fixed; // filled whole by the next line
    std::memcpy(&fixed, bytes.data(), sizeof(T));
    if (!valid(fixed))
        return false;
    Record record(bytes, sizeof(T));
    fill_common(out, fixed.c, wall_offset_ns, bytes.data());
    fill(out, fixed, record);
    return !record.bad();
}

bool dispatch(Kind kind, std::span<const std::byte> bytes, std::int64_t wall_offset_ns, Event& out) noexcept {
    switch (kind) {
    case Kind::exec:
        return read<rw_exec>(bytes, wall_offset_ns, out);
    case Kind::fork:
        return read<rw_fork>(bytes, wall_offset_ns, out);
    case Kind::exit:
        return read<rw_exit>(bytes, wall_offset_ns, out);
    case Kind::open:
        return read<rw_open>(bytes, wall_offset_ns, out);
    case Kind::chmod:
    case Kind::rename:
    case Kind::unlink:
    case Kind::link:
    case Kind::symlink:
    case Kind::mkdir:
    case Kind::mknod:
    case Kind::chown:
    case Kind::truncate:
    case Kind::xattr:
        return read<rw_fsop>(bytes, wall_offset_ns, out);
    case Kind::connect:
    case Kind::accept:
    case Kind::bind:
    case Kind::dup:
    case Kind::send:
    case Kind::resolve:
        return read<rw_connect>(bytes, wall_offset_ns, out);
    case Kind::socket:
    case Kind::setid:
    case Kind::ptrace:
    case Kind::name_space:
    case Kind::mount:
    case Kind::module:
    case Kind::bpf:
    case Kind::system:
    case Kind::signal:
    case Kind::memory:
    case Kind::key:
    case Kind::clock:
    case Kind::io_uring:
    case Kind::service:
        return read<rw_syscall>(bytes, wall_offset_ns, out);
    case Kind::none:
    case Kind::count:
        break;
    }
    return false;
}

/// The first members of a record's head; false where it is none.
bool read_head(std::span<const std::byte> record, rw_common& head) noexcept {
    if (record.size() < sizeof(rw_common) || record.size() > RW_RECORD_MAX)
        return false;
    std::memcpy(&head, record.data(), offsetof(rw_common, start));
    // A reservation in the ring may be larger than what was written into it, never smaller.
    if (head.size < sizeof(rw_common) || head.size > record.size())
        return false;
    if (head.kind == 0 || head.kind >= RW_KIND_COUNT || head.call >= RW_CALL_COUNT)
        return false;
    if (head.ktime == 0 || head.ktime > kLatestBoot)
        return false;
    return head.call == RW_CALL_NONE || kind_of(static_cast<Call>(head.call)) == static_cast<Kind>(head.kind);
}

} // namespace

std::uint64_t device_number(std::uint32_t kernel_dev) noexcept {
    constexpr unsigned kMinorBits = 20;
    const std::uint64_t major = kernel_dev >> kMinorBits;
    const std::uint64_t minor = kernel_dev & ((1U << kMinorBits) - 1);
    // gnu_dev_makedev; major has 12 bits here, so its high part is always 0.
    return (major << 8U) | (minor & 0xffU) | ((minor & ~std::uint64_t{0xff}) << 12U);
}

std::optional<Event> decode(std::span<const std::byte> record, std::int64_t wall_offset_ns) noexcept {
    // Made before anything is checked: an optional that is filled later would be zeroed twice, which is half of the
    // whole cost.
    std::optional<Event> out(std::in_place);
    rw_common head; // read_head fills what is read
    if (!read_head(record, head) ||
        !dispatch(static_cast<Kind>(head.kind), record.first(head.size), wall_offset_ns, *out))
        out.reset();
    return out;
}

} // namespace rwatch::event
