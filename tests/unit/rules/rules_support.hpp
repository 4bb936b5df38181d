// SPDX-License-Identifier: MIT OR Apache-2.0
// What the tests of the rules layer share: events from field lists, conditions and rule sets from text, diagnostics as
// short strings.
#pragma once

#include "event/builder.hpp"
#include "rules/condition.hpp"
#include "rules/engine.hpp"
#include "rules/rule_set.hpp"

#include <catch2/catch.hpp>
#include <initializer_list>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rwatch::rules::test {

using Fields = std::vector<std::pair<std::string, std::string>>;

/// An event that says what `fields` say. Lives as long as the object.
class MadeEvent {
  public:
    explicit MadeEvent(const Fields& fields) {
        for (const auto& [name, value] : fields) {
            std::string error;
            INFO(name << " = " << value);
            const bool set = builder_.set(name, value, error);
            INFO(error);
            REQUIRE(set);
        }
        event_ = &builder_.finish();
    }
    [[nodiscard]] event::Event& operator*() noexcept { return *event_; }
    [[nodiscard]] event::Event* operator->() noexcept { return event_; }

  private:
    event::EventBuilder builder_;
    event::Event* event_ = nullptr;
};

/// What is random in a test, the same in each run.
class Dice {
  public:
    explicit Dice(std::uint32_t seed) : engine_(seed) {}
    std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(engine_); }
    bool one_in(std::size_t n) { return below(n) == 0; }
    template <typename List> const auto& of(const List& list) { return list[below(std::size(list))]; }

  private:
    std::mt19937 engine_;
};

/// A rule of that name and condition.
inline std::string rule_text(const std::string& name, const std::string& condition) {
    std::string quoted;
    for (const char c : condition)
        quoted.append(c == '\'' ? "''" : std::string(1, c));
    return "- rule: " + name + "\n  desc: d\n  condition: '" + quoted + "'\n  output: o\n  priority: ERROR\n";
}

inline event::Scratch& scratch() {
    static const auto memory = std::make_unique<event::Scratch>();
    memory->reset();
    return *memory;
}

/// "code line:column" of each diagnostic.
inline std::vector<std::string> brief(const Diagnostics& list) {
    std::vector<std::string> out;
    for (const auto& d : list)
        out.push_back(d.code + " " + std::to_string(d.where.line) + ":" + std::to_string(d.where.column));
    return out;
}

inline Condition compiled(std::string_view text) {
    Diagnostics found;
    auto condition = compile_condition(text, {"condition", 1, 1}, found);
    for (const auto& d : found)
        UNSCOPED_INFO(render(d, text));
    REQUIRE(condition);
    return *condition;
}

inline bool matches(std::string_view text, const Fields& fields) {
    MadeEvent event(fields);
    return compiled(text).matches(*event, scratch());
}

inline LoadResult load_text(std::string_view text, const std::string& file = "a.yaml") {
    const SourceText source{file, std::string(text)};
    return load({&source, 1});
}

inline std::shared_ptr<const RuleSet> loaded(std::string_view text) {
    auto result = load_text(text);
    for (const auto& d : result.diagnostics)
        UNSCOPED_INFO(render(d, text));
    REQUIRE(result.set != nullptr);
    return result.set;
}

/// Collects what fires.
class Matches : public MatchHandler {
  public:
    void on_match(const Match& match) noexcept override {
        names.push_back(match.rule.name);
        if (match.correlation != nullptr)
            last = *match.correlation;
    }
    std::vector<std::string> names;
    CorrelationResult last;
};

} // namespace rwatch::rules::test
