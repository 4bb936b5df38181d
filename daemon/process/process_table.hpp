// SPDX-License-Identifier: MIT OR Apache-2.0
// Who did it: keeps one event::Process for each process of the machine, follows fork, exec and exit, and gives every
// event its process, ancestors and placement. What was lost on the way is repaired from /proc. Used by the pipeline
// thread alone.
#pragma once

#include "event/event.hpp"
#include "process/node_store.hpp"
#include "process/proc_reader.hpp"
#include "process/units.hpp"

#include <cstdint>
#include <string>

namespace rwatch::process {

class ProcessTable {
  public:
    static constexpr std::size_t kCapacity = 65536;
    static constexpr std::uint64_t kRepairsPerSecond =
        2000;                                       ///< reads of /proc for want of events; a read costs about 0.1 ms
    static constexpr std::size_t kRepairDepth = 16; ///< unknown ancestors fetched for one process

    struct Counters {
        std::uint64_t repaired = 0;   ///< processes whose fork or exec we did not see, completed from /proc
        std::uint64_t incomplete = 0; ///< … that were gone by then: known by the event alone
        std::uint64_t lost_execs = 0; ///< an event came from another image than the one we knew
        NodeStore::Counters nodes;
    };

    /// units must outlive the table.
    explicit ProcessTable(std::size_t capacity, Units& units, std::string proc_root = "/proc");

    /// Takes in what runs now. To be called after the probes are attached and before the first event is read, so that
    /// nothing falls between.
    void fill_from_proc();

    /// Sets process (never null) and placement, valid until the next call; follows fork, exec and exit. Object names
    /// must be final before: an exec takes its path from event.object.name.
    void enrich(event::Event& event) noexcept;

    /// For an exec that is looked at a second time: sets process and placement to what they were at the first, which
    /// `then` holds a copy of, and its relatives to what is known now. Changes nothing in the table.
    void revisit(event::Event& event, event::Process& then) noexcept;

    /// Keeps the place of an event's process in memory while it is held.
    [[nodiscard]] Units::Use place_of(const event::Event& event) noexcept;

    /// Looks whether `most` of the processes thought alive still are (their exit may have been lost). For a timer.
    void sweep(std::size_t most, std::uint64_t now) noexcept;

    /// Calls see(process, exe) for each that lives; exe: as events tell it, or (none came yet) as /proc does.
    template <typename See> void each_alive(const See& see) const {
        nodes_.each_alive(
            [&](const Node& node) { see(node.process, node.kernel_exe ? node.kernel_exe : node.process.exe.id); });
    }

    /// The newest process with that pid, dead ones included; null where unknown.
    [[nodiscard]] const event::Process* find(std::uint32_t pid) noexcept;
    [[nodiscard]] std::size_t size() const noexcept { return nodes_.size(); }
    [[nodiscard]] std::size_t alive() const noexcept { return nodes_.alive(); }
    [[nodiscard]] std::size_t bytes() const noexcept { return nodes_.bytes(); }
    [[nodiscard]] Counters counters() const noexcept;

  private:
    [[nodiscard]] Node& node_of(const event::Event& event);
    [[nodiscard]] Node* load(std::uint32_t pid, std::uint64_t start_ns, std::uint64_t now, std::size_t depth);
    [[nodiscard]] bool may_repair(std::uint64_t now) noexcept;
    bool repair(Node& node, const event::Event& event);
    void take(Node& node, ProcInfo&& info);
    void place(Node& node, const event::Event& event) noexcept;
    void check_image(Node& node, const event::Event& event);
    void follow(Node& node, const event::Event& event);
    void on_exec(Node& node, const event::Event& event);
    void on_fork(Node& parent, const event::Event& event);

    ProcReader reader_;
    Units& units_;
    NodeStore nodes_;
    Node unplaced_; ///< stands in where there is no room
    Counters counters_;
    std::uint64_t repair_second_ = 0, repairs_left_ = 0;
    bool proc_is_ours_ =
        false; ///< a pid of an event was found in /proc with the same start: both count in the same namespace
};

} // namespace rwatch::process
