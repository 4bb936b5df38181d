// SPDX-License-Identifier: MIT OR Apache-2.0
// Hashes of executables, by version of the file; what is not known is asked of Lookups. Used by the pipeline thread
// alone.
#pragma once

#include "process/lookups.hpp"

#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

namespace rwatch::process {

class HashCache {
  public:
    static constexpr std::size_t kCapacity = 16384; ///< versions of files; those longest not asked for go first

    enum class State : std::uint8_t { unknown, waiting, known, none };
    struct Counters {
        std::uint64_t failed = 0;  ///< gone, changed, or too large
        std::uint64_t refused = 0; ///< too many waited already
    };

    explicit HashCache(Lookups& lookups, std::size_t capacity = kCapacity) : lookups_(lookups), capacity_(capacity) {}

    /// Asks where it is not known; `waiting` then, or `none` where there is nothing to ask for.
    State want(const event::Process& process) noexcept;
    /// 64 hex digits, valid until the next want(); "" where it is not known (yet).
    [[nodiscard]] std::string_view find(const event::FileInfo& exe) noexcept;
    [[nodiscard]] State state(const event::FileInfo& exe) noexcept;
    void told(HashAnswer&& answer) noexcept;

    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
    [[nodiscard]] const Counters& counters() const noexcept { return counters_; }

  private:
    struct Entry {
        FileVersion file;
        State state = State::waiting;
        std::string sha256;
    };
    struct Hash {
        std::size_t operator()(const FileVersion& file) const noexcept;
    };
    [[nodiscard]] Entry* entry_of(const FileVersion& file) noexcept;

    Lookups& lookups_;
    std::size_t capacity_;
    std::list<Entry> entries_; ///< last asked for in front
    std::unordered_map<FileVersion, std::list<Entry>::iterator, Hash> by_file_;
    Counters counters_;
};

} // namespace rwatch::process
