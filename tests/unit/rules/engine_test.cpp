// SPDX-License-Identifier: MIT OR Apache-2.0
// Rule sets and the engine: which rules are tried, what is counted, pauses, correlations across an exchange of rules;
// output templates.
#include "rules_support.hpp"

#include "rules/output_format.hpp"

using namespace rwatch;
using namespace rwatch::rules;
using namespace rwatch::rules::test;

namespace {

constexpr std::string_view kRules = R"(
- {rule: exec, desc: d, condition: evt.type = execve and proc.name = a, output: o, priority: info, tags: [x]}
- {rule: open, desc: d, condition: 'evt.type in (open, openat) and fd.name = /etc/shadow', output: o, priority: info, tags: [x, y]}
- {rule: off, desc: d, condition: evt.type = execve, output: o, priority: info, enabled: false}
- rule: many
  desc: d
  condition: evt.type = execve
  output: o
  priority: info
  correlation: {type: event_count, group-by: [proc.name], timespan: 1s, condition: {gte: 3}}
)";

Matches process(Engine& engine, const Fields& fields, std::uint64_t boot_ns = 1) {
    MadeEvent event(fields);
    event->boot_ns = boot_ns;
    event->wall_ns = 77;
    Matches matches;
    engine.process(*event, scratch(), matches);
    return matches;
}

const Fields kExec{{"evt.type", "execve"}, {"proc.name", "a"}};
const Fields kOpen{{"evt.type", "openat"}, {"fd.name", "/etc/shadow"}};

std::string rendered(std::string_view text, const Fields& fields) {
    Diagnostics found;
    const auto format = OutputFormat::compile(text, {"o", 1, 1}, found);
    for (const auto& d : found)
        UNSCOPED_INFO(render(d, text));
    CHECK_FALSE(has_errors(found));
    MadeEvent event(fields);
    return format.render(*event, scratch());
}

std::vector<std::string> output_errors(std::string_view text) {
    Diagnostics found;
    (void)OutputFormat::compile(text, {"o", 1, 1}, found);
    return brief(found);
}

} // namespace

TEST_CASE("Rules are indexed by call, enabled ones only") {
    const auto set = loaded(kRules);
    const auto of = [&](event::Call call) {
        event::Event event;
        event::Process process;
        process.comm = "a";
        event.process = &process;
        event.call = call;
        event.kind = event::kind_of(call);
        event.object.name = "/etc/shadow";
        std::vector<std::uint32_t> out;
        const auto scratch = std::make_unique<event::Scratch>();
        RuleIndex::Memory memory(set->index());
        set->index().each(event, *scratch, memory, [&](std::uint32_t rule) { out.push_back(rule); });
        return out;
    };
    CHECK(of(event::Call::execve) == std::vector<std::uint32_t>{0, 3});
    CHECK(of(event::Call::openat) == std::vector<std::uint32_t>{1});
    CHECK(of(event::Call::connect).empty());
    CHECK(std::vector<std::string>(set->watched_paths().begin(), set->watched_paths().end()) ==
          std::vector<std::string>{"/etc/shadow"});
}

