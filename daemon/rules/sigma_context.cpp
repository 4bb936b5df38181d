// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/sigma_context.hpp"

#include <string_view>

namespace rwatch::rules {

namespace {

struct SigmaLimit {
    std::size_t most;
    std::string_view what;
};

/// In the order of SigmaCost. All 3,780 documents of SigmaHQ (2026) need 14,916 names, 97,134 values of 1.9 MB,
/// regular expressions of 37,842 instructions and 7,415 tests.
constexpr std::array<SigmaLimit, kSigmaCosts> kSigmaLimits{{
    {20'000, "documents"},
    {yaml::kMaxNodes, "values put together by 'action'"},
    {300'000, "names to look through"},
    {500'000, "values to look for"},
    {32U << 20U, "bytes of values to look for"},
    {1'000'000, "instructions of regular expressions"},
    {200'000, "tests"},
    {10'000, "diagnostics"},
}};

} // namespace

void SigmaContext::report(Severity severity, const Location& at, std::string code, std::string message,
                          std::string hint) const {
    if (spend(SigmaCost::diagnostics, 1, at))
        out.push_back({severity, std::move(code), at, std::move(message), std::move(hint)});
}

bool SigmaContext::spend(SigmaCost cost, std::size_t amount, const Location& at) const {
    if (budget.spent)
        return false;
    const auto& limit = kSigmaLimits[static_cast<std::size_t>(cost)];
    auto& used = budget.used[static_cast<std::size_t>(cost)];
    if (amount <= limit.most - used) {
        used += amount;
        return true;
    }
    budget.spent = true;
    out.push_back({Severity::error,
                   "too-large",
                   at,
                   "all Sigma rules together come to more than " + std::to_string(limit.most) + " " +
                       std::string(limit.what) + ": what follows is not read",
                   {}});
    return false;
}

} // namespace rwatch::rules
