// SPDX-License-Identifier: MIT OR Apache-2.0
// Where records come from: the kernel (bpf_source) or a capture. Used by the pipeline thread alone after start, but for
// probes() and losses().
#pragma once

#include "event/event.hpp"
#include "event/open_class.hpp"
#include "rules/interest.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace rwatch::sensor {

/// One place of the kernel where a probe hangs.
struct Hook {
    std::string name;                     ///< of the system call, or of the probe where it has one hook only
    event::Kind kind = event::Kind::none; ///< of its events
    event::Call call = event::Call::none; ///< none: its events are told by kind alone
};

struct ProbeState {
    std::string name;                      ///< family of hooks, called as the kind of event that it brings
    std::vector<std::string> alternatives; ///< best first
    std::string attached;                  ///< the one taken; "" none
    std::string reason;                    ///< why not a better one, or none; "" where the best is attached
    std::string blind;                     ///< what goes unseen without it
    std::vector<Hook> hooks;               ///< what is attached
};

/// What the sensor is told of the calls that rules want, so that it makes no records of others. Used on the thread that
/// drains. A source that can't sift hands over everything.
class Sieve {
  public:
    struct Place {
        std::uint64_t dev = 0; ///< as stat(2)
        std::string point;
    };
    virtual ~Sieve() = default;
    /// From now on, and as long as it lives until another one is told; null: everything is wanted.
    virtual void want(const rules::Interest* interest) noexcept = 0;
    /// A program, and the marks of what it does that is wanted (rules::kAllMarks). Of all others everything, until they
    /// are told of.
    virtual void tell_exe(const event::FileId& exe, event::OpenClasses wanted) noexcept = 0;
    virtual void forget_exes() noexcept = 0;
    /// Files that have other names, under which they are wanted; those before are not any more. Throws where not all of
    /// them could be told: then nothing may be passed over.
    virtual void watch_files(std::vector<event::FileId> files) = 0;
    /// Counts the changes of mounts.
    [[nodiscard]] virtual std::uint64_t mount_changes() const noexcept = 0;
    /// As of so many changes, where the host has each file system as a whole, the shortest name of several; some are
    /// listed twice: they are at more than one place.
    virtual void tell_mounts(std::uint64_t changes, std::vector<Place> places) noexcept = 0;
    /// Puts back what somebody else changed of what was told; false where there was anything.
    virtual bool restore() noexcept = 0;
    /// Permission bits of a file that was made without a record, and when (boot clock, ns); nothing: not known.
    [[nodiscard]] virtual std::optional<std::pair<std::uint32_t, std::uint64_t>>
    sifted_mode(const event::FileId& file) const noexcept = 0;
    /// How many such modes were kept since the start: those of long before are forgotten.
    [[nodiscard]] virtual std::uint64_t sifted_modes() const noexcept = 0;
};

/// Which record wakes the reader while it sleeps: being woken costs the traced call microseconds.
enum class Wake : std::uint8_t {
    none,
    urgent, ///< one of an urgent kind, and one that comes when there is little room left
    any
};

/// Records that one control group lost since the start.
struct GroupLoss {
    std::uint64_t cgroup = 0; ///< id in cgroup v2, as events tell it
    std::string kind;         ///< name as in losses()
    std::uint64_t count = 0;
};

class RecordHandler {
  public:
    virtual ~RecordHandler() = default;
    /// One wire record, valid during the call.
    virtual void on_record(std::span<const std::byte> record) noexcept = 0;
};

class EventSource {
  public:
    virtual ~EventSource() = default;
    /// Hands over what has come, at most `most` records; gives how many. Does not wait.
    virtual std::size_t drain(RecordHandler& handler, std::size_t most) noexcept = 0;
    /// True where nothing will come any more (end of a capture).
    [[nodiscard]] virtual bool ended() const noexcept = 0;
    /// A descriptor that becomes readable with the first record that wake_for() is about, and stays so until drain();
    /// or -1.
    [[nodiscard]] virtual int wake_fd() const noexcept = 0;
    /// From now on. Who waits for any record must look once more whether one has come before it sleeps.
    virtual void wake_for(Wake which) noexcept = 0;
    /// Records that the reader should not be late for.
    virtual void hurry(event::KindSet kinds) noexcept = 0;
    [[nodiscard]] virtual const std::vector<ProbeState>& probes() const noexcept = 0;
    /// Records lost since the start, by name of kind ("open") or of cause; those above 0. The thread that drains.
    [[nodiscard]] virtual std::vector<std::pair<std::string, std::uint64_t>> losses() const = 0;
    /// Whose they were, as far as that is known: groups are forgotten when there are very many. From any thread.
    [[nodiscard]] virtual std::vector<GroupLoss> group_losses() const { return {}; }
    /// What was not told since many like it were, by name of kind: no loss. From any thread.
    [[nodiscard]] virtual std::vector<std::pair<std::string, std::uint64_t>> held() const { return {}; }
    /// What no rule can want, by name of kind: no loss. From any thread.
    [[nodiscard]] virtual std::vector<std::pair<std::string, std::uint64_t>> sifted() const { return {}; }
    /// Calls whose events somebody wants; of others none need come, which costs them nothing then. Those that come are
    /// there on return. Not on the thread that drains: on that of probes().
    virtual void want_calls(const event::CallSet& calls) = 0;
    /// Null: it can't sift.
    [[nodiscard]] virtual Sieve* sieve() noexcept { return nullptr; }
    /// Takes the probes off; what is in the ring can still be drained.
    virtual void detach() noexcept = 0;
};

} // namespace rwatch::sensor
