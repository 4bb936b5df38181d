// SPDX-License-Identifier: MIT OR Apache-2.0
// Which events were lost, and whose they were: seen on the pipeline thread, which knows the names of control groups,
// told on the main one.
#pragma once

#include "core/handle.hpp"
#include "core/mailbox.hpp"
#include "sensor/event_source.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace rwatch::app {

/// Records lost since the start.
struct Losses {
    std::map<std::string, std::uint64_t> by_kind;  ///< or cause, as EventSource::losses()
    std::map<std::string, std::uint64_t> by_group; ///< by its name; "" for those of unknown ones
};

class LossWatch {
  public:
    static constexpr std::int64_t kEvery = 200'000'000; ///< ns between two looks: a loss is told within a second

    /// Unit, container or path of a control group; "" where it is not known.
    using Name = std::function<std::string(std::uint64_t cgroup)>;

    LossWatch(const sensor::EventSource& source, Name name);

    /// Pipeline thread. Makes fd() readable where more was lost than at the look before.
    void look() noexcept;

    /// Main thread: readable where there is something new.
    [[nodiscard]] int fd() const noexcept { return ready_.get(); }
    /// Main thread: takes over what is new.
    void refresh();
    /// Main thread: as of the last refresh().
    [[nodiscard]] const Losses& losses() const noexcept { return losses_; }

  private:
    const sensor::EventSource& source_;
    Name name_;
    std::uint64_t seen_ = 0;
    Fd ready_;
    Mailbox<Losses> news_;
    Losses losses_;
};

} // namespace rwatch::app
