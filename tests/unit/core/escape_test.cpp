// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/escape.hpp"

#include <catch2/catch.hpp>
#include <random>

using namespace rwatch;
using namespace std::literals;

TEST_CASE("what is printable stays") {
    CHECK(escape("") == "");
    CHECK(escape("/etc/shadow") == "/etc/shadow");
    CHECK(escape("naïve – 日本語 🙂") == "naïve – 日本語 🙂");
    CHECK(escape("a\\b \"c\"") == "a\\b \"c\"");
}

TEST_CASE("what moves the cursor or forges a line does not") {
    CHECK(escape("a\nb\tc\rd") == "a\\nb\\tc\\rd");
    CHECK(escape("\x1b[31mred") == "\\x1b[31mred");
    CHECK(escape("a\0b"sv) == "a\\x00b");
    CHECK(escape("\x7f") == "\\x7f");
    CHECK(escape("\xc2\x9b") == "\\u{9b}");       // C1: an escape sequence on some terminals
    CHECK(escape("\xe2\x80\xae") == "\\u{202e}"); // right-to-left override
    CHECK(escape("\xe2\x81\xa6") == "\\u{2066}"); // isolate
    CHECK(escape("\xe2\x80\xa8") == "\\u{2028}"); // line separator
    CHECK(escape("\xef\xbb\xbf") == "\\u{feff}"); // byte-order mark
    CHECK(escape("a\xe2\x80\x8b"
                 "b") == "a\\u{200b}b"); // zero width
    CHECK(escape("\xf3\xa0\x80\x81") == "\\u{e0001}");
    CHECK(escape("\xd8\x9c") == "\\u{61c}"); // Arabic letter mark: bidirectional too
}

TEST_CASE("bytes that are no text") {
    CHECK(escape("\xff") == "\\xff");
    CHECK(escape("\xc0\xaf") == "\\xc0\\xaf"); // overlong '/'
    CHECK(escape("\xe0\x80\xaf") == "\\xe0\\x80\\xaf");
    CHECK(escape("\xed\xa0\x80") == "\\xed\\xa0\\x80");          // surrogate
    CHECK(escape("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80"); // past U+10FFFF
    CHECK(escape("\xe2\x82") == "\\xe2\\x82");                   // cut short
    CHECK(escape("x\xe2y") == "x\\xe2y");
}

TEST_CASE("well-formed UTF-8") {
    CHECK(utf8_prefix("") == 0);
    CHECK(utf8_prefix("ä\n\0"sv) == 4);
    CHECK(utf8_prefix("\xf4\x8f\xbf\xbf") == 4);
    CHECK(utf8_prefix("\x80") == 0);
    CHECK(utf8_prefix("a\xc3") == 1);
    CHECK(to_utf8("a\xff"
                  "b") == "a\xef\xbf\xbd"
                          "b");
    CHECK(to_utf8("a\0b"sv) == "a\xef\xbf\xbd"
                               "b");
    CHECK(to_utf8("\xe2\x82") == "\xef\xbf\xbd\xef\xbf\xbd");
    CHECK(to_utf8("ä") == "ä");
}

TEST_CASE("any bytes: the result is printable text, and twice is once") {
    std::mt19937 random(7);
    for (int round = 0; round < 20'000; ++round) {
        std::string bytes(random() % 24, '\0');
        for (auto& c : bytes)
            c = static_cast<char>(random());
        const auto text = escape(bytes);
        REQUIRE(utf8_prefix(text) == text.size());
        for (const char c : text)
            REQUIRE((static_cast<unsigned char>(c) >= 0x20 && c != 0x7f));
        REQUIRE(escape(text) == text);
        const auto valid = to_utf8(bytes);
        REQUIRE(utf8_prefix(valid) == valid.size());
        REQUIRE(to_utf8(bytes).find('\0') == std::string::npos);
    }
}

TEST_CASE("JSON for a terminal says the same") {
    CHECK(escape_json("{\n \"ä\": \"a\u202e\u0085\x7f\"}") == "{\n \"ä\": \"a\\u202e\\u0085\\u007f\"}");
    CHECK(escape_json("\"\U000E0041\"") == "\"\\udb40\\udc41\"");
    CHECK(escape_json("\xff") == "\xff"); // not ours to judge
}

TEST_CASE("the first control character") {
    CHECK_FALSE(find_control("name of a rule, ä \xff"));
    CHECK(find_control("a\nb") == 1);
    CHECK(find_control("\0"sv) == 0);
    CHECK(find_control("ab\x7f") == 2);
    CHECK(find_control("ä\u0085") == 2);    // C1
    CHECK(find_control("\xff\u2028") == 1); // a separator of lines
}
