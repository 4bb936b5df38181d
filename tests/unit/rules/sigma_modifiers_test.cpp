// SPDX-License-Identifier: MIT OR Apache-2.0
// Sigma's modifiers: what each means, how they go together, and what each refuses.
#include "sigma_support.hpp"

using namespace rwatch;
using namespace rwatch::rules;
using namespace rwatch::rules::test;

namespace {

struct Row {
    const char* selection; ///< behind "selection:", in YAML's flow style
    Fields fires, silent;
};

std::string flow(const std::string& selection, std::string_view logsource = "category: process_creation") {
    return sigma_rule("  selection: " + selection + "\n  condition: selection", logsource);
}

void check(const Row& row) {
    INFO(row.selection);
    const auto exec = [](Fields fields) {
        fields.insert(fields.begin(), {"evt.type", "execve"});
        return fields;
    };
    CHECK(fires(flow(row.selection), exec(row.fires)));
    CHECK(!fires(flow(row.selection), exec(row.silent)));
}

Fields line(const char* text) {
    return {{"proc.exeline", text}};
}
Fields pid(const char* text) {
    return {{"proc.pid", text}};
}

} // namespace

TEST_CASE("Modifiers of place") {
    for (const auto& row : {
             Row{"{CommandLine|contains: mid}", line("amidst"), line("m id")},
             Row{"{CommandLine|contains: 'a*b'}", line("xx a--b xx"), line("ba")},
             Row{"{CommandLine|contains: '*a*'}", line("bab"), line("bb")},
             Row{R"({CommandLine|contains: '\*a'})", line("x*ab"), line("xab")},
             Row{"{CommandLine|contains: ''}", line("x"), {}},
             Row{"{CommandLine|startswith: ab}", line("abc"), line("cab")},
             Row{"{CommandLine|startswith: 'a?c'}", line("abcd"), line("acd")},
             Row{"{CommandLine|startswith: 'ab*'}", line("ab"), line("a")},
             Row{"{CommandLine|endswith: bc}", line("abc"), line("bcd")},
             Row{"{CommandLine|endswith: '*bc'}", line("bc"), line("bcd")},
             Row{R"({CommandLine|endswith: 'b\'})", line("ab\\"), line("ab")},
             Row{"{CommandLine|startswith|endswith: b}", line("abc"), line("ac")},
             Row{"{CommandLine|contains: [one, two]}", line("two"), line("tw")},
         })
        check(row);
}

TEST_CASE("all and neq are about the whole list") {
    for (const auto& row : {
             Row{"{CommandLine|contains|all: [one, two]}", line("one two"), line("one")},
             Row{"{CommandLine|all|contains: [one, two]}", line("one two"), line("one")},
             Row{"{CommandLine|all: ['*one*', two*]}", line("two one"), line("one two")},
             Row{"{CommandLine|all: x}", line("x"), line("y")},
             Row{"{CommandLine|neq: x}", line("y"), line("X")},
             Row{"{CommandLine|neq: x}", {}, line("x")}, // it is not x where there is none
             Row{"{CommandLine|neq: [x, y]}", line("z"), line("y")},
             Row{"{CommandLine|contains|all|neq: [x, y]}", line("x"), line("yx")},
             Row{"{CommandLine|contains|neq: x}", line("y"), line("axb")},
             Row{"{ProcessId|neq: 5}", pid("6"), pid("5")},
             Row{"{CommandLine|windash|contains|all: [' -a', ' -b']}", line("x /a /b"), line("x -a")},
         })
        check(row);
}

