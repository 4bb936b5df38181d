// SPDX-License-Identifier: MIT OR Apache-2.0
// What the values of a Sigma rule mean: wildcards and escapes, case, numbers, null, lists, values without a field.
#include "sigma_support.hpp"

using namespace rwatch;
using namespace rwatch::rules;
using namespace rwatch::rules::test;

namespace {

struct Row {
    const char* selection; ///< behind "selection:", in YAML's flow style
    Fields fires, silent;
};

std::string flow(const char* selection) {
    return sigma_rule("  selection: " + std::string(selection) + "\n  condition: selection");
}

Fields exec(Fields more) {
    more.insert(more.begin(), {"evt.type", "execve"});
    return more;
}

void check(const Row& row) {
    INFO(row.selection);
    CHECK(fires(flow(row.selection), exec(row.fires)));
    CHECK(!fires(flow(row.selection), exec(row.silent)));
}

Fields line(const char* text) {
    return {{"proc.exeline", text}};
}
Fields user(const char* text) {
    return {{"user.name", text}};
}

} // namespace

TEST_CASE("Wildcards and escapes of Sigma's texts") {
    for (const auto& row : {
             Row{"{User: 'sap?dm'}", user("sapadm"), user("sapdm")},
             Row{"{User: 'sap?dm'}", user("sap\u00e9dm"), user("sapaadm")}, // a character, however many bytes
             Row{"{User: web*}", user("web"), user("aweb")},
             Row{"{User: '*web'}", user("aweb"), user("webs")},
             Row{"{User: w*b*1}", user("web-01"), user("web-0")},
             Row{R"({User: 'a\*b'})", user("a*b"), user("axb")},
             Row{R"({User: 'a\?b'})", user("a?b"), user("axb")},
             Row{R"({User: 'a\b'})", user("a\\b"), user("ab")},
             Row{R"({User: 'a\\b'})", user("a\\b"), user("a\\\\b")},
             Row{R"({User: 'a\\*b'})", user("a\\xyzb"), user("a*b")},
             Row{R"({User: 'a\\\*b'})", user("a\\*b"), user("a\\xb")},
             Row{R"({User: 'a\'})", user("a\\"), user("a")},
             Row{R"({User: '\\\\srv'})", user("\\\\srv"), user("\\srv")},
             Row{"{User: '*'}", user("x"), {}},
             Row{"{User: '?*'}", user("x"), {}},
             Row{"{User: '**'}", user("x"), {}},
             Row{"{User: 50%}", user("50%"), user("50")},
             Row{R"({CommandLine: "tab\there*"})", line("tab\there and on"), line("tab here")},
         })
        check(row);
}

TEST_CASE("Case does not count in Sigma's texts, in whatever alphabet") {
    for (const auto& row : {
             Row{"{User: Admin}", user("ADMIN"), user("admin1")},
             Row{"{User: \u00c4rger*}", user("\u00e4RGERlich"), user("argerlich")},
             Row{"{User: \u0441\u043e\u0432\u0430}", user("\u0421\u041e\u0412\u0410"), user("\u0421\u041e\u0412")},
             Row{"{User|cased: Admin}", user("Admin"), user("admin")},
             Row{"{User|contains|cased: mI}", user("adminmIx"), user("admin")},
             Row{"{User|cased|startswith: Ad}", user("Admin"), user("aDmin")},
         })
        check(row);
}

TEST_CASE("Numbers, truth values and nothing") {
    const Fields pid_44{{"proc.pid", "44"}}, pid_45{{"proc.pid", "45"}};
    for (const auto& row : {
             Row{"{ProcessId: 44}", pid_44, pid_45},
             Row{"{ProcessId: '44'}", pid_44, pid_45},
             Row{"{ProcessId: '4?'}", pid_44, {{"proc.pid", "144"}}},
             Row{"{ProcessId: 0x2c}", pid_44, pid_45},
             Row{"{ProcessId: 054}", pid_44, {{"proc.pid", "54"}}}, // octal in YAML 1.1
             Row{"{ProcessId: 44.0}", pid_44, pid_45},
             Row{"{User: 7}", user("7"), user("07")},
             Row{"{User: 2.0}", user("2"), user("2.0")},
             Row{"{User: 2.50}", user("2.5"), user("2.50")},
             Row{"{User: '2.0'}", user("2.0"), user("2")},
             Row{"{User: 12e3}", user("12e3"), user("12000")},
             Row{"{User: 1_000}", user("1000"), user("1_000")},
             Row{"{User: 089}", user("089"), user("89")},
             Row{"{User: 99999999999999999999}", user("99999999999999999999"), user("9")},
             Row{"{User: true}", user("True"), user("yes")},
             Row{"{User: yes}", user("true"), user("yes")},
             Row{"{User: 'yes'}", user("Yes"), user("true")},
             Row{"{User: null}", {}, user("x")},
             Row{"{User: }", {}, user("x")},
             Row{"{User: []}", {}, user("x")},
             Row{"{User|contains: []}", {}, user("x")},
             Row{"{User: ''}", {}, user("x")},
             Row{"{User: [null, root]}", {}, user("x")},
             Row{"{User: [null, root]}", user("root"), user("x")},
             Row{"{User|exists: true}", user("x"), {}},
             Row{"{User|exists: false}", {}, user("x")},
         })
        check(row);
}

