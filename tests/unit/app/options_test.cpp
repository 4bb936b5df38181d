// SPDX-License-Identifier: MIT OR Apache-2.0
// rwatchd's command line.
#include "app/options.hpp"

#include <catch2/catch.hpp>

using rwatch::app::ConsoleOption;
using rwatch::app::parse_options;

namespace {
rwatch::app::ParsedOptions parse(std::vector<std::string> words) {
    words.insert(words.begin(), "rwatchd");
    std::vector<char*> argv;
    for (auto& word : words)
        argv.push_back(word.data());
    return parse_options(static_cast<int>(argv.size()), argv.data());
}
} // namespace

TEST_CASE("defaults and every option") {
    CHECK(parse({}).options->bus == "system");
    const auto all = parse({"--config", "/c", "--rules=/a", "--rules", "/b", "--bus=none", "--console=json",
                            "--state-dir", "/s", "--check", "--verbose"});
    REQUIRE(all.options);
    CHECK(all.options->config_file == "/c");
    CHECK(all.options->rules == std::vector<std::string>{"/a", "/b"});
    CHECK(all.options->bus == "none");
    CHECK(all.options->console == ConsoleOption::json);
    CHECK(all.options->state_dir == "/s");
    CHECK(all.options->check);
    CHECK(parse({"--console"}).options->console == ConsoleOption::text);
}

TEST_CASE("what is wrong is told, with exit status 2") {
    CHECK(parse({"--rulse", "x"}).status == 2);
    CHECK(parse({"--rulse", "x"}).text.find("did you mean '--rules'?") != std::string::npos);
    CHECK(parse({"--config"}).text.find("'--config' needs a value") != std::string::npos);
    CHECK(parse({"--console=xml"}).status == 2);
    CHECK(parse({"--check=yes"}).status == 2);
    CHECK(parse({"stray"}).status == 2);
}

TEST_CASE("help and version go to standard output") {
    CHECK(parse({"--help"}).status == 0);
    CHECK(parse({"--version"}).text.starts_with("rwatchd "));
}
