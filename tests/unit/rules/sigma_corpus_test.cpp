// SPDX-License-Identifier: MIT OR Apache-2.0
// Sigma's own rules, unmodified. Their text is not part of this project: RWATCH_CORPUS says where it is; where it is
// not, that is said and nothing is tested.
#include "sigma_support.hpp"

#include "rules/collector.hpp"
#include "rules/sigma_reader.hpp"
#include "satisfy.hpp"

#include <iostream>
#include <map>

using namespace rwatch;
using namespace rwatch::rules;
using namespace rwatch::rules::test;

TEST_CASE("Sigma's Linux rules load unmodified, all together") {
    const auto path = corpus() / "sigma";
    const auto texts = texts_below(path);
    if (texts.empty()) {
        std::cout << "NOT TESTED: no corpus at " << path << " (set RWATCH_CORPUS)\n";
        return;
    }
    const auto result = load(texts);
    std::map<std::string, std::size_t> counts;
    for (const auto& d : result.diagnostics) {
        INFO(render(d));
        ++counts[d.code];
        if (d.severity != Severity::note)
            std::cout << render(d) << '\n';
        CHECK(d.severity != Severity::error);
    }
    REQUIRE(result.set != nullptr);
    std::cout << texts.size() << " files of Sigma rules, " << result.set->rules().size() << " rules";
    for (const auto& [code, count] : counts)
        std::cout << ", " << count << " " << code;
    std::cout << '\n';
    CHECK(result.set->rules().size() == texts.size());
}

TEST_CASE("Sigma's Linux rules fire on events made of their own values") {
    const auto texts = texts_below(corpus() / "sigma");
    if (texts.empty())
        return; // said above
    const auto result = load(texts);
    REQUIRE(result.set != nullptr);
    Diagnostics found;
    Collector collector(found);
    SigmaReader reader(collector, found);
    for (const auto& text : texts)
        reader.read(text, yaml::parse(text.text, text.file).documents);
    reader.finish();
    NamedParts names;
    names.field = [](std::string_view field) { return std::string(field == "fs.path.new" ? "fs.path.name" : field); };
    std::size_t tried = 0;
    for (const auto& [item, skipped] : collector.rules()) {
        const auto index = result.set->find(item.name);
        if (skipped || !item.tree || index < 0)
            continue;
        ++tried;
        const auto& rule = result.set->rules()[static_cast<std::size_t>(index)];
        INFO(rule.name);
        CHECK(satisfy(*item.tree, rule.condition, names));
    }
    CHECK(tried == result.set->rules().size());
}
