// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/diagnostic.hpp"
#include "core/error.hpp"

#include <catch2/catch.hpp>

using namespace rwatch;

TEST_CASE("a diagnostic as the user sees it") {
    const Diagnostic d{
        Severity::error, "unknown-key", {"a.yaml", 2, 5}, "unknown key 'condtion'", "did you mean 'condition'?"};
    CHECK(render(d) == "a.yaml:2:5: error: unknown key 'condtion' [unknown-key]\n  hint: did you mean 'condition'?");
    CHECK(render(d, "- rule: x\n    condtion: y\n") == "a.yaml:2:5: error: unknown key 'condtion' [unknown-key]\n      "
                                                       "condtion: y\n      ^\n  hint: did you mean 'condition'?");
}

TEST_CASE("places that do not exist, or are not known") {
    CHECK(render({Severity::warning, "", {}, "text", ""}) == "warning: text");
    CHECK(render({Severity::note, "x", {"f", 0, 0}, "text", ""}, "source") == "f: note: text [x]");
    CHECK(render({Severity::error, "x", {"f", 99, 1}, "text", ""}, "one line") == "f:99:1: error: text [x]");
    CHECK(render({Severity::error, "x", {"f", 1, 999}, "text", ""}, "abc\r\n") ==
          "f:1:999: error: text [x]\n  abc\n     ^");
}

TEST_CASE("what came from outside is escaped, and the caret stays under its character") {
    const auto text = render({Severity::error, "x", {"a\nb", 1, 3}, "bad \x1b[2J", "h\n"}, "a\tz");
    CHECK(text == "a\\nb:1:3: error: bad \\x1b[2J [x]\n  a\\tz\n     ^\n  hint: h\\n");
    CHECK(render({Severity::error, "", {"f", 1, 3}, "m", ""}, "äz") == "f:1:3: error: m\n  äz\n   ^");
}

TEST_CASE("a long line is cut around the caret") {
    const std::string line = std::string(5000, 'a') + "HERE" + std::string(5000, 'b');
    const auto text = render({Severity::error, "x", {"f", 1, 5001}, "m", ""}, line);
    CHECK(text.size() < 500);
    const auto shown = text.find("HERE");
    REQUIRE(shown != std::string::npos);
    const auto first_line = text.rfind('\n', shown);
    const auto caret = text.find('^');
    REQUIRE(caret != std::string::npos);
    constexpr std::size_t kMark = 2; // bytes of "…" past its column
    CHECK(caret - (text.rfind('\n', caret) + 1) + kMark == shown - (first_line + 1));
    CHECK(text.substr(first_line + 1, 5) == "  …");
    // Never through the middle of a character.
    std::string umlauts;
    for (int i = 0; i < 500; ++i)
        umlauts += "ä";
    for (const std::uint32_t column : {1U, 401U, 501U, 999U})
        CHECK(render({Severity::error, "x", {"f", 1, column}, "m", ""}, "x" + umlauts).find("\\x") ==
              std::string::npos);
}

TEST_CASE("errors among diagnostics") {
    CHECK_FALSE(has_errors({}));
    CHECK_FALSE(has_errors({{Severity::warning, "", {}, "", ""}, {Severity::note, "", {}, "", ""}}));
    CHECK(has_errors({{Severity::warning, "", {}, "", ""}, {Severity::error, "", {}, "", ""}}));
    CHECK(to_string(Severity::note) == "note");
}

TEST_CASE("failures of the environment") {
    const Error e("open file", "/x", ENOENT);
    CHECK(std::string(e.what()) == "cannot open file '/x': No such file or directory");
    CHECK(e.code() == ENOENT);
    const Error reason("load", "y", "it is a directory");
    CHECK(std::string(reason.what()) == "cannot load 'y': it is a directory");
    CHECK(reason.code() == 0);
    CHECK(errno_text(EACCES) == "Permission denied");
}
