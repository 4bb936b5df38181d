// SPDX-License-Identifier: MIT OR Apache-2.0
// Every operator of the table against every type of value, one or several: what it says of values that fit and that do
// not, of a missing field, and which pairs are refused. An operator or type without a row fails the test.
#include "rules_support.hpp"

#include "rules/ast.hpp"
#include "rules/compiler.hpp"

#include <algorithm>
#include <map>

using namespace rwatch;
using namespace rwatch::rules;
using namespace rwatch::rules::test;

namespace {

/// A shape of value, a field that has it, and an event that has the field.
struct Shape {
    std::string_view name, field;
    Fields with;
};

const std::vector<Shape>& shapes() {
    static const std::vector<Shape> all{
        {"text", "proc.exepath", {{"evt.type", "execve"}, {"proc.exepath", "/opt/Tool"}}},
        {"number", "fd.rport", {{"evt.type", "connect"}, {"fd.rip", "192.0.2.1"}, {"fd.rport", "443"}}},
        {"boolean", "evt.is_open_write", {{"evt.type", "open"}, {"evt.is_open_write", "true"}}},
        {"address", "fd.rip", {{"evt.type", "connect"}, {"fd.rip", "192.0.2.1"}}},
        {"texts", "proc.aname", {{"evt.type", "execve"}, {"proc.aname[1]", "7zip"}, {"proc.aname[2]", "5shd"}}},
        {"numbers", "proc.apid", {{"evt.type", "execve"}, {"proc.apid[1]", "30"}, {"proc.apid[2]", "20"}}},
        {"addresses", "fd.ip", {{"evt.type", "connect"}, {"fd.rip", "192.0.2.1"}, {"fd.lip", "10.0.0.1"}}},
        {"list", R"(getopt((fd.name, "-a", "-b"), "ab"))", {}}, // filled below: fd.name is what makes it missing
        {"bytes", "evt.buffer", {}},                            // no event has it yet
    };
    return all;
}

/// What stands behind the operator, so that it is true of the shape's value, and so that it is not.
struct Row {
    std::string_view holds, fails;
};
using Rows = std::map<std::string_view, std::map<std::string_view, Row>>; // operator, shape

const Rows& rows() {
    static const std::map<std::string_view, Row> kEquals{
        {"text", {"/opt/Tool", "/opt/tool"}},       {"number", {"https", "8443"}}, {"boolean", {"true", "false"}},
        {"address", {"192.0.2.0/24", "192.0.3.1"}}, {"texts", {"5shd", "init"}},   {"numbers", {"20", "40"}},
        {"addresses", {"10.0.0.0/8", "::1"}},       {"bytes", {"", "x"}}};
    static const std::map<std::string_view, Row> kDiffers{
        {"text", {"/opt/tool", "/opt/Tool"}},        {"number", {"0x1bc", "443"}}, {"boolean", {"false", "true"}},
        {"address", {"2001:db8::/32", "192.0.2.1"}}, {"texts", {"init", "7zip"}},  {"numbers", {"40", "30"}},
        {"addresses", {"10.1.0.0/16", "10.0.0.1"}},  {"bytes", {"x", ""}}};
    static const std::map<std::string_view, Row> kAmong{{"text", {"(/bin/x, /opt/Tool)", "(/opt, Tool)"}},
                                                        {"number", {"(22, 443)", "(22)"}},
                                                        {"boolean", {"(true)", "(false)"}},
                                                        {"address", {"(::1, 192.0.2.1)", "()"}},
                                                        {"texts", {"(5shd, init)", "(init)"}},
                                                        {"numbers", {"(20)", "(21, 31)"}},
                                                        {"addresses", {"(::1, 10.0.0.0/8)", "(172.16.0.1)"}},
                                                        {"bytes", {"(x)", "(y)"}}};
    static const auto with_list = [](Row row) {
        auto out = kAmong;
        out["list"] = row;
        return out;
    };
    static const std::map<std::string_view, Row> kAny{
        {"text", {"", ""}},      {"number", {"", ""}}, {"boolean", {"", ""}},
        {"address", {"", ""}},   {"texts", {"", ""}},  {"numbers", {"", ""}},
        {"addresses", {"", ""}}, {"list", {"", ""}},   {"bytes", {"", ""}}};
    static const Rows all{
        {"exists", kAny},
        {"=", kEquals},
        {"==", kEquals},
        {"!=", kDiffers},
        {"in", with_list({"(a, b, c)", "(a)"})},
        {"intersects", with_list({"(b, x)", "(x)"})},
        {"<", {{"text", {"5", "-1"}}, {"number", {"444", "443"}}, {"texts", {"9", "1"}}, {"numbers", {"21", "20"}}}},
        {"<=", {{"text", {"5", "-1"}}, {"number", {"443", "442"}}, {"texts", {"9", "1"}}, {"numbers", {"20", "19"}}}},
        {">", {{"text", {"-1", "5"}}, {"number", {"442", "443"}}, {"texts", {"1", "9"}}, {"numbers", {"29", "30"}}}},
        {">=", {{"text", {"-1", "5"}}, {"number", {"443", "444"}}, {"texts", {"1", "9"}}, {"numbers", {"30", "31"}}}},
        {"glob", {{"text", {"/*/T??l", "/*/t*"}}, {"texts", {"5*", "i*"}}}},
        {"iglob", {{"text", {"/OPT/*", "/usr/*"}}, {"texts", {"7Z*", "I*"}}}},
        {"contains", {{"text", {"pt/T", "pt/t"}}, {"texts", {"zi", "ZI"}}, {"bytes", {"x", "y"}}}},
        {"icontains", {{"text", {"PT/t", "pt-t"}}, {"texts", {"ZI", "ok"}}}},
        {"bcontains", {{"text", {"2f54", "2f74"}}, {"texts", {"7a69", "616c"}}, {"bytes", {"00", "ff"}}}},
        {"startswith", {{"text", {"/opt", "opt"}}, {"texts", {"5s", "sh"}}, {"bytes", {"x", "y"}}}},
        {"bstartswith", {{"text", {"2f6f", "6f70"}}, {"texts", {"3573", "7374"}}, {"bytes", {"00", "ff"}}}},
        {"endswith", {{"text", {"ool", "oo"}}, {"texts", {"zip", "zi"}}, {"bytes", {"x", "y"}}}},
        {"regex", {{"text", {"'/opt/T[o]+l'", "'opt/T[o]+l'"}}, {"texts", {"'5sh?d'", "'5sh?'"}}}},
        {"pmatch", {{"text", {"(/usr, /opt)", "(/op)"}}, {"texts", {"(7zip)", "(7zi)"}}}},
    };
    return all;
}

/// As written in a condition; a text of no letters is quoted. An operator that takes numbers takes them from the lexer.
std::string condition(const Shape& shape, std::string_view op, std::string_view operand, bool quote) {
    std::string right(operand);
    if (quote && !right.starts_with('\'') && !right.starts_with('('))
        right = "'" + right + "'";
    return std::string(shape.field) + " " + std::string(op) + " " + right;
}

bool takes_text(const OperatorInfo& info) {
    return info.operand == OperandShape::text;
}

Fields event_with(const Shape& shape) {
    return shape.name == "list" ? Fields{{"evt.type", "open"}, {"fd.name", "-b"}} : shape.with;
}

} // namespace

