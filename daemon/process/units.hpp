// SPDX-License-Identifier: MIT OR Apache-2.0
// From the id of a control group (v2: its inode number in the cgroup file system) to the unit, session or container
// that it is. Used by the pipeline thread alone. An id is never given to another group while the system runs (kernfs
// counts 64-bit ids up), so what was learned once stays true.
#pragma once

#include "core/handle.hpp"
#include "event/event.hpp"
#include "process/lookups.hpp"

#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace rwatch::process {

/// The path in /proc/PID/cgroup: of v2 ("0::"), or of systemd's own v1 tree where v2 says "/". " (deleted)" is taken
/// off.
[[nodiscard]] std::string_view cgroup_in(std::string_view proc_cgroup) noexcept;

class Units {
  public:
    static constexpr std::size_t kCapacity = 16384;   ///< groups known at a time
    static constexpr std::size_t kWalkMost = 16384;   ///< directories that one walk looks at
    static constexpr std::uint64_t kWalkEvery = 1024; ///< failed look-ups between two walks

  private:
    struct Entry {
        event::Placement placement;
        std::uint64_t id = 0;
        std::uint32_t uses = 0;
        bool known = false;
        bool waiting = false; ///< for what Lookups has to tell of it
    };

  public:
    /// Keeps a placement in memory while it is held. Must not outlive its Units.
    class Use {
      public:
        Use() noexcept = default;
        Use(Use&& other) noexcept : entry_(std::exchange(other.entry_, nullptr)) {}
        Use& operator=(Use&& other) noexcept {
            std::swap(entry_, other.entry_);
            return *this;
        }
        Use(const Use&) = delete;
        Use& operator=(const Use&) = delete;
        ~Use() { reset(); }
        void reset() noexcept {
            if (entry_ != nullptr)
                --entry_->uses;
            entry_ = nullptr;
        }
        [[nodiscard]] Use share() const noexcept { return Use(entry_); }
        /// Null where nothing is known.
        [[nodiscard]] const event::Placement* get() const noexcept {
            return entry_ != nullptr && entry_->known ? &entry_->placement : nullptr;
        }
        /// Whether more is still being looked up.
        [[nodiscard]] bool waiting() const noexcept { return entry_ != nullptr && entry_->waiting; }

      private:
        friend class Units;
        explicit Use(Entry* entry) noexcept : entry_(entry) {
            if (entry_ != nullptr)
                ++entry_->uses;
        }
        Entry* entry_ = nullptr;
    };

    /// cgroup_mount: where cgroup v2 is mounted; found in mountinfo where empty. Without one, groups are known by
    /// /proc/PID/cgroup alone.
    explicit Units(std::string proc_root = "/proc", std::string cgroup_mount = {}, std::size_t capacity = kCapacity);

    /// Has sessions and containers looked up from now on, those that are known already too. `lookups` must outlive it.
    void ask_of(Lookups& lookups) noexcept;
    void told(PlaceAnswer&& answer) noexcept;

    /// Whether the kernel's id says nothing of this group, so that a process that moved is not noticed: systemd on
    /// cgroup v1 alone.
    [[nodiscard]] bool by_process_only(std::uint64_t cgroup) const noexcept { return legacy_ && cgroup == root_id_; }

    /// The group's placement; `pid` is a process in it, asked where the file system can't tell.
    [[nodiscard]] Use find(std::uint64_t cgroup, std::uint32_t pid) noexcept;
    /// What the kernel said of a group: the names from it up, each followed by '/'. Asks nobody, and holds where the
    /// group is gone since.
    void learn(std::uint64_t cgroup, std::string_view names) noexcept;
    /// By path, as /proc/PID/cgroup has it; `cgroup` receives the id, 0 where unknown.
    [[nodiscard]] Use find(std::string_view path, std::uint64_t& cgroup) noexcept;

    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
    /// Groups that could not be told (gone before we looked, or no rights), and those for which no room was left.
    [[nodiscard]] std::uint64_t unresolved() const noexcept { return unresolved_; }
    [[nodiscard]] std::uint64_t evicted() const noexcept { return evicted_; }
    /// Containers of which no file told anything, and those that could not be asked for.
    [[nodiscard]] std::uint64_t nameless() const noexcept { return nameless_; }

  private:
    [[nodiscard]] Entry* insert(std::uint64_t cgroup, std::string_view path, bool known);
    bool make_room();
    void describe(Entry& entry, std::string_view path);
    void ask(Entry& entry) noexcept;
    [[nodiscard]] std::uint64_t id_of(std::string_view path) const;
    [[nodiscard]] bool path_by_handle(std::uint64_t cgroup, std::string& out) const;
    [[nodiscard]] bool path_by_process(std::uint64_t cgroup, std::uint32_t pid, std::string& out) const;
    [[nodiscard]] bool path_by_walk(std::uint64_t cgroup, std::string& out) const;
    [[nodiscard]] Use find_legacy(std::uint32_t pid);

    std::string proc_root_;
    std::string mount_;
    std::size_t capacity_;
    Fd mount_fd_;
    std::uint64_t root_id_ = 0;
    bool legacy_ = false; ///< systemd keeps a v1 tree of its own: v2 may say nothing
    std::list<Entry> entries_;
    std::unordered_map<std::uint64_t, std::list<Entry>::iterator> by_id_;
    std::uint64_t unresolved_ = 0, evicted_ = 0, nameless_ = 0;
    Lookups* lookups_ = nullptr;
};

} // namespace rwatch::process
