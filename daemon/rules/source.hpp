// SPDX-License-Identifier: MIT OR Apache-2.0
// One side of a comparison, or a piece of an output, that comes from the event: a field, or what transformers make of
// fields and texts. Compiled from an Operand with its types checked; immutable. Semantics of the transformers are
// libs' (userspace/libsinsp/sinsp_filter_transformers, sinsp_filtercheck_multivalue_transformer).
#pragma once

#include "event/event.hpp"
#include "event/fields.hpp"
#include "rules/ast.hpp"
#include "rules/hash.hpp"

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rwatch::rules {

struct OperandError {
    std::uint32_t at; ///< offset in the condition
    std::string code, message, hint;
};
using ReportOperand = std::function<void(OperandError)>;

class Source {
  public:
    /// one: at most one value. several: the field is all of them (either end, each ancestor), a comparison holds where
    /// it holds for one. list: a value that is a list, only to be compared as a set.
    enum class Many : std::uint8_t { one, several, list };

    /// Reads fields and checks types. All errors go to `report`; then nothing comes back.
    static std::optional<Source> compile(const Operand& operand, const ReportOperand& report);
    explicit Source(const event::FieldRef& field);

    [[nodiscard]] event::Type type() const noexcept { return type_; }
    [[nodiscard]] Many many() const noexcept { return many_; }
    /// Kinds of event in which it can be present.
    [[nodiscard]] event::KindSet kinds() const noexcept { return kinds_; }
    /// The field where it is nothing but one, else null.
    [[nodiscard]] const event::FieldRef* field() const noexcept { return op_ == Op::field ? &field_ : nullptr; }
    /// The same, and where it is a field in lower or upper case.
    [[nodiscard]] const event::FieldRef* field_in_any_case() const noexcept {
        const bool cased = op_ == Op::transformer && arguments_.size() == 1 &&
                           (transformer_ == Transformer::tolower || transformer_ == Transformer::toupper);
        return cased ? arguments_.front().field() : field();
    }
    /// The field of whose values it takes the last part, else null.
    [[nodiscard]] const event::FieldRef* field_of_basename() const noexcept {
        const bool is = op_ == Op::transformer && transformer_ == Transformer::basename && arguments_.size() == 1;
        return is ? arguments_.front().field() : nullptr;
    }
    /// Adds the fields that it is made from, each as often as it stands there.
    void collect_fields(std::vector<event::FieldRef>& out) const;
    void add_to(Hash128& hash) const;

    /// Replaces `out` by the values, which live in the event, in this or in `scratch`. False where it is missing; a
    /// list may be there and empty. Free of allocation.
    bool read(const event::Event& event, event::Scratch& scratch, event::Values& out) const noexcept;

  private:
    enum class Op : std::uint8_t { field, text, list, transformer };
    Source() = default;

    bool read_transformer(const event::Event& event, event::Scratch& scratch, event::Values& out) const noexcept;
    bool read_list(const event::Event& event, event::Scratch& scratch, event::Values& out) const noexcept;
    bool read_join(const event::Event& event, event::Scratch& scratch, event::Values& out) const noexcept;
    bool read_concat(const event::Event& event, event::Scratch& scratch, event::Values& out) const noexcept;
    bool read_getopt(const event::Event& event, event::Scratch& scratch, event::Values& out) const noexcept;

    friend class SourceCompiler;

    Op op_ = Op::field;
    Transformer transformer_ = Transformer::tolower;
    event::Type type_ = event::Type::string;
    Many many_ = Many::one;
    event::KindSet kinds_ = event::kAllKinds;
    event::FieldRef field_;
    std::string text_;
    std::optional<char> selector_;
    std::vector<Source> arguments_;
};

} // namespace rwatch::rules