TEST_CASE("Maps, lists and lists of maps") {
    const Fields both{{"user.name", "u"}, {"proc.cwd", "/w"}};
    for (const auto& row : {
             Row{"{User: u, CurrentDirectory: /w}", both, user("u")},
             Row{"{User: [a, u]}", user("u"), user("au")},
             Row{"{User: [a, 5, u*]}", user("5"), user("55")},
             Row{"{CommandLine|contains|all: [one, two]}", line("two one"), line("two tw")},
             Row{"[{User: u, CurrentDirectory: /w}, {User: v}]", user("v"), user("u")},
             Row{"[{User: u}, {User: v}]", user("u"), user("w")},
             Row{"[[{User: u}, {User: v}], {User: w}]", user("v"), user("x")},
             Row{"[needle, {User: u}]", line("a needle here"), line("a nee dle")},
         })
        check(row);
    CHECK(errors_of(flow("{}")) == std::vector<std::string>{"bad-value"});
    CHECK(errors_of(flow("[]")) == std::vector<std::string>{"bad-value"});
    CHECK(errors_of(flow("{User: {a: b}}")) == std::vector<std::string>{"wrong-type"});
    CHECK(errors_of(flow("{User: [[a]]}")) == std::vector<std::string>{"wrong-type"});
}

TEST_CASE("Values without a field stand anywhere in the event") {
    for (const auto& row : {
             Row{"needle", line("a needle here"), line("a nee dle")},
             Row{"needle", {{"proc.cwd", "/srv/NEEDLES"}}, {{"proc.cwd", "/srv"}}},
             Row{"[one, two]", line("some two"), line("some")},
             Row{"'t?n*end'", line("in a tin at the END of it"), line("tn end")},
             Row{"{'|all': [one, two]}", {{"proc.exeline", "one"}, {"user.name", "two"}}, line("one")},
             Row{"{'|cased': Needle}", line("a Needle"), line("a needle")},
             Row{"{'|re': 'n[e]{2}dle$'}", line("a needle"), line("needle a")},
             Row{"{'|base64offset': needle}", line("echo xbmVlZGxlx"), line("needle")},
             Row{"17", line("exit 17"), line("exit 170")},
             Row{"true", line("x=TRUE;"), line("x=1")},
         })
        check(row);
    for (const auto* refused : {"", "null", "[null]", "{'|exists': true}", "{'|cidr': 10.0.0.0/8}", "{'|gt': 5}",
                                "{'|fieldref': User}", "{'|': x}"}) {
        INFO(refused);
        CHECK_FALSE(errors_of(flow(refused)).empty());
    }
}

TEST_CASE("What our events can't give is told, and does not stop a Sigma rule") {
    const struct {
        const char* selection;
        const char* code;
    } rows[] = {
        {"{Imag: /x, User: u}", "unknown-field 5:15"},
        {"{some.field: x, User: u}", "unknown-field 5:15"},
        {"{CommandLine|fieldref: Imag}", "unknown-field 5:37"},
        {"{OriginalFileName: x, User: u}", "missing-field 5:15"},
        {"{User|cidr: 10.0.0.0/8}", "modifier-type 5:26"},
        {"{User|gt: 5}", "modifier-type 5:24"},
        {"{User|hour: 5}", "modifier-type 5:26"},
    };
    for (const auto& row : rows) {
        INFO(row.selection);
        const auto told = load_text("title: T\nlogsource: {category: process_creation}\ndetection:\n  s: {User: u}\n"
                                    "  selection: " +
                                    std::string(row.selection) + "\n  condition: s or selection\n");
        REQUIRE(told.set != nullptr);
        CHECK(brief(told.diagnostics) == std::vector<std::string>{row.code});
        CHECK(fired(told.set, exec(user("u"))).size() == 1);
        CHECK(fired(told.set, exec(user("x"))).empty());
    }
    CHECK(load_text(flow("{Imag: /x, User: u}")).diagnostics.back().hint == "did you mean 'Image'?");
    CHECK(fires(flow("{Imag: null}"), exec(user("u")))); // it counts as missing
}
