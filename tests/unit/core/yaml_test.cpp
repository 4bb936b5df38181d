// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/yaml.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <random>

using namespace rwatch;
using namespace rwatch::yaml;

namespace {

bool has(const Diagnostics& list, std::string_view code) {
    return std::any_of(list.begin(), list.end(), [&](const auto& d) { return d.code == code; });
}

Node one(std::string_view text) {
    auto parsed = parse(text, "f");
    for (const auto& d : parsed.diagnostics)
        INFO(render(d, text));
    REQUIRE(parsed.diagnostics.empty());
    REQUIRE(parsed.documents.size() == 1);
    return std::move(parsed.documents[0]);
}

} // namespace

TEST_CASE("a document as a tree with places") {
    const auto root = one("- rule: A\n  tags: [x, 'y']\n  on: true\n- 7\n");
    REQUIRE(root.is_sequence());
    REQUIRE(root.items.size() == 2);
    const auto& rule = root.items[0];
    REQUIRE(rule.is_map());
    CHECK(rule.entries.size() == 3);
    REQUIRE(rule.find("tags") != nullptr);
    CHECK(rule.find("tags")->items[1].text == "y");
    CHECK(rule.find("tags")->items[1].quoted);
    CHECK(rule.find("tags")->items[0].line == 2);
    CHECK(rule.find("tags")->items[0].column == 10);
    CHECK(rule.find("on")->as_bool() == true);
    CHECK(rule.find("none") == nullptr);
    CHECK(root.items[1].as_int() == 7);
    CHECK(rule.entries[1].first.text == "tags");
    CHECK(rule.entries[1].first.column == 3);
}

TEST_CASE("several documents, none, and JSON") {
    CHECK(parse("a: 1\n---\nb: 2\n...\n", "f").documents.size() == 2);
    CHECK(parse("", "f").documents.empty());
    CHECK_FALSE(has_errors(parse("# nothing\n", "f").diagnostics));
    const auto json = one(R"({"a": [1, "2", null, true], "b": {"c": "x\ny"}})");
    CHECK(json.find("a")->items[0].as_int() == 1);
    CHECK_FALSE(json.find("a")->items[1].as_int());
    CHECK(json.find("a")->items[2].is_null());
    CHECK(json.find("b")->find("c")->text == "x\ny");
}

TEST_CASE("scalars by the core schema") {
    const auto n = one("[~, null, '', 'null', yes, 'yes', 0x1f, 0o17, -5, 1.5, 12x, 99999999999999999999, +3]").items;
    CHECK(n[0].is_null());
    CHECK(n[1].is_null());
    CHECK((n[2].is_scalar() && n[2].text.empty()));
    CHECK(n[3].is_scalar());
    CHECK(n[4].as_bool() == true);
    CHECK_FALSE(n[5].as_bool());
    CHECK(n[6].as_int() == 31);
    CHECK(n[7].as_int() == 15);
    CHECK(n[8].as_int() == -5);
    CHECK(n[9].as_double() == 1.5);
    CHECK_FALSE(n[9].as_int());
    CHECK_FALSE(n[10].as_int());
    CHECK_FALSE(n[11].as_int());
    CHECK(n[12].as_int() == 3);
    CHECK_FALSE(one("a: |-\n  7\n").find("a")->as_int()); // a block is text
}

TEST_CASE("numbers that are none") {
    for (const char* text : {"0x", "0o8", "0x-5", "-", "+", "+-3", "--5"}) {
        INFO(text);
        CHECK_FALSE(one(std::string("[") + "'" + text + "'" + "]").items[0].as_int());
        Node plain;
        plain.kind = NodeKind::scalar;
        plain.text = text;
        CHECK_FALSE(plain.as_int());
    }
}

TEST_CASE("anchors, also of whole collections") {
    const auto root = one("a: &x [1, 2]\nb: *x\nc: &y text\nd: *y\n");
    CHECK(root.find("b")->items.size() == 2);
    CHECK(root.find("b")->line == 2);
    CHECK(root.find("d")->text == "text");
}

