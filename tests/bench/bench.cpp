// SPDX-License-Identifier: MIT OR Apache-2.0
// What rwatch costs: ns a call with the probes on and off, in alternating rounds of one run, and ns an event in the
// daemon. Needs root. Prints medians and ratios; asserts nothing: machines are noisy.
#include "core/files.hpp"
#include "event/builder.hpp"
#include "rules/engine.hpp"
#include "sensor/bpf_source.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <fcntl.h>
#include <functional>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

using namespace rwatch;

namespace {

constexpr int kRounds = 9;
constexpr int kCalls = 20'000;
constexpr int kEvents = 200'000;

double cpu_ns() {
    timespec ts{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return static_cast<double>(ts.tv_sec) * 1e9 + static_cast<double>(ts.tv_nsec);
}

double ns_each(int times, const std::function<void()>& action) {
    const double begin = cpu_ns();
    for (int i = 0; i < times; ++i)
        action();
    return (cpu_ns() - begin) / times;
}

double median(std::vector<double> values) {
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
    return values[values.size() / 2];
}

class Discard : public sensor::RecordHandler {
  public:
    void on_record(std::span<const std::byte>) noexcept override {}
};

struct Call {
    const char* name;
    std::function<void()> action;
};

void bench_probes() {
    const std::array<Call, 3> calls{
        Call{"getpid (not watched)", [] { ::syscall(SYS_getpid); }},
        Call{"open and close", [] { ::close(::open("/etc/hostname", O_RDONLY | O_CLOEXEC)); }},
        Call{"open that fails", [] { (void)::open("/nonexistent", O_RDONLY | O_CLOEXEC); }},
    };
    std::printf("%-24s %10s %10s %10s\n", "CPU of a call, ns", "probes off", "probes on", "added");
    for (const auto& call : calls) {
        std::vector<double> off, on;
        for (int round = 0; round < kRounds; ++round) {
            off.push_back(ns_each(kCalls, call.action));
            // Its own events are reported, or there would be none.
            const auto source = sensor::BpfSource::open({64U << 20U, false, 0});
            on.push_back(ns_each(kCalls, call.action));
            Discard discard;
            source->drain(discard, SIZE_MAX);
        }
        std::printf("%-24s %10.0f %10.0f %+10.0f\n", call.name, median(off), median(on), median(on) - median(off));
    }
}

class Ignore : public rules::MatchHandler {
  public:
    void on_match(const rules::Match&) noexcept override {}
};

rules::LoadResult shipped() {
    const std::array<std::string, 1> directory{RWATCH_RULES_DIR};
    const std::array<std::string_view, 1> suffixes{".yaml"};
    Diagnostics diagnostics;
    std::vector<rules::SourceText> texts;
    for (auto& file : read_files(find_files(directory, suffixes, diagnostics), 1U << 20U, diagnostics))
        texts.push_back({file.path, file.text});
    return rules::load(texts);
}

void bench_engine() {
    using Fields = std::vector<std::pair<const char*, const char*>>;
    const std::array<std::pair<const char*, Fields>, 3> kinds{{
        {"open, harmless",
         {{"evt.type", "openat"},
          {"fd.name", "/usr/lib/x86_64-linux-gnu/libc.so.6"},
          {"evt.is_open_read", "true"},
          {"evt.rawres", "3"},
          {"proc.exepath", "/usr/bin/cat"}}},
        {"exec, harmless",
         {{"evt.type", "execve"}, {"proc.exepath", "/usr/bin/cat"}, {"proc.sid", "7"}, {"proc.ppid", "8"}}},
        {"connect, harmless",
         {{"evt.type", "connect"}, {"fd.rip", "192.0.2.1"}, {"fd.rport", "443"}, {"proc.sid", "7"}}},
    }};
    const auto loaded = shipped();
    if (!loaded.set)
        return;
    rules::Engine engine;
    engine.install(loaded.set);
    Ignore ignore;
    const auto scratch = std::make_unique<event::Scratch>();
    std::printf("\n%-24s %10s\n", "engine, shipped rules", "ns");
    for (const auto& [name, fields] : kinds) {
        event::EventBuilder builder;
        std::string error;
        for (const auto& [field, value] : fields)
            builder.set(field, value, error);
        auto& event = builder.finish();
        std::vector<double> rounds;
        for (int round = 0; round < kRounds; ++round)
            rounds.push_back(ns_each(kEvents, [&] {
                event.boot_ns += 1'000'000'000;
                scratch->reset();
                engine.process(event, *scratch, ignore);
            }));
        std::printf("%-24s %10.0f\n", name, median(rounds));
    }
}

} // namespace

int main() {
    bench_probes();
    bench_engine();
}
