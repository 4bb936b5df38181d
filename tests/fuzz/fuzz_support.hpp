// SPDX-License-Identifier: MIT OR Apache-2.0
// What the fuzz targets share: made events, and rules that are run over them. What must hold and does not ends the
// process, in every build.
#pragma once

#include "event/builder.hpp"
#include "rules/engine.hpp"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace rwatch::fuzz {

inline void require(bool holds) {
    if (!holds)
        std::abort();
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

inline event::Scratch& scratch() {
    static const auto memory = std::make_unique<event::Scratch>();
    memory->reset();
    return *memory;
}

class MadeEvent {
  public:
    MadeEvent(std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
        for (const auto& [field, value] : fields)
            require(builder_.set(field, value, error_));
        event_ = &builder_.finish();
    }
    [[nodiscard]] event::Event& operator*() noexcept { return *event_; }

  private:
    event::EventBuilder builder_;
    std::string error_;
    event::Event* event_ = nullptr;
};

/// One event of each sort that rules are mostly about, with something in most fields; some of it is hostile.
inline std::array<MadeEvent, 4>& samples() {
    static std::array<MadeEvent, 4> events{
        {{{"evt.type", "execve"},
          {"proc.name", "bash"},
          {"proc.exepath", "/usr/bin/bash"},
          {"proc.cmdline", "bash -c \x1b[2J\xff\xc3\xa4"},
          {"proc.aname[1]", "sshd"},
          {"user.uid", "1000"}},
         {{"evt.type", "openat"},
          {"fd.name", "/tmp/a\nb\xe2\x80\xae\xc3\xa4"},
          {"evt.is_open_write", "true"},
          {"proc.name", "cat"},
          {"proc.exepath", "/usr/bin/cat"}},
         {{"evt.type", "connect"}, {"fd.rip", "192.0.2.1"}, {"fd.rport", "4444"}, {"proc.exepath", "/usr/bin/nc"}},
         {{"evt.type", "chmod"}, {"proc.name", "a\\b"}}}};
    return events;
}

/// Every diagnostic must have a place inside the text, so that its excerpt can be shown.
inline void require_places(const Diagnostics& diagnostics) {
    for (const auto& d : diagnostics)
        require(d.where.line != 0 && d.where.column != 0 && !d.message.empty() && !d.code.empty());
}

/// Loads rules or is told why not; what loads is run over the events, often enough for correlations to fire and through
/// an exchange of rules.
inline void load_and_run(std::string_view input) {
    constexpr std::uint64_t kRounds = 8, kStep = 1'500'000'000;
    class Count : public rules::MatchHandler {
      public:
        void on_match(const rules::Match& match) noexcept override { total += match.rule.name.size(); }
        std::size_t total = 0;
    } count;
    const rules::SourceText text{"input.yaml", std::string(input)};
    const auto loaded = rules::load({&text, 1});
    require((loaded.set == nullptr) == has_errors(loaded.diagnostics));
    for (const auto& diagnostic : loaded.diagnostics)
        require(!render(diagnostic, text.text).empty());
    if (loaded.set == nullptr)
        return;
    rules::Engine engine;
    engine.install(loaded.set);
    for (std::uint64_t round = 1; round <= kRounds; ++round) {
        for (auto& sample : samples()) {
            auto& event = *sample;
            event.boot_ns = round * kStep;
            event.pid = static_cast<std::uint32_t>(round % 3);
            engine.process(event, scratch(), count);
        }
        if (round == kRounds / 2)
            engine.install(loaded.set);
    }
}

} // namespace rwatch::fuzz