TEST_CASE("what is refused, with its place") {
    auto parsed = parse("a: 1\nb: [1\nc: 2\n", "f.yaml");
    REQUIRE(has(parsed.diagnostics, "yaml-syntax"));
    CHECK(parsed.diagnostics[0].where.file == "f.yaml");
    CHECK(parsed.diagnostics[0].where.line > 1);

    parsed = parse("a: 1\nb: 2\na: 3\n", "f");
    REQUIRE(has(parsed.diagnostics, "duplicate-key"));
    CHECK(parsed.diagnostics[0].where.line == 3);
    REQUIRE(parsed.documents.size() == 1);
    CHECK(parsed.documents[0].find("a")->text == "1");

    CHECK(has(parse("? [a, b]\n: c\n", "f").diagnostics, "yaml-key"));
    CHECK(has(parse("a: *nowhere\n", "f").diagnostics, "yaml-syntax"));
    CHECK(has(parse("&a [*a]", "f").diagnostics, "yaml-alias"));
    parsed = parse("a: 1\nb: \xff\n", "f");
    REQUIRE(has(parsed.diagnostics, "invalid-utf8"));
    CHECK(parsed.diagnostics[0].where.line == 2);
    CHECK(parsed.diagnostics[0].where.column == 4);
    parsed = parse(std::string_view("a: 1\nb: x\0y\n", 12), "f");
    REQUIRE(has(parsed.diagnostics, "invalid-utf8"));
    CHECK(parsed.diagnostics[0].message == "there is a NUL byte");
    CHECK(parsed.diagnostics[0].where.line == 2);
    CHECK(parsed.diagnostics[0].where.column == 5);
    CHECK(parse("\xff", "f").diagnostics[0].where.column == 1);
    CHECK(parse("a\n\xff", "f").diagnostics[0].where.line == 2);
    CHECK(has_errors(parse("a:\tb: c\n\t- x", "f").diagnostics));
    CHECK(has_errors(parse("%YAML 9", "f").diagnostics));
    CHECK(has(parse(",b", "f").diagnostics, "yaml-syntax")); // once an endless row of empty documents
    CHECK(parse("---\n---\na\n", "f").documents.size() == 2);
}

TEST_CASE("a quoted text without an end is told where it begins, and swallows nothing silently") {
    for (const auto* text :
         {"- a: 1\n  b: \"open\n\n- a: 2\n  b: shut\n", "- a: 1\n  b: 'open\n", "- a: 1\n  b: \"open"}) {
        const auto parsed = parse(text, "f");
        REQUIRE(has(parsed.diagnostics, "yaml-syntax"));
        CHECK(parsed.diagnostics[0].message == "a quoted text that begins here or below has no end");
        CHECK(parsed.diagnostics[0].where.line == 2);
    }
    CHECK(parse("- rule: [", "f").diagnostics[0].where.line == 1);
    CHECK(one("a: |\n  b\n\n").find("a")->text == "b\n");
    CHECK(one("a: |+\n  b\n\n").find("a")->text == "b\n\n");
    CHECK(one("a: >-\n  b\n  c").find("a")->text == "b c");
    CHECK(one("a: b # c").find("a")->text == "b");
}

