// SPDX-License-Identifier: MIT OR Apache-2.0
// Completes events from what is known of the running system: objects, processes, units, users.
#pragma once

#include "core/mailbox.hpp"
#include "pipeline/pipeline.hpp"
#include "process/hash_cache.hpp"
#include "process/host_names.hpp"
#include "process/objects.hpp"
#include "process/process_table.hpp"
#include "process/system_lookups.hpp"
#include "process/units.hpp"
#include "process/users.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace rwatch::pipeline {

class SystemEnricher : public Enricher {
  public:
    SystemEnricher();

    /// Calls that it must hear of whenever they are done, where the events of `wanted` are to be completed.
    [[nodiscard]] static event::CallSet followed(const event::CallSet& wanted);
    /// The same, and those that must be hooked for it, though the sensor may pass over what it keeps itself.
    [[nodiscard]] static event::CallSet hooked_for(const event::CallSet& wanted);

    /// Takes in what runs now; after the probes are attached, before the first record. Any thread, alone.
    void fill();
    /// Pipeline thread.
    void enrich(event::Event& event) noexcept override;
    [[nodiscard]] std::unique_ptr<Completion> completion(const event::Event& event) override;
    [[nodiscard]] bool waits_for_hash(const event::Event& event) noexcept override;
    void revisit(event::Event& event, event::Process& then) noexcept override;
    void want_hashes(bool wanted) noexcept override { want_hashes_ = wanted; }
    /// Pipeline thread, every few milliseconds: takes what was looked up, and new names of users.
    void take_answers() noexcept;
    /// Pipeline thread, about once a second: looks after what changed without an event.
    void chores() noexcept;

    /// Pipeline thread: unit, container or path of a control group; "" where it is not known.
    [[nodiscard]] std::string name_of(std::uint64_t cgroup);

    /// Main thread: the files that rules name, from now on known by device and inode too. Gives other names by which
    /// they are found. May wait for a disk.
    std::vector<std::string> watch(std::span<const std::string> paths);
    /// Pipeline thread: takes what watch() has looked up. Each event does so, too.
    void take_watch_list() noexcept;
    /// Pipeline thread.
    [[nodiscard]] const process::ProcessTable& table() const noexcept { return table_; }
    [[nodiscard]] process::Objects& objects() noexcept { return objects_; }
    /// Main thread: reads the files of users and groups again where they changed.
    void refresh() { users_.refresh_if_changed(); }
    /// In the table. Any thread.
    [[nodiscard]] std::size_t processes() const noexcept { return processes_.load(std::memory_order_relaxed); }
    /// What could not be known or kept since the start, by what it is; only what is not 0. As of the last chores. Any
    /// thread.
    [[nodiscard]] std::map<std::string, std::uint64_t> shortfalls() const;

  private:
    static constexpr std::size_t kShortfalls = 11;
    void hash(event::Event& event) noexcept;
    void count_shortfalls() noexcept;
    void give_back() noexcept;

    process::Users users_;
    process::SystemLookups lookups_;
    process::HashCache hashes_;
    process::Units units_;
    process::ProcessTable table_;
    process::Objects objects_;
    process::HostNames names_;
    std::vector<process::PlaceAnswer> places_told_;
    std::vector<process::HashAnswer> hashes_told_;
    bool want_hashes_ = false;
    std::size_t most_processes_ = 0; ///< in the table since memory was given back
    Mailbox<std::unique_ptr<process::WatchList>> watch_lists_;
    std::atomic<std::size_t> processes_{0};
    std::array<std::atomic<std::uint64_t>, kShortfalls> shortfalls_{};
};

} // namespace rwatch::pipeline
