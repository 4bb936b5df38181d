// SPDX-License-Identifier: MIT OR Apache-2.0
// What the kernel is asked for, against the conditions themselves: an open that makes a rule true is always wanted, for
// random rules and opens; and what rules ask for is as little as it should be.
#include "event/builder.hpp"
#include "rules/interest.hpp"
#include "rules/rule_set.hpp"
#include "rules_support.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <fcntl.h>
#include <memory>
#include <string>
#include <sys/stat.h>
#include <vector>

using namespace rwatch;
using namespace rwatch::rules;
using event::OpenClass;
using rwatch::rules::test::Dice;
using rwatch::rules::test::rule_text;

namespace {

Interest interest_for(const std::string& condition) {
    return interest_of(*test::loaded(rule_text("r", condition)), {});
}

const std::vector<std::string> kParts{"etc",  "shadow",  "ssh",    "a",    "ab",   "b.enc", "x.ENC", "home",
                                      "root", "tmp",     "id_rsa", "proc", "Self", "mem",   "12",    "lib",
                                      "é",    "K\u212A", "a b",    "~x",   "#y",   "a*b",   "[z]",   "q?"};
const std::vector<std::string> kExes{"/usr/bin/curl", "/usr/bin/cat", "/usr/sbin/nginx", "/opt/x", "/bin/sh"};

std::string path_of(Dice& dice) {
    std::string out;
    for (std::size_t i = 0; i <= dice.below(4); ++i)
        out += "/" + dice.of(kParts);
    return out;
}

/// A piece of a path, as rules write them.
std::string piece_of(Dice& dice) {
    auto path = path_of(dice);
    const auto begin = dice.below(path.size());
    return dice.one_in(2) ? path : path.substr(begin, 1 + dice.below(path.size() - begin));
}

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text)
        out.append(c == '"' || c == '\\' ? "\\" : "").append(1, c);
    return out + "\"";
}

std::string pattern_of(Dice& dice) {
    std::string out;
    for (std::size_t i = 0; i <= dice.below(3); ++i) {
        auto piece = piece_of(dice);
        std::erase_if(piece, [](char c) { return std::string_view("[]*?\\").find(c) != std::string_view::npos; });
        out += piece + std::string(dice.of(std::vector<std::string>{"*", "?", "[a-m]", ""}));
    }
    return out;
}

std::string regex_of(Dice& dice) {
    std::string out;
    for (std::size_t i = 0; i <= dice.below(3); ++i) {
        auto piece = piece_of(dice);
        std::erase_if(piece, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '/'; });
        out += piece;
        out += dice.of(std::vector<std::string>{".*", "(enc|ssh|/a)", "[a-z]+", "?", "", "(?i:SHADOW)?"});
        if (out == "?")
            out = ".*";
    }
    return out.empty() || out[0] == '?' ? ".*" : out;
}

