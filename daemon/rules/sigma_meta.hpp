// SPDX-License-Identifier: MIT OR Apache-2.0
// What every Sigma document says about itself: title, id, level … Specification 2.1; what is refused follows pySigma.
#pragma once

#include "rules/rule.hpp"
#include "rules/sigma_value.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rwatch::rules {

enum class SigmaStatus : std::uint8_t { unsupported, deprecated, experimental, test, stable };

struct SigmaMeta {
    std::string title, id, name;
    std::string taxonomy = "sigma";
    std::optional<SigmaStatus> status;
    std::optional<Priority> priority;
    std::string description;
    std::vector<std::string> references, tags, false_positives, fields;
    bool good = true; ///< nothing was wrong
};

/// Text as YAML has it: no number, true or false, unless in quotes.
[[nodiscard]] bool is_text(const yaml::Node& node) noexcept;

/// own_keys: those of this kind of document. Other keys are the author's own and mean nothing here; one that is nearly
/// a known one is warned of.
[[nodiscard]] SigmaMeta read_sigma_meta(const yaml::Node& document, std::span<const std::string_view> own_keys,
                                        const SigmaContext& context);

struct SigmaLogSource {
    std::string category, product, service; ///< empty: not given

    /// Does this one take rules of the other? What it does not give is all the same to it.
    [[nodiscard]] bool takes(const SigmaLogSource& other) const noexcept;
    [[nodiscard]] std::string text() const; ///< "product: linux, category: file_event"
};

[[nodiscard]] std::optional<SigmaLogSource> read_sigma_logsource(const yaml::Node& document,
                                                                 const SigmaContext& context);

/// An id as it is compared: without hyphens, lower case. Empty where the text is no UUID.
[[nodiscard]] std::string normal_uuid(std::string_view text);

} // namespace rwatch::rules
