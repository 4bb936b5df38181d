// SPDX-License-Identifier: MIT OR Apache-2.0
// Facts that are not worth waiting for on the pipeline thread: the files of container runtimes and of logind, and the
// hashes of executables. The pipeline thread asks and goes on; another thread finds out; the answers are taken later.
#pragma once

#include "event/event.hpp"
#include "process/container_state.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace rwatch::process {

/// Who a control group is for, beyond its path.
struct PlaceQuestion {
    std::uint64_t cgroup = 0;
    std::string runtime, container; ///< whole id; "" for none
    std::string session;            ///< of logind; "" for none
    std::uint32_t owner = 0;        ///< user in whose own manager it runs; 0: the system's
};
struct PlaceAnswer {
    std::uint64_t cgroup = 0;
    ContainerFacts container;
    std::string user, tty, host, service; ///< of the session
};

/// One version of a file: every write changes ctime, and nobody can set that back.
struct FileVersion {
    event::FileId id;
    std::int64_t mtime_ns = 0, ctime_ns = 0;
    bool operator==(const FileVersion&) const = default;
    [[nodiscard]] explicit operator bool() const noexcept { return id && ctime_ns != 0; }
};
[[nodiscard]] inline FileVersion version_of(const event::FileInfo& file) noexcept {
    return {file.id, file.mtime_ns, file.ctime_ns};
}

struct HashQuestion {
    FileVersion file;
    std::uint32_t pid = 0; ///< a process that runs it …
    std::string path;      ///< … and where it lies on the host, should that one be gone
};
struct HashAnswer {
    FileVersion file;
    std::string sha256; ///< 64 lower-case hex digits; "" where it could not be had
};

class Lookups {
  public:
    virtual ~Lookups() = default;
    /// False where too many wait already.
    [[nodiscard]] virtual bool ask(PlaceQuestion question) noexcept = 0;
    [[nodiscard]] virtual bool ask(HashQuestion question) noexcept = 0;
    /// What was found out since the last time; false, quickly, where nothing was. Each question gets one answer.
    [[nodiscard]] virtual bool take(std::vector<PlaceAnswer>& places, std::vector<HashAnswer>& hashes) noexcept = 0;
};

} // namespace rwatch::process
