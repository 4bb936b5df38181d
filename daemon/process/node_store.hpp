// SPDX-License-Identifier: MIT OR Apache-2.0
// The memory of the process table: nodes by pid and start, who is whose parent, and what is forgotten when. Bounded in
// nodes and bytes. A node is in one of three lists: live; dead (oldest first, kept for a while because events of other
// CPUs come late); pinned (dead for long, but an ancestor of one that is kept).
#pragma once

#include "event/event.hpp"
#include "process/units.hpp"

#include <cstdint>
#include <list>
#include <unordered_map>

namespace rwatch::process {

/// A POSIX session: how many of its processes live, and how many nodes point here.
struct SessionCount {
    std::uint32_t living = 0;
    std::uint32_t nodes = 0;
};

struct Node {
    enum class State : std::uint8_t { live, dead, pinned };

    event::Process process;
    Units::Use use;                  ///< holds process.placement
    SessionCount* session = nullptr; ///< of process.sid; process.session_size points into it
    event::FileId kernel_exe;        ///< as events tell it: what /proc says may differ (overlayfs, btrfs)
    std::uint64_t cgroup = 0;
    std::uint64_t exit_ns = 0;
    Node* parent = nullptr;
    Node* newer = nullptr; ///< another process that had the pid later
    Node* older = nullptr; ///< … before
    std::list<Node>::iterator self;
    std::size_t bytes = 0;
    std::uint32_t children = 0;  ///< nodes whose parent this is
    std::uint32_t mark = 0;      ///< round of the last pruning that reached it …
    std::uint32_t mark_left = 0; ///< … and how much further up that one went
    State state = State::live;
    bool exact = false;   ///< start_ns comes from the kernel; else it is a whole number of ticks
    bool used = false;    ///< since the eviction clock passed
    bool partial = false; ///< made from an event alone: /proc is still to be asked
};

class NodeStore {
  public:
    static constexpr std::uint64_t kGraceNs =
        10'000'000'000; ///< a dead process is kept at least so long, while there is room
    static constexpr std::uint32_t kMostAncestors = 64;   ///< of a living process that are always kept
    static constexpr std::size_t kMaxBytes = 128U << 20U; ///< of strings in all nodes
    static constexpr std::size_t kMaxOlder = 8;           ///< processes of one pid that a look-up passes
    static constexpr std::size_t kMaxScan = 256;          ///< live nodes looked at to find one to evict
    static constexpr std::size_t kShortArgs = 256;        ///< bytes of argv kept where bytes are short

    struct Counters {
        std::uint64_t evicted_dead = 0; ///< dead ones forgotten before their time
        std::uint64_t evicted_live = 0;
        std::uint64_t refused = 0; ///< found no room at all
        std::uint64_t trimmed = 0; ///< lost most of their argv for want of room
        std::uint64_t reused =
            0; ///< pids that came back with another start while we thought the first alive: an exit was lost
    };

    NodeStore(std::size_t capacity, std::uint64_t tick_ns) : capacity_(capacity), tick_ns_(tick_ns) {
        newest_.reserve(capacity);
    }
    NodeStore(const NodeStore&) = delete;
    NodeStore& operator=(const NodeStore&) = delete;

    /// start 0: the newest of that pid. Makes a start that is known in ticks exact.
    [[nodiscard]] Node* find(std::uint32_t pid, std::uint64_t start_ns, bool exact) noexcept;
    /// A new node with pid and start, live; null where there is no room. An older process of that pid is dead from now
    /// on. `held` is not what makes room.
    Node* make(std::uint32_t pid, std::uint64_t start_ns, bool exact, std::uint64_t now, Node* held = nullptr);
    /// Only a node without children can be given a parent (so there is never a ring); false where it was not.
    bool set_parent(Node& node, Node* parent) noexcept;
    /// Counts the node in that POSIX session from now on. sid 0: in none.
    void set_session(Node& node, std::uint32_t sid);
    void retire(Node& node, std::uint64_t now) noexcept;
    /// Forgets the dead whose time is over.
    void reap(std::uint64_t now) noexcept {
        while (!dead_.empty() && dead_.front().exit_ns + kGraceNs <= now)
            forget_oldest();
    }
    /// To be called when the strings of a node changed; cuts them where all together are too many.
    void account(Node& node) noexcept;

    [[nodiscard]] std::size_t size() const noexcept { return live_.size() + dead_.size() + pinned_.size(); }
    [[nodiscard]] std::size_t alive() const noexcept { return live_.size(); }
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
    [[nodiscard]] const Counters& counters() const noexcept { return counters_; }
    [[nodiscard]] std::uint64_t ticks(std::uint64_t ns) const noexcept { return ns / tick_ns_; }
    template <typename See> void each_alive(const See& see) const {
        for (const auto& node : live_)
            see(node);
    }
    /// The live node that was looked at longest ago, which then counts as just looked at; null where there is none.
    [[nodiscard]] Node* next_live() noexcept;

  private:
    [[nodiscard]] bool same_start(const Node& node, std::uint64_t start_ns, bool exact) const noexcept;
    void forget_oldest() noexcept;
    void destroy(Node* node) noexcept;
    void leave_session(Node& node) noexcept;
    void remove(Node& node) noexcept;
    bool make_room() noexcept;
    void prune() noexcept;
    void mark_ancestors(Node& node) noexcept;
    bool evict_live() noexcept;
    void index(Node& node, std::uint64_t now) noexcept;
    [[nodiscard]] std::list<Node>& list_of(const Node& node) noexcept;

    std::size_t capacity_;
    std::uint64_t tick_ns_;
    std::list<Node> live_, dead_, pinned_;
    std::list<Node> spare_; ///< forgotten ones, for their memory
    std::unordered_map<std::uint32_t, Node*> newest_;
    std::unordered_map<std::uint32_t, SessionCount> sessions_;
    std::size_t bytes_ = 0;
    std::uint32_t round_ = 0;
    Node* held_ = nullptr;
    Counters counters_;
};

} // namespace rwatch::process
