// SPDX-License-Identifier: MIT OR Apache-2.0
// The lists and macros of all files, put together: lists with the lists in them, macros compiled once in the order in
// which they need each other.
#pragma once

#include "rules/collector.hpp"
#include "rules/compiler.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace rwatch::rules {

inline constexpr std::size_t kMaxNearLooks = 1'000'000; ///< at names of lists, for words that may be meant for one
inline constexpr std::size_t kMaxListValues =
    4'000'000; ///< of all lists, the values of lists in lists counted wherever they stand

class Library final : public Names {
  public:
    /// Diagnostics of lists go to `out`, those of macros wait for report_macros().
    Library(const Collector& collector, ProgramBuilder& builder, Diagnostics& out);

    [[nodiscard]] const std::vector<std::string>* list(std::string_view name) const override;
    [[nodiscard]] Found macro(std::string_view name, std::uint32_t& node) override;
    [[nodiscard]] std::vector<std::string_view> macro_names() const override;
    [[nodiscard]] const Location* later_macro(std::string_view name) const override;
    [[nodiscard]] std::string_view near_list(std::string_view word) override;

    /// Before a rule is compiled: forgets which broken macros were asked for.
    void begin_rule() { asked_.clear(); }
    /// After a rule did not compile: true where the broken macros that it asked for have no errors but unknown fields.
    [[nodiscard]] bool only_unknown_fields() const;
    /// After a rule did not compile: the errors of the macros that it asked for are errors of the whole.
    void blame();
    /// Diagnostics of macros; errors in one that no rule is blamed on it are warnings.
    void report_macros(Diagnostics& out) const;
    /// Lists and macros that nothing asked for, a note a file.
    void report_unused(const Collector& collector, Diagnostics& out) const;

  private:
    using NameIndex = std::unordered_map<std::string_view, std::uint32_t>;
    struct Macro {
        const Collector::Entry<MacroItem>* entry = nullptr;
        std::optional<Expr> expr;
        std::vector<std::uint32_t> needs;
        Diagnostics diagnostics;
        std::uint32_t node = 0;
        bool good = false, looped = false, blamed = false, used = false;
    };

    void expand_lists(const Collector& collector, Diagnostics& out);
    void expand_list(const Collector& collector, std::uint32_t index, Diagnostics& out);
    void parse_macros(const Collector& collector);
    void compile_macros(ProgramBuilder& builder);
    /// Calls for each macro reachable from those asked for.
    template <typename Visit> void visit_asked(Visit visit) const;

    std::vector<std::vector<std::string>> lists_;
    mutable std::vector<bool> list_used_; ///< looking a list up is asking for it
    NameIndex list_index_, macro_index_;
    std::vector<Macro> macros_;
    std::vector<std::uint32_t> asked_; ///< broken macros
    std::size_t list_values_ = 0, near_looks_ = 0;
    std::uint32_t visibility_ = std::numeric_limits<std::uint32_t>::max();
};

} // namespace rwatch::rules
