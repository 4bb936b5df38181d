// SPDX-License-Identifier: MIT OR Apache-2.0
// What a capture is made of: what the pipeline was told, in its order, and all that it knew of each event. An entry is
// a tag (one byte), the length of its body (four bytes) and the body. Numbers are little-endian; a text is its length
// (four bytes) and its bytes. What a body lacks at its end reads as nothing: later versions add there, and nowhere
// else.
#pragma once

#include "event/event.hpp"

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace rwatch::pipeline {

inline constexpr std::uint32_t kCaptureVersion = 1;
inline constexpr std::size_t kMostEntry = 32U << 20U; ///< bytes of a body
inline constexpr std::size_t kEntryHead = 5;
inline constexpr std::uint32_t kMostRefs = 32768; ///< processes, and placements, that a capture tells apart at a time
inline constexpr std::uint32_t kNoRef = 0xffffffff;

enum class Tag : std::uint8_t {
    header = 1, ///< CaptureHeader; first
    names,      ///< of users and groups: those before are void
    place,      ///< reference, event::Placement
    process,    ///< reference, event::Process; its parent and place came before
    event,      ///< EventHead, facts; its processes and places came before
    complete,   ///< number of an event, hash, reference of a place: what an alert of it waited for
    late,       ///< number of an event, hash: it goes on
    tick,       ///< boot clock
    lost,       ///< number of events for which there was no room here
    end         ///< of a capture that was ended in order
};

struct CaptureHeader {
    std::uint32_t version = kCaptureVersion, wire_version = 0;
    std::int64_t wall_ns = 0;
    std::string hostname, rwatch, kernel;
};

struct EventHead {
    std::int64_t wall_offset_ns = 0;
    bool later = false;
    std::uint32_t process = kNoRef, target_process = kNoRef, place = kNoRef;
    std::string_view record;
};

/// Appends to a text.
class Packer {
  public:
    explicit Packer(std::string& out) noexcept : out_(out) {}

    template <typename T>
    requires std::integral<T> || std::is_enum_v<T>
    void operator()(T value) {
        static_assert(std::endian::native == std::endian::little, "the bytes would have to be turned");
        char bytes[sizeof value];
        std::memcpy(bytes, &value, sizeof value);
        out_.append(bytes, sizeof value);
    }
    void operator()(std::string_view text) {
        (*this)(static_cast<std::uint32_t>(text.size()));
        out_.append(text);
    }
    void operator()(const std::optional<bool>& value) {
        (*this)(static_cast<std::uint8_t>(value ? 1 + static_cast<int>(*value) : 0));
    }

  private:
    std::string& out_;
};

/// Reads what a Packer wrote; views stay valid as long as the body. After something impossible everything reads as
/// nothing, and good() is false.
class Unpacker {
  public:
    explicit Unpacker(std::string_view body) noexcept : rest_(body) {}

    template <typename T>
    requires std::integral<T> || std::is_enum_v<T>
    void operator()(T& value) noexcept {
        if constexpr (std::is_same_v<T, bool>) {
            std::uint8_t byte = 0;
            (*this)(byte);
            value = byte != 0; // another value than 0 and 1 is no bool
        } else {
            std::memset(&value, 0, sizeof value);
            if (const auto bytes = take(sizeof value); !bytes.empty())
                std::memcpy(&value, bytes.data(), sizeof value);
        }
    }
    void operator()(std::string_view& text) noexcept {
        std::uint32_t size = 0;
        (*this)(size);
        text = take(size);
    }
    void operator()(std::string& text) {
        std::string_view view;
        (*this)(view);
        text = view;
    }
    void operator()(std::optional<bool>& value) noexcept {
        std::uint8_t byte = 0;
        (*this)(byte);
        value = byte == 0 ? std::nullopt : std::optional<bool>(byte == 2);
    }
    [[nodiscard]] bool good() const noexcept { return good_; }
    [[nodiscard]] bool empty() const noexcept { return rest_.empty(); }

  private:
    /// Nothing at the end of the body, which an older version may have written; less than there should be is wrong.
    [[nodiscard]] std::string_view take(std::size_t size) noexcept {
        if (rest_.size() < size) {
            good_ = good_ && rest_.empty();
            rest_ = {};
            return {};
        }
        const auto out = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return out;
    }

    std::string_view rest_;
    bool good_ = true;
};

// One list of members for both ways: P is a Packer with constant things, or an Unpacker.
template <typename P, typename T> void pack_header(P& p, T& header) {
    p(header.version);
    p(header.wire_version);
    p(header.wall_ns);
    p(header.hostname);
    p(header.rwatch);
    p(header.kernel);
}

template <typename P, typename T> void pack_file(P& p, T& file) {
    p(file.id.dev);
    p(file.id.ino);
    p(file.mode);
    p(file.nlink);
    p(file.uid);
    p(file.mtime_ns);
    p(file.ctime_ns);
}

template <typename P, typename T> void pack_object(P& p, T& object) {
    p(object.name);
    p(object.alias);
    p(object.raw);
    p(object.base);
    pack_file(p, object.file);
}

template <typename P, typename T> void pack_place(P& p, T& place) {
    for (auto* text : {&place.cgroup,          &place.unit,           &place.slice,         &place.user_unit,
                       &place.session,         &place.machine,        &place.container_id,  &place.container_runtime,
                       &place.pod_uid,         &place.session_user,   &place.session_tty,   &place.session_host,
                       &place.session_service, &place.container_name, &place.image,         &place.image_id,
                       &place.image_digest,    &place.pod_name,       &place.pod_namespace, &place.pod_sandbox})
        p(*text);
}

/// Without parent, placement and session_size, which are no values.
template <typename P, typename T> void pack_process(P& p, T& process) {
    p(process.pid);
    p(process.vpid);
    p(process.ppid);
    p(process.start_ns);
    p(process.comm);
    p(process.exe_path);
    pack_file(p, process.exe);
    p(process.argv);
    p(process.cmdline);
    p(process.cwd);
    p(process.filename);
    p(process.script);
    p(process.uid);
    p(process.euid);
    p(process.gid);
    p(process.egid);
    p(process.loginuid);
    p(process.session);
    p(process.tty);
    p(process.sid);
    p(process.cap_effective);
    p(process.cap_permitted);
    p(process.exec_ns);
    p(process.exe_memfd);
    p(process.exe_unlinked);
    p(process.args_truncated);
    p(process.execed);
    p(process.alive);
    for (auto& stream : process.streams)
        p(stream);
}

template <typename P, typename T> void pack_head(P& p, T& head) {
    p(head.wall_offset_ns);
    p(head.later);
    p(head.process);
    p(head.target_process);
    p(head.place);
    p(head.record);
}

/// What Enricher::enrich adds to an event, beside its processes and place.
template <typename P, typename T> void pack_facts(P& p, T& event) {
    p(event.number);
    p(event.old_euid);
    p(event.host_mounts);
    p(event.exe_hash);
    pack_object(p, event.object);
    pack_object(p, event.target);
    p(event.old_mode);
    p(event.remote_name);
}

/// Adds an entry whose body `write` appends. Throws std::bad_alloc, and leaves `out` as it was.
template <typename Write> void put_entry(std::string& out, Tag tag, Write&& write) {
    const auto begin = out.size();
    try {
        Packer pack(out);
        pack(tag);
        pack(std::uint32_t{0});
        write(pack);
        const auto size = static_cast<std::uint32_t>(out.size() - begin - kEntryHead);
        std::memcpy(out.data() + begin + 1, &size, sizeof size);
    } catch (...) {
        out.resize(begin);
        throw;
    }
}

struct Entry {
    Tag tag;
    std::string_view body;
};

/// Takes the first entry off; nothing where it is not whole. An impossible length gives an entry without a known tag.
[[nodiscard]] inline std::optional<Entry> take_entry(std::string_view& bytes) noexcept {
    if (bytes.size() < kEntryHead)
        return std::nullopt;
    std::uint32_t size = 0;
    std::memcpy(&size, bytes.data() + 1, sizeof size);
    if (size > kMostEntry)
        return Entry{Tag{}, {}};
    if (bytes.size() - kEntryHead < size)
        return std::nullopt;
    const Entry out{static_cast<Tag>(bytes[0]), bytes.substr(kEntryHead, size)};
    bytes.remove_prefix(kEntryHead + size);
    return out;
}

} // namespace rwatch::pipeline