TEST_CASE("Every operator on every shape of value") {
    for (const auto& info : operators()) {
        const auto found = rows().find(info.text);
        INFO(info.text);
        REQUIRE(found != rows().end());
        for (const auto& shape : shapes()) {
            const auto row = found->second.find(shape.name);
            INFO(shape.name);
            if (row == found->second.end()) {
                const std::string right = info.operand == OperandShape::list   ? "(1)"
                                          : info.operand == OperandShape::none ? ""
                                                                               : "1";
                Diagnostics told;
                CHECK_FALSE(compile_condition(condition(shape, info.text, right, false), {"c", 1, 1}, told));
                REQUIRE(std::any_of(told.begin(), told.end(),
                                    [](const Diagnostic& d) { return d.code == "operator-type"; }));
                continue;
            }
            const auto holds = condition(shape, info.text, row->second.holds, takes_text(info));
            const auto fails = condition(shape, info.text, row->second.fails, takes_text(info));
            if (shape.name == "bytes") { // accepted; no event has any to compare
                CHECK_FALSE(matches(holds, {{"evt.type", "open"}, {"fd.name", "/x"}}));
                CHECK_FALSE(matches(fails, {{"evt.type", "open"}, {"fd.name", "/x"}}));
                continue;
            }
            INFO(holds << " / " << fails);
            CHECK(matches(holds, event_with(shape)));
            CHECK_FALSE(matches("not " + holds, event_with(shape)));
            if (info.operand != OperandShape::none)
                CHECK_FALSE(matches(fails, event_with(shape)));
        }
    }
    CHECK(rows().size() == operators().size());
}