std::string test_of(Dice& dice) {
    static const std::vector<std::string> kPathFields{
        "fd.name",          "fs.path.name",          "fs.path.new",  "fd.directory",
        "fd.filename",      "fs.path.new.extension", "fs.path.name", "fd.name",
        "tolower(fd.name)", "toupper(fd.filename)"};
    const auto& field = dice.of(kPathFields);
    const bool plain = field.find('(') == std::string::npos;
    switch (dice.below(14)) {
    case 0:
        return field + " = " + quoted(path_of(dice));
    case 1:
        return field + " in (" + quoted(path_of(dice)) + ", " + quoted(piece_of(dice)) + ")";
    case 2:
        return field + " startswith " + quoted(piece_of(dice));
    case 3:
        return field + " endswith " + quoted(piece_of(dice));
    case 4:
        return field + " contains " + quoted(piece_of(dice));
    case 5:
        return field + " icontains " + quoted(piece_of(dice));
    case 6:
        return field + (dice.one_in(2) ? " glob " : " iglob ") + quoted(pattern_of(dice));
    case 7:
        return field + " regex " + quoted(regex_of(dice));
    case 8:
        return (plain ? field : "fd.name") + " pmatch (" + quoted(path_of(dice)) + ", " + quoted(pattern_of(dice)) +
               ")";
    case 9:
        return "proc.exepath " + std::string(dice.one_in(2) ? "in (" : "in (/x, ") + dice.of(kExes) + ")";
    case 10:
        return dice.of(std::vector<std::string>{
            "evt.is_open_read = true", "evt.is_open_write = true", "fd.created = true", "evt.rawres >= 0",
            "evt.rawres = -13", "evt.rawres in (-1, -13, 3)", "evt.res in (EACCES, EPERM)", "evt.failed = true",
            "fd.typechar = f", "fd.type = directory", "fd.num > 4", "fs.mode.exec_added = true",
            "fs.mode glob \"4???\"", "evt.is_open_create = true", "evt.is_open_exec = true", "evt.res = SUCCESS"});
    case 11:
        return dice.of(std::vector<std::string>{"user.uid = 0", "proc.name = cat", "proc.cmdline contains x",
                                                "fd.name exists", "fs.path.name != /etc/shadow", "fd.nameraw = x"});
    case 12:
        return "evt.type in (openat, " + std::string(dice.one_in(2) ? "open" : "execve") + ")";
    default:
        return "evt.type in (open, openat, openat2, creat)";
    }
}

std::string condition_of(Dice& dice, int depth) {
    if (depth == 0 || dice.one_in(3))
        return test_of(dice);
    const auto join = dice.one_in(3) ? " or " : " and ";
    std::string out = "(";
    for (std::size_t i = 0; i <= 1 + dice.below(2); ++i)
        out += (i == 0 ? "" : join) + std::string(dice.one_in(5) ? "not " : "") + condition_of(dice, depth - 1);
    return out + ")";
}

/// What an open's event holds.
struct Opened {
    explicit Opened(Dice& dice) : name(path_of(dice)) {
        process.exe_path = dice.of(kExes);
        process.comm = dice.one_in(2) ? "cat" : "x";
        process.cmdline = "cat x";
        event.kind = event::Kind::open;
        event.call = dice.of(std::vector<event::Call>{event::Call::open, event::Call::openat, event::Call::openat2,
                                                      event::Call::creat, event::Call::open_by_handle_at});
        event.number = 7;
        event.has_result = true;
        event.result = dice.of(std::vector<std::int64_t>{0, 3, 4, 5, 1000, -EACCES, -EPERM, -ENOENT, -ENOTDIR, -ELOOP});
        event.open_flags = static_cast<std::uint32_t>(
            dice.of(std::vector<int>{O_RDONLY, O_RDONLY, O_WRONLY, O_RDWR, O_PATH, O_ACCMODE, O_RDONLY | O_CLOEXEC}));
        event.created = event.result >= 0 && dice.one_in(3);
        event.mode = dice.one_in(3) ? 0755 : 0644;
        event.object.name = name;
        event.object.raw = dice.one_in(2) ? "x" : "y";
        event.object.file.id = {1, 5};
        event.object.file.mode =
            dice.of(std::vector<std::uint32_t>{S_IFREG, S_IFREG, S_IFREG, S_IFDIR, S_IFCHR, S_IFIFO}) |
            dice.of(std::vector<std::uint32_t>{0644, 0755, 04755, 0600, 01777, 02644});
        if (event.result < 0)
            event.object.file = {};
        event.uid = dice.one_in(2) ? 0 : 1000;
        event.process = &process;
    }
    Opened(const Opened&) = delete;
    Opened& operator=(const Opened&) = delete;

    std::string name;
    event::Process process;
    event::Event event;
};

} // namespace

