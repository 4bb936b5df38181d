// SPDX-License-Identifier: MIT OR Apache-2.0
// Records from the running kernel: loads the eBPF object, attaches what the kernel lets it attach, and reads the ring.
#pragma once

#include "core/handle.hpp"
#include "sensor/event_source.hpp"
#include "sensor/hook_set.hpp"
#include "sensor/kernel_sieve.hpp"
#include "sensor/ring_reader.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <linux/types.h>
#include <memory>
#include <optional>
#include <vector>

struct rw_count;
struct rw_reader;

namespace rwatch::sensor {

inline constexpr std::uint64_t kLeastRing = 1U << 16U;
inline constexpr std::uint64_t kMostRing = 1U << 30U;

struct BpfOptions {
    std::uint64_t ring_size = 8U << 20U; ///< bytes; taken up to a power of two between kLeastRing and kMostRing
    bool skip_own = false;               ///< this process's events are not reported …
    std::uint32_t canary = 0;            ///< … but those of this thread of it; 0: none
    std::uint32_t host_mntns = 0; ///< inode of the mount namespace of the host; 0: not known, judgements cost more
    std::size_t states = 0;       ///< that the texts of rules may take in the kernel; 0: all opens are reported
    event::CallSet calls = event::CallSet().set(); ///< whose events are wanted at first: see want_calls()
    std::size_t skip_alternatives =
        0; ///< leaves out the first so many ways of each family (but never the last): for tests of the others
};

class BpfSource final : public EventSource {
  public:
    /// Loads and attaches. A family that can't be attached is told by probes(); where none can, or the object can't be
    /// loaded, throws Error, with code() EPERM or EACCES where the process lacks the privilege.
    [[nodiscard]] static std::unique_ptr<BpfSource> open(const BpfOptions& options);
    ~BpfSource() override;

    std::size_t drain(RecordHandler& handler, std::size_t most) noexcept override;
    [[nodiscard]] bool ended() const noexcept override { return false; }
    [[nodiscard]] int wake_fd() const noexcept override { return ring_.wake_fd(); }
    void wake_for(Wake which) noexcept override;
    void hurry(event::KindSet kinds) noexcept override;
    [[nodiscard]] const std::vector<ProbeState>& probes() const noexcept override { return states_; }
    /// By kind what the full ring refused; "missed": programs that the kernel skipped because one was running on the
    /// CPU already; "taken away": records that somebody else read out of our ring, as root can. The latter is known
    /// after a drain to the end between two calls, both on the thread that drains.
    [[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> losses() const override;
    [[nodiscard]] std::vector<GroupLoss> group_losses() const override;
    [[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> held() const override;
    [[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> sifted() const override;
    [[nodiscard]] Sieve* sieve() noexcept override { return sieve_ ? &*sieve_ : nullptr; }
    void want_calls(const event::CallSet& calls) override;
    void detach() noexcept override;

    /// Records put into the ring since the start, by kind as losses(). From any thread.
    [[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> submitted() const;

  private:
    struct ReaderDeleter {
        void operator()(rw_reader* reader) const noexcept;
    };
    /// What a family's state is made of, beside its hooks.
    struct Taken {
        std::string way;    ///< the alternative; "" none
        std::string reason; ///< why not a better one
    };
    friend class ProbeLoader;

    BpfSource() = default;
    [[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> counts(__u64 rw_count::*which) const;
    void count_taken() const;
    [[nodiscard]] static bool is_wanted(const ProgramHook& hook, const event::CallSet& calls) noexcept;
    [[nodiscard]] ProbeState state_of(std::size_t family) const;
    void describe_probes();

    std::uint64_t drained_ = 0;
    mutable std::uint64_t expected_ = 0,
                          taken_ = 0; ///< records in the ring at the last losses(); those that never came
    mutable bool emptied_ = false;    ///< since then

    std::vector<ProbeState> states_;
    Fd counts_fd_, group_losses_fd_;
    std::unique_ptr<rw_reader, ReaderDeleter> reader_; ///< shared with the probes
    std::vector<Fd> programs_;                         ///< for their count of misses
    RingReader ring_;
    std::optional<KernelSieve> sieve_;
    std::vector<Taken> ways_; ///< by family
    HookSet hooks_;
};

} // namespace rwatch::sensor
