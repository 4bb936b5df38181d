// SPDX-License-Identifier: MIT OR Apache-2.0
// The file system as the host sees it, even where the daemon itself is locked into a mount namespace of its own; and a
// way to ask it that never waits.
#pragma once

#include "core/handle.hpp"
#include "event/event.hpp"
#include "process/mount_table.hpp"

#include <cstdint>
#include <string>

namespace rwatch::process {

/// What an open found. Names are as the kernel prints them; a name reached through a bind mount is already the host's,
/// with the way taken in `alias`.
struct Found {
    std::string name, alias;
    event::FileInfo file; ///< dev as events tell it (that of the mount, which on btrfs is not that of stat(2))
};

class HostView {
  public:
    enum class Waiting : std::uint8_t {
        never,  ///< only what the kernel has cached: for the pipeline thread
        allowed ///< may ask a disk or a server
    };

    /// Takes pid 1's namespace; our own where that is not allowed.
    explicit HostView(std::string proc_root = "/proc");

    /// Inode of the host's mount namespace, as events tell it; 0: unknown.
    [[nodiscard]] std::uint32_t namespace_id() const noexcept { return namespace_; }
    [[nodiscard]] int root() const noexcept { return root_.get(); }
    [[nodiscard]] const std::string& proc_root() const noexcept { return proc_root_; }
    [[nodiscard]] MountTable& mounts() noexcept { return mounts_; }
    [[nodiscard]] const MountTable& mounts() const noexcept { return mounts_; }

    /// Opens a path as a handle (O_PATH) below `root`, which no link leaves. `error` receives errno.
    [[nodiscard]] static Fd open_in(int root, const char* path, int flags, Waiting waiting, int& error) noexcept;

    /// Name and identity of an open handle; false where it has no name any more.
    bool describe(int fd, Found& out) const;

  private:
    std::string proc_root_;
    std::string who_; ///< "1" or "self"
    Fd root_;
    std::uint32_t namespace_ = 0;
    MountTable mounts_;
};

} // namespace rwatch::process
