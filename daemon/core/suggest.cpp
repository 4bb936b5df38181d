// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/suggest.hpp"

#include <algorithm>
#include <vector>

namespace rwatch {

namespace {

constexpr std::size_t kLongestName = 64; // longer names get no suggestion: the distance is quadratic

} // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
            row[j] = std::min({row[j - 1] + 1, last[j] + 1, last[j - 1] + change});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
        std::swap(before, last);
        std::swap(last, row);
    }
    return last[b.size()];
}

std::string_view nearest(std::string_view name, std::span<const std::string_view> candidates) {
    if (name.empty() || name.size() > kLongestName)
        return {};
    std::string_view best;
    std::size_t best_distance = name.size() / 3 + 1;
    for (const auto candidate : candidates) {
        const auto shortest = std::min(name.size(), candidate.size());
        if (candidate.size() > kLongestName || std::max(name.size(), candidate.size()) - shortest >= best_distance)
            continue;
        const auto d = edit_distance(name, candidate);
        if (d < best_distance) {
            best = candidate;
            best_distance = d;
        }
    }
    return best;
}

std::string did_you_mean(std::string_view name, std::span<const std::string_view> candidates) {
    const auto best = nearest(name, candidates);
    return best.empty() ? std::string{} : "did you mean '" + std::string(best) + "'?";
}

} // namespace rwatch