TEST_CASE("an open that makes a rule true is wanted, and the rule tried: a million pairs of random rules and opens") {
    constexpr int kSets = 2500, kOpens = 500;
    const auto memory = std::make_unique<event::Scratch>();
    auto& scratch = *memory;
    std::size_t pairs = 0, matches = 0, sifted = 0, untried = 0;
    for (int n = 0; n < kSets; ++n) {
        Dice dice(static_cast<std::uint32_t>(n));
        std::string text;
        for (std::size_t i = 0; i <= dice.below(3); ++i)
            text += rule_text("r" + std::to_string(i), condition_of(dice, 3));
        const std::array<SourceText, 1> texts{{{"rules.yaml", text}}};
        const auto loaded = load(texts);
        if (loaded.set == nullptr)
            continue; // an expression that RE2 does not take, a field that does not go with an operator
        const auto interest = interest_of(*loaded.set, {});
        RuleIndex::Memory candidates(loaded.set->index());
        for (int i = 0; i < kOpens; ++i) {
            const Opened open(dice);
            const auto one = event::open_class(open.event);
            const bool wanted = interest.wants(one, open.event.result < 0 ? "" : open.name, open.process.exe_path);
            std::vector<bool> tried(loaded.set->rules().size());
            scratch.reset();
            loaded.set->index().each(open.event, scratch, candidates, [&](std::uint32_t rule) { tried[rule] = true; });
            bool matched = false;
            for (std::size_t rule = 0; rule < tried.size(); ++rule) {
                scratch.reset();
                if (!loaded.set->rules()[rule].condition.matches(open.event, scratch))
                    continue;
                matched = true;
                if (!tried[rule]) {
                    INFO(text);
                    INFO(open.process.exe_path << " " << open.process.comm);
                    FAIL("a rule that is true is not tried");
                }
                untried += static_cast<std::size_t>(std::count(tried.begin(), tried.end(), false));
            }
            ++pairs;
            matches += matched ? 1 : 0;
            sifted += wanted ? 0 : 1;
            if (matched && !wanted) {
                INFO(text);
                INFO(open.name << " by " << open.process.exe_path << ", " << event::name_of(one) << ", result "
                               << open.event.result);
                FAIL("an open that a rule is about is not wanted");
            }
        }
    }
    INFO(pairs << " pairs, " << matches << " true, " << sifted << " not wanted");
    CHECK(pairs >= 1'000'000);
    CHECK(matches > pairs / 20);
    CHECK(sifted > pairs / 20);
    CHECK(untried > 1000);
}

TEST_CASE("a class that decides a condition asks for nothing more") {
    const auto read =
        interest_for("evt.type=openat and evt.is_open_read=true and evt.rawres>=0 and fd.name=/etc/shadow");
    CHECK(read.always == 0);
    CHECK((read.by_path & event::set_of(OpenClass::read)) != 0);
    CHECK((read.by_path & event::set_of(OpenClass::failed)) == 0);
    CHECK((read.by_path & event::set_of(OpenClass::refused)) == 0);
    CHECK((read.by_path & event::set_of(OpenClass::path)) == 0);
    CHECK(read.wants(OpenClass::read, "/etc/shadow", "/bin/cat"));
    CHECK(read.wants(OpenClass::read, "/ETC/shadow", "/bin/cat")); // letters in either case are one
    CHECK(read.wants(OpenClass::read, "/etc/sh\xc3\xa4", "/bin/cat"));
    CHECK_FALSE(read.wants(OpenClass::read, "/etc/shadow-", "/bin/cat"));
    CHECK_FALSE(read.wants(OpenClass::read, "/x/etc/shadow", "/bin/cat"));
    CHECK_FALSE(read.wants(OpenClass::directory, "/etc", "/bin/ls"));
    CHECK_FALSE(read.wants(OpenClass::failed, "", "/bin/ls"));
}

TEST_CASE("no rule about opens, no opens") {
    const auto none = interest_for("evt.type=execve and proc.exepath=/bin/x");
    CHECK(none.always == 0);
    CHECK(none.by_path == 0);
    CHECK(none.by_exe == 0);
    CHECK_FALSE(none.wants(OpenClass::failed, "", ""));
}

