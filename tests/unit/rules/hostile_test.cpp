// SPDX-License-Identifier: MIT OR Apache-2.0
// Rules that are meant to hurt: each ends in bounded time with a diagnostic, or loads; and conditions that an
// attacker's strings should slow down.
#include "rules_support.hpp"

#include <ctime>
#include <functional>

using namespace rwatch;
using namespace rwatch::rules;
using namespace rwatch::rules::test;

namespace {

constexpr double kMostSeconds = 20; // of processor time; most take milliseconds, but sanitizers slow all of it down

double seconds(const std::function<void()>& work) {
    const auto begin = std::clock();
    work();
    return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

std::string rule(const std::string& condition) {
    return "- rule: r\n  desc: d\n  output: o\n  priority: info\n  condition: >\n    " + condition + "\n";
}

std::string repeated(std::string_view piece, std::size_t times) {
    std::string out;
    out.reserve(piece.size() * times);
    for (std::size_t i = 0; i < times; ++i)
        out += piece;
    return out;
}

/// Loads in time; gives back the first diagnostic's code, "" where it loaded.
std::string first_code(const std::string& text) {
    std::string code;
    const auto spent = seconds([&] {
        const auto result = load_text(text);
        CHECK((result.set != nullptr) != has_errors(result.diagnostics));
        CHECK(result.diagnostics.size() <= kMaxDiagnostics + 1);
        for (const auto& d : result.diagnostics)
            if (code.empty() && d.severity == Severity::error)
                code = d.code;
    });
    CHECK(spent < kMostSeconds);
    return code;
}

} // namespace

TEST_CASE("Deep and endless conditions") {
    CHECK(first_code(rule(repeated("(", 100'000))) == "condition-syntax");
    CHECK(first_code(rule(repeated("(", 100'000) + "proc.name=a" + repeated(")", 100'000))) == "condition-syntax");
    CHECK(first_code(rule(repeated("not ", 300'000) + "proc.name=a")).empty());
    CHECK(first_code(rule(repeated("not(", 100'000))) == "condition-syntax");
    CHECK(first_code(rule(repeated("proc.name=a or ", 100'000) + "proc.name=a")) == "condition-too-large");
    CHECK(first_code(rule(repeated("proc.name=a and ", 300'000))) == "condition-too-large");
    CHECK(first_code(rule("proc.name in (" + repeated("a, ", 300'000) + "b)")).empty());
    CHECK(first_code(rule("proc.name = \"" + repeated("\\x41", 100'000))) == "condition-syntax");
    CHECK(first_code(rule("proc.name = " + repeated("x", 500'000))).empty());
    CHECK(first_code(rule("proc.name regex '" + repeated("(a|b)*", 5'000) + "'")).substr(0, 9) != "unreached");
    CHECK(first_code(rule("proc.name regex '((a{1,1000}){1,1000}){1,1000}'")) == "bad-value");
    CHECK(first_code(rule("proc.name glob '" + repeated("*a", 100'000) + "'")).empty());
}

TEST_CASE("Errors without end are told to a limit") {
    CHECK(first_code(rule(repeated("x.y=1 or ", 100'000) + "x.y=1")) == "unknown-field");
    CHECK(first_code("- rule: r\n  desc: d\n  priority: info\n  condition: proc.name=a\n  output: \"" +
                     repeated("%an.unknown_field_of_some_length ", 50'000) + "\"\n") == "unknown-field");
    std::string rules;
    for (int i = 0; i < 20'000; ++i)
        rules += "- {rule: r" + std::to_string(i) + ", desc: d, output: o, priority: info, condition: x.y=1}\n";
    CHECK(first_code(rules) == "unknown-field");
}

TEST_CASE("Macros that double and chains of macros") {
    std::string doubling = "- macro: m0\n  condition: proc.name=a or proc.name=b\n";
    for (int i = 1; i <= 60; ++i)
        doubling += "- macro: m" + std::to_string(i) + "\n  condition: (m" + std::to_string(i - 1) +
                    " and proc.pid=1) or (m" + std::to_string(i - 1) + " and proc.pid=2)\n";
    CHECK(first_code(doubling + rule("m60")) == "condition-too-large");
    CHECK(first_code(doubling + rule("m6")).empty());
    std::string chain = "- macro: m0\n  condition: proc.name=a\n";
    for (int i = 1; i <= 20'000; ++i)
        chain += "- macro: m" + std::to_string(i) + "\n  condition: not m" + std::to_string(i - 1) + "\n";
    CHECK(first_code(chain + rule("m20000")) == "condition-too-large");
    CHECK(first_code(chain + rule("m900")).empty());
}

TEST_CASE("Lists that are long, and lists that double") {
    std::string items;
    for (int i = 0; i < 100'000; ++i)
        items += "item" + std::to_string(i) + ", ";
    const auto big = "- list: big\n  items: [" + items + "end]\n";
    const auto text = big + rule("proc.name in (big) and not proc.pname in (big)");
    CHECK(first_code(text).empty());
    const auto set = loaded(text);
    MadeEvent event({{"evt.type", "execve"}, {"proc.name", "item99999"}, {"proc.pname", "other"}});
    CHECK(seconds([&] {
              for (int i = 0; i < 10'000; ++i)
                  if (!set->rules()[0].condition.matches(*event, scratch()))
                      FAIL("does not match");
          }) < kMostSeconds);
    std::string doubling = "- list: l0\n  items: [a, b, c]\n";
    for (int i = 1; i <= 60; ++i)
        doubling += "- list: l" + std::to_string(i) + "\n  items: [" +
                    repeated("l" + std::to_string(i - 1) + ", ", 50) + "x" + std::to_string(i) + "]\n";
    CHECK(first_code(doubling + rule("proc.name in (l60)")).empty()); // a value stands once, however often it is put in
    std::string many = big;
    for (int i = 0; i < 100; ++i)
        many += "- list: l" + std::to_string(i) + "\n  items: [big, x" + std::to_string(i) + "]\n";
    CHECK(first_code(many) == "list-too-large");
    std::string chain = "- list: l0\n  items: [a]\n";
    for (int i = 1; i <= 20'000; ++i)
        chain += "- list: l" + std::to_string(i) + "\n  items: [l" + std::to_string(i - 1) + "]\n";
    CHECK(first_code(chain + rule("proc.name in (l20000)")).empty());
}

TEST_CASE("Outputs in which every field stands before a word without end") {
    CHECK(first_code("- {rule: r, desc: d, condition: proc.name = a, priority: info, output: '" +
                     repeated("%proc.name" + repeated("x", 250), 10'000) + "'}")
              .empty());
}

TEST_CASE("Hostile YAML") {
    std::string bomb = "- &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 10; ++i)
        bomb += "- &a" + std::to_string(i) + " [" + repeated("*a" + std::to_string(i - 1) + ", ", 10) + "x]\n";
    CHECK(first_code(bomb).starts_with("yaml-"));
    CHECK(first_code(repeated("[", 100'000)).starts_with("yaml-"));
    CHECK(first_code(repeated("- ", 100'000)).starts_with("yaml-"));
    CHECK(first_code(std::string(17U << 20U, 'x')) == "file-too-large");
    CHECK(first_code("- rule: \xff\xfe\n") == "invalid-utf8");
    CHECK_FALSE(first_code(repeated("- rule: r\n", 50'000)).empty());
    CHECK_FALSE(first_code("- rule: r\n" +
                           [] {
                               std::string keys;
                               for (int i = 0; i < 50'000; ++i)
                                   keys += "  key" + std::to_string(i) + ": v\n";
                               return keys;
                           }())
                    .empty());
    CHECK_FALSE(first_code(repeated("\"\\", 1000)).empty());
}

TEST_CASE("Strings of an attacker do not slow a condition down") {
    const std::string text(16'000, 'a');
    MadeEvent event({{"evt.type", "openat"}, {"fd.name", "/" + text}, {"proc.name", "x"}});
    for (const auto& condition :
         {std::string("fd.name glob '*a*a*a*a*a*a*a*a*a*b'"), "fd.name contains '" + std::string(200, 'a') + "b'",
          "fd.name icontains '" + std::string(200, 'A') + "b'", std::string("fd.name regex '(a|aa)+b'"),
          std::string("fd.name regex '.*.*.*.*=.*'"), std::string("fd.name pmatch ('/*/*/*')")}) {
        INFO(condition);
        const auto tested = compiled(condition);
        CHECK(seconds([&] {
                  for (int i = 0; i < 20; ++i)
                      if (tested.matches(*event, scratch()))
                          FAIL("matches");
              }) < kMostSeconds / 4);
    }
}