TEST_CASE("Rules that need a program are tried for that program") {
    std::string text;
    for (const char* condition :
         {"evt.type=execve and proc.exepath=/usr/bin/Curl", "evt.type=execve and user.uid=0",
          "evt.type=execve and (proc.exepath endswith /curl or proc.name in (nc, curl))",
          "evt.type=execve and not proc.exepath=/usr/bin/curl", "proc.name=nc and proc.exepath contains x",
          "evt.type in (execve, openat) and (evt.type=openat or proc.name=cat)", "tolower(proc.name)=curl"})
        text += "- {rule: \"" + std::string(condition) + "\", desc: d, condition: \"" + condition +
                "\", output: o, priority: info}\n";
    const auto set = loaded(text);
    const auto tried = [&](event::Call call, const std::string& exe, const std::string& name) {
        event::Event event;
        event::Process process;
        process.exe_path = exe;
        process.comm = name;
        event.call = call;
        event.kind = event::kind_of(call);
        event.process = &process;
        std::vector<std::uint32_t> out;
        const auto scratch = std::make_unique<event::Scratch>();
        RuleIndex::Memory memory(set->index());
        set->index().each(event, *scratch, memory, [&](std::uint32_t rule) { out.push_back(rule); });
        return out;
    };
    using List = std::vector<std::uint32_t>;
    CHECK(tried(event::Call::execve, "/usr/bin/curl", "curl") == List{0, 1, 2, 3, 6});
    CHECK(tried(event::Call::execve, "/opt/CURL", "x") == List{1, 2, 3});
    CHECK(tried(event::Call::execve, "/bin/true", "nc") == List{1, 2, 3, 4});
    CHECK(tried(event::Call::execve, "/bin/true", "cat") == List{1, 3, 5});
    CHECK(tried(event::Call::openat, "/bin/true", "x") == List{5});
    CHECK(tried(event::Call::openat, "/bin/true", "Curl") == List{5, 6});
    CHECK(tried(event::Call::execve, "/bin/\xc3\xa4", "x") == List{0, 1, 2, 3});
    CHECK(tried(event::Call::execve, "", "") == List{1, 3});
}

TEST_CASE("A selector is a name or a tag") {
    const auto set =
        loaded(std::string(kRules) + "- {rule: x, desc: d, condition: proc.name = a, output: o, priority: info}\n");
    CHECK(set->select("open") == std::vector<std::size_t>{1});
    CHECK(set->select("x") == std::vector<std::size_t>{4}); // the name wins over the tag
    CHECK(set->select("y") == std::vector<std::size_t>{1});
    CHECK(set->select("z").empty());
}

TEST_CASE("The engine tries, counts and tells") {
    const auto set = loaded(kRules);
    Engine engine;
    CHECK(process(engine, kExec).names.empty()); // no rules yet
    engine.install(set);
    CHECK(process(engine, kExec).names == std::vector<std::string>{"exec"});
    CHECK(process(engine, kOpen).names == std::vector<std::string>{"open"});
    CHECK(process(engine, {{"evt.type", "execve"}, {"proc.name", "b"}}).names.empty());
    CHECK(set->counters(0).matched == 1);
    CHECK(set->counters(0).hits == 1);
    CHECK(set->counters(0).last_hit_ns == 77);
    CHECK(set->counters(1).matched == 1);
    CHECK(set->counters(3).matched == 2);
    CHECK(set->counters(3).hits == 0);
}

TEST_CASE("One event in some is timed, with every rule that is tried for it") {
    const auto set = loaded(kRules);
    Engine engine;
    engine.install(set);
    for (int i = 0; i < 200; ++i)
        process(engine, i % 2 == 0 ? kExec : kOpen);
    CHECK(set->counters(0).timed >= 1);
    CHECK(set->counters(0).timed == set->counters(3).timed);
    CHECK(set->counters(1).timed >= 1);
    CHECK(set->counters(0).timed + set->counters(1).timed == 3);
    CHECK(set->counters(2).timed == 0);
}

TEST_CASE("A paused rule neither fires nor counts") {
    const auto set = loaded(kRules);
    Engine engine;
    engine.install(set);
    set->counters(0).paused = true;
    set->counters(3).paused = true;
    for (int i = 0; i < 3; ++i)
        CHECK(process(engine, kExec).names.empty());
    CHECK(set->counters(0).matched == 0);
    set->counters(3).paused = false;
    CHECK(process(engine, kExec).names.empty());
    set->counters(0).paused = false;
    CHECK(process(engine, kExec).names == std::vector<std::string>{"exec"});
}

