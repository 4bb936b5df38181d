// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/library.hpp"

#include "core/suggest.hpp"
#include "rules/parser.hpp"

#include <algorithm>
#include <map>
#include <unordered_set>

namespace rwatch::rules {

namespace {

constexpr std::size_t kMostNamed = 8; // lists and macros of a file told as unused

using Needs = std::vector<std::vector<std::uint32_t>>;

/// All items so that each comes after those that it needs. Items that close a loop are told to `on_loop`, which is
/// where the loop is cut. No recursion.
template <typename OnLoop> std::vector<std::uint32_t> needed_first(const Needs& needs, OnLoop on_loop) {
    enum class State : std::uint8_t { unseen, open, done };
    std::vector<State> states(needs.size(), State::unseen);
    std::vector<std::uint32_t> order;
    std::vector<std::pair<std::uint32_t, std::size_t>> stack; // item, next of its needs
    for (std::uint32_t start = 0; start < needs.size(); ++start) {
        if (states[start] != State::unseen)
            continue;
        states[start] = State::open;
        stack.emplace_back(start, 0);
        while (!stack.empty()) {
            auto& [item, next] = stack.back();
            if (next == needs[item].size()) {
                states[item] = State::done;
                order.push_back(item);
                stack.pop_back();
                continue;
            }
            const auto need = needs[item][next++];
            if (states[need] == State::open)
                on_loop(item, need);
            if (states[need] != State::unseen)
                continue;
            states[need] = State::open;
            stack.emplace_back(need, 0);
        }
    }
    return order;
}

/// An item as Falco would write it into a condition: quoted where it holds white space and no quotes of its own stand
/// around it.
std::string as_written(const std::string& item) {
    const bool quoted = item.starts_with('"') || item.starts_with('\'');
    if (quoted || item.find_first_of(" \t\n\r") == std::string::npos)
        return item;
    std::string out = "\"";
    for (const char c : item) {
        if (c == '"' || c == '\\')
            out += '\\';
        out += c;
    }
    return out + '"';
}

/// Names of macros in a condition.
void collect_macros(const Expr& expr, std::vector<const Expr*>& out) {
    if (expr.kind == Expr::Kind::macro)
        out.push_back(&expr);
    for (const auto& child : expr.children)
        collect_macros(child, out);
}

} // namespace

Library::Library(const Collector& collector, ProgramBuilder& builder, Diagnostics& out) {
    expand_lists(collector, out);
    parse_macros(collector);
    compile_macros(builder);
}

void Library::expand_lists(const Collector& collector, Diagnostics& out) {
    const auto& lists = collector.lists();
    for (std::uint32_t i = 0; i < lists.size(); ++i)
        list_index_.emplace(lists[i].item.name, i);
    Needs needs(lists.size());
    for (std::uint32_t i = 0; i < lists.size(); ++i)
        for (const auto& entry : lists[i].item.entries) {
            const auto found = list_index_.find(entry.text);
            if (found != list_index_.end() && lists[found->second].index < lists[i].visibility && found->second != i)
                needs[i].push_back(found->second);
        }
    lists_.resize(lists.size());
    list_used_.resize(lists.size());
    // A loop (possible by redefinition only) is cut: the list that is not done yet gives nothing.
    for (const auto index : needed_first(needs, [](std::uint32_t, std::uint32_t) {}))
        expand_list(collector, index, out);
}

void Library::expand_list(const Collector& collector, std::uint32_t index, Diagnostics& out) {
    const auto& list = collector.lists()[index];
    auto& values = lists_[index];
    std::vector<std::string> all;
    const auto place = [&](const ListItem::Entry& entry) {
        return Location{list.item.where.file, entry.line, entry.column};
    };
    for (const auto& entry : list.item.entries) {
        const auto found = list_index_.find(entry.text);
        const bool is_list = found != list_index_.end() && found->second != index &&
                             collector.lists()[found->second].index < list.visibility;
        if (is_list) {
            list_used_[found->second] = true;
            const auto& other = lists_[found->second];
            list_values_ += other.size();
            if (list_values_ <= kMaxListValues)
                all.insert(all.end(), other.begin(), other.end());
        } else if (auto literals = parse_values(as_written(entry.text))) {
            list_values_ += literals->size();
            for (auto& literal : *literals)
                all.push_back(std::move(literal.text));
        } else {
            out.push_back({Severity::error, "bad-value", place(entry),
                           "'" + entry.text + "' can't stand in a condition as it is",
                           "put quotes around it, inside the quotes of YAML"});
        }
        if (list_values_ > kMaxListValues) {
            out.push_back({Severity::error,
                           "list-too-large",
                           place(entry),
                           "all lists together have more than " + std::to_string(kMaxListValues) + " values",
                           {}});
            return;
        }
    }
    std::unordered_set<std::string_view> seen;
    for (auto& text : all)
        if (seen.insert(text).second)
            values.push_back(text);
}

const std::vector<std::string>* Library::list(std::string_view name) const {
    const auto found = list_index_.find(name);
    if (found == list_index_.end())
        return nullptr;
    list_used_[found->second] = true;
    return &lists_[found->second];
}

void Library::parse_macros(const Collector& collector) {
    macros_.resize(collector.macros().size());
    for (std::uint32_t i = 0; i < macros_.size(); ++i) {
        macros_[i].entry = &collector.macros()[i];
        macro_index_.emplace(macros_[i].entry->item.name, i);
    }
    for (auto& macro : macros_) {
        const auto& item = macro.entry->item;
        if (!item.broken)
            macro.expr = parse_condition(item.condition, macro.diagnostics);
        if (!macro.expr)
            continue;
        std::vector<const Expr*> used;
        collect_macros(*macro.expr, used);
        for (const auto* expr : used) {
            const auto found = macro_index_.find(expr->name);
            if (found != macro_index_.end() && macros_[found->second].entry->index < macro.entry->visibility)
                macro.needs.push_back(found->second);
        }
    }
}

void Library::compile_macros(ProgramBuilder& builder) {
    Needs needs;
    for (const auto& macro : macros_)
        needs.push_back(macro.needs);
    const auto order = needed_first(needs, [this](std::uint32_t item, std::uint32_t need) {
        auto& macro = macros_[item];
        macro.looped = true;
        macro.diagnostics.push_back(
            {Severity::error,
             "macro-loop",
             macro.entry->item.where,
             "macro '" + macro.entry->item.name + "' needs '" + macros_[need].entry->item.name + "', which needs it",
             {}});
    });
    for (const auto index : order) {
        auto& macro = macros_[index];
        if (!macro.expr || macro.looped)
            continue;
        visibility_ = macro.entry->visibility;
        const auto node = compile_expr(*macro.expr, macro.entry->item.condition, *this, builder, macro.diagnostics);
        macro.good = node.has_value() && !has_errors(macro.diagnostics);
        macro.node = node.value_or(0);
        macro.expr.reset();
    }
    visibility_ = std::numeric_limits<std::uint32_t>::max();
}

Names::Found Library::macro(std::string_view name, std::uint32_t& node) {
    const auto found = macro_index_.find(name);
    if (found == macro_index_.end() || macros_[found->second].entry->index >= visibility_)
        return Found::no;
    auto& macro = macros_[found->second];
    macro.used = true;
    if (!macro.good) {
        asked_.push_back(found->second);
        return Found::broken;
    }
    node = macro.node;
    return Found::yes;
}

std::vector<std::string_view> Library::macro_names() const {
    std::vector<std::string_view> names;
    for (const auto& macro : macros_)
        if (macro.entry->index < visibility_)
            names.push_back(macro.entry->item.name);
    return names;
}

const Location* Library::later_macro(std::string_view name) const {
    const auto found = macro_index_.find(name);
    return found == macro_index_.end() ? nullptr : &macros_[found->second].entry->item.where;
}

/// One edit away, and long enough that this is no chance.
std::string_view Library::near_list(std::string_view word) {
    constexpr std::size_t kLeast = 6, kMost = 64;
    if (word.size() < kLeast || word.size() > kMost || word.find('_') == std::string_view::npos)
        return {};
    for (const auto& [name, index] : list_index_) {
        if (++near_looks_ > kMaxNearLooks)
            return {};
        if (name.size() + 1 >= word.size() && name.size() <= word.size() + 1 && edit_distance(word, name) == 1)
            return name;
    }
    return {};
}

template <typename Visit> void Library::visit_asked(Visit visit) const {
    std::vector<bool> seen(macros_.size());
    auto open = asked_;
    while (!open.empty()) {
        const auto index = open.back();
        open.pop_back();
        if (seen[index])
            continue;
        seen[index] = true;
        visit(index);
        for (const auto need : macros_[index].needs)
            if (!macros_[need].good)
                open.push_back(need);
    }
}

bool Library::only_unknown_fields() const {
    bool only = true;
    visit_asked([&](std::uint32_t index) {
        const auto& macro = macros_[index];
        only = only && !macro.entry->item.broken;
        for (const auto& d : macro.diagnostics)
            only = only && (d.severity != Severity::error || d.code == "unknown-field");
    });
    return only;
}

void Library::blame() {
    visit_asked([this](std::uint32_t index) { macros_[index].blamed = true; });
}

void Library::report_unused(const Collector& collector, Diagnostics& out) const {
    struct Unused {
        Location first;
        std::string names;
        std::size_t count = 0;
    };
    std::map<std::string, Unused> files;
    const auto add = [&](const Location& where, const std::string& name) {
        auto& file = files[where.file];
        if (file.count == 0 || where.line < file.first.line)
            file.first = where;
        if (++file.count <= kMostNamed)
            file.names += (file.count == 1 ? "" : ", ") + name;
    };
    for (std::size_t i = 0; i < lists_.size(); ++i)
        if (!list_used_[i])
            add(collector.lists()[i].item.where, collector.lists()[i].item.name);
    for (const auto& macro : macros_)
        if (!macro.used && macro.good)
            add(macro.entry->item.where, macro.entry->item.name);
    for (const auto& [name, file] : files)
        out.push_back({Severity::note,
                       "unused",
                       file.first,
                       "nothing asks for " + file.names +
                           (file.count > kMostNamed ? " and " + std::to_string(file.count - kMostNamed) + " more" : ""),
                       {}});
}

void Library::report_macros(Diagnostics& out) const {
    for (const auto& macro : macros_)
        for (auto diagnostic : macro.diagnostics) {
            // As Falco: a condition that can't be read, or put together, is an error even where nobody asks for it.
            const bool certain = diagnostic.code == "condition-syntax" || diagnostic.code == "unknown-macro" ||
                                 diagnostic.code == "macro-loop";
            if (diagnostic.severity == Severity::error && !macro.blamed && !certain)
                diagnostic.severity = Severity::warning;
            out.push_back(std::move(diagnostic));
        }
}

} // namespace rwatch::rules
