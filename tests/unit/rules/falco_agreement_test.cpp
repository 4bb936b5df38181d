// SPDX-License-Identifier: MIT OR Apache-2.0
// Conditions that Falco's parser takes and refuses, and what it makes of them: each class of its own cases in our
// words. Types and operators: operator_table_test.cpp; rules files: falco_file_test.cpp, falco_override_test.cpp.
#include "rules_support.hpp"

#include "rules/compiler.hpp"

#include <algorithm>

using namespace rwatch;
using namespace rwatch::rules;
using namespace rwatch::rules::test;

namespace {

/// Macros and lists that the conditions below name.
std::string names() {
    std::string out;
    for (const auto* name : {"yes", "m", "n", "notm", "and_m", "or_m", "not_m", "b64", "existsand"})
        out += std::string("- macro: ") + name + "\n  condition: proc.name exists\n";
    for (const auto* name : {"shells", "oneof", "anyof"})
        out += std::string("- list: ") + name + "\n  items: [zsh, ksh]\n";
    return out;
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text)
        if (c == '\n' || c == '\t')
            out += c == '\n' ? "\\n" : "\\t";
        else
            out.append(c == '"' || c == '\\' ? "\\" : "").append(1, c);
    return out + '"';
}

bool loads(std::string_view condition) {
    return load_text(names() +
                     "- rule: r\n  desc: d\n  output: o\n  priority: notice\n  condition: " + quoted(condition) + "\n")
               .set != nullptr;
}

void all_load(std::initializer_list<const char*> conditions) {
    for (const std::string text : conditions) {
        INFO(text);
        CHECK(loads(text));
        // White space of any kind may stand around and between.
        auto spread = " " + text + " ";
        for (const char blank : {' ', '\n', '\t'}) {
            if (text.find("\\ ") != std::string::npos)
                break; // an escaped blank is not one between words
            std::replace_if(
                spread.begin(), spread.end(), [](char c) { return c == ' ' || c == '\n'; }, blank);
            CHECK(loads(spread));
        }
    }
}

void none_loads(std::initializer_list<const char*> conditions) {
    for (const auto* text : conditions) {
        INFO(text);
        CHECK_FALSE(loads(text));
    }
}

} // namespace

TEST_CASE("Falco: words between tests") {
    all_load({"yes",
              "(yes)",
              " yes",
              "m and n",
              "m and n and yes",
              "m and n and(yes)",
              "(m)and(n)or(yes)",
              "(m or n)",
              "not m",
              "not(m)",
              "not not m",
              "not not(m)",
              "not(m)and(not(n))",
              "not proc.name=1",
              "not proc.name exists",
              "(proc.name exists and m)",
              "(proc.name exists) or (m)",
              "proc.name=1 or proc.pname=2 and m",
              "m and notm",
              "notm or m and n",
              "m and not not_m",
              "m and not(and_m)",
              "((m) and (or_m))",
              "proc.name existsand m"});
    none_loads({"",      " ",     "m andn",     "mand n",  "m and n and", "m or",       "not",          "m not",
                "and m", "or m",  "m and or n", "m not n", "m notm",      "m andnot n", "(m)andnot(n)", "(m)ornot(n)",
                "m orn", "(m",    "m)",         "((m)",    "()",          "m and ()",   "#m",           "m; n",
                "m > 5", "NOT m", "m AND n"});
}

TEST_CASE("Falco: values, bare and quoted") {
    all_load({"proc.name = not", "proc.name = 'a b'", "proc.name = \"\"", "proc.name = ''", "fd.name=*.conf",
              "proc.name = 1x!@#:/.;$%^&*[]{}|\\", "proc.name = \"it's\"", "proc.name = 'say \"hi\"'",
              R"(proc.name = "a \" b")", R"(proc.name = 'a \' b')", R"(proc.name = "a \\ b")",
              R"(proc.name = 'x\x41y')", R"(proc.name = "odd \ blank")", "proc.name = proc.pname",
              "proc.name in (1, 'a', b.c)", "proc.name in ()", "proc.name in(a)",
              "proc.name intersects (\"a\", 'b', c)", "proc.exepath pmatch (/a, '/b c')"});
    none_loads({"proc.name = a,",
                "proc.name = a=",
                "proc.name = a(",
                "proc.name = '",
                "proc.name = \"",
                "proc.name = \"'",
                "proc.name = two words",
                "proc.name = \"a\"\"",
                R"(proc.name = "a \' b")",
                R"(proc.name = 'a \" b')",
                R"(proc.name = "\x4")",
                R"(proc.name = "\xg1")",
                R"(proc.name = "\q")",
                "proc.name in (",
                "proc.name in )",
                "proc.name in (a,)",
                "proc.name in (,a)",
                "proc.name in (a,,b)",
                "proc.name in (,)",
                "proc.name = (a)",
                "proc.name contains (a)",
                "proc.pid > (1)",
                R"(proc.name contains "\x00")",
                R"(proc.name glob "\x00*")"});
}