TEST_CASE("Encodings") {
    for (const auto& row : {
             Row{"{CommandLine|base64: secret}", line("c2VjcmV0"), line("secret")},
             Row{"{CommandLine|base64|contains: secret}", line("echo c2VjcmV0 | base64 -d"), line("echo secret")},
             Row{"{CommandLine|base64: '\u00e4'}", line("w6Q="), line("5A==")},
             Row{R"({CommandLine|base64: 'a\*'})", line("YSo="), line("YVwq")}, // the star itself
             Row{"{CommandLine|base64offset|contains: /bin/sh}", line("x L2Jpbi9za"), line("x /bin/sh")},
             Row{"{CommandLine|base64offset|contains: /bin/sh}", line("x 9iaW4vc2"), line("x 9iaW4vc")},
             Row{"{CommandLine|base64offset|contains: /bin/sh}", line("x vYmluL3No"), line("x vYmluL3N")},
             Row{"{CommandLine|base64offset|contains: '\u00e4\u00e4'}", line("x w6TDp x"), line("x w6TD x")},
             Row{"{CommandLine|wide|base64: ab}", line("YQBiAA=="), line("YWI=")},
             Row{"{CommandLine|utf16le|base64: ab}", line("YQBiAA=="), line("YWI=")},
             Row{"{CommandLine|utf16be|base64: ab}", line("AGEAYg=="), line("YQBiAA==")},
             Row{"{CommandLine|utf16|base64: ab}", line("//5hAGIA"), line("YQBiAA==")},
             Row{"{CommandLine|wide|base64offset|contains: ping}", line("-e cABpAG4AZw"), line("-e cGluZw")},
             Row{"{CommandLine|base64|base64: a}", line("WVE9PQ=="), line("YQ==")},
         })
        check(row);
    // base64 of all three places in a longer text
    for (const auto* encoded : {"YWJjc2VjcmV0eHl6", "YXNlY3JldHl6", "YWJzZWNyZXR6"})
        CHECK(fires(flow("{CommandLine|base64offset|contains: secret}"),
                    {{"evt.type", "execve"}, {"proc.exeline", std::string("run ") + encoded}}));
}

TEST_CASE("Dashes") {
    for (const auto& row : {
             Row{"{CommandLine|windash|contains: ' -enc'}", line("ps /enc x"), line("ps enc")},
             Row{"{CommandLine|windash|contains: ' -enc'}", line("ps \u2013enc x"), line("ps +enc x")},
             Row{"{CommandLine|windash|contains: ' /enc'}", line("ps \u2014enc x"), line("ps --enc x")},
             Row{"{CommandLine|windash|contains: ' -a-b'}", line("x \u2015a-b"), line("x -a/b")},
             Row{"{CommandLine|windash|contains: '-a*-b'}", line("/a x -b"), line("a b")},
             Row{"{CommandLine|windash: '- a'}", line("- a"), line("/ a")},
         })
        check(row);
}

TEST_CASE("Regular expressions are searched for, and case counts") {
    for (const auto& row : {
             Row{"{CommandLine|re: 'b+c'}", line("abbcd"), line("ABBCD")},
             Row{"{CommandLine|re: '^b'}", line("bc"), line("ab")},
             Row{"{CommandLine|re: '[0-9]{2,}$'}", line("a 12"), line("12 a")},
             Row{R"({CommandLine|re: 'a\*b\?'})", line("a*b?"), line("ab")}, // no escapes but the expression's own
             Row{R"({CommandLine|re: 'a\\b'})", line("a\\b"), line("a\\\\b")},
             Row{"{CommandLine|re: 17}", line("x 17 y"), line("x 1 7")},
             Row{"{CommandLine|re|i: 'b+c'}", line("ABBC"), line("AC")},
             Row{"{CommandLine|re|ignorecase: \u00e4}", line("\u00c4"), line("a")},
             Row{"{CommandLine|re|m: '^two$'}", line("one\ntwo\nx"), line("one two")},
             Row{"{CommandLine|re|multiline: '^two$'}", line("two\nx"), line("a two")},
             Row{"{CommandLine|re: 'a.b'}", line("axb"), line("a\nb")},
             Row{"{CommandLine|re|s: 'a.b'}", line("a\nb"), line("ab")},
             Row{"{CommandLine|re|dotall: 'a.b'}", line("a\nb"), line("ab")},
             Row{"{CommandLine|re|i|m|s: '^t.o$'}", line("x\nT\nO"), line("x to")},
             Row{"{CommandLine|re|contains: 'b+'}", line("abc"), line("ac")},
             Row{"{CommandLine|re|startswith: 'a|b'}", line("bx"), line("xa")},
             Row{"{CommandLine|re|endswith: 'a|b'}", line("xa"), line("ax")},
             Row{"{CommandLine|re: ['a{3}', 'b{3}']}", line("bbb"), line("aabb")},
             Row{"{CommandLine|re|all: ['a{3}', 'b{3}']}", line("aaabbb"), line("aaabb")},
             Row{"{CommandLine|re|neq: 'b+'}", line("ac"), line("abc")},
         })
        check(row);
}

