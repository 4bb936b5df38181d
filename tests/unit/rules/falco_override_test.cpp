// SPDX-License-Identifier: MIT OR Apache-2.0
// Lists, macros and rules that are appended to, overridden and defined again, before and after what they change: what
// Falco's loader takes of that, and the condition that comes out.
#include "rules_support.hpp"

#include <algorithm>

using namespace rwatch;
using namespace rwatch::rules;
using namespace rwatch::rules::test;

namespace {

std::string rule(const std::string& condition, const std::string& more = "") {
    return "- rule: r\n  desc: d\n  output: o\n  priority: notice\n  condition: evt.type = execve and (" + condition +
           ")\n" + more;
}

std::string list_l() {
    return "- list: l\n  items: [a, \"b c\"]\n";
}
std::string macro_m() {
    return "- macro: m\n  condition: proc.name = a\n";
}

/// Loads; fires for the programs named in `yes`, not for those in `no`.
struct Good {
    std::string text;
    std::vector<std::string> yes, no, warnings;
};

std::vector<std::string> codes(const LoadResult& result, Severity severity) {
    std::vector<std::string> out;
    for (const auto& d : result.diagnostics)
        if (d.severity == severity)
            out.push_back(d.code);
    return out;
}

} // namespace

TEST_CASE("Falco: what comes later changes what came before") {
    const std::string uses_list = rule("proc.name in (l)"), uses_macro = rule("m"), plain = rule("proc.name = a");
    const std::string disabled = rule("proc.name = a", "  enabled: false\n");
    const std::vector<Good> rows{
        {list_l() + uses_list, {"a", "b c"}, {"b", "l"}, {}},
        {list_l() + uses_list + "- list: l\n  items: [d]\n  override: {items: append}\n", {"a", "d"}, {"b"}, {}},
        {list_l() + "- list: l\n  items: [d]\n  append: true\n" + uses_list, {"a", "d"}, {"b"}, {"deprecated"}},
        {list_l() + "- list: l\n  items: [d]\n  override: {items: replace}\n" + uses_list, {"d"}, {"a"}, {}},
        {"- list: l\n  items: [d]\n  override: {items: replace}\n" + list_l() + uses_list, {"a"}, {"d"}, {}},
        {list_l() + "- list: l\n  items: []\n" + rule("proc.name in (x, l)"), {"x"}, {"a", ""}, {}},
        {list_l() + "- list: o\n  items: [l, z]\n" + rule("proc.name in (o)"), {"a", "z"}, {"l"}, {}},
        {"- list: two words\n  items: [a]\n" + rule("proc.name in (x, two words)"), {"a", "x"}, {"two"}, {"bad-name"}},
        {macro_m() + "- macro: m\n  condition: or proc.name = b\n  override: {condition: append}\n" + uses_macro,
         {"a", "b"},
         {"c"},
         {}},
        {macro_m() + uses_macro + "- macro: m\n  condition: or proc.name = b\n  append: true\n",
         {"a", "b"},
         {"c"},
         {"deprecated"}},
        {"- macro: m\n  condition: or proc.name = b\n  override: {condition: replace}\n" + macro_m() + uses_macro,
         {"a"},
         {"b"},
         {}},
        {macro_m() + "- macro: o\n  condition: not m\n" + rule("o"), {"b"}, {"a"}, {}},
        {plain + "- rule: r\n  condition: or proc.name = b\n  override: {condition: append}\n", {"a", "b"}, {"c"}, {}},
        {plain + "- rule: r\n  condition: and not proc.name = a\n  append: true\n", {}, {"a"}, {"deprecated"}},
        {plain + "- rule: r\n  condition: evt.type = execve and proc.name = b\n  desc: e\n"
                 "  override: {condition: replace, desc: append}\n",
         {"b"},
         {"a"},
         {}},
        {plain + rule("proc.name = b"), {"b"}, {"a"}, {}},
        {disabled + "- rule: r\n  condition: or proc.name = b\n  enabled: true\n  append: true\n",
         {"b"},
         {},
         {"deprecated"}}, // the switch is not looked at
        {plain + "- rule: r\n  source:\n  condition: or proc.name = b\n  append: true\n", {"b"}, {"c"}, {"deprecated"}},
        {plain + "- rule: r\n  source: ''\n  tags: [t]\n  override: {tags: replace}\n", {"a"}, {"b"}, {}},
        {plain + "- rule: r\n  capture: true\n  capture_duration: 9\n"
                 "  override: {capture: replace, capture_duration: replace}\n",
         {"a"},
         {},
         {}},
        {rule("proc.name = a", "  capture: \"yes\"\n"), {"a"}, {}, {}},
        {rule("proc.name = a", "  typo: 1\n  source: syscall\n"), {"a"}, {}, {"unknown-key"}},
    };
    for (const auto& row : rows) {
        INFO(row.text);
        const auto result = load_text(row.text);
        for (const auto& d : result.diagnostics)
            UNSCOPED_INFO(render(d, row.text));
        REQUIRE(result.set != nullptr);
        auto warnings = codes(result, Severity::warning);
        std::erase_if(warnings, [](const auto& code) { return code == "never-true" || code == "many-events"; });
        CHECK(warnings == row.warnings);
        const auto fires = [&](const std::string& name) {
            MadeEvent event({{"evt.type", "execve"}, {"proc.name", name}});
            return result.set->rules().front().condition.matches(*event, scratch());
        };
        for (const auto& name : row.yes)
            CHECK(fires(name));
        for (const auto& name : row.no)
            CHECK_FALSE(fires(name));
    }
    CHECK_FALSE(loaded(disabled + "- rule: r\n  condition: or proc.name = b\n  enabled: true\n  append: true\n")
                    ->rules()[0]
                    .enabled);
    CHECK(loaded(disabled + "- rule: r\n  enabled: true\n")->rules()[0].enabled);
    CHECK(loaded(disabled + "- rule: r\n  enabled: \"on\"\n  override: {enabled: replace}\n")->rules()[0].enabled);
    CHECK_FALSE(loaded(rule("proc.name = a", "  enabled: 'NO'\n"))->rules()[0].enabled);
}

