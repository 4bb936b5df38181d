// SPDX-License-Identifier: MIT OR Apache-2.0
// What the engine costs an event: ns for the shipped rules, for made ones that share macros as real ones do, and for
// the files given. No root. Prints medians and asserts nothing: machines are noisy.
//   bench_engine [RULE-FILE...]                 for one event of each of four kinds
//   bench_engine --capture FILE [--set NAME RULE-FILE...]...
//                                               for those of a capture: "SET<tab>rules<tab>ns" a line
#include "core/files.hpp"
#include "core/handle.hpp"
#include "event/builder.hpp"
#include "pipeline/replay.hpp"
#include "rules/engine.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <fcntl.h>
#include <memory>
#include <span>
#include <string>
#include <vector>

using namespace rwatch;

namespace {

constexpr int kRounds = 15;
constexpr double kRoundNs = 20e6; // CPU time of a round, about
constexpr int kMadeRules = 1000;

double cpu_ns() {
    timespec ts{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return static_cast<double>(ts.tv_sec) * 1e9 + static_cast<double>(ts.tv_nsec);
}

class Count : public rules::MatchHandler {
  public:
    void on_match(const rules::Match&) noexcept override { ++matches; }
    std::size_t matches = 0;
};

struct Case {
    const char* name;
    std::vector<std::pair<const char*, const char*>> fields;
};

const std::array<Case, 4>& cases() {
    static const std::array<Case, 4> all{{
        {"open to read",
         {{"evt.type", "openat"},
          {"fd.name", "/usr/lib/x86_64-linux-gnu/libc.so.6"},
          {"evt.is_open_read", "true"},
          {"evt.rawres", "3"},
          {"proc.exepath", "/usr/bin/cat"},
          {"proc.name", "cat"},
          {"proc.cmdline", "cat /srv/data/file"},
          {"proc.pname", "bash"},
          {"proc.aexepath[2]", "/usr/sbin/sshd"},
          {"user.uid", "1000"}}},
        {"open to write",
         {{"evt.type", "openat"},
          {"fd.name", "/srv/www/cache/page-1234.html"},
          {"evt.is_open_write", "true"},
          {"evt.rawres", "4"},
          {"proc.exepath", "/usr/sbin/nginx"},
          {"proc.name", "nginx"},
          {"proc.cmdline", "nginx -g daemon off;"},
          {"proc.pname", "nginx"},
          {"proc.aexepath[2]", "/usr/lib/systemd/systemd"},
          {"user.uid", "33"}}},
        {"exec",
         {{"evt.type", "execve"},
          {"proc.exepath", "/usr/bin/cat"},
          {"proc.name", "cat"},
          {"proc.cmdline", "cat /srv/data/file /srv/data/another"},
          {"proc.pname", "bash"},
          {"proc.aexepath[3]", "/usr/sbin/sshd"},
          {"proc.sid", "7"},
          {"proc.ppid", "8"},
          {"user.uid", "1000"}}},
        {"connect",
         {{"evt.type", "connect"},
          {"fd.rip", "192.0.2.1"},
          {"fd.rport", "443"},
          {"proc.sid", "7"},
          {"proc.exepath", "/usr/bin/curl"},
          {"proc.name", "curl"},
          {"proc.pname", "bash"}}},
    }};
    return all;
}

/// Rules as agents' packs have them: macros that all share, and a constant of their own each.
std::string made_rules(int count) {
    std::string out =
        "- list: packagers\n  items: [/usr/bin/dpkg, /usr/bin/apt, /usr/bin/rpm, /usr/bin/dnf]\n"
        "- macro: opened_to_write\n  condition: evt.type in (open, openat, openat2) and evt.is_open_write = true\n"
        "- macro: opened_to_read\n  condition: evt.type in (open, openat, openat2) and evt.is_open_read = true\n"
        "- macro: spawned\n  condition: evt.type in (execve, execveat)\n"
        "- macro: by_packager\n  condition: (proc.exepath in (packagers) or proc.pexepath in (packagers))\n"
        "- macro: below_shell\n  condition: (proc.aname in (bash, dash, zsh))\n";
    constexpr std::array<const char*, 5> kConditions{
        "opened_to_write and fd.name startswith /etc/service# and not by_packager",
        "opened_to_read and fd.name in (/etc/secret#, /root/secret#) and not proc.exepath = /usr/bin/reader#",
        "spawned and proc.exepath endswith /tool# and proc.cmdline contains --option# and not by_packager",
        "spawned and below_shell and proc.cmdline contains \"word#\"",
        "evt.type = connect and fd.rport = # and not by_packager",
    };
    for (int i = 0; i < count; ++i) {
        std::string condition = kConditions[static_cast<std::size_t>(i) % kConditions.size()];
        for (auto at = condition.find('#'); at != std::string::npos; at = condition.find('#'))
            condition.replace(at, 1, std::to_string(i + 1000));
        out += "- rule: made " + std::to_string(i) + "\n  desc: made\n  condition: '" + condition +
               "'\n  output: made\n  priority: Notice\n";
    }
    return out;
}

/// A base for each case, and over each all types, in groups as rules have them.
std::string made_correlations() {
    constexpr std::array<const char*, 4> kBases{"evt.type = openat and evt.is_open_read = true",
                                                "evt.type = openat and evt.is_open_write = true", "evt.type = execve",
                                                "evt.type = connect"};
    constexpr std::array<const char*, 6> kTypes{
        "type: event_count, condition: {gte: 100000}",
        "type: value_count, condition: {field: proc.exepath, gte: 100000}",
        "type: temporal, condition: {gte: 2}",
        "type: temporal_ordered, condition: {gte: 2}",
        "type: value_sum, condition: {field: proc.pid, lt: 0}",
        "type: value_percentile, condition: {field: proc.pid, percentile: 99, lt: 0}"};
    std::string out;
    for (std::size_t i = 0; i < kBases.size(); ++i) {
        const auto base = "base" + std::to_string(i);
        out += "- {rule: " + base + ", desc: d, output: o, priority: info, condition: '" + kBases[i] + "'}\n";
        for (std::size_t j = 0; j < kTypes.size(); ++j)
            out += "- {rule: " + base + "c" + std::to_string(j) +
                   ", desc: d, output: o, priority: info, correlation: {" + kTypes[j] + ", rules: " + base +
                   ", timespan: 1h, group-by: [user.uid, proc.pname]}}\n";
    }
    return out;
}

std::vector<rules::SourceText> read(std::span<const std::string> files) {
    Diagnostics diagnostics;
    std::vector<rules::SourceText> texts;
    for (auto& file : read_files(files, 8U << 20U, diagnostics))
        texts.push_back({file.path, file.text});
    for (const auto& d : diagnostics)
        std::fprintf(stderr, "%s\n", render(d).c_str());
    return texts;
}

std::vector<rules::SourceText> shipped() {
    const std::array<std::string, 1> directory{RWATCH_RULES_DIR};
    const std::array<std::string_view, 1> suffixes{".yaml"};
    Diagnostics diagnostics;
    return read(find_files(directory, suffixes, diagnostics));
}

double median_ns(rules::Engine& engine, event::Event& event, event::Scratch& scratch, Count& count) {
    const auto run = [&](int events) {
        const auto begin = cpu_ns();
        for (int i = 0; i < events; ++i) {
            event.boot_ns += 1'000'000'000;
            scratch.reset();
            engine.process(event, scratch, count);
        }
        return (cpu_ns() - begin) / events;
    };
    const int events = std::max(100, static_cast<int>(kRoundNs / std::max(1.0, run(200))));
    std::array<double, kRounds> rounds{};
    for (auto& round : rounds)
        round = run(events);
    std::nth_element(rounds.begin(), rounds.begin() + kRounds / 2, rounds.end());
    return rounds[kRounds / 2];
}

/// Of a whole replay.
double replay_ns(const std::string& file, const std::shared_ptr<const rules::RuleSet>& set, std::uint64_t& events) {
    constexpr int kReplays = 5;
    std::array<double, kReplays> rounds{};
    for (auto& round : rounds) {
        Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
        pipeline::CaptureReader capture(std::move(fd));
        const auto begin = cpu_ns();
        events = pipeline::replay(capture, set, 0, [](const auto&) {}).events;
        round = cpu_ns() - begin;
    }
    std::nth_element(rounds.begin(), rounds.begin() + kReplays / 2, rounds.end());
    return rounds[kReplays / 2];
}

/// What a rule set adds to the replay of a capture, an event.
void bench_replay(const std::string& file,
                  const std::vector<std::pair<std::string, std::vector<rules::SourceText>>>& sets) {
    std::uint64_t events = 0;
    const auto bare = replay_ns(file, std::make_shared<const rules::RuleSet>(std::vector<rules::Rule>()), events);
    for (const auto& [name, texts] : sets)
        if (const auto loaded = rules::load(texts); loaded.set != nullptr)
            std::printf("%s\t%zu\t%.0f\n", name.c_str(), loaded.set->rules().size(),
                        (replay_ns(file, loaded.set, events) - bare) /
                            static_cast<double>(std::max<std::uint64_t>(events, 1)));
}

void bench(const char* name, const std::vector<rules::SourceText>& texts) {
    const auto loaded = rules::load(texts);
    if (loaded.set == nullptr) {
        std::fprintf(stderr, "%s: not loaded\n", name);
        return;
    }
    rules::Engine engine;
    engine.install(loaded.set);
    const auto scratch = std::make_unique<event::Scratch>();
    std::printf("%-32s %6s %6s %8s %8s\n", name, "rules", "tried", "ns", "matches");
    rules::RuleIndex::Memory memory(loaded.set->index());
    for (const auto& [title, fields] : cases()) {
        event::EventBuilder builder;
        std::string error;
        for (const auto& [field, value] : fields)
            if (!builder.set(field, value, error))
                std::fprintf(stderr, "%s: %s\n", field, error.c_str());
        auto& event = builder.finish();
        Count once;
        scratch->reset();
        engine.process(event, *scratch, once);
        std::size_t tried = 0;
        loaded.set->index().each(event, *scratch, memory, [&](std::uint32_t) { ++tried; });
        Count rest;
        std::printf("  %-30s %6zu %6zu %8.0f %8zu\n", title, loaded.set->rules().size(), tried,
                    median_ns(engine, event, *scratch, rest), once.matches);
    }
}

} // namespace

int main(int argc, char** argv) {
    if (const std::vector<std::string> arguments(argv + 1, argv + argc);
        arguments.size() >= 2 && arguments[0] == "--capture") {
        std::vector<std::pair<std::string, std::vector<rules::SourceText>>> sets{
            {"made", {{"made.yaml", made_rules(25)}}},
            {"made", {{"made.yaml", made_rules(kMadeRules)}}},
            {"made", {{"made.yaml", made_rules(3 * kMadeRules)}}},
            {"shipped", shipped()}};
        const auto end = arguments.end();
        for (auto at = std::find(arguments.begin(), end, "--set"); end - at >= 2;) {
            const auto next = std::find(at + 1, end, "--set");
            sets.emplace_back(at[1], read(std::vector<std::string>(at + 2, next)));
            at = next;
        }
        bench_replay(arguments[1], sets);
        return 0;
    }
    bench("shipped rules", shipped());
    bench("made rules", {{"made.yaml", made_rules(kMadeRules)}});
    bench("six correlations an event", {{"made.yaml", made_correlations()}});
    for (int i = 1; i < argc; ++i) {
        const std::string file = argv[i];
        bench(argv[i], read({&file, 1}));
    }
}
