// SPDX-License-Identifier: MIT OR Apache-2.0
// What is refused in a condition, where the diagnostic points, and what it suggests.
#include "rules_support.hpp"

#include "rules/compiler.hpp"
#include "rules/parser.hpp"

using namespace rwatch;
using namespace rwatch::rules;
using namespace rwatch::rules::test;

namespace {

Diagnostics errors_of(std::string_view text) {
    Diagnostics found;
    const auto condition = compile_condition(text, {"c", 1, 1}, found);
    INFO(text);
    CHECK(condition.has_value() != has_errors(found));
    return found;
}

} // namespace

TEST_CASE("a parenthesis that is not closed hides no other error") {
    Diagnostics found;
    CHECK_FALSE(compile_condition("(evt.type = open and (fd.nme = x or proc.nme = y)", {"c", 1, 1}, found));
    REQUIRE(found.size() == 3);
    CHECK(found[0].code == "condition-syntax");
    CHECK(found[1].code == "unknown-field");
    CHECK(found[2].code == "unknown-field");
    found.clear();
    CHECK_FALSE(compile_condition("(evt.type = open", {"c", 1, 1}, found));
    CHECK(found.size() == 1);
}

TEST_CASE("Syntax errors point at the first wrong byte") {
    const struct {
        const char *text, *where, *part, *hint;
    } rows[] = {
        {"", "condition-syntax 1:1", "empty", ""},
        {"   ", "condition-syntax 1:1", "empty", ""},
        {"proc.name", "condition-syntax 1:10", "ends where an operator", ""},
        {"proc.name =", "condition-syntax 1:12", "a value", ""},
        {"proc.name bash", "condition-syntax 1:11", "unexpected 'bash', expected an operator", ""},
        {"proc.name contian x", "condition-syntax 1:11", "contian", "did you mean 'contains'?"},
        {"proc.name CONTAINS x", "condition-syntax 1:11", "CONTAINS", "keywords are lower case: 'contains'"},
        {"proc.name=a AND proc.name=b", "condition-syntax 1:13", "AND", "keywords are lower case: 'and'"},
        {"proc.name=a && proc.name=b", "condition-syntax 1:13", "&&", "write 'and'"},
        {"proc.name=a || proc.name=b", "condition-syntax 1:13", "||", "write 'or'"},
        {"proc.name=a and", "condition-syntax 1:16", "white space", ""},
        {"proc.name=a and ", "condition-syntax 1:17", "a field, a macro or '('", ""},
        {"(proc.name=a", "condition-syntax 1:1", "not closed", ""},
        {"proc.name=a)", "condition-syntax 1:12", "unexpected ')'", ""},
        {"proc.name in (a, b", "condition-syntax 1:14", "not closed", ""},
        {"proc.name in (a,, b)", "condition-syntax 1:17", "a value", ""},
        {"proc.name in (a,)", "condition-syntax 1:17", "a value", ""},
        {"proc.name in (a b)", "condition-syntax 1:15", "there is no list 'a b'", "a comma between"},
        {"proc.name = \"a", "condition-syntax 1:13", "not closed", ""},
        {"proc.name = \"a\\q\"", "condition-syntax 1:15", "no escape \\q", ""},
        {"proc.name = \"\\x4\"", "condition-syntax 1:14", "two hexadecimal", ""},
        {"proc.name = 'a\\\"'", "condition-syntax 1:15", "without a backslash", ""},
        {"proc.pid < x", "condition-syntax 1:12", "a number", ""},
        {"proc.aname[ = x", "condition-syntax 1:12", "argument", ""},
        {"proc.aname[1 = x", "condition-syntax 1:13", "']'", ""},
        {"toolwer(proc.name) = x", "condition-syntax 1:1", "no transformer 'toolwer'", "did you mean 'tolower'?"},
        {"val(proc.name) = x", "condition-syntax 1:1", "no transformer 'val'", "on the right"},
        {"proc.name = low(proc.pname)", "condition-syntax 1:13", "no transformer 'low'", ""},
        {"proc.name = val(tolower(proc.pname))", "condition-syntax 1:17", "the name of a field", ""},
        {"proc.name = val(proc.pname)[x]", "condition-syntax 1:28", "nothing in brackets", ""},
        {"tolower(proc.name = x", "condition-syntax 1:19", "',' or ')'", ""},
        {"tolower() = x", "condition-syntax 1:9", "a field, a transformer", ""},
        {"concat(bare, \"x\") = x", "condition-syntax 1:8", "a field, a transformer", ""},
        {"join(\"-\", (proc.name,)) = x", "condition-syntax 1:22", "a field, a transformer", ""},
        {"proc.name = \"a\\\\\"", "condition-syntax 1:13", "write \\x5c", ""},
        {"proc.name contains'x'", "condition-syntax 1:11", "an operator", ""},
        {"proc.name ==oneof (a)", "condition-syntax 1:19", "unexpected '(a'", ""},
        {"proc.name=a\n  or\n  )", "condition-syntax 3:3", "unexpected ')'", ""},
        {"not", "condition-syntax 1:4", "white space", ""},
        // what other languages have
        {"proc.name not in (a)", "condition-syntax 1:11", "unexpected 'not'", "not FIELD in (…)"},
        {"proc.name NOT IN (a)", "condition-syntax 1:11", "unexpected 'NOT'", "not FIELD in (…)"},
        {"proc.name not contains a", "condition-syntax 1:11", "unexpected 'not'", "'not' stands before the field"},
        {"proc.name IN (a)", "condition-syntax 1:11", "unexpected 'IN'", "lower case: 'in'"},
        {"NOT proc.name = a", "condition-syntax 1:1", "unexpected 'NOT'", "lower case: 'not'"},
        {"proc.name=a or NOT (proc.pid=1)", "condition-syntax 1:16", "unexpected 'NOT'", "lower case: 'not'"},
        {"proc.name=a AND NOT proc.pid=1", "condition-syntax 1:13", "unexpected 'AND'", "lower case: 'and'"},
        {"! proc.name = a", "condition-syntax 1:1", "unexpected '!'", "write 'not' before the field"},
        {"proc.name !in (a)", "condition-syntax 1:11", "unexpected '!in'", "write 'not FIELD in (…)'"},
        {"proc.pid !> 5", "condition-syntax 1:10", "unexpected '!>'", "write 'not' before the field"},
        {"proc.pid <> 5", "condition-syntax 1:10", "there is no operator '<>'", "write '!='"},
        {"proc.name === a", "condition-syntax 1:13", "unexpected '='", "write '=' or '!='"},
        {"proc.name !== a", "condition-syntax 1:13", "unexpected '='", "write '=' or '!='"},
        {"proc.name =! a", "condition-syntax 1:14", "unexpected 'a'", "write '!='"},
        {"proc.pid => 5", "condition-syntax 1:13", "unexpected '5'", "write '>='"},
        {"(proc.pid =< 5)", "condition-syntax 1:14", "unexpected '5'", "write '<='"},
        {"proc.name =~ a.*", "condition-syntax 1:14", "unexpected 'a.*'", "write 'regex'"},
        {"proc.name is a", "condition-syntax 1:11", "unexpected 'is'", "write '='"},
        {"proc.name like a", "condition-syntax 1:11", "unexpected 'like'", "write 'glob'"},
        {"proc.name = (a, b)", "condition-syntax 1:13", "expected a value", "behind 'in' stands a list"},
        {"evt.dir = > x", "condition-syntax 1:13", "unexpected 'x'", "write '>='"},
        {"andy.x = 1 or or.x", "condition-syntax 1:19", "an operator", ""},
    };
    for (const auto& row : rows) {
        INFO(row.text);
        const auto found = errors_of(row.text);
        REQUIRE(found.size() == 1);
        CHECK(brief(found)[0] == row.where);
        CHECK_THAT(found[0].message, Catch::Contains(row.part));
        CHECK_THAT(found[0].hint, Catch::Contains(row.hint));
    }
}

