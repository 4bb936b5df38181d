// SPDX-License-Identifier: MIT OR Apache-2.0
// Lookups on this machine, by a thread of their own, which may wait for disks: whoever asks does not.
#pragma once

#include "process/lookups.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <thread>

namespace rwatch::process {

class SystemLookups : public Lookups {
  public:
    static constexpr std::size_t kMostWaiting = 1024; ///< questions of each kind
    static constexpr std::size_t kMostTries = 5;      ///< for files that a runtime has not written yet

    /// root: what stands before all names of files but those of logind and /proc; for tests.
    explicit SystemLookups(std::string root = {}, std::string proc_root = "/proc");
    ~SystemLookups() override;
    SystemLookups(const SystemLookups&) = delete;
    SystemLookups& operator=(const SystemLookups&) = delete;

    [[nodiscard]] bool ask(PlaceQuestion question) noexcept override;
    [[nodiscard]] bool ask(HashQuestion question) noexcept override;
    [[nodiscard]] bool take(std::vector<PlaceAnswer>& places, std::vector<HashAnswer>& hashes) noexcept override;

    /// What is known of a place now. Any thread.
    [[nodiscard]] PlaceAnswer look(const PlaceQuestion& question) const;

  private:
    struct Waiting {
        PlaceQuestion question;
        std::size_t tries = 0;
        std::int64_t due_ns = 0; ///< boot clock
    };

    void run() noexcept;
    void answer(Waiting waiting, std::unique_lock<std::mutex>& lock);
    void answer(const HashQuestion& question, std::unique_lock<std::mutex>& lock);
    [[nodiscard]] ContainerFacts find_container(const PlaceQuestion& question) const;
    [[nodiscard]] ContainerFacts in_docker(const std::string& home, const PlaceQuestion& question) const;
    [[nodiscard]] ContainerFacts in_storage(const std::string& home, const PlaceQuestion& question) const;
    [[nodiscard]] ContainerFacts in_containerd(const PlaceQuestion& question) const;
    void find_session(const PlaceQuestion& question, PlaceAnswer& out) const;

    std::string root_, proc_root_;
    std::mutex mutex_; ///< held to move questions and answers, never while looking
    std::condition_variable changed_;
    std::deque<Waiting> places_; ///< in the order of due_ns, nearly
    std::deque<HashQuestion> hashes_;
    std::vector<PlaceAnswer> found_places_;
    std::vector<HashAnswer> found_hashes_;
    std::atomic<bool> found_{false};
    std::atomic<bool> stop_{false};
    std::thread thread_; ///< last: it uses all above
};

} // namespace rwatch::process
