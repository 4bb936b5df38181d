// SPDX-License-Identifier: MIT OR Apache-2.0
// Writes docs/fields.md from the table of fields; with a file as argument, compares that file with what it would write.
#include "event/fields.hpp"

#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>

using namespace rwatch::event;

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

std::string document() {
    std::ostringstream out;
    out << "# Fields\n\n"
           "Every field that a condition, an output or a test can name. Made from the table in daemon/event "
           "(`tests/lint/fields_doc`): do not edit.\n"
           "Names are Falco's; \"(ours)\" marks those of our own. Several: the field may hold several values, and a "
           "comparison is true where it holds for one.\n"
           "Test: a rule's test may set it; the others follow from what is set. [N]: a number in brackets belongs to "
           "the name; [N]?: it may be left out.\n"
           "None yet: Falco's rules that name the field load, with a warning, and it counts as missing.\n\n"
           "| field | type | several | test | events | what |\n|---|---|---|---|---|---|\n";
    for (const auto& field : fields())
        out << "| `" << field.name << argument(field.arg) << "` | " << type_name(field.type) << " | "
            << (field.list ? "yes" : "") << " | " << (field.set != nullptr ? "yes" : "") << " | "
            << (field.supplied ? kinds(field.kinds) : "none yet") << " | " << field.doc << " |\n";
    out << "\n## Calls\n\n"
           "Each value of `evt.type`, the kind of event that it belongs to, its `evt.category`, and the names that "
           "`evt.arg` knows; `evt.rawarg` has those that are numbers.\n\n"
           "| evt.type | event | category | arguments |\n|---|---|---|---|\n";
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

} // namespace

int main(int argc, char** argv) {
    const auto wanted = document();
    if (argc < 2) {
        std::cout << wanted;
        return 0;
    }
    std::ifstream file(argv[1]);
    const std::string found{std::istreambuf_iterator<char>(file), {}};
    if (found == wanted)
        return 0;
    std::cerr << argv[1]
              << " is not what the table of fields says; write it anew: tests/lint/fields_doc > docs/fields.md in the "
                 "build folder\n";
    return 1;
}
