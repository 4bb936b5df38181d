// SPDX-License-Identifier: MIT OR Apache-2.0
// What waits in the pipeline: alerts for what is still looked up, rules for hashes; how long, and in which order.
#include "pipeline/pipeline.hpp"

#include "ebpf/abi/rwatch_abi.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <unistd.h>

using namespace rwatch;

namespace {

const std::string kHash(64, 'e');

/// Knows one process; a test says what is known of its hash, and when alerts are complete.
struct Known : pipeline::Enricher {
    struct Later : pipeline::Completion {
        explicit Later(Known& known) : known(known) {}
        pipeline::Findings look() noexcept override {
            return {{}, known.complete ? &known.place : nullptr, known.complete};
        }
        Known& known;
    };

    Known() { place.container_name = "web"; }

    void enrich(event::Event& e) noexcept override {
        process.pid = e.pid;
        e.process = &process;
        e.exe_hash = hash;
    }
    std::unique_ptr<pipeline::Completion> completion(const event::Event&) override {
        return with_completion ? std::make_unique<Later>(*this) : nullptr;
    }
    bool waits_for_hash(const event::Event&) noexcept override { return waiting; }
    void revisit(event::Event& e, event::Process& then) noexcept override {
        e.process = &then;
        e.exe_hash = hash;
    }
    void want_hashes(bool wanted) noexcept override { wanted_hashes = wanted; }

    event::Process process;
    event::Placement place;
    std::string hash;
    bool waiting = false, complete = false, with_completion = false, wanted_hashes = false;
};

constexpr std::string_view kPrompt = "- {rule: prompt, desc: d, condition: proc.name = tool, output: '%proc.cmdline',"
                                     " priority: info, debounce: {for: 1s, by: [proc.pid]}}\n";
constexpr std::string_view kLate =
    "- {rule: late, desc: d, condition: 'proc.hash.sha256 startswith ee',"
    " output: '%proc.cmdline %proc.pid', priority: info, debounce: {for: 1s, by: [proc.pid]}}\n";

struct Line {
    explicit Line(std::string_view rules) {
        known.process.comm = "tool";
        known.process.cmdline = "tool first";
        const rules::SourceText source{"a.yaml", std::string(rules)};
        const auto loaded = rules::load({&source, 1});
        for (const auto& d : loaded.diagnostics)
            UNSCOPED_INFO(d.message);
        REQUIRE(loaded.set != nullptr);
        pipeline.install(loaded.set);
    }
    void exec(std::uint32_t pid) {
        rw_exec record{};
        record.c.kind = RW_EXEC;
        record.c.call = RW_CALL_EXECVE;
        record.c.size = sizeof record;
        record.c.ktime = now;
        record.c.pid = record.c.tid = record.c.vpid = pid;
        record.c.start = 1;
        pipeline.record(std::as_bytes(std::span(&record, 1)), 1'700'000'000'000'000'000);
    }
    std::vector<std::string> rules() const {
        std::vector<std::string> out;
        for (const auto& alert : alerts)
            out.push_back(alert->rule);
        return out;
    }

    Known known;
    pipeline::SelfWatch self{9999, 1};
    alerts::AlertFactory factory{"host"};
    std::vector<std::shared_ptr<const alerts::Alert>> alerts;
    pipeline::Pipeline pipeline{known, self, factory, 0, [this](auto alert) { alerts.push_back(std::move(alert)); }};
    std::int64_t now = 1'000'000'000;
};

using Names = std::vector<std::string>;

} // namespace

TEST_CASE("an alert waits for what is looked up, and no longer than its time") {
    Line line{kPrompt};
    line.exec(50);
    CHECK(line.rules() == Names{"prompt"}); // nothing to wait for
    line.alerts.clear();
    line.known.with_completion = true;
    line.exec(51);
    line.known.with_completion = false;
    line.exec(52); // complete, but behind the other
    CHECK(line.alerts.empty());
    line.pipeline.resume(line.now + 1);
    CHECK(line.alerts.empty());
    SECTION("it comes") {
        line.known.complete = true;
        line.pipeline.resume(line.now + 2);
        REQUIRE(line.alerts.size() == 2);
        CHECK(line.alerts[0]->pid == 51);
        CHECK(line.alerts[0]->container_name == "web");
        CHECK(line.alerts[1]->pid == 52);
    }
    SECTION("it does not") {
        line.pipeline.resume(line.now + pipeline::Pipeline::kWait - 1);
        CHECK(line.alerts.empty());
        line.pipeline.resume(line.now + pipeline::Pipeline::kWait);
        REQUIRE(line.alerts.size() == 2);
        CHECK(line.alerts[0]->container_name.empty());
    }
    SECTION("the end comes first") {
        line.pipeline.flush();
        CHECK(line.alerts.size() == 2);
    }
    SECTION("too many") {
        line.known.with_completion = true;
        for (std::uint32_t i = 0; i < pipeline::Pipeline::kMostHeld; ++i)
            line.exec(100 + i);
        CHECK(line.alerts.size() == 2);
        CHECK(line.alerts[0]->pid == 51);
        line.pipeline.flush();
        CHECK(line.alerts.size() == 2 + pipeline::Pipeline::kMostHeld);
    }
}

TEST_CASE("rules that ask for a hash wait for it; others don't") {
    Line line{std::string(kPrompt) + std::string(kLate)};
    CHECK(line.known.wanted_hashes);
    line.known.waiting = true;
    line.exec(50);
    CHECK(line.rules() == Names{"prompt"});
    // Meanwhile it runs another program: the rule is about the first.
    line.known.process.cmdline = "tool second";
    line.pipeline.resume(line.now + 1);
    CHECK(line.rules() == Names{"prompt"});
    SECTION("it comes") {
        line.known.waiting = false;
        line.known.hash = kHash;
        line.pipeline.resume(line.now + 2);
        REQUIRE(line.rules() == Names{"prompt", "late"});
        CHECK(line.alerts[1]->output == "tool first 50");
        CHECK(line.pipeline.counters().unhashed == 0);
        line.exec(51); // known at once
        CHECK(line.rules() == Names{"prompt", "late", "prompt", "late"});
    }
    SECTION("it is another") {
        line.known.waiting = false;
        line.known.hash = std::string(64, 'a');
        line.pipeline.resume(line.now + 2);
        CHECK(line.rules() == Names{"prompt"});
    }
    SECTION("it does not") {
        line.pipeline.resume(line.now + pipeline::Pipeline::kWait);
        CHECK(line.rules() == Names{"prompt"});
        CHECK(line.pipeline.counters().unhashed == 1);
    }
    SECTION("too many wait") {
        for (std::uint32_t i = 0; i < pipeline::Pipeline::kMostPostponed; ++i)
            line.exec(100 + i);
        CHECK(line.pipeline.counters().unhashed == 1);
        CHECK(line.alerts.size() == 1 + pipeline::Pipeline::kMostPostponed);
    }
}

TEST_CASE("where no rule asks, nothing is hashed or postponed") {
    Line line{kPrompt};
    CHECK_FALSE(line.known.wanted_hashes);
    line.known.waiting = true;
    line.exec(50);
    CHECK(line.rules() == Names{"prompt"});
    CHECK(line.pipeline.counters().unhashed == 0);
    // Only shown: a reason as good.
    Line shown{"- {rule: r, desc: d, condition: proc.name = tool, output: '%proc.hash.sha256', priority: info}\n"};
    CHECK(shown.known.wanted_hashes);
}
