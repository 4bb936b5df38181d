// SPDX-License-Identifier: MIT OR Apache-2.0
// Sigma's log sources: which of our events are theirs and which of our fields their fields are. The tables are the one
// place that knows both.
#pragma once

#include "rules/items.hpp"
#include "rules/sigma_meta.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace rwatch::rules {

struct SigmaField {
    std::string_view name;     ///< Sigma's
    std::string_view field;    ///< ours; empty: no event of ours has it
    std::string_view ending{}; ///< a value may also stand with this behind it
};

/// A field of theirs that has no field of ours: `value` is what it holds where `condition` (ours) holds.
struct SigmaFact {
    std::string_view name, value;
    std::string_view condition; ///< empty: always
};

/// One kind of record that a log source has. An event of ours may stand for several (auditd writes EXECVE, PATH and
/// SYSCALL of one exec): a rule fires where one of them fits as a whole.
struct SigmaRecord {
    std::string_view guard; ///< our condition for the events that have such a record
    std::span<const SigmaField> fields;
    std::span<const SigmaFact> facts;
    std::span<const SigmaField> shared;         ///< fields that all records of the source have, asked last
    std::span<const std::string_view> keywords; ///< our fields that values without a field are looked for in
    /// Not empty: a map that asks for the record's type is about it only where it asks for one of these too.
    std::span<const std::string_view> told_by{};
};

class SigmaSource final : public FieldNames {
  public:
    SigmaSource(std::string_view category, std::string_view service, std::string_view output,
                std::span<const SigmaRecord> records)
        : category(category), service(service), output(output), records(records) {}

    /// A field of Sigma's in the first record that has it, or one of ours by its own name.
    [[nodiscard]] std::optional<event::FieldRef> resolve(std::string_view text, std::string& error,
                                                         std::string& hint) const override;
    /// False where no record has a field of that name, though it may be known.
    [[nodiscard]] bool has(std::string_view name) const noexcept;
    /// Every name that a rule may ask for.
    [[nodiscard]] std::vector<std::string_view> names() const;

    std::string_view category, service; ///< empty: none
    std::string_view output;            ///< what an alert shows behind the rule's title
    std::span<const SigmaRecord> records;
};

[[nodiscard]] const SigmaField* find_sigma_field(std::span<const SigmaField> fields, std::string_view name) noexcept;

/// Null where we have no such events. A rule without a product is for all.
[[nodiscard]] const SigmaSource* find_sigma_source(std::string_view product, std::string_view category,
                                                   std::string_view service) noexcept;

/// The one of ours that was surely meant, as a rule writes it: "product: linux, service: auditd". Else empty.
[[nodiscard]] std::string near_sigma_source(const SigmaLogSource& source);

} // namespace rwatch::rules
