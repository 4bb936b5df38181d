// SPDX-License-Identifier: MIT OR Apache-2.0
// Sigma rules that are meant to hurt: short texts that stand for endless work. Each ends with a diagnostic.
#include "sigma_support.hpp"

#include <functional>

using namespace rwatch;
using namespace rwatch::rules;
using namespace rwatch::rules::test;

namespace {

std::string times(std::size_t count, const std::function<std::string(const std::string&)>& piece) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i)
        out += piece(std::to_string(i));
    return out;
}
std::string times(std::size_t count, const std::string& piece) {
    return times(count, [&](const std::string&) { return piece; });
}

/// A selection of one field with its modifiers and these values.
std::string values(const std::string& field, const std::string& list) {
    return sigma_selection(field + ": [" + list + "]");
}

std::string numbered_names(std::size_t count, const std::string& condition) {
    return sigma_rule(times(count, [](const std::string& i) { return "  s" + i + ": {User: u" + i + "}\n"; }) +
                      "  condition: " + condition);
}

std::string with_action(const std::string& action, const std::string& keys) {
    return "---\naction: " + action + "\n" + keys;
}

constexpr const char* kLogSource = "logsource: {category: process_creation}\n";

struct Hostile {
    std::string what, text;
    std::string code, told; ///< of an error; told: in its message
};

