// SPDX-License-Identifier: MIT OR Apache-2.0
// The files that rules name whole or by a pattern, by device and inode as well: another hard link, or a handle, is the
// same file.
// Follows the names when a file is replaced by renaming over it, as passwd(1) does.
#pragma once

#include "event/event.hpp"
#include "process/host_view.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace rwatch::process {

class WatchList {
  public:
    static constexpr std::size_t kMost = 65536;         ///< names watched; more are counted in `left_out`
    static constexpr std::size_t kMostOfPattern = 1024; ///< of them for one pattern
    static constexpr int kMostVague = 2;                ///< parts of a pattern that may stand for more than one name

    struct Entry {
        std::string path; ///< as the rule has it, or what fits its pattern
        std::string real; ///< where it leads through symbolic links; the same as path where there are none
        event::FileId id;
        std::uint32_t nlink = 0;
        bool shared_inodes = false; ///< btrfs: a number may stand for another file in each subvolume
    };

    WatchList() = default;
    /// Patterns of glob(7), where a wildcard stands for names in one directory. Looks every file up; may wait for a
    /// disk, so not on the pipeline thread. A pattern that is vaguer than kMostVague, is about /proc, /sys or /dev, or
    /// leads through a mount that may wait for ever (a server's, an automount, fuse) names no file here.
    WatchList(std::span<const std::string> patterns, const HostView& host);

    /// What one before this, of the same patterns, knew of files whose names are gone: their other links are still
    /// what was called so.
    void adopt(const WatchList& before);

    [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
    [[nodiscard]] std::size_t left_out() const noexcept { return left_out_; }

    /// What is known by device and inode.
    [[nodiscard]] std::vector<event::FileId> ids() const;
    /// Other names than the entries' own by which they are found.
    [[nodiscard]] std::vector<std::string> other_names() const;
    /// How often ids() became something else.
    [[nodiscard]] std::uint64_t changes() const noexcept { return changes_; }

    [[nodiscard]] Entry* by_id(const event::FileId& id) noexcept {
        const auto found = by_id_.find(id);
        return found == by_id_.end() ? nullptr : &entries_[found->second];
    }
    [[nodiscard]] Entry* by_name(std::string_view name) noexcept {
        const auto slot = name.size() % kLengths;
        if (((lengths_[slot / 64] >> (slot % 64)) & 1U) == 0)
            return nullptr;
        const auto found = by_name_.find(name);
        return found == by_name_.end() ? nullptr : &entries_[found->second];
    }

    /// From now on the entry's name leads to this file.
    void learn(Entry& entry, const event::FileInfo& file);
    void forget_identity(Entry& entry) noexcept;

  private:
    static constexpr std::size_t kLengths = 256;

    void add(const std::string& path);
    void add_name(std::string_view name, std::uint32_t entry);
    void look_up(std::uint32_t index, const HostView& host);

    std::vector<std::string> patterns_;
    std::vector<Entry> entries_;
    std::vector<std::unique_ptr<std::string>> names_; ///< what the keys of by_name_ point into
    std::unordered_map<event::FileId, std::uint32_t, event::FileIdHash> by_id_;
    std::unordered_map<std::string_view, std::uint32_t> by_name_;
    std::array<std::uint64_t, kLengths / 64>
        lengths_{}; ///< lengths that occur: most names are told apart without hashing
    std::size_t left_out_ = 0;
    std::uint64_t changes_ = 0;
};

} // namespace rwatch::process
