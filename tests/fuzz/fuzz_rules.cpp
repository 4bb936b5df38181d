// SPDX-License-Identifier: MIT OR Apache-2.0
// Any text as a rules file: loads or tells why not; what loads is run over a few events, often enough for correlations
// to fire and through an exchange of rules.
#include "event/builder.hpp"
#include "rules/engine.hpp"

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

namespace {

constexpr std::uint64_t kRounds = 8, kStep = 1'500'000'000;

class Count : public rwatch::rules::MatchHandler {
  public:
    void on_match(const rwatch::rules::Match& match) noexcept override { total += match.rule.name.size(); }
    std::size_t total = 0;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto scratch = std::make_unique<rwatch::event::Scratch>();
    const rwatch::rules::SourceText text{"input.yaml", std::string(reinterpret_cast<const char*>(data), size)};
    const auto loaded = rwatch::rules::load({&text, 1});
    if ((loaded.set == nullptr) != rwatch::has_errors(loaded.diagnostics))
        std::abort();
    for (const auto& diagnostic : loaded.diagnostics)
        if (rwatch::render(diagnostic, text.text).empty())
            std::abort();
    if (loaded.set == nullptr)
        return 0;
    rwatch::rules::Engine engine;
    engine.install(loaded.set);
    Count count;
    for (std::uint64_t round = 1; round <= kRounds; ++round) {
        for (const auto* type : {"execve", "openat", "connect", "chmod"}) {
            rwatch::event::EventBuilder builder;
            std::string error;
            if (!builder.set("evt.type", type, error))
                std::abort();
            auto& event = builder.finish();
            event.boot_ns = round * kStep;
            event.pid = static_cast<std::uint32_t>(round % 3);
            scratch->reset();
            engine.process(event, *scratch, count);
        }
        if (round == kRounds / 2)
            engine.install(loaded.set);
    }
    return 0;
}