TEST_CASE("Comparisons of numbers") {
    for (const auto& row : {
             Row{"{ProcessId|lt: 10}", pid("9"), pid("10")},
             Row{"{ProcessId|lte: 10}", pid("10"), pid("11")},
             Row{"{ProcessId|gt: 10}", pid("11"), pid("10")},
             Row{"{ProcessId|gte: 10}", pid("10"), pid("9")},
             Row{"{ProcessId|gt: 10.5}", pid("11"), pid("10")},
             Row{"{ProcessId|lte: 10.5}", pid("10"), pid("11")},
             Row{"{ProcessId|gt: -1}", pid("1"), {{"evt.type", "open"}}},
             Row{"{ProcessId|gt: 5, ProcessId|lt: 8}", pid("7"), pid("8")},
             Row{"{ProcessId|gt: [100, 5]}", pid("6"), pid("5")},
             Row{"{ProcessId|gt|all: [100, 5]}", pid("101"), pid("6")},
         })
        check(row);
}

TEST_CASE("Address blocks") {
    const struct {
        const char* block;
        const char* inside;
        const char* outside;
    } rows[] = {
        {"10.1.0.0/16", "10.1.255.255", "10.2.0.0"},
        {"10.0.0.0/7", "11.255.255.255", "12.0.0.0"},
        {"0.0.0.0/0", "255.1.2.3", "::1"},
        {"192.0.2.7/32", "192.0.2.7", "192.0.2.6"},
        {"192.0.2.7", "192.0.2.7", "192.0.2.8"},
        {"2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1"},
        {"::/0", "::1", "0.0.0.1"},
        {"::1/128", "::1", "::2"},
    };
    const auto connect = [](const char* address) {
        return Fields{{"evt.type", "connect"},
                      {"fd.type", std::string_view(address).find(':') == std::string_view::npos ? "ipv4" : "ipv6"},
                      {"fd.rip", address}};
    };
    for (const auto& row : rows) {
        INFO(row.block);
        const auto rule =
            flow("{DestinationIp|cidr: '" + std::string(row.block) + "'}", "category: network_connection");
        CHECK(fires(rule, connect(row.inside)));
        CHECK(!fires(rule, connect(row.outside)));
    }
}

TEST_CASE("Other fields as values") {
    const auto two = [](const char* line, const char* parent) {
        return Fields{{"proc.exeline", line}, {"proc.pexeline", parent}};
    };
    for (const auto& row : {
             Row{"{CommandLine|fieldref: ParentCommandLine}", two("a b", "a b"), two("a b", "a")},
             Row{"{CommandLine|fieldref: ParentCommandLine}", two("a", "a"), line("a")},
             Row{"{CommandLine|fieldref|contains: ParentCommandLine}", two("x ab y", "ab"), two("x a", "ab")},
             Row{"{CommandLine|fieldref|startswith: ParentCommandLine}", two("ab y", "ab"), two("x ab", "ab")},
             Row{"{CommandLine|fieldref|endswith: ParentCommandLine}", two("x ab", "ab"), two("ab y", "ab")},
             Row{"{CommandLine|fieldref|neq: ParentCommandLine}", two("a", "b"), two("a", "a")},
             Row{"{CommandLine|fieldref: [Image, ParentCommandLine]}", two("a", "a"), two("a", "b")},
         })
        check(row);
}

TEST_CASE("Pieces of time") {
    MadeEvent event(Fields{{"evt.type", "execve"}});
    event->wall_ns = 1'773'066'920'000'000'000; // 2026-03-09, a Monday, 14:35:20 UTC
    const auto holds = [&](const std::string& modifiers) {
        const auto set = loaded(flow("{UtcTime|" + modifiers + "}"));
        return set->rules().front().condition.matches(*event, scratch());
    };
    for (const auto* fits : {"minute: 35", "hour: 14", "day: 9", "week: 11", "month: 3", "year: 2026", "hour|gte: 14",
                             "hour|lt: 15", "month: [1, 3]"}) {
        INFO(fits);
        CHECK(holds(fits));
    }
    for (const auto* fails :
         {"minute: 36", "hour: 15", "day: 10", "week: 10", "month: 4", "year: 2025", "hour|gt: 14"}) {
        INFO(fails);
        CHECK(!holds(fails));
    }
}