TEST_CASE("Errors of meaning come all at once") {
    const auto found = errors_of("proc.nmae = a and (fd.rport contains 4 or proc.pid = x)\n and evt.is_open_read = "
                                 "maybe and fd.rip in (10.0.0.1, 10.0.0.0/33, host)\n and no_macro");
    CHECK(brief(found) == std::vector<std::string>{"unknown-field 1:1", "operator-type 1:29", "bad-value 1:54",
                                                   "bad-value 2:25", "bad-value 2:56", "bad-value 2:69",
                                                   "unknown-macro 3:6"});
    CHECK(found[0].hint == "did you mean 'proc.name'?");
    CHECK_THAT(found[1].message, Catch::Contains("'contains' does not fit 'fd.rport', which holds a number"));
}

TEST_CASE("Other bad values") {
    CHECK(brief(errors_of("proc.name regex '(a'")) == std::vector<std::string>{"bad-value 1:17"});
    CHECK(brief(errors_of("proc.name bcontains 4")) == std::vector<std::string>{"bad-value 1:21"});
    CHECK(brief(errors_of("proc.pid = 99999999999999999999")) == std::vector<std::string>{"bad-value 1:12"});
    CHECK(brief(errors_of("proc.pid = 1.5")) == std::vector<std::string>{"bad-value 1:12"});
    CHECK(brief(errors_of("evt.is_open_read < 5")) == std::vector<std::string>{"operator-type 1:18"});
    CHECK(brief(errors_of("proc.name in (a, \"b\\x00\")")) == std::vector<std::string>{"bad-value 1:18"});
    CHECK(brief(errors_of("fd.rport = no-such-service")) == std::vector<std::string>{"bad-value 1:12"});
    CHECK(brief(errors_of("proc.name[1] = x")) == std::vector<std::string>{"unknown-field 1:1"});
}

