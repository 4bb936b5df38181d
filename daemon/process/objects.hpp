// SPDX-License-Identifier: MIT OR Apache-2.0
// Which file it really was: gives the objects of an event the name by which the host knows them, whatever way led there
// (bind mount, hard link, symbolic link, relative path, /proc/PID/root, handle). Used by the pipeline thread alone;
// never waits for a file system.
#pragma once

#include "event/event.hpp"
#include "process/host_view.hpp"
#include "process/mode_cache.hpp"
#include "process/watch_list.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace rwatch::process {

/// Storage for the names of one event. Never grows: what does not fit is left out and counted.
class NameArena {
  public:
    static constexpr std::size_t kSize = 64U << 10U;

    NameArena() : bytes_(std::make_unique<char[]>(kSize)) {}
    void reset() noexcept { used_ = 0; }
    [[nodiscard]] std::string_view keep(std::string_view text) noexcept;
    [[nodiscard]] std::uint64_t left_out() const noexcept { return left_out_; }

  private:
    std::unique_ptr<char[]> bytes_;
    std::size_t used_ = 0;
    std::uint64_t left_out_ = 0;
};

class Objects {
  public:
    struct Counters {
        std::uint64_t renamed = 0;    ///< objects that were known under another name (bind mount, hard link)
        std::uint64_t learned = 0;    ///< watched names that came to lead to another file
        std::uint64_t resolved = 0;   ///< names of path-based calls resolved through the file system
        std::uint64_t unresolved = 0; ///< … that stayed as text: gone, or not in the kernel's cache
        std::uint64_t left_out = 0;   ///< names that found no room
    };

    explicit Objects(std::string proc_root = "/proc");

    /// Looks the files up, as WatchList does; may wait for a disk: not on the pipeline thread.
    [[nodiscard]] static std::unique_ptr<WatchList> look_up(std::span<const std::string> patterns,
                                                            const std::string& proc_root = "/proc");
    /// Takes a looked-up list over.
    void install(std::unique_ptr<WatchList> list) noexcept;
    /// Both in one, for start-up, replay and tests.
    void set_watched(std::span<const std::string> patterns);

    /// Completes object and target (name, alias, file) and old_mode. Names live until the next call. Comes before
    /// ProcessTable::enrich.
    void enrich(event::Event& event) noexcept;

    /// POLLPRI|POLLERR on it: mounts have changed. -1 where there is none.
    [[nodiscard]] int mounts_fd() const noexcept { return host_.mounts().fd(); }
    void refresh_mounts() { host_.mounts().refresh(); }

    /// For records of another time (replay): nothing is asked of the files of now; only the table of mounts is used.
    void set_offline(bool offline) noexcept { offline_ = offline; }

    /// Where modes of files are found that the kernel side made no events of: it keeps them, and forgets the oldest.
    struct SiftedModes {
        std::function<ModeCache::Seen(const event::FileId&)> of;
        std::function<std::uint64_t()> kept; ///< how many since the start
    };
    void ask_modes(SiftedModes modes) { sifted_modes_ = std::move(modes); }
    static constexpr std::uint64_t kModesKept = 2000; ///< so many at least are not forgotten yet

    [[nodiscard]] const WatchList& watched() const noexcept { return *watched_; }
    /// Another number once the list is another one, or what it knows.
    [[nodiscard]] std::uint64_t watched_version() const noexcept { return (lists_ << 32U) + watched_->changes(); }
    [[nodiscard]] const MountTable& mounts() const noexcept { return host_.mounts(); }

    [[nodiscard]] Counters counters() const noexcept;

  private:
    /// What is done with the last component of a path: followed where it is a link, looked at, only named; text:
    /// nothing is asked of the file system.
    enum class Last : std::uint8_t { follow, keep, name_only, text };
    enum class Rename : std::uint8_t { allowed, never };

    void canonical_mount(event::Object& object);
    void match_watched(const event::Event& event, event::Object& object, Rename rename = Rename::allowed);
    void rewrite(event::Object& object, const WatchList::Entry& entry);
    [[nodiscard]] bool still_leads_to(WatchList::Entry& entry, const event::FileInfo& file);
    void recheck(event::Object& object);
    [[nodiscard]] bool on_host(const event::Event& event) const noexcept;

    void saw_mode(const event::FileId& id, std::uint32_t mode, std::uint64_t boot_ns);
    [[nodiscard]] std::uint32_t mode_before(const event::FileId& id, std::uint64_t boot_ns) const;

    void enrich_open(event::Event& event);
    void enrich_change(event::Event& e);
    void enrich_chmod(event::Event& event);
    void enrich_unlink(event::Event& event);
    void enrich_rename(event::Event& event);
    void enrich_link(event::Event& event);
    void enrich_symlink(event::Event& event);
    void enrich_make(event::Event& event);

    [[nodiscard]] bool whole_path(const event::Event& event, const event::Object& object, std::int32_t dfd, bool ask);
    void expand_proc_links(const event::Event& event);
    void enter_chroot(const event::Event& event);
    void name(const event::Event& e, event::Object& object, std::int32_t dfd, Last last);
    bool name_object(const event::Event& event, event::Object& object, std::int32_t dfd, Last last);
    bool look_at(int root, Last last);

    HostView host_;
    std::unique_ptr<WatchList> watched_;
    std::uint64_t lists_ = 0; ///< that were installed
    ModeCache modes_;
    SiftedModes sifted_modes_;
    NameArena arena_;
    std::string path_; ///< the name under work, as the process would write it from its root
    std::string scratch_;
    Found found_;
    Counters counters_;
    bool offline_ = false;
};

} // namespace rwatch::process
