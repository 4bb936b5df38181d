// SPDX-License-Identifier: MIT OR Apache-2.0
// Names of users and groups from /etc/passwd and /etc/group, read by us: a name service (LDAP, sssd) may wait for a
// network and lose events.
#pragma once

#include "event/event.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <sys/stat.h>

namespace rwatch::process {

/// One thread reads files (refresh_if_changed), another looks up and takes over what was read (adopt); neither waits
/// for the other.
class Users {
  public:
    static constexpr std::size_t kMaxFile = 16U << 20U; ///< bytes read of either file; the rest is not seen

    /// Reads both files; what is missing or unreadable counts as empty.
    explicit Users(std::string passwd = "/etc/passwd", std::string group = "/etc/group");
    ~Users();
    Users(const Users&) = delete;
    Users& operator=(const Users&) = delete;

    /// Reads both again where one was replaced or changed; true where it did. Seen by lookups after the next adopt().
    bool refresh_if_changed();

    /// Takes over what refresh_if_changed() last read: directory() is another one then, and the one before is gone.
    void adopt() noexcept;
    [[nodiscard]] const event::Directory& directory() const noexcept { return *current_; }

  private:
    /// What tells that a file is another, or has changed.
    struct Stamp {
        dev_t dev = 0;
        ino_t ino = 0;
        off_t size = 0;
        timespec mtime{}, ctime{};
        bool operator==(const Stamp& other) const noexcept;
    };

    [[nodiscard]] static Stamp stamp(const std::string& path) noexcept;
    [[nodiscard]] std::unique_ptr<event::Directory> read_all();

    std::string passwd_, group_;
    Stamp passwd_stamp_, group_stamp_;
    std::uint64_t versions_ = 0; ///< read so far
    std::unique_ptr<event::Directory> current_;
    std::atomic<event::Directory*> next_{nullptr}; ///< owned; handed from one thread to the other
};

} // namespace rwatch::process