TEST_CASE("Falco: arguments of fields") {
    all_load({"proc.aname[2] = a", "evt.arg.flags contains O_RDWR", "evt.arg[flags] contains O_RDWR",
              "evt.arg['flags'] = x", "evt.arg[\"a b\"] = x", R"(evt.arg["a \"b\" c"] = x)", "evt.arg[0] = x",
              "evt.arg[+0.5e+3] = x", "evt.arg[a!@#:/.;$%^&*(){}|] = x", "evt.arg[\"\"] = x", "evt.arg.some_other = x",
              "proc.args[0] = -c", "proc.env[HOME] = /", "container.label[app] exists"});
    none_loads({"evt.arg[] = x", "evt.arg[ flags ] = x", "evt.arg[[] = x", "evt.arg[]] = x", "evt.arg['''] = x",
                "evt.arg[a\"] = x", "evt.arg[ = x", "evt.arg] = x", "evt.arg[\"a\" = x", "evt.arg = x",
                "proc.name[1] = x", "proc.name [1] = x", "proc.aname[x] = a"});
}

TEST_CASE("Falco: numbers where an operator wants them") {
    all_load({"proc.pid > 100", "proc.pid < +1", "proc.pid >= -1", "proc.pid <= 0x1f", "proc.pid <= 0XaF",
              "proc.name > 1.5", "proc.name < -0.25e+10", "proc.name = 0xZZ", "proc.name = 5e", "proc.pid>1",
              "proc.pid <=1"});
    none_loads(
        {"proc.pid > !1", "proc.pid < 0xf.1", "proc.pid >= 1a", "proc.pid <= a", "proc.pid >", "proc.pid = 1.0"});
}

TEST_CASE("Falco: spelling of operators") {
    all_load({"proc.name =a", "proc.name ==a", "proc.name !=a", "proc.name == a", "proc.name iglob A*",
              "fd.name icontains 'A'", "evt.buffer bcontains 0aFF", "evt.buffer bstartswith 00"});
    none_loads({"proc.name ExIsTs", "proc.name exists a", "proc.name === a", "proc.name !== a", "proc.name ===",
                "proc.name startswitha", "proc.name containsa", "proc.name globa", "proc.name like a", "proc.name in",
                "proc.name pmatch", "proc.name intersects", "proc.name =", "proc.name", "proc.name = a = b",
                "evt.buffer bcontains 0", "evt.buffer bcontains xy", R"(evt.buffer bcontains "\x00")"});
}

TEST_CASE("Falco: transformers on either side") {
    all_load({"tolower(proc.name) exists",
              "b64( toupper( proc.name ) ) = a",
              "not toupper(proc.name) = A and m",
              "(b64(proc.name) exists)",
              "proc.name = tolower(proc.pname)",
              "proc.name = val(proc.pname)",
              "proc.name = val( proc.aname[1] )",
              "proc.name in val(proc.pname)",
              "proc.pid >= val(proc.ppid)",
              "proc.name endswith b64(tolower(proc.pname) )",
              "proc.name = b64 and(m)",
              "proc.name = b64 or m",
              "proc.name = 'made_up(m)'",
              "join(\"-\", ( proc.name , \"x\", 7 )) glob a*",
              "join('-', ()) = a",
              "tolower(join(\":\", (proc.name))) startswith a",
              "len(concat(\"a\", proc.name)) > 3",
              "concat(proc.name, proc.pname) in (a, b)",
              "proc.name = concat(\"a\", \"b\")",
              "getopt((\"-a\", proc.name), \"a:\")[a] = x",
              "getopt((\"-a\"), \"a\")[\"a\"] = a"});
    none_loads({"val(proc.name) exists",
                "b64(val(proc.name)) exists",
                "b64 (proc.name) exists",
                "b64,(proc.name) exists",
                "b64(proc.name exists",
                "b64(proc.name)) exists",
                "b64(proc.name [1]) exists",
                "made_up(proc.name) exists",
                "made.up(proc.name) exists",
                "b64(name) = a",
                "b64(b64) = a",
                "(proc.name) exists",
                "proc.name) exists",
                "proc.name = val(val(proc.pname))",
                "proc.name = val(tolower(proc.pname))",
                "proc.name = b64(val(proc.pname))",
                "proc.name = val(proc.pname)[a]",
                "proc.name = (b64(proc.pname))",
                "proc.name = b64 (proc.pname)",
                "proc.name = made_up(proc.pname)",
                "proc.name = b64and(m)",
                "proc.name in (a, b64(proc.pname))",
                "proc.name regex val(proc.pname)",
                "proc.name pmatch val(proc.pname)",
                "proc.name = val(proc.pid)",
                "tolower(proc.pid) = 1",
                "toupper(proc.name)[a] = b",
                "join(\"-\", (proc.name, proc.pname) = a",
                "join(\"-\", proc.name, proc.pname)) = a",
                "join(\"-\", (,)) = a",
                "join(\"-\", (proc.name,)) = a",
                "join(\"-\", ((proc.name))) = a",
                "join(\"-\", (m)) = a",
                "join() = a",
                "join(\"-\", \"a\") = b",
                "concat(\"a\") = a",
                "concat() = a",
                "getopt((\"-a\"), \"a\")[] = a",
                "getopt((\"-a\"), \"a\")[\"\"] = a",
                "getopt(\"-a\", \"a\") intersects (a)",
                "getopt((\"-a\"), \"a\", \"b\") intersects (a)"});
}