TEST_CASE("Falco: what changes nothing, or says two things, is refused") {
    const std::string plain = rule("proc.name = a");
    const std::vector<std::pair<std::string, std::string>> rows{
        {"- list: l\n  items: [d]\n  override: {items: append}\n" + list_l(), "nothing-to-change"},
        {"- list: l\n  items: [d]\n  append: true\n" + list_l(), "nothing-to-change"},
        {"- macro: m\n  condition: or proc.name = b\n  override: {condition: append}\n" + macro_m(),
         "nothing-to-change"},
        {"- macro: m\n  condition: or proc.name = b\n  append: true\n" + macro_m(), "nothing-to-change"},
        {"- rule: r\n  condition: or proc.name = b\n  override: {condition: append}\n" + plain, "nothing-to-change"},
        {"- rule: r\n  condition: proc.name = b\n  override: {condition: replace}\n" + plain, "nothing-to-change"},
        {"- rule: r\n  condition: or proc.name = b\n  append: true\n" + plain, "nothing-to-change"},
        {plain + "- rule: r\n  priority: info\n  override: {priority: append}\n", "bad-override"},
        {plain + "- rule: r\n  enabled: true\n  override: {enabled: append}\n", "bad-override"},
        {plain + "- rule: r\n  desc: e\n  override: {desc: replace, condition: append}\n", "bad-override"},
        {plain + "- rule: r\n  desc: e\n  override: {desc: replace, enabled: replace}\n", "bad-override"},
        {plain + "- rule: r\n  desc: e\n  priority: info\n  override: {desc: replace}\n", "bad-override"},
        {plain + "- rule: r\n  desc: e\n  append: true\n  override: {desc: replace}\n", "override-and-append"},
        {plain + "- rule: r\n  desc: e\n  override: {desc: change}\n", "bad-value"},
        {plain + "- rule: r\n  condition: and x.y = 1\n  append: true\n", "unknown-field"},
        {plain + "- rule: r\n  desc: d\n  output: o\n  priority: info\n", "missing-key"},
        {rule("proc.name in (two words)"), "condition-syntax"},
        {rule("unknown_one"), "unknown-macro"},
        {"- macro: m\n  condition: n\n- macro: n\n  condition: proc.name = a\n" + rule("m"), "unknown-macro"},
        {list_l() + rule("proc.name = l"), "list-of-many"},
    };
    for (const auto& [text, code] : rows) {
        INFO(text);
        const auto result = load_text(text);
        CHECK(result.set == nullptr);
        const auto errors = codes(result, Severity::error);
        CHECK(std::find(errors.begin(), errors.end(), code) != errors.end());
    }
}