TEST_CASE("the part of a condition that lets the fewest through") {
    const auto both = interest_for("evt.type=openat and fd.name startswith /usr and fd.name endswith /secret.key");
    CHECK(both.wants(OpenClass::read, "/opt/secret.key", "/bin/x"));
    CHECK_FALSE(both.wants(OpenClass::read, "/usr/lib/x", "/bin/x"));
    const auto regex = interest_for("evt.type=openat and fd.name regex \"/proc/[0-9]+/environ\"");
    CHECK(regex.wants(OpenClass::read, "/proc/12/environ", "/bin/x"));
    CHECK_FALSE(regex.wants(OpenClass::read, "/proc/12/stat", "/bin/x"));
    const auto exe = interest_for("evt.type=openat and fd.created=true and proc.exepath in (/usr/bin/curl)");
    CHECK(exe.wants(OpenClass::create, "/tmp/x", "/usr/bin/curl"));
    CHECK(exe.wants(OpenClass::create, "/tmp/x", "")); // not known yet
    CHECK_FALSE(exe.wants(OpenClass::create, "/tmp/x", "/usr/bin/cat"));
    CHECK_FALSE(exe.wants(OpenClass::write, "/tmp/x", "/usr/bin/curl"));
}

TEST_CASE("a mode tells programs from other files that are made") {
    const auto program = interest_for("evt.type=openat and fd.created=true and fs.mode.exec_added=true");
    CHECK(program.always == event::set_of(OpenClass::program));
    CHECK(program.by_path == 0);
}

TEST_CASE("names are watched where they are made, and by the names that lead to them") {
    const auto set =
        test::loaded(rule_text("r", "evt.type=openat and evt.is_open_read=true and fd.name=/var/run/secret"));
    const std::vector<std::string> names{"/run/secret"};
    const auto interest = interest_of(*set, names);
    CHECK(interest.wants(OpenClass::create, "/var/run/secret", "/bin/x"));
    CHECK(interest.wants(OpenClass::read, "/run/secret", "/bin/x"));
    CHECK_FALSE(interest.wants(OpenClass::create, "/run/other", "/bin/x"));
}

TEST_CASE("a paused rule asks for nothing") {
    const auto set = test::loaded(rule_text("a", "evt.type=openat and fd.created=true") +
                                  rule_text("b", "evt.type=openat and fd.name=/etc/x and evt.is_open_write=true"));
    set->counters(0).paused = true;
    const auto interest = interest_of(*set, {});
    CHECK(interest.always == 0);
    CHECK(interest.wants(OpenClass::write, "/etc/x", "/bin/x"));
    CHECK_FALSE(interest.wants(OpenClass::create, "/etc/y", "/bin/x"));
}

TEST_CASE("rules that are explained") {
    const auto set = test::loaded(rule_text("all", "evt.type=openat and fd.created=true") +
                                  rule_text("some", "evt.type=openat and fd.name endswith .enc and fd.created=true") +
                                  rule_text("none", "evt.type=execve"));
    const auto told = explain_interest(*set);
    REQUIRE(told.size() == 3);
    CHECK(told[0].all());
    CHECK_FALSE(told[1].all());
    CHECK(told[1].paths == std::vector<std::string>{"*.enc"});
    CHECK(told[1].by_class[static_cast<std::size_t>(OpenClass::create)] == RuleInterest::How::by_path);
    CHECK(told[1].by_class[static_cast<std::size_t>(OpenClass::read)] == RuleInterest::How::nothing);
    CHECK(told[2].nothing());
}

TEST_CASE("an automaton that is full asks for everything of the class") {
    std::string list;
    for (int i = 0; i < 4000; ++i)
        list += (i == 0 ? "" : ", ") + std::string("/") + std::to_string(i * 7919 % 10007) + "/file-" +
                std::to_string(i) + "-with-a-name";
    const auto interest = interest_for("evt.type=openat and evt.is_open_read=true and fd.name in (" + list + ")");
    CHECK(interest.paths.states().size() <= TextAutomaton::kMostStates);
    CHECK((interest.always & event::set_of(OpenClass::read)) != 0);
    CHECK(interest.wants(OpenClass::read, "/anything", "/bin/x"));
}