TEST_CASE("Falco: how many values of a list") {
    all_load({"proc.name == oneof (a, b)",
              "proc.name != allof (a)",
              "proc.name = anyof ()",
              "proc.name = oneof ('a', \"b\", c)",
              "proc.name = anyof shells",
              "proc.name == oneof oneof",
              "proc.name = anyof anyof",
              "proc.aname[2] = oneof (a, b)",
              "toupper(fd.name) != anyof (/A)",
              "b64(proc.args) = allof (\"YQ==\")",
              "proc.name = 'oneof'",
              "proc.name = oneof_a",
              "not proc.name = anyof (a)",
              "proc.name = allof and m",
              "proc.name = allof or proc.name = anyof (a)",
              "(proc.name = allof)",
              "(proc.name = allof) and m",
              "proc.name contains anyof (a, b)",
              "proc.name regex allof ('a.*', '.*b')",
              "proc.pid = anyof (1, 2)",
              "fd.rip != allof (10.0.0.0/8)"});
    none_loads({"proc.name = oneof (a,)", "proc.name = oneof (,a)", "proc.name = oneof (a", "proc.name =oneof (a)",
                "proc.name = oneof(a)", "proc.name contains anyof(a)", "proc.name = ONEOF (a)", "proc.name = Anyof (a)",
                "proc.name = oneof_a (a)", "proc.pid > anyof (1)", "proc.pid <= oneof (1)", "proc.name in oneof (a)",
                "proc.name pmatch allof (a)", "proc.name intersects anyof (a)", "fd.rip contains anyof (10.0.0.1)"});
}

TEST_CASE("Falco: what words between tests make of true and false") {
    const Fields event{{"evt.type", "execve"}, {"proc.name", "t"}};
    const auto value_of = [&](std::string text) {
        for (const auto& [word, test] : {std::pair{'T', "proc.name=t"}, {'F', "proc.name=f"}})
            for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos; at += 11)
                text.replace(at, 1, test);
        INFO(text);
        return matches(text, event);
    };
    for (const auto* text : {"T", "not not T", "not(not T)", "not not(not not T)", "T and T", "T or F", "F or T",
                             "F or not F", "not F or F", "T or T and F", "not (not (T or F) and F)",
                             "not (F or F and not T)", "not ((F or not T) and T)"})
        CHECK(value_of(text));
    for (const auto* text :
         {"F", "not T", "not not not T", "not(not(not T))", "T and F", "F and F", "T and not T", "F or F",
          "(T or T) and F", "not (F or T)", "not (F or not F and T)", "not ((F or not (F and not T)) and T)"})
        CHECK_FALSE(value_of(text));
}

TEST_CASE("Falco: bytes that are no text are compared as they are") {
    Fields event{{"evt.type", "openat"}, {"fd.name", "/d\xfe/f\xfe"}, {"proc.name", "x\xfe"}, {"proc.cwd", "/c\xfe"}};
    for (const auto* text :
         {R"(fd.name = "/d\xfe/f\xfe")", R"(fd.name contains "\xfe")", R"(fd.name in ("/d\xfe/f\xfe"))",
          R"(fd.directory endswith "\xfe")", R"(fd.filename = "f\xfe")", "fd.name glob /d?/f?",
          "fd.name regex '/d./f.'", R"(proc.name startswith "x\xfe")", R"(proc.cwd glob "/?\xfe")",
          R"(fd.name bcontains fe2f66)", "len(proc.name) = 2"}) {
        INFO(text);
        CHECK(matches(text, event));
    }
    for (const auto* text : {R"(fd.name contains "\xff")", "fd.name regex '/d./f'", "fd.name glob /d/f"}) {
        INFO(text);
        CHECK_FALSE(matches(text, event));
    }
}
