// SPDX-License-Identifier: MIT OR Apache-2.0
// Which rules are tried, against the conditions themselves: a rule that is true is always tried, for dice rules and
// events; and as few others as should be.
#include "core/ascii.hpp"
#include "rules/rule_index.hpp"
#include "rules/rule_set.hpp"
#include "rules/text_index.hpp"
#include "rules_support.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

using namespace rwatch;
using namespace rwatch::rules;
using namespace rwatch::rules::test;

namespace {

using List = std::vector<std::uint32_t>;

List found_by(const TextIndex& index, std::string_view text) {
    List out;
    index.find(text, [&](std::span<const std::uint32_t> items) { out.insert(out.end(), items.begin(), items.end()); });
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

std::string letters(Dice& dice, std::size_t most) {
    std::string out;
    for (auto n = dice.below(most + 1); n > 0; --n)
        out += dice.of(std::string_view("abAB/\x01"));
    return out;
}

struct Happened {
    explicit Happened(Dice& dice) {
        static const std::vector<std::string> kExes{"/usr/bin/curl", "/bin/SH", "/opt/a b/x", "curl", "",
                                                    "/tmp/\xc3\xa4", "/a"};
        static const std::vector<std::string> kWords{"curl",   "-s", "http://x/", "SH",
                                                     "--help", "a",  "",          "\xe2\x84\xaa"};
        for (auto* one : {&process, &parent}) {
            one->exe_path = dice.of(kExes);
            one->comm = dice.of(kWords);
            for (std::size_t i = 0; i <= dice.below(3); ++i)
                one->cmdline += (i == 0 ? "" : " ") + dice.of(kWords);
        }
        process.parent = dice.below(4) == 0 ? nullptr : &parent;
        static const std::vector<std::string> kNames{
            "/etc/shadow", "/a.enc", "/home/x/.ssh/id_rsa", "pipe:[1]", "", "/tmp/curl", "/x/\xc3\xa4.SO", "/"};
        const auto what = dice.below(3);
        if (what == 0) {
            event.kind = event::Kind::exec;
            event.call = event::Call::execve;
        } else if (what == 1) {
            event.call = dice.of(std::array{event::Call::openat, event::Call::unlinkat, event::Call::renameat2,
                                            event::Call::fchmod, event::Call::symlink});
            event.kind = event::kind_of(event.call);
            event.object.name = dice.of(kNames);
            event.object.alias = dice.of(kNames);
            event.target.name = dice.of(kNames);
            event.open_flags = static_cast<std::uint32_t>(dice.below(3));
            event.created = dice.below(2) == 0;
        } else {
            event.kind = event::Kind::connect;
            event.call = event::Call::connect;
            event.family = 2;
            event.remote_port = dice.of(std::array<std::uint16_t, 4>{0, 1, 443, 8080});
            event.remote.family = 4;
        }
        event.has_result = dice.below(4) != 0;
        event.result = dice.of(std::array<std::int64_t, 3>{0, -111, 3});
        event.uid = dice.of(std::array<std::uint32_t, 3>{0, 1, 1000});
        event.process = dice.below(20) == 0 ? nullptr : &process;
    }
    Happened(const Happened&) = delete;
    Happened& operator=(const Happened&) = delete;

    event::Process process, parent;
    event::Event event;
};

std::string random_test(Dice& dice) {
    static const std::vector<std::string> kFields{"proc.exepath",
                                                  "proc.name",
                                                  "proc.cmdline",
                                                  "proc.pname",
                                                  "proc.aname",
                                                  "proc.aexepath[1]",
                                                  "proc.pexepath",
                                                  "tolower(proc.name)",
                                                  "basename(proc.exepath)",
                                                  "basename(proc.pexepath)",
                                                  "fd.name",
                                                  "fd.directory",
                                                  "fd.filename",
                                                  "fs.path.name",
                                                  "fs.path.new",
                                                  "fs.path.new.extension",
                                                  "fs.path.target",
                                                  "basename(fd.name)",
                                                  "toupper(fd.filename)"};
    static const std::vector<std::string> kTexts{
        "/usr/bin/curl", "curl",     "sh",   "SH",       "/bin/SH", "a",           "",       "--help", "k",
        "ttp",           "/bin",     "x/",   "/opt/a b", "/etc",    "/etc/shadow", "shadow", ".enc",   "id_rsa",
        "/home/x/.ssh",  "pipe:[1]", "/tmp", "/"};
    static const std::vector<std::string> kOthers{"user.uid = 0",
                                                  "user.uid in (1, 1000)",
                                                  "fd.rport = 443",
                                                  "fd.rport in (1, 443, 8080)",
                                                  "fd.rport > 1",
                                                  "evt.rawres = 0",
                                                  "evt.failed = true",
                                                  "evt.failed = false",
                                                  "fd.type in (ipv4)",
                                                  "evt.type = connect",
                                                  "proc.name exists",
                                                  "evt.res = SUCCESS",
                                                  "user.uid intersects (0)",
                                                  "evt.is_open_write = true",
                                                  "fd.created = true",
                                                  "fd.typechar = f"};
    const auto text = [&] { return "\"" + dice.of(kTexts) + "\""; };
    const auto& field = dice.of(kFields);
    switch (dice.below(10)) {
    case 0:
        return field + " = " + text();
    case 1:
        return field + " in (" + text() + ", " + text() + ")";
    case 2:
        return field + " startswith " + text();
    case 3:
        return field + " endswith " + text();
    case 4:
        return field + dice.of(std::array<std::string, 2>{" contains ", " icontains "}) + text();
    case 5:
        return field + " glob \"" + dice.of(kTexts) + "*" + dice.of(kTexts) + "\"";
    case 6:
        return field + " regex \"" + dice.of(kTexts) + ".*(curl|SH)?\"";
    case 7:
        return field + " != " + text();
    default:
        return dice.of(kOthers);
    }
}

std::string random_condition(Dice& dice, int depth) {
    if (depth == 0 || dice.below(3) == 0)
        return random_test(dice);
    const auto join = dice.below(3) == 0 ? " or " : " and ";
    std::string out = "(";
    for (std::size_t i = 0; i <= 1 + dice.below(2); ++i)
        out += (i == 0 ? "" : join) + std::string(dice.below(5) == 0 ? "not " : "") + random_condition(dice, depth - 1);
    return out + ")";
}

} // namespace

TEST_CASE("Texts are found in a text, wherever they are bound to") {
    TextIndex index;
    index.add({"shadow", false, false}, 1);
    index.add({"/etc/", true, false}, 2);
    index.add({".ENC", false, true}, 3);
    index.add({"sh", true, true}, 4);
    index.add({"shadow", false, false}, 5);
    index.finish();
    CHECK(found_by(index, "/etc/shadow") == List{1, 2, 5});
    CHECK(found_by(index, "/x/etc/SHADOWS") == List{1, 5});
    CHECK(found_by(index, "a.enc") == List{3});
    CHECK(found_by(index, "a.enc2").empty());
    CHECK(found_by(index, "sh") == List{4});
    CHECK(found_by(index, "sha").empty());
    CHECK(found_by(index, "").empty());
    CHECK(found_by(index, "\xc3\xa4") == List{1, 2, 3, 4, 5});
    CHECK_FALSE(TextIndex::takes({"abc", false, false}));
    CHECK_FALSE(TextIndex::takes({"ab", false, true}));
    CHECK(TextIndex::takes({"abc", false, true}));
    CHECK(TextIndex::takes({"ab", true, false}));
    CHECK(TextIndex::takes({"a", true, true}));
    CHECK_FALSE(TextIndex::takes({"abc\x01", true, true})); // stands for the beginning
}

TEST_CASE("An index of texts finds what a search for each of them finds") {
    std::size_t found = 0;
    for (std::uint32_t n = 0; n < 300; ++n) {
        Dice dice(n);
        std::vector<Fragment> fragments;
        TextIndex index;
        for (std::size_t i = dice.below(60); i > 0; --i) {
            const Fragment one{letters(dice, 5), dice.below(2) == 0, dice.below(2) == 0};
            if (!TextIndex::takes(one))
                continue;
            index.add(one, static_cast<std::uint32_t>(fragments.size()));
            fragments.push_back(one);
        }
        index.finish();
        for (int i = 0; i < 200; ++i) {
            const auto text = letters(dice, 9);
            const auto all = found_by(index, text);
            for (std::uint32_t one = 0; one < fragments.size(); ++one) {
                const auto folded = lower(text), wanted = lower(fragments[one].text);
                const bool stands = fragments[one].begins && fragments[one].ends ? folded == wanted
                                    : fragments[one].begins                      ? folded.starts_with(wanted)
                                    : fragments[one].ends                        ? folded.ends_with(wanted)
                                                          : folded.find(wanted) != std::string::npos;
                if (!stands)
                    continue;
                ++found;
                INFO(text << " has " << fragments[one].text);
                REQUIRE(std::binary_search(all.begin(), all.end(), one));
            }
        }
    }
    CHECK(found > 5'000);
}

TEST_CASE("A rule that is true is tried: dice rules and events") {
    const auto scratch = std::make_unique<event::Scratch>();
    std::size_t matches = 0, untried = 0;
    for (std::uint32_t n = 0; n < 3000; ++n) {
        Dice dice(n);
        std::string text;
        for (std::size_t i = 0; i <= dice.below(5); ++i) {
            std::string quoted;
            for (const char c : random_condition(dice, 3))
                quoted.append(c == '\'' ? "''" : std::string(1, c));
            text += "- {rule: r" + std::to_string(i) + ", desc: d, condition: '" + quoted +
                    "', output: o, priority: info}\n";
        }
        const std::array<SourceText, 1> texts{{{"rules.yaml", text}}};
        const auto set = load(texts).set;
        if (set == nullptr)
            continue; // an operator that does not go with a field
        RuleIndex::Memory memory(set->index());
        for (int i = 0; i < 100; ++i) {
            const Happened one(dice);
            std::vector<bool> tried(set->rules().size());
            scratch->reset();
            set->index().each(one.event, *scratch, memory, [&](std::uint32_t rule) { tried[rule] = true; });
            for (std::size_t rule = 0; rule < tried.size(); ++rule) {
                scratch->reset();
                untried += tried[rule] ? 0 : 1;
                if (!set->rules()[rule].condition.matches(one.event, *scratch))
                    continue;
                ++matches;
                INFO(set->rules()[rule].condition_text);
                INFO(one.process.exe_path << " " << one.process.comm << " " << one.process.cmdline);
                REQUIRE(tried[rule]);
            }
        }
    }
    CHECK(matches > 50'000);
    CHECK(untried > 50'000);
}

TEST_CASE("Of rules that name something in the event few are tried") {
    std::string text;
    for (int i = 1000; i < 1200; ++i) {
        const auto n = std::to_string(i);
        for (const auto& condition :
             {"evt.type=execve and proc.cmdline contains word" + n,
              "evt.type=execve and proc.aname in (bash, sh) and basename(proc.exepath) in (tool" + n + ", t" + n + ")",
              "evt.type=connect and fd.rport=" + n, "evt.is_open_write=true and fd.name startswith /srv/" + n + "/"})
            text += "- {rule: \"" + condition + "\", desc: d, condition: \"" + condition +
                    "\", output: o, priority: info}\n";
    }
    const auto set = loaded(text);
    const auto scratch = std::make_unique<event::Scratch>();
    RuleIndex::Memory memory(set->index());
    const auto tried = [&](const event::Event& event) {
        List out;
        set->index().each(event, *scratch, memory, [&](std::uint32_t rule) { out.push_back(rule); });
        return out;
    };
    event::Process process, parent;
    parent.comm = "bash";
    process.parent = &parent;
    process.exe_path = "/opt/tool1003";
    process.cmdline = "x word1002 y";
    event::Event event;
    event.process = &process;
    event.kind = event::Kind::exec;
    event.call = event::Call::execve;
    CHECK(tried(event) == List{8, 13});
    process.exe_path = "t1004"; // no slash
    process.cmdline = "";
    CHECK(tried(event) == List{17});
    event.kind = event::Kind::connect;
    event.call = event::Call::connect;
    event.remote_port = 1005;
    event.remote.family = 4;
    CHECK(tried(event) == List{22});
}
