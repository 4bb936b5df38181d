// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/exceptions.hpp"

#include "core/suggest.hpp"
#include "rules/ast.hpp"
#include "rules/parser.hpp"
#include "rules/source.hpp"

#include <algorithm>

namespace rwatch::rules {

namespace {

using yaml::Node;

bool takes_list(std::string_view op) noexcept {
    const auto known = operator_named(op);
    return known && (known->info->operand == OperandShape::list || known->modifier != Modifier::none);
}

/// Writes one exception; throws nothing, tells what is wrong.
class Writer {
  public:
    Writer(const ExceptionItem& item, Diagnostics& out) : item_(item), out_(out) {}

    std::optional<MappedText> write() {
        if (!item_.fields)
            return error(item_.where, "missing-key", "exception '" + item_.name + "' has no 'fields'");
        MappedText text = item_.fields->is_sequence() ? tuples() : scalars();
        return good_ ? std::optional(std::move(text)) : std::nullopt;
    }

  private:
    std::nullopt_t error(const Location& where, std::string code, std::string message, std::string hint = {}) {
        good_ = false;
        out_.push_back({Severity::error, std::move(code), where, std::move(message), std::move(hint)});
        return std::nullopt;
    }
    [[nodiscard]] Location place(const Node& node) const { return {item_.where.file, node.line, node.column}; }

    void check_operator(const Node& node) {
        if (operator_named(node.text))
            return;
        std::vector<std::string_view> names;
        for (const auto& info : operators())
            names.push_back(info.text);
        error(place(node), "bad-value", "'" + node.text + "' is no operator", did_you_mean(node.text, names));
    }

    /// Told even where no values make a condition of it.
    void check_field(const Node& node) {
        const auto parsed = parse_operand(node.text);
        if (!parsed.operand || parsed.length != node.text.size()) {
            error(place(node), "bad-value", "'" + node.text + "' is neither a field nor a transformer of fields");
            return;
        }
        if (item_.values.empty())
            (void)Source::compile(*parsed.operand, [&](OperandError e) {
                error(place(node), std::move(e.code), std::move(e.message), std::move(e.hint));
            });
    }

    void value(MappedText& text, const Node& node) {
        if (!node.is_scalar()) {
            error(place(node), "wrong-type",
                  "a value of an exception must be text here, not " + std::string(yaml::describe(node.kind)));
            return;
        }
        const bool quoted = node.text.starts_with('"') || node.text.starts_with('\'');
        if (quoted || node.text.find(' ') == std::string::npos)
            return text.append(node.text, place(node));
        std::string escaped = "\"";
        for (const char c : node.text) {
            if (c == '"' || c == '\\')
                escaped += '\\';
            escaped += c;
        }
        text.append(escaped + '"', place(node));
    }

    void list(MappedText& text, const std::vector<Node>& values) {
        text.append("(");
        for (std::size_t i = 0; i < values.size(); ++i) {
            text.append(i == 0 ? "" : ", ");
            value(text, values[i]);
        }
        text.append(")");
    }

    /// One field, any of many values.
    MappedText scalars() {
        MappedText text;
        check_field(*item_.fields);
        if (item_.comps && (!item_.comps->is_scalar() || !takes_list(item_.comps->text)))
            error(place(*item_.comps), "bad-value",
                  "where 'fields' is one field, 'comps' must take a list: in, pmatch, intersects, 'contains anyof' …");
        if (item_.values.empty())
            return text;
        text.append(item_.fields->text, place(*item_.fields));
        text.append(" ");
        if (item_.comps)
            text.append(item_.comps->text, place(*item_.comps));
        else
            text.append("in");
        text.append(" ");
        list(text, item_.values);
        return text;
    }

    /// Some fields, any of many tuples.
    MappedText tuples() {
        MappedText text;
        const auto& fields = item_.fields->items;
        if (fields.empty())
            error(place(*item_.fields), "missing-key", "'fields' of exception '" + item_.name + "' is empty");
        for (const auto& field : fields)
            check_field(field);
        if (item_.comps && (!item_.comps->is_sequence() || item_.comps->items.size() != fields.size())) {
            error(place(*item_.comps), "wrong-type", "'comps' must have as many items as 'fields'");
            return text;
        }
        if (item_.comps)
            for (const auto& op : item_.comps->items)
                check_operator(op);
        for (const auto& values : item_.values) {
            text.append(text.empty() ? "((" : " or (");
            if (!values.is_sequence() || values.items.size() != fields.size())
                error(place(values), "wrong-type", "each of 'values' must have as many items as 'fields'");
            else
                tuple(text, fields, values.items);
            text.append(")");
        }
        text.append(text.empty() ? "" : ")");
        return text;
    }

    void tuple(MappedText& text, const std::vector<Node>& fields, const std::vector<Node>& values) {
        for (std::size_t i = 0; i < fields.size(); ++i) {
            text.append(i == 0 ? "" : " and ");
            text.append(fields[i].text, place(fields[i]));
            text.append(" ");
            const std::string op = item_.comps ? item_.comps->items[i].text : "=";
            if (item_.comps)
                text.append(op, place(item_.comps->items[i]));
            else
                text.append(op);
            text.append(" ");
            if (values[i].is_sequence())
                list(text, values[i].items);
            else if (takes_list(op) && !values[i].text.starts_with('('))
                list(text, {values[i]});
            else if (takes_list(op))
                text.append(values[i].text, place(values[i]));
            else
                value(text, values[i]);
        }
    }

    const ExceptionItem& item_;
    Diagnostics& out_;
    bool good_ = true;
};

} // namespace

std::optional<MappedText> with_exceptions(const MappedText& condition, const std::vector<ExceptionItem>& exceptions,
                                          Diagnostics& out) {
    MappedText text;
    text.append("(", condition.at(0));
    text.append(condition);
    text.append(")");
    bool good = true;
    for (const auto& item : exceptions) {
        const auto written = Writer(item, out).write();
        good = good && written;
        if (!written || written->empty())
            continue;
        text.append(" and not (", item.where);
        text.append(*written);
        text.append(")");
    }
    return good ? std::optional(std::move(text)) : std::nullopt;
}

} // namespace rwatch::rules
