// SPDX-License-Identifier: MIT OR Apache-2.0
#include "args.hpp"

#include <catch2/catch.hpp>

using namespace rwatch::ctl;

namespace {

constexpr std::array<OptionSpec, 4> kSpecs{
    {{"bus", '\0', "BUS", ""}, {"json", '\0', "", ""}, {"lines", 'n', "N", ""}, {"help", 'h', "", ""}}};

Arguments parse(const std::vector<std::string_view>& args) {
    Arguments out;
    CHECK(parse_arguments(args, 0, kSpecs, false, out) == args.size());
    return out;
}

std::string refusal(const std::vector<std::string_view>& args) {
    Arguments out;
    try {
        parse_arguments(args, 0, kSpecs, false, out);
    } catch (const UsageError& error) {
        return error.what();
    }
    return "";
}

} // namespace

TEST_CASE("options stand anywhere and take values in every usual way") {
    auto args = parse({"a", "--json", "--bus", "session", "-n5", "b", "--lines=7"});
    CHECK(args.positionals() == std::vector<std::string>{"a", "b"});
    CHECK(args.has("json"));
    CHECK_FALSE(args.has("help"));
    CHECK(args.value("bus") == "session");
    CHECK(args.value("lines") == "7"); // the last one counts
    CHECK(parse({"-n", "12"}).value("lines") == "12");
    CHECK(parse({"-hn3"}).value("lines") == "3");
    CHECK(parse({"-hn3"}).has("help"));
    CHECK(parse({"--bus=unix:path=/a=b"}).value("bus") == "unix:path=/a=b");
    CHECK(parse({"--bus", "--json"}).value("bus") == "--json");
    CHECK(parse({"--bus="}).value("bus") == "");
    CHECK_FALSE(parse({}).value("bus"));
}

TEST_CASE("what follows -- is no option, and a lone dash is an argument") {
    CHECK(parse({"--", "--json", "-n"}).positionals() == std::vector<std::string>{"--json", "-n"});
    CHECK(parse({"-"}).positionals() == std::vector<std::string>{"-"});
}

TEST_CASE("reading can stop before the verb") {
    Arguments out;
    const std::vector<std::string_view> args{"--bus", "x", "status", "--json"};
    CHECK(parse_arguments(args, 0, kSpecs, true, out) == 2);
    CHECK(out.value("bus") == "x");
    CHECK_FALSE(out.has("json"));
}

TEST_CASE("wrong options are named, with the one that was meant") {
    CHECK(refusal({"--jsom"}) == "unknown option '--jsom', did you mean '--json'?");
    CHECK(refusal({"--quantum"}) == "unknown option '--quantum'");
    CHECK(refusal({"-x"}) == "unknown option '-x'");
    CHECK(refusal({"--json=yes"}) == "option '--json' takes no value");
    CHECK(refusal({"--bus"}) == "option '--bus' needs a value: BUS");
    CHECK(refusal({"-n"}) == "option '--lines' needs a value: N");
    CHECK(refusal({"--\x1b[31m"}) == "unknown option '--\\x1b[31m'");
}
