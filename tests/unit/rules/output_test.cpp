// SPDX-License-Identifier: MIT OR Apache-2.0
// Output templates as libs' formatter reads them: fields with arguments, widths, transformers, what is missing.
#include "rules_support.hpp"

#include "rules/output_format.hpp"

using namespace rwatch;
using namespace rwatch::rules;
using namespace rwatch::rules::test;

namespace {

const Fields kOpen{{"evt.type", "openat"},      {"fd.name", "/test/dir"}, {"proc.name", "init"},    {"proc.pid", "1"},
                   {"proc.aname[1]", "parent"}, {"proc.cwd", "aGVsbG8="}, {"user.name", "m\u00e4x"}};

std::string rendered(std::string_view text) {
    Diagnostics found;
    const auto format = OutputFormat::compile(text, {"o", 1, 1}, found);
    for (const auto& d : found)
        UNSCOPED_INFO(render(d, text));
    CHECK_FALSE(has_errors(found));
    MadeEvent event(kOpen);
    return format.render(*event, scratch());
}

std::vector<std::string> complaints(std::string_view text) {
    Diagnostics found;
    (void)OutputFormat::compile(text, {"o", 1, 1}, found);
    return brief(found);
}

std::vector<std::string> fields_of(std::string_view text) {
    Diagnostics found;
    const auto format = OutputFormat::compile(text, {"o", 1, 1}, found);
    std::vector<std::string> out;
    for (const auto& field : format.fields())
        out.push_back(event::to_string(field));
    return out;
}

} // namespace

TEST_CASE("What templates write") {
    const struct {
        const char *text, *expected;
    } rows[] = {
        {"start %proc.name end", "start init end"},
        {"start end", "start end"},
        {"%proc.name%proc.pid", "init1"},
        {"start%proc.nameand%proc.pidend", "startinitand1end"},
        {"start%proc.aname[0]and%proc.apid[0]end", "startinitand1end"},
        {"%proc.aname[1]", "parent"},
        {"%proc.name[x]", "init[x]"},
        {"%proc.name.", "init."},
        {"%proc.aname[2", "parent[2"},
        {"%proc.name, %fd.name!", "init, /test/dir!"},
        {"start %2proc.name end", "start in end"},
        {"start %10proc.name end", "start init       end"},
        {"start %fd.rport end", "start <NA> end"},
        {"start %2fd.rport end", "start <N end"},
        {"%1user.name|%2user.name|%3user.name|%5user.name|", "m|m |m\u00e4|m\u00e4x |"},
        {"*start %fd.rport end", "start <NA> end"},
        {" \n*%proc.name\n and\n", "init  and"},
        {"100%% of %proc.name", "100% of init"},
        {"%%proc.name", "%proc.name"},
        {"start %toupper(proc.name) end", "start INIT end"},
        {"start%toupper(proc.name)and%toupper(fd.name)end", "startINITand/TEST/DIRend"},
        {"%toupper( tolower( proc.name ) )", "INIT"},
        {"%2toupper(proc.name)|%6toupper(proc.name)|", "IN|INIT  |"},
        {"%b64(proc.cwd) %len(fd.name) %basename(fd.name)", "hello 9 dir"},
        {"%toupper(fd.rip.x)", nullptr},
        {"%tolower(fs.path.source)", "<NA>"},
        {"%join(\"->\", (proc.name, fd.name))", "init->/test/dir"},
        {"%toupper(concat(proc.name, \"-\", fd.name))", "INIT-/TEST/DIR"},
        {"%getopt((\"-a\", \"-b\", \"x\"), \"ab:\")", "(a,b,x)"},
        {"%getopt((\"-a\"), \"ab:\")", "(a)"},
        {"%getopt((\"-a\"), \"ab:\")[b]", "<NA>"},
        {"%getopt((\"-b\", \"x\"), \"ab:\")[b]!", "x!"},
        {"%toupper(proc.aname[1])[1]", nullptr},
    };
    for (const auto& row : rows) {
        INFO(row.text);
        if (row.expected == nullptr)
            CHECK_FALSE(complaints(row.text).empty());
        else
            CHECK(rendered(row.text) == row.expected);
    }
}

TEST_CASE("What is no template") {
    for (const auto* text : {"start %some.field end", "start %a end", "start % end", "start %proc.name %", "%20",
                             "%some_transformer(proc.name)", "%val(proc.name)", "%(proc.name)", "%toupper(proc.name",
                             "%toupper(tolower)", "%toupper(tolower(proc.name)", "%toupper(val(proc.name))", "%touper(",
                             "%(", "%toupper(proc.pid)", "%toupper (proc.name)", "%toupper(proc.name)[1]"}) {
        INFO(text);
        CHECK_FALSE(complaints(text).empty());
    }
    CHECK(complaints("a %toupper(proc.pid) and %len(x.y)") ==
          std::vector<std::string>{"transformer-type 1:12", "unknown-field 1:31"});
    CHECK(complaints("%container.info a") == std::vector<std::string>{"deprecated 1:1"});
    CHECK(complaints("a %4097proc.name") == std::vector<std::string>{"out-of-range 1:4"});
    CHECK(complaints("a %99999999999999999999proc.name") == std::vector<std::string>{"out-of-range 1:4"});
    CHECK(complaints("a %4096proc.name").empty());
    // as Falco: text behind the field
    const std::vector<std::string> behind{"text-behind-field 1:11"};
    for (const auto* text : {"%proc.name[1]", "%proc.name[22] x", "%proc.nameand", "%proc.name_x", "%proc.name2"})
        CHECK(complaints(text) == behind);
    for (const auto* text : {"%proc.name[%proc.pid]", "%proc.name[a]", "%proc.name[]", "%proc.name[1", "%proc.name.",
                             "%proc.aname[1]", "%proc.name-x", "%proc.name%proc.pid"})
        CHECK(complaints(text).empty());
}

TEST_CASE("Fields inside transformers are fields of the output") {
    CHECK(fields_of("%toupper(proc.name) %proc.name %join(\"\", (fd.name, tolower(proc.cwd)))") ==
          std::vector<std::string>{"proc.name", "fd.name", "proc.cwd"});
}
