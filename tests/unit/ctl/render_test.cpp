// SPDX-License-Identifier: MIT OR Apache-2.0
#include "render.hpp"

#include "core/time.hpp"

#include <catch2/catch.hpp>
#include <clocale>

using namespace rwatch;
using namespace rwatch::ctl;

namespace {

Terminal wide(std::size_t width, bool colour = false) {
    std::setlocale(LC_CTYPE, "C.UTF-8");
    Terminal terminal;
    terminal.tty = true;
    terminal.utf8 = true;
    terminal.colour = colour;
    terminal.width = width;
    return terminal;
}

Table sample() {
    Table table({{"RULE", false, true}, {"HITS", true}, {"WHAT", false, true}});
    table.add({{"short", Tint::none}, {"12", Tint::none}, {"a rather long text about what happened", Tint::none}});
    table.add({{"a longer name", Tint::yellow}, {"1,234", Tint::none}, {"", Tint::none}});
    return table;
}

} // namespace

TEST_CASE("a table has aligned columns on a terminal") {
    CHECK(sample().render(wide(80)) == "RULE            HITS  WHAT\n"
                                       "short             12  a rather long text about what happened\n"
                                       "a longer name  1,234  -\n");
}

TEST_CASE("the widest flexible column gives way to the width of the terminal") {
    const auto text = sample().render(wide(42));
    CHECK(text == "RULE            HITS  WHAT\n"
                  "short             12  a rather long text \xe2\x80\xa6\n"
                  "a longer name  1,234  -\n");
    auto plain = wide(42);
    plain.utf8 = false;
    CHECK(sample().render(plain).find("a rather long tex...\n") != std::string::npos);
}

TEST_CASE("off a terminal a table is lines of tabs, uncut and without colour") {
    CHECK(sample().render(Terminal{}) ==
          "short\t12\ta rather long text about what happened\na longer name\t1,234\t-\n");
}

TEST_CASE("an optional column without content is left out on a terminal only") {
    Table table({{"A"}, {"B", false, false, true}, {"C"}});
    table.add({{"x", Tint::none}, {"", Tint::none}, {"y", Tint::none}});
    CHECK(table.render(wide(80)) == "A  C\nx  y\n");
    CHECK(table.render(Terminal{}) == "x\t-\ty\n");
    table.add({{"x", Tint::none}, {"b", Tint::none}, {"y", Tint::none}});
    CHECK(table.render(wide(80)) == "A  B  C\nx  -  y\nx  b  y\n");
}

TEST_CASE("cells can't break out of the table") {
    Table table({{"A"}, {"B"}});
    table.add({{"x\ty\nz", Tint::none}, {"\x1b[2J\xe2\x80\xae", Tint::none}});
    CHECK(table.render(Terminal{}) == "x\\ty\\nz\t\\x1b[2J\\u{202e}\n");
}

TEST_CASE("colour only where the terminal has it, and padding is not changed by it") {
    const auto text = sample().render(wide(80, true));
    CHECK(text.find("\x1b[33ma longer name\x1b[0m") != std::string::npos);
    CHECK(sample().render(wide(80)).find('\x1b') == std::string::npos);
    CHECK(paint("x", Tint::red, Terminal{}) == "x");
    CHECK(tint_of_priority("Critical") == Tint::alarm);
    CHECK(tint_of_priority("Debug") == Tint::grey);
}

TEST_CASE("widths count columns, not bytes") {
    const auto terminal = wide(80);
    CHECK(display_width("\xc3\xbc") == 1);
    CHECK(display_width("\xe4\xb8\xad") == 2);
    CHECK(fit("\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad", 4, terminal) == "\xe4\xb8\xad\xe2\x80\xa6");
    CHECK(fit("abc", 3, terminal) == "abc");
    CHECK(fit("abcd", 3, terminal) == "ab\xe2\x80\xa6");
}

TEST_CASE("text is wrapped at blanks, its own breaks kept") {
    CHECK(wrap("one two three", 7) == std::vector<std::string>{"one two", "three"});
    CHECK(wrap("one\n\ntwo", 20) == std::vector<std::string>{"one", "", "two"});
    CHECK(wrap("unbreakable", 4) == std::vector<std::string>{"unbreakable"});
    CHECK(wrap("", 4) == std::vector<std::string>{""});
    CHECK(wrap("ends\n", 20) == std::vector<std::string>{"ends"});
}

TEST_CASE("labelled lines line up") {
    CHECK(field("State", "running\nmore") == "       State: running\n              more\n");
    CHECK(field("", "x") == "              x\n");
    auto terminal = wide(40);
    CHECK(wrapped_field("What", "aaaa bbbb cccc dddd eeee ffff", terminal) ==
          "        What: aaaa bbbb cccc dddd eeee\n              ffff\n");
    CHECK(escape_lines("a\x1b\nb") == "a\\x1b\nb");
}

TEST_CASE("times") {
    CHECK(relative_time(100 * kSecond, 100 * kSecond) == "now");
    CHECK(relative_time(100 * kSecond, 223 * kSecond) == "2min 3s ago");
    CHECK(relative_time(160 * kSecond, 100 * kSecond) == "in 1min");
}
