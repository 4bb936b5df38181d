// SPDX-License-Identifier: MIT OR Apache-2.0
// What a reader finds in a file, in the order of the file, before anything is put together: readers make items, the
// collector takes them.
#pragma once

#include "core/yaml.hpp"
#include "rules/ast.hpp"
#include "rules/mapped_text.hpp"
#include "rules/rule.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rwatch::rules {

struct ListItem {
    struct Entry {
        std::string text;
        std::uint32_t line, column;
    };
    std::string name;
    Location where;
    std::vector<Entry> entries;
    bool append = false;
};

struct MacroItem {
    std::string name;
    Location where;
    MappedText condition;
    bool append = false;
    bool broken = false; ///< its diagnostics are told; kept so that who uses it is not told too
};

/// One entry of a rule's `exceptions`.
struct ExceptionItem {
    std::string name;
    Location where;
    std::optional<yaml::Node> fields, comps;
    std::vector<yaml::Node> values;
};

struct DebounceItem {
    DebounceSpec spec;
    std::vector<Location> by_at; ///< where the fields of `by` stand
};

/// How a form of rule names fields: Falco's names are the table's own, Sigma's depend on the log source. Static
/// storage.
class FieldNames {
  public:
    virtual ~FieldNames() = default;
    /// As event::resolve_field.
    [[nodiscard]] virtual std::optional<event::FieldRef> resolve(std::string_view text, std::string& error,
                                                                 std::string& hint) const = 0;
};

/// A name as it stands in a file.
struct Word {
    std::string text;
    Location where;
};

/// A correlation as written: rules and fields are names still. They are resolved when all files are collected, because
/// a correlation may stand before what it counts.
struct CorrelationItem : CorrelationTerms {
    struct Alias {
        Word name;
        std::vector<std::pair<Word, Word>> fields; ///< rule, and the field of its events that goes by this alias
    };
    Location where;
    std::vector<Word> rules;    ///< names or ids (RuleItem::name, id, short_name), in order; empty: the rule's own
                                ///< condition is what it counts
    std::vector<Word> group_by; ///< fields (RuleItem::field_names of each rule) or aliases
    std::vector<Word> fields;   ///< value_…: what is counted or calculated with; several: their combination
    std::vector<Alias> aliases;
    bool broken = false; ///< keys of it were wrong, which is told: it is no rule
};

/// A reader adds a rule of a log source that we don't have too, with that `source`: a correlation over it is then
/// skipped and not wrong.
struct RuleItem {
    enum class Mode : std::uint8_t {
        define,   ///< a whole rule
        append,   ///< `append: true`: condition and exceptions are added to an earlier rule
        override, ///< `override`: keys in `overrides` are added or replaced
        enable    ///< only `enabled`: switches an earlier rule
    };
    std::string name;
    Location where;
    Mode mode = Mode::define;
    std::vector<std::pair<std::string, bool>> overrides; ///< key, true: append
    std::string source = "syscall";                      ///< "": not said; of a whole rule then syscall
    bool broken = false;                                 ///< as of a macro
    bool sigma = false;                                  ///< of Sigma's form
    bool skip_told = false;                              ///< of another source: its reader told that it is skipped

    std::optional<MappedText> condition, output;
    std::optional<Expr> tree;   ///< where the reader made it itself: `condition` is what its offsets point into
    std::string id, short_name; ///< other names by which correlations may know it (Sigma's `id` and `name`)
    const FieldNames* field_names = nullptr; ///< of what correlations over it name; null: the table's own
    std::optional<std::string> description, respond;
    std::optional<Priority> priority;
    std::optional<std::vector<std::string>> tags, references;
    std::optional<bool> enabled, skip_if_unknown_filter, warn_evttypes;
    std::optional<std::vector<ExceptionItem>> exceptions;
    std::optional<CorrelationItem> correlation; ///< over other rules: `condition` is empty
    std::optional<DebounceItem> debounce;
    std::optional<std::vector<TestCase>> tests;
};

} // namespace rwatch::rules