std::vector<Hostile> hostile_rules() {
    const auto quoted = [](const std::string& before, const std::string& after) {
        return [=](const std::string& i) { return "'" + before + i + after + "', "; };
    };
    const auto many_names = times(40'000, quoted("v", ""));
    const std::string offsets = "|base64offset|base64offset|base64offset|base64offset|base64offset|base64offset";
    return {
        {"selectors that take all names, one condition", numbered_names(1'000, times(100, "1 of s* or ") + "s1"),
         "condition-too-large", "10000 parts"},
        {"the same, many conditions", numbered_names(1'000, "[" + times(1'000, "1 of s*, ") + "s1]"), "too-large",
         "names"},
        {"selectors that fit no name", numbered_names(1'000, times(1'000, "1 of x* or ") + "s1"), "too-large", "names"},
        {"names that are not there", numbered_names(1'000, times(1'000, "u1 or ") + "s1"), "unknown-detection", "'u1'"},
        {"dashes in many values", values("User|windash", times(5'000, quoted(" -a", " -b -c -d -e"))), "too-large",
         "values"},
        {"dashes in many rules", times(40, "---\n" + values("User|windash", times(20, quoted(" -a", " -b -c -d -e")))),
         "too-large", "values"},
        {"dashes in long values",
         values("User|windash", times(10, quoted(" -a -b -c -d -e", std::string(10'000, 'x')))), "too-large", "bytes"},
        {"offsets of offsets", values("User" + offsets, times(3'000, quoted("aaaaaaaaaaaaaaaaaaaaaaa", ""))),
         "too-large", "values"},
        {"Base64 of Base64", values("User" + times(30, "|base64"), std::string(100, 'a')), "bad-value", "16384 bytes"},
        {"wide of wide", values("User" + times(30, "|wide"), std::string(100, 'a')), "bad-value", "16384 bytes"},
        {"modifiers without end", values("User" + times(100, "|contains"), "a"), "bad-value", "32 modifiers"},
        {"a long value", values("User", std::string(20'000, 'a')), "bad-value", "16384 bytes"},
        {"wildcards without end", values("User", "'" + times(20'000, "?") + "'"), "bad-value", "16384 bytes"},
        {"values without end", times(20, "---\n" + values("User|contains", many_names)), "too-large", "values"},
        {"long values again and again",
         sigma_rule("  s: {User: [" + times(40, quoted("v", std::string(10'000, 'a'))) +
                    "]}\n  condition: " + times(1'000, "s or ") + "s"),
         "too-large", "bytes"},
        {"many regular expressions", values("User|re", times(5'000, quoted("(x", "[a-z]{1,100}){1,9}"))), "too-large",
         "regular expressions"},
        {"regular expressions that are too large",
         values("User|re", times(100, quoted("(([^a]{1,10}){1,10}){1,10}(([^a]{1,10}){1,10}){1,10}", ""))), "too-large",
         "regular expressions"},
        {"a regular expression again and again",
         sigma_rule("  s: {User|re: '((abcdefgh{1,10}){1,10}){1,10}'}\n  condition: " + times(1'000, "s or ") + "s"),
         "too-large", "regular expressions"},
        {"filters for many rules",
         times(1'000,
               [](const std::string& i) {
                   return "---\ntitle: F" + i + "\n" + kLogSource + "filter: {rules: any, f: {User: u" + i +
                          "}, condition: not f}\n";
               }) +
             times(1'000,
                   [](const std::string& i) {
                       return "---\ntitle: R" + i + "\n" + kLogSource + "detection: {s: {User: x" + i +
                              "}, condition: s}\n";
                   }),
         "too-large", "tests"},
        {"a large document merged into many",
         with_action("global",
                     std::string(kLogSource) + "detection:\n  s:\n    User|contains: [" + many_names + "]\n") +
             times(1'000, "---\ntitle: T\ndetection: {condition: s}\n"),
         "too-large", "values"},
        {"the same, its values not looked for",
         with_action("global", std::string(kLogSource) + "status: unsupported\nx: [" + many_names + "]\n") +
             times(1'000, "---\ntitle: T\ndetection: {condition: s}\n"),
         "too-large", "'action'"},
        {"a document that grows",
         std::string("title: T\nstatus: unsupported\n") + kLogSource + "detection: {s: {User: u}, condition: s}\n" +
             times(5'000,
                   [](const std::string& i) {
                       return with_action("repeat", "title: T\ndetection: {s" + i + ": {User: u}}\n");
                   }),
         "too-large", "'action'"},
        {"fields that are not there",
         sigma_rule("  s:\n" + times(15'000, [](const std::string& i) { return "    field" + i + ": x\n"; }) +
                    "  condition: s"),
         "too-large", ""},
        {"documents without end", times(25'000, "---\ntitle: T\nstatus: unsupported\nlogsource: {category: x}\n"),
         "too-large", "documents"},
        {"errors without end", times(15'000, "---\ntitle: T\nlogsource: {category: x}\n"), "missing-key", "detection"},
    };
}

} // namespace

TEST_CASE("Sigma rules that are meant to hurt") {
    for (const auto& hostile : hostile_rules()) {
        INFO(hostile.what);
        const auto result = load_text(hostile.text);
        CHECK(result.diagnostics.size() <= kMaxDiagnostics + 1);
        CHECK(std::any_of(result.diagnostics.begin(), result.diagnostics.end(), [&](const Diagnostic& d) {
            return d.severity == Severity::error && d.code == hostile.code &&
                   d.message.find(hostile.told) != std::string::npos;
        }));
    }
}

TEST_CASE("Where Sigma rules come to too much that is told once, and the first errors with it") {
    const auto count = [](const LoadResult& result, std::string_view code) {
        return std::count_if(result.diagnostics.begin(), result.diagnostics.end(),
                             [&](const Diagnostic& d) { return d.code == code; });
    };
    const auto bad = load_text(times(15'000, "---\ntitle: T\nlogsource: {category: x}\n"));
    CHECK(count(bad, "missing-key") == kMaxDiagnostics);
    CHECK(count(bad, "too-many") == 1);
    // Behind more warnings than are shown.
    const auto skipped = load_text(times(25'000, [](const std::string& i) {
        return "---\ntitle: T" + i + "\nlogsource: {category: x" + i + "}\ndetection: {s: {a: b}, condition: s}\n";
    }));
    CHECK(count(skipped, "too-large") == 1);
    CHECK(count(skipped, "no-log-source") == kMaxDiagnostics - 1);
    // One rule after the other: what stands before is read, and no rule set is made.
    CHECK(skipped.set == nullptr);
}
