// SPDX-License-Identifier: MIT OR Apache-2.0
// Rules that share tests: what the engine keeps while it tries one event changes no result.
#include "rules_support.hpp"

#include <array>
#include <random>

using namespace rwatch;
using namespace rwatch::rules;
using namespace rwatch::rules::test;

namespace {

constexpr int kRules = 40, kEvents = 300, kDepth = 4;

/// Conditions over few tests, so that rules and parts of them meet again and again.
class Maker {
  public:
    explicit Maker(unsigned seed) : random_(seed) {}

    std::string condition(int depth = kDepth) {
        if (depth == 0 || pick(4) == 0)
            return pick(3) == 0 ? "m" + std::to_string(pick(3)) : test();
        switch (pick(3)) {
        case 0:
            return "not (" + condition(depth - 1) + ")";
        case 1:
            return "(" + condition(depth - 1) + " and " + condition(depth - 1) + ")";
        default:
            return "(" + condition(depth - 1) + " or " + condition(depth - 1) + " or " + condition(depth - 1) + ")";
        }
    }

    std::string test() {
        constexpr std::array<const char*, 12> kTests{"evt.type = execve",       "evt.type in (open, openat)",
                                                     "evt.category = file",     "proc.name = a",
                                                     "proc.name in (b, c)",     "proc.pname = b",
                                                     "fd.name startswith /etc", "fd.name exists",
                                                     "proc.aname in (b, c)",    "proc.name != a",
                                                     "evt.type != openat",      "fd.rport > 10"};
        return kTests[pick(kTests.size())];
    }

    Fields event() {
        constexpr std::array<const char*, 4> kTypes{"execve", "open", "openat", "connect"};
        constexpr std::array<const char*, 3> kNames{"a", "b", "c"};
        const std::string type = kTypes[pick(kTypes.size())];
        Fields fields{{"evt.type", type}};
        if (pick(4) != 0)
            fields.emplace_back("proc.name", kNames[pick(kNames.size())]);
        if (pick(2) != 0)
            fields.emplace_back("proc.pname", kNames[pick(kNames.size())]);
        if (type == "connect")
            fields.emplace_back("fd.rport", pick(2) == 0 ? "5" : "50");
        else if (type != "execve" && pick(4) != 0)
            fields.emplace_back("fd.name", pick(2) == 0 ? "/etc/x" : "/srv/x");
        return fields;
    }

  private:
    std::size_t pick(std::size_t n) { return random_() % n; }
    std::mt19937 random_;
};

std::string with_macros(std::string condition, const std::array<std::string, 3>& macros) {
    for (std::size_t i = 0; i < macros.size(); ++i) {
        const auto name = "m" + std::to_string(i);
        for (auto at = condition.find(name); at != std::string::npos; at = condition.find(name))
            condition.replace(at, name.size(), "(" + macros[i] + ")");
    }
    return condition;
}

} // namespace

TEST_CASE("A rule in a set fires for what its condition matches alone") {
    std::size_t fired = 0;
    for (unsigned seed = 0; seed < 10; ++seed) {
        Maker make(seed);
        std::array<std::string, 3> macros;
        std::string text;
        for (std::size_t i = 0; i < macros.size(); ++i) {
            macros[i] = make.test() + " and not " + make.test();
            text += "- {macro: m" + std::to_string(i) + ", condition: '" + macros[i] + "'}\n";
        }
        std::vector<Condition> alone;
        for (int i = 0; i < kRules; ++i) {
            const auto condition = make.condition();
            text += "- {rule: '" + std::to_string(i) + "', desc: d, output: o, priority: info, condition: '" +
                    condition + "'}\n";
            alone.push_back(compiled(with_macros(condition, macros)));
        }
        Engine engine;
        engine.install(loaded(text));
        for (int n = 0; n < kEvents; ++n) {
            const auto fields = make.event();
            MadeEvent event(fields);
            std::vector<std::string> expected;
            for (std::size_t i = 0; i < alone.size(); ++i)
                if (alone[i].matches(*event, scratch()))
                    expected.push_back(std::to_string(i));
            Matches matches;
            engine.process(*event, scratch(), matches);
            CHECK(matches.names == expected);
            fired += expected.size();
        }
    }
    CHECK(fired > 10'000);
}

TEST_CASE("A workspace for other rules keeps nothing of these") {
    const auto set = loaded("- {rule: a, desc: d, output: o, priority: info, condition: proc.name = a}\n"
                            "- {rule: b, desc: d, output: o, priority: info, condition: proc.name = a}\n");
    const auto other = loaded("- {rule: a, desc: d, output: o, priority: info, condition: proc.name != a}\n"
                              "- {rule: b, desc: d, output: o, priority: info, condition: proc.name != a}\n");
    MadeEvent event(Fields{{"proc.name", "a"}});
    Workspace workspace(set->rules()[0].condition.program());
    workspace.begin_event();
    for (int i = 0; i < 2; ++i) {
        CHECK(set->rules()[0].condition.matches(*event, scratch(), workspace));
        CHECK_FALSE(other->rules()[0].condition.matches(*event, scratch(), workspace));
    }
    MadeEvent another(Fields{{"proc.name", "b"}});
    workspace.begin_event();
    CHECK_FALSE(set->rules()[1].condition.matches(*another, scratch(), workspace));
}