TEST_CASE("An event that is never produced is a warning with the near name") {
    const auto found = errors_of("evt.type in (openat, opnat)");
    REQUIRE(brief(found) == std::vector<std::string>{"unknown-event 1:22"});
    CHECK(found[0].severity == Severity::warning);
    CHECK(found[0].hint == "did you mean 'openat'?");
}

TEST_CASE("Places follow the text's own place") {
    Diagnostics found;
    CHECK_FALSE(compile_condition("proc.name = a or\nx.y = 1", {"f.yaml", 10, 20}, found));
    REQUIRE(found.size() == 1);
    CHECK(found[0].where.file == "f.yaml");
    CHECK(brief(found)[0] == "unknown-field 11:1");
}

TEST_CASE("Parentheses nest so deep and no deeper") {
    const auto nested = [](std::size_t depth) {
        return std::string(depth, '(') + "proc.name=a" + std::string(depth, ')');
    };
    CHECK(errors_of(nested(kMaxConditionDepth)).empty());
    CHECK_THAT(errors_of(nested(kMaxConditionDepth + 1)).at(0).message, Catch::Contains("nested"));
    const auto negated = [](std::size_t depth) {
        std::string text;
        for (std::size_t i = 0; i < depth; ++i)
            text += "not (proc.name=b or ";
        return text + "proc.name=a" + std::string(depth, ')');
    };
    CHECK(errors_of(negated(kMaxConditionDepth)).empty());
    CHECK_FALSE(errors_of(negated(kMaxConditionDepth + 1)).empty());
}

TEST_CASE("A condition has so many tests and no more") {
    std::string text = "proc.pid=0";
    for (std::uint32_t i = 1; i < kMaxConditionTests; ++i)
        text += " or proc.pid=" + std::to_string(i);
    CHECK(errors_of(text).empty());
    CHECK(brief(errors_of(text + " or proc.pid=7")) == std::vector<std::string>{"condition-too-large 1:1"});
}

TEST_CASE("Values as Falco's lists write them") {
    const auto texts = [](std::string_view text) {
        std::vector<std::string> out;
        const auto literals = parse_values(text);
        REQUIRE(literals);
        for (const auto& literal : *literals)
            out.push_back(literal.text);
        return out;
    };
    CHECK(texts("").empty());
    CHECK(texts("a, 'b c' ,\"d\\\"e\"") == std::vector<std::string>{"a", "b c", "d\"e"});
    CHECK(texts("runc:[1:CHILD]") == std::vector<std::string>{"runc:[1:CHILD]"});
    CHECK_FALSE(parse_values("a b"));
    CHECK_FALSE(parse_values("a,"));
    CHECK_FALSE(parse_values("a=b"));
}

TEST_CASE("What looks like a slip and is none") {
    for (const auto* text : {"evt.dir=>", "evt.dir=> and proc.name=a", "evt.dir =< or proc.name==a", "proc.name = !",
                             "proc.name = is and proc.pname = not", "proc.name=NOT"})
        CHECK_FALSE(has_errors(errors_of(text)));
    // names of macros
    CHECK(brief(errors_of("NOT and OR")) == std::vector<std::string>{"unknown-macro 1:1", "unknown-macro 1:9"});
}