TEST_CASE("Placeholders need a value") {
    for (const auto* refused : {"'%admins%'", "'x %admins% y'", "'*%a b%'", "['ok', '%admins%']"}) {
        INFO(refused);
        CHECK(errors_of(flow("{User|expand: " + std::string(refused) + "}")) ==
              std::vector<std::string>{"placeholder"});
    }
    CHECK(errors_of(flow("{User|re|expand: '^%admins%$'}")) == std::vector<std::string>{"placeholder"});
    for (const auto* modifier : {"base64", "base64offset", "wide", "windash", "contains", "cased"})
        CHECK(errors_of(flow("{User|expand|" + std::string(modifier) + ": '%admins%'}")) ==
              std::vector<std::string>{"placeholder"});
    CHECK(errors_of(flow("{User|expand: '%admins%'}", "service: sshd")).empty()); // it is skipped
    for (const auto& row : {
             Row{R"({CommandLine|expand: '\%name\%'})", line("%name%"), line("\\%name\\%")},
             Row{"{CommandLine|expand: 50%}", line("50%"), line("50")},
             Row{"{CommandLine|expand: '%%'}", line("%%"), line("%")},
             Row{"{CommandLine: '%name%'}", line("%name%"), line("name")},
         })
        check(row);
}

TEST_CASE("What modifiers refuse") {
    const struct {
        const char* code;
        std::vector<const char*> selections;
    } rows[] = {
        {"unknown-modifier", {"{User|like: x}", "{User|Contains: x}", "{User|: x}", "{User|contains|nosuch: x}"}},
        {"modifier-type",
         {"{User|contains: 5}",
          "{User|startswith: true}",
          "{User|endswith: null}",
          "{User|base64: 5}",
          "{User|base64offset: true}",
          "{User|wide: 5}",
          "{User|windash: 5}",
          "{User|cased: 5}",
          "{User|cidr: 5}",
          "{User|gt: abc}",
          "{User|lte: '5'}",
          "{User|gt: true}",
          "{User|exists: 'yes'}",
          "{User|exists: 1}",
          "{User|fieldref: 5}",
          "{User|expand: 5}",
          "{UtcTime|hour: '5'}",
          "{User|i: x}",
          "{User|m: x}",
          "{User|re|base64: x}",
          "{User|re|cased: x}",
          "{User|cidr|contains: 10.0.0.0/8}",
          "{User|re|re: x}",
          "{ProcessId|gt|contains: 5}",
          "{User|contains: [a, 5]}"}},
        {"bad-value",
         {"{User|base64: 'a*'}", "{User|base64offset: 'a?'}", "{User|contains|base64: a}", "{User|contains|re: a}",
          "{User|base64|re: a}", "{User|fieldref: 'a*'}", "{User|wide: \u00e4}", "{User|utf16be: \u20ac}",
          "{User|re: '('}", "{User|re: '*x'}", "{User|re: 'a{2}**'}", "{User|re: '[b-a]'}",
          "{SourceIp|cidr: 10.0.0.1/8}", "{SourceIp|cidr: 10.0.0.0/33}", "{SourceIp|cidr: 'fe80::/129'}",
          "{SourceIp|cidr: host}", "{SourceIp|contains|cidr: 10.0.0.0/8}", "{User|all|exists: true}"}},
    };
    for (const auto& row : rows)
        for (const auto* selection : row.selections) {
            INFO(selection);
            const auto errors = errors_of(flow(selection));
            REQUIRE_FALSE(errors.empty());
            CHECK(errors.front() == row.code);
            // a log source that there is not changes nothing in it
            CHECK(errors_of(flow(selection, "category: no_such_thing")) == errors);
        }
}

TEST_CASE("What RE2 alone does not take is an error where the rule runs, and no matter where it is skipped") {
    for (const auto* regex : {"a(?=b)", "(?<!a)b", "(a)\\\\1", "a++b", "a{1,2000}"}) {
        INFO(regex);
        const auto selection = "{CommandLine|re: \"" + std::string(regex) + "\"}";
        CHECK(errors_of(flow(selection)) == std::vector<std::string>{"bad-value"});
        CHECK(errors_of(flow(selection, "category: no_such_thing")).empty());
    }
}
