// SPDX-License-Identifier: MIT OR Apache-2.0
// The tables of docs/rules.md, made from those of the program: each stands between two comments that name it.
//   reference_doc FILE           compares
//   reference_doc --write FILE   puts them in
#include "event/fields.hpp"
#include "rules/ast.hpp"
#include "rules/operands.hpp"

#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>
#include <utility>

using namespace rwatch::event;
namespace rules = rwatch::rules;

namespace {

std::string_view type_name(Type type) {
    switch (type) {
    case Type::boolean:
        return "boolean";
    case Type::integer:
        return "number";
    case Type::address:
        return "address";
    default:
        return "text";
    }
}

std::string_view argument(ArgKind kind) {
    switch (kind) {
    case ArgKind::index:
        return "[N]?";
    case ArgKind::index_required:
        return "[N]";
    case ArgKind::key:
        return "[NAME]";
    default:
        return "";
    }
}

std::string kinds(KindSet set) {
    if (set == kAllKinds)
        return "all";
    std::string out;
    for (unsigned i = 1; i < kKinds; ++i) {
        const auto kind = static_cast<Kind>(i);
        if ((set & set_of(kind)) != 0)
            out.append(out.empty() ? "" : ", ").append(name_of(kind));
    }
    return out;
}

std::string operand(rules::OperandShape shape) {
    switch (shape) {
    case rules::OperandShape::none:
        return "";
    case rules::OperandShape::list:
        return " (…)";
    default:
        return " value";
    }
}

std::string types(rules::Operator op) {
    std::string out;
    for (const auto type : {Type::string, Type::integer, Type::boolean, Type::address})
        if (rules::fits_type(op, type))
            out.append(out.empty() ? "" : ", ").append(type_name(type));
    return out;
}

std::string operator_table() {
    std::ostringstream out;
    out << "| operator | on | true where the field |\n|---|---|---|\n";
    for (const auto& info : rules::operators())
        out << "| `" << info.text << operand(info.operand) << "` | " << types(info.op) << " | " << info.doc << " |\n";
    return out.str();
}

std::string transformer_table() {
    std::ostringstream out;
    out << "| transformer | makes |\n|---|---|\n";
    for (const auto& info : rules::transformers())
        out << "| `" << info.usage << "` | " << info.doc << " |\n";
    return out.str();
}

std::string field_table() {
    std::ostringstream out;
    out << "| field | type | several | test | events | what |\n|---|---|---|---|---|---|\n";
    for (const auto& field : fields())
        out << "| `" << field.name << argument(field.arg) << "` | " << type_name(field.type) << " | "
            << (field.list ? "yes" : "") << " | " << (field.set != nullptr ? "yes" : "") << " | "
            << (field.supplied ? kinds(field.kinds) : "none yet") << " | " << field.doc << " |\n";
    return out.str();
}

std::string event_table() {
    std::ostringstream out;
    out << "| evt.type | event | category | arguments |\n|---|---|---|---|\n";
    for (std::size_t i = 1; i < kCalls; ++i) {
        const auto call = static_cast<Call>(i);
        out << "| `" << name_of(call) << "` | " << name_of(kind_of(call)) << " | " << category_of(kind_of(call))
            << " |";
        for (const auto name : arguments_of(call))
            out << ' ' << name;
        out << " |\n";
    }
    return out.str();
}

/// Puts a table between its comments; false where they are not there.
bool put(std::string& text, const std::string& name, const std::string& table) {
    const auto begin_mark = "<!-- begin " + name + " -->\n", end_mark = "<!-- end " + name + " -->\n";
    const auto begin = text.find(begin_mark), end = text.find(end_mark);
    if (begin == std::string::npos || end == std::string::npos || end < begin)
        return false;
    const auto inside = begin + begin_mark.size();
    text.replace(inside, end - inside, table);
    return true;
}

} // namespace

int main(int argc, char** argv) {
    const bool write = argc == 3 && std::string(argv[1]) == "--write";
    if (argc != (write ? 3 : 2)) {
        std::cerr << "usage: reference_doc [--write] FILE\n";
        return 2;
    }
    const std::string path = argv[argc - 1];
    std::ifstream file(path);
    const std::string found{std::istreambuf_iterator<char>(file), {}};
    auto wanted = found;
    const std::pair<const char*, std::string> tables[] = {{"operators", operator_table()},
                                                          {"transformers", transformer_table()},
                                                          {"fields", field_table()},
                                                          {"events", event_table()}};
    for (const auto& [name, table] : tables)
        if (!put(wanted, name, table)) {
            std::cerr << path << " has no place for the table of " << name << '\n';
            return 1;
        }
    if (write) {
        std::ofstream(path) << wanted;
        return 0;
    }
    if (found == wanted)
        return 0;
    std::cerr << path << " is not what the program's tables say; in the build folder: tests/lint/reference_doc --write "
              << path << '\n';
    return 1;
}
