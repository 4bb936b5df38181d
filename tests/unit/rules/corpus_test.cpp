// SPDX-License-Identifier: MIT OR Apache-2.0
// Falco's own rules, unmodified. Their text is not part of this project: RWATCH_CORPUS says where it is; where it is
// not, that is said and nothing is tested.
#include "rules_support.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>

using namespace rwatch;
using namespace rwatch::rules;
using namespace rwatch::rules::test;

namespace {

std::filesystem::path corpus() {
    const char* wanted = std::getenv("RWATCH_CORPUS");
    return wanted != nullptr ? std::filesystem::path(wanted)
                             : std::filesystem::path(RWATCH_SOURCE_ROOT) / "../shared/corpus";
}

} // namespace

TEST_CASE("Falco's stable rules load, but for fields that no event of ours has yet") {
    const auto path = corpus() / "falco/falco_rules.yaml";
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        std::cout << "NOT TESTED: no corpus at " << path << " (set RWATCH_CORPUS)\n";
        return;
    }
    const SourceText source{path.string(), {std::istreambuf_iterator<char>(file), {}}};
    const auto result = load({&source, 1});
    std::set<std::string> missing;
    for (const auto& d : result.diagnostics) {
        INFO(render(d, source.text));
        CHECK((d.severity != Severity::error || d.code == "unknown-field"));
        CHECK(d.where.line != 0);
        CHECK(d.where.column != 0);
        if (d.severity == Severity::error)
            missing.insert(d.message);
    }
    if (result.set != nullptr) {
        CHECK(result.set->rules().size() == 25);
        return;
    }
    CHECK_FALSE(missing.empty());
    std::cout << "fields that Falco's stable rules ask for in vain:\n";
    for (const auto& message : missing)
        std::cout << "  " << message << '\n';
}
