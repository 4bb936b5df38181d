// SPDX-License-Identifier: MIT OR Apache-2.0
// Builds wire records as the probes write them: the fixed structure, then its strings.
#pragma once

#include "ebpf/abi/rwatch_abi.h"

#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace rwatch::test {

template <typename T> class WireRecord {
  public:
    WireRecord(rw_kind kind, rw_call call) {
        fixed.c.kind = static_cast<__u16>(kind);
        fixed.c.call = static_cast<__u16>(call);
        fixed.c.ktime = 5'000'000'000;
        fixed.c.start = 4'000'000'000;
        fixed.c.parent_start = 1'000'000'000;
        fixed.c.cgroup = 77;
        fixed.c.exe_dev = (254U << 20U) | 3U;
        fixed.c.exe_ino = 4711;
        fixed.c.pid = 1000;
        fixed.c.tid = 1001;
        fixed.c.ppid = 999;
        fixed.c.vpid = 5;
        fixed.c.uid = 1;
        fixed.c.euid = 2;
        fixed.c.gid = 3;
        fixed.c.egid = 4;
        fixed.c.loginuid = 5;
        fixed.c.session = 6;
        fixed.c.pidns = 7;
        fixed.c.mntns = 8;
        std::memcpy(fixed.c.comm, "bash", 4);
    }

    /// Appends a string to the tail.
    rw_str string(std::string_view text) {
        const rw_str at{static_cast<__u16>(sizeof(T) + tail_.size()), static_cast<__u16>(text.size())};
        tail_.insert(tail_.end(), text.begin(), text.end());
        return at;
    }

    /// The record; its size is a multiple of 8, as in the ring.
    std::vector<std::byte> bytes() {
        const std::size_t size = (sizeof(T) + tail_.size() + 7) / 8 * 8;
        fixed.c.size = static_cast<__u32>(size);
        std::vector<std::byte> out(size);
        std::memcpy(out.data(), &fixed, sizeof(T));
        if (!tail_.empty())
            std::memcpy(out.data() + sizeof(T), tail_.data(), tail_.size());
        return out;
    }

    T fixed{};

  private:
    std::vector<char> tail_;
};

} // namespace rwatch::test
