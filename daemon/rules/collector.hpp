// SPDX-License-Identifier: MIT OR Apache-2.0
// Lists, macros and rules over all files in load order: what comes later redefines in place, appends or overrides. As
// Falco's collector, with one rule of visibility: an item that was changed sees everything that was defined before its
// last change.
#pragma once

#include "rules/items.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace rwatch::rules {

class Collector {
  public:
    template <typename Item> struct Entry {
        Item item;
        std::uint32_t index = 0;      ///< of its first definition
        std::uint32_t visibility = 0; ///< sees what has an index below this
    };
    struct Rule {
        RuleItem item;
        bool skipped = false; ///< of a source that we don't have
    };

    explicit Collector(Diagnostics& out) : out_(out) {}

    void add(ListItem item);
    void add(MacroItem item);
    void add(RuleItem item);

    [[nodiscard]] const std::vector<Entry<ListItem>>& lists() const noexcept { return lists_.entries; }
    [[nodiscard]] const std::vector<Entry<MacroItem>>& macros() const noexcept { return macros_.entries; }
    [[nodiscard]] const std::vector<Rule>& rules() const noexcept { return rules_.entries; }

  private:
    template <typename T> struct Table {
        std::vector<T> entries;
        std::unordered_map<std::string, std::size_t> by_name;
        T* find(const std::string& name) {
            const auto found = by_name.find(name);
            return found == by_name.end() ? nullptr : &entries[found->second];
        }
        void insert(const std::string& name, T entry) {
            by_name.emplace(name, entries.size());
            entries.push_back(std::move(entry));
        }
    };

    template <typename Item> void define(Table<Entry<Item>>& table, Item item);
    void define(RuleItem item);
    /// A rule stays with the events of its source. False where the new item says another one.
    bool same_source(const RuleItem& earlier, const RuleItem& item);
    void append(RuleItem& rule, RuleItem& more);
    void override(RuleItem& rule, RuleItem& more);
    void add_exceptions(RuleItem& rule, std::vector<ExceptionItem> more);
    void error(const Location& where, std::string code, std::string message, std::string hint = {});
    void unknown(std::string_view kind, const std::string& name, const Location& where,
                 std::vector<std::string_view> names);

    Diagnostics& out_;
    Table<Entry<ListItem>> lists_;
    Table<Entry<MacroItem>> macros_;
    Table<Rule> rules_;
    std::uint32_t next_ = 0;
};

} // namespace rwatch::rules
