// SPDX-License-Identifier: MIT OR Apache-2.0
// What the readers of Sigma's form share: where they tell what is wrong, and the bounds of what one rule set may cost.
// Short texts can stand for a lot of work (modifiers, selectors, filters and `action` multiply), so the work is
// counted.
#pragma once

#include "core/diagnostic.hpp"
#include "core/yaml.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace rwatch::rules {

/// What is counted over all Sigma rules of a set. The limits stand in sigma_context.cpp.
enum class SigmaCost : std::uint8_t {
    documents,   ///< rules, correlations and filters
    nodes,       ///< of YAML, made by `action`
    names,       ///< looked at for a name or a selector, or to suggest one
    values,      ///< read, made by modifiers, and each time that they are asked for
    bytes,       ///< of these values
    regexes,     ///< instructions of the programs that regular expressions become
    tests,       ///< parts of conditions and tests made of them, over all records of the log source
    diagnostics, ///< told
};
inline constexpr std::size_t kSigmaCosts = 8;

/// What is spent. Once one limit is passed no more Sigma rules are read.
struct SigmaBudget {
    std::array<std::size_t, kSigmaCosts> used{};
    bool spent = false;
};

struct SigmaContext {
    const std::string& file;
    Diagnostics& out;
    SigmaBudget& budget;

    [[nodiscard]] Location place(const yaml::Node& at) const { return {file, at.line, at.column}; }
    void report(Severity severity, const Location& at, std::string code, std::string message,
                std::string hint = {}) const;
    void report(Severity severity, const yaml::Node& at, std::string code, std::string message,
                std::string hint = {}) const {
        report(severity, place(at), std::move(code), std::move(message), std::move(hint));
    }
    void error(const yaml::Node& at, std::string code, std::string message, std::string hint = {}) const {
        report(Severity::error, at, std::move(code), std::move(message), std::move(hint));
    }
    /// Counts what is about to be made at a place. False where a limit is passed, then and ever after; told once.
    [[nodiscard]] bool spend(SigmaCost cost, std::size_t amount, const Location& at) const;
};

} // namespace rwatch::rules
