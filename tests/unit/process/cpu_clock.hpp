// SPDX-License-Identifier: MIT OR Apache-2.0
// Cost of something in time of the processor: what else runs on the machine does not count.
#pragma once

#include <ctime>

namespace rwatch::test {

/// Mean nanoseconds of one call.
template <typename Body> double cost_ns(int rounds, Body body) {
    const auto now = [] {
        timespec ts{};
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
        return static_cast<double>(ts.tv_sec) * 1e9 + static_cast<double>(ts.tv_nsec);
    };
    const double begin = now();
    for (int i = 0; i < rounds; ++i)
        body(i);
    return (now() - begin) / rounds;
}

} // namespace rwatch::test