TEST_CASE("Every operator on a missing field is false, its negation true") {
    const Fields without{{"evt.type", "mkdir"}}; // has no program, connection or flags
    for (const auto& [op, shapes_of] : rows())
        for (const auto& shape : shapes())
            if (const auto row = shapes_of.find(shape.name); row != shapes_of.end()) {
                const auto info = operator_named(op);
                REQUIRE(info);
                for (const auto operand : {row->second.holds, row->second.fails}) {
                    const auto text = condition(shape, op, operand, takes_text(*info->info));
                    INFO(text);
                    CHECK_FALSE(matches(text, without));
                    CHECK(matches("not " + text, without));
                }
            }
}

TEST_CASE("Every operator that takes one text takes oneof, anyof and allof; no other does") {
    for (const auto& info : operators())
        for (const auto modifier : {Modifier::oneof, Modifier::anyof, Modifier::allof}) {
            const auto text = std::string(info.text) + " " + std::string(to_string(modifier));
            INFO(text);
            CHECK(operator_named(text).has_value() == takes_text(info));
            if (!takes_text(info))
                continue;
            const auto& row = rows().at(info.text).at("text");
            const auto of = [&](std::string_view values) {
                return matches("proc.exepath " + text + " (" + std::string(values) + ")", event_with(shapes()[0]));
            };
            const auto both = std::string(row.holds) + ", " + std::string(row.fails);
            const auto twice = std::string(row.holds) + ", " + std::string(row.holds);
            CHECK(of(row.holds));
            CHECK_FALSE(of(row.fails));
            CHECK_FALSE(of(""));
            CHECK(of(both) == (modifier != Modifier::allof));
            CHECK(of(twice) == (modifier != Modifier::oneof));
        }
}

TEST_CASE("Every transformer makes what its row says") {
    const std::map<std::string_view, std::pair<std::string, std::string>> made{
        {"tolower", {"tolower(proc.exepath) = /opt/tool", "tolower(proc.exepath) = /opt/Tool"}},
        {"toupper", {"toupper(proc.exepath) = /OPT/TOOL", "toupper(proc.exepath) = /opt/Tool"}},
        {"b64", {"b64(\"YWJj\") = abc", "b64(\"YWJj\") = YWJj"}},
        {"basename", {"basename(proc.exepath) = Tool", "basename(proc.exepath) = opt"}},
        {"len", {"len(proc.exepath) = 9", "len(proc.exepath) = 8"}},
        {"join", {"join(\"+\", (proc.exepath, \"x\", 5)) = /opt/Tool+x+5", "join(\"+\", (\"a\", \"b\")) = ab"}},
        {"concat", {"concat(proc.exepath, \".so\") = /opt/Tool.so", "concat(\"a\", \"b\") = a"}},
        {"getopt", {"getopt((\"-x\", \"1\"), \"x:\")[x] = 1", "getopt((\"-x\", \"1\"), \"x\") intersects (1)"}},
    };
    for (const auto& info : transformers()) {
        INFO(info.name);
        const auto row = made.find(info.name);
        REQUIRE(row != made.end());
        CHECK(matches(row->second.first, event_with(shapes()[0])));
        CHECK_FALSE(matches(row->second.second, event_with(shapes()[0])));
    }
    CHECK(made.size() == transformers().size());
}
