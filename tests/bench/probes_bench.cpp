// SPDX-License-Identifier: MIT OR Apache-2.0
// What the probes cost a call: ns with them on and off, in alternating rounds of one run. Needs root. Prints medians;
// asserts nothing: machines are noisy.
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
            // Another process is watched, or there would be no event: own_pid is one that does not exist.
            const auto source = sensor::BpfSource::open({64U << 20U, 0, 0});
            on.push_back(ns_each(kCalls, call.action));
            Discard discard;
            source->drain(discard, SIZE_MAX);
        }
        std::printf("%-24s %10.0f %10.0f %+10.0f\n", call.name, median(off), median(on), median(on) - median(off));
    }
}

} // namespace

int main() {
    bench_probes();
}