TEST_CASE("limits: bytes, depth, expansion") {
    CHECK(has(parse(std::string(kMaxText + 1, ' '), "f").diagnostics, "file-too-large"));
    CHECK(has(parse(std::string(kMaxDepth + 1, '['), "f").diagnostics, "yaml-too-deep"));
    CHECK(has_errors(parse(std::string(100'000, '['), "f").diagnostics));
    CHECK(has_errors(parse(std::string(100'000, '{'), "f").diagnostics));
    std::string flow = "a: ";
    for (int i = 0; i < 100'000; ++i)
        flow += "- ";
    CHECK(has_errors(parse(flow, "f").diagnostics));
    // A billion laughs.
    std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 12; ++i) {
        const auto name = "a" + std::to_string(i), before = "*a" + std::to_string(i - 1);
        laughs += name + ": &" + name + " [";
        for (int k = 0; k < 10; ++k)
            laughs += (k == 0 ? "" : ", ") + before;
        laughs += "]\n";
    }
    CHECK(has(parse(laughs, "f").diagnostics, "yaml-too-large"));
    // Many errors are cut to a number that can be shown.
    std::string doubles;
    for (std::size_t i = 0; i < 3 * kMaxDiagnostics; ++i)
        doubles += "a: 1\n";
    CHECK(parse(doubles, "f").diagnostics.size() <= kMaxDiagnostics + 1);
}

TEST_CASE("garbage never throws") {
    std::mt19937 random(11);
    constexpr std::string_view kAlphabet = "ab:-[]{},&*!|>'\"%@`#? \n\t0~<.=\\";
    for (int round = 0; round < 20'000; ++round) {
        std::string text(random() % 40, ' ');
        for (auto& c : text)
            c = kAlphabet[random() % kAlphabet.size()];
        INFO(text);
        REQUIRE_NOTHROW(parse(text, "f"));
    }
}

TEST_CASE("the keys of a map: all errors in one go") {
    const std::string file = "f";
    const auto root = one("name: x\ncount: 7\nflag: yes\nwait: 10s\nroom: 2M\nlist: [a, b]\nsingle: a\ncolour: "
                          "red\nsub: {a: 1}\nempty:\n");
    Diagnostics out;
    MapReader reader(root, "thing", file, out);
    CHECK(reader.string("name") == "x");
    CHECK(reader.integer("count", 1, 10) == 7);
    CHECK(reader.boolean("flag") == true);
    CHECK(reader.span("wait") == 10'000'000'000);
    CHECK(reader.size("room") == 2U << 20U);
    CHECK(reader.strings("list") == std::vector<std::string>{"a", "b"});
    CHECK(reader.strings("single") == std::vector<std::string>{"a"});
    constexpr std::array<std::string_view, 2> kColours{"green", "red"};
    CHECK(reader.choice("colour", kColours) == 1);
    CHECK(reader.map("sub") != nullptr);
    CHECK(reader.sequence("empty") == nullptr);
    CHECK_FALSE(reader.string("absent"));
    reader.finish();
    CHECK(out.empty());
}

TEST_CASE("every wrong value is told with its place and what was expected") {
    const std::string file = "f";
    const auto root = one("name: [x]\ncount: 70\nflag: maybe\nwait: soon\nroom: 2X\nlist: {a: 1}\nitems: [a, "
                          "[b]]\ncolour: rde\nsub: 1\nseq: 1\ncuont: 1\nhuge: 99999999999G\nshift: 17179869184G\n");
    Diagnostics out;
    MapReader reader(root, "thing", file, out);
    CHECK_FALSE(reader.string("name"));
    CHECK_FALSE(reader.integer("count", 1, 10));
    CHECK_FALSE(reader.boolean("flag"));
    CHECK_FALSE(reader.span("wait"));
    CHECK_FALSE(reader.size("room"));
    CHECK_FALSE(reader.size("huge"));
    CHECK_FALSE(reader.size("shift"));
    CHECK_FALSE(reader.strings("list"));
    CHECK(reader.strings("items")->size() == 1);
    constexpr std::array<std::string_view, 2> kColours{"green", "red"};
    CHECK_FALSE(reader.choice("colour", kColours));
    CHECK(reader.map("sub") == nullptr);
    CHECK(reader.sequence("seq") == nullptr);
    CHECK_FALSE(reader.string("needed", true));
    reader.finish();
    REQUIRE(out.size() == 14);
    for (const char* code :
         {"wrong-type", "out-of-range", "bad-duration", "bad-size", "bad-value", "missing-key", "unknown-key"})
        CHECK(has(out, code));
    const auto unknown = std::find_if(out.begin(), out.end(), [](const auto& d) { return d.code == "unknown-key"; });
    CHECK(unknown->where.line == 11);
    CHECK(unknown->hint == "did you mean 'count'?");
    const auto choice = std::find_if(out.begin(), out.end(), [](const auto& d) { return d.code == "bad-value"; });
    CHECK(choice->hint == "did you mean 'red'?");
    CHECK(choice->message.find("green, red") != std::string::npos);
}
