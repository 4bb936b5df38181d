// SPDX-License-Identifier: MIT OR Apache-2.0
// Makes an event from fields, for the tests that stand beside rules: sets what the field is read from, so that derived
// fields agree.
#pragma once

#include "event/fields.hpp"

#include <deque>
#include <memory>
#include <string>
#include <string_view>

namespace rwatch::event {

/// Owns an event and all that it points to. Not copyable or movable: the event points into it.
class EventBuilder {
  public:
    EventBuilder();
    EventBuilder(const EventBuilder&) = delete;
    EventBuilder& operator=(const EventBuilder&) = delete;

    /// Sets a field by name ("fd.name", "proc.aname[2]"). False with `error` where there is no such field, it can't be
    /// set, or the value does not fit.
    bool set(std::string_view field, std::string_view value, std::string& error);

    /// The event, to be called after the last set(). Where no evt.type was set, it is one that the set fields belong
    /// to: an open, a connect, else the start of a program. Number and times are the caller's.
    Event& finish();

    // For the table of fields:
    [[nodiscard]] Event& event() noexcept { return event_; }
    /// Makes it an event of that call.
    void become(Call call) noexcept;
    [[nodiscard]] Process& process() noexcept { return *chain_.front(); }
    /// The n-th ancestor, 1 the parent; made where it is missing. n is at most kMostAncestors.
    Process& ancestor(std::size_t n);
    [[nodiscard]] Placement& placement() noexcept { return placement_; }
    [[nodiscard]] std::uint32_t& session_size() noexcept { return session_size_; }
    /// Whom a ptrace or a signal is about; made where it is missing.
    Process& target_process();
    [[nodiscard]] Placement& target_placement() noexcept { return target_placement_; }
    /// A copy that lives as long as the builder.
    std::string_view keep(std::string_view text);
    void name_user(std::uint32_t uid, std::string_view name);
    void name_group(std::uint32_t gid, std::string_view name);

    static constexpr std::size_t kMostAncestors = 32;

  private:
    std::deque<std::string> strings_;
    Placement placement_;
    std::uint32_t session_size_ = 0;
    Directory names_;
    std::deque<std::unique_ptr<Process>> chain_;
    Process target_;
    Placement target_placement_;
    Event event_;
};

} // namespace rwatch::event
