// SPDX-License-Identifier: MIT OR Apache-2.0
// Any text as a rules file: loads or tells why not; what loads is run over a few events.
#include "event/builder.hpp"
#include "rules/engine.hpp"

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

namespace {

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
    for (const auto* type : {"execve", "openat", "connect", "chmod"}) {
        rwatch::event::EventBuilder builder;
        std::string error;
        if (!builder.set("evt.type", type, error))
            std::abort();
        scratch->reset();
        engine.process(builder.finish(), *scratch, count);
    }
    return 0;
}