TEST_CASE("Correlations go on where the rule did not change") {
    Engine engine;
    engine.install(loaded(kRules));
    process(engine, kExec);
    process(engine, kExec);
    // The same rule at another place in a file with other words.
    engine.install(loaded("- {rule: new, desc: d, condition: proc.name = q, output: o, priority: info}\n" +
                          std::string(kRules) + "- list: l\n  items: [x]\n"));
    auto fired = process(engine, kExec);
    CHECK(fired.names == std::vector<std::string>{"exec", "many"});
    CHECK(fired.last.count == 3);
    auto changed = std::string(kRules);
    changed.replace(changed.find("gte: 3"), 6, "gte: 2");
    engine.install(loaded(changed));
    CHECK(process(engine, kExec).names == std::vector<std::string>{"exec"});
    CHECK(process(engine, kExec).names == std::vector<std::string>{"exec", "many"});
    CHECK(engine.evicted_groups() == 0);
    engine.install(nullptr);
    CHECK(process(engine, kExec).names.empty());
}

TEST_CASE("Many composed strings in one event do not fill the scratch memory") {
    const std::string condition = [] {
        std::string text = "evt.type = execve and not (proc.args = no";
        for (int i = 0; i < 50; ++i)
            text += " or proc.args contains none" + std::to_string(i);
        return text + ") and proc.args endswith last";
    }();
    MadeEvent event({{"evt.type", "execve"}, {"proc.name", "a"}, {"proc.args", std::string(8000, 'x') + " last"}});
    auto& memory = scratch();
    CHECK(compiled(condition).matches(*event, memory));
    CHECK(memory.cut() == 0);
    CHECK(memory.mark() == 0);
}

TEST_CASE("Output templates") {
    const Fields fields{{"evt.type", "openat"},    {"fd.name", "/etc/shadow"}, {"proc.name", "cat"},
                        {"proc.aname[1]", "bash"}, {"proc.aname[2]", "sshd"},  {"user.uid", "0"}};
    CHECK(rendered("plain", fields) == "plain");
    CHECK(rendered("%proc.name reads %fd.name", fields) == "cat reads /etc/shadow");
    CHECK(rendered("%fd.name.", fields) == "/etc/shadow.");
    CHECK(rendered("%proc.name%user.uid|", fields) == "cat0|");
    CHECK(rendered("parent %proc.aname[2] %proc.aname[9]", fields) == "parent sshd <NA>");
    CHECK(rendered("%evt.type by %fd.rip", fields) == "openat by <NA>");
    CHECK(rendered("all %proc.aname", fields).starts_with("all ("));
    CHECK(rendered("[%6proc.name]", fields) == "[cat   ]");
    CHECK(rendered("[%2proc.name]", fields) == "[ca]");
    CHECK(rendered("* %proc.name", fields) == " cat");
    CHECK(rendered(" \n%proc.name\nagain\n", fields) == "cat again");
    CHECK(rendered("name=%proc.name%container.info", fields) == "name=cat");
}

TEST_CASE("What an attacker names a file stays on one line") {
    const auto text =
        rendered("reads %fd.name", {{"evt.type", "openat"}, {"fd.name", "/tmp/a\nrwatch: all is well\x1b[2J\xff"}});
    CHECK(text == "reads /tmp/a\\nrwatch: all is well\\x1b[2J\\xff");
}

TEST_CASE("Fields of a template stand once, in order") {
    Diagnostics found;
    const auto format = OutputFormat::compile("%proc.name %fd.name %proc.name %proc.aname[2]", {"o", 1, 1}, found);
    std::vector<std::string> names;
    for (const auto& field : format.fields())
        names.push_back(event::to_string(field));
    CHECK(names == std::vector<std::string>{"proc.name", "fd.name", "proc.aname[2]"});
}

TEST_CASE("Wrong templates") {
    CHECK(output_errors("a %proc.nam b") == std::vector<std::string>{"unknown-field 1:3"});
    CHECK(output_errors("100%") == std::vector<std::string>{"unknown-field 1:4"});
    CHECK(output_errors("%") == std::vector<std::string>{"unknown-field 1:1"});
    CHECK(output_errors("%20") == std::vector<std::string>{"unknown-field 1:1"});
    CHECK(output_errors("%x %y") == std::vector<std::string>{"unknown-field 1:1", "unknown-field 1:4"});
    CHECK(output_errors("") == std::vector<std::string>{"empty-output 1:1"});
}
