// SPDX-License-Identifier: MIT OR Apache-2.0
// An alert as JSON (the contract), and alerts made of matches.
#include "alert_support.hpp"

#include <set>

using namespace rwatch;
using namespace rwatch::test;
using alerts::AlertFactory;

TEST_CASE("an alert's JSON is the contract's, key by key") {
    auto alert = make_alert();
    CHECK(
        alerts::to_json(alert).dump() ==
        R"({"id":"0000000000001-0000","time":"2026-01-02T03:04:05.000000006Z","hostname":"web1","source":"rwatch",)"
        R"("rule":"Sensitive file read","priority":"Warning","output":"/usr/bin/cat reads /etc/shadow","tags":["file","T1003.008"],)"
        R"("output_fields":{"proc.exepath":"/usr/bin/cat","proc.pid":123,"evt.is_open_read":true,"fd.nameraw":null},"suppressed":0})");

    alert.suppressed = 7;
    alert.summary = true;
    alert.correlation = alerts::Correlation{"value_count", 25, 20, kWhen, 10 * kSecond};
    const auto json = alerts::to_json(alert);
    CHECK(json["suppressed"] == 7);
    CHECK(json["summary"] == true);
    CHECK(
        json["correlation"].dump() ==
        R"({"type":"value_count","count":25,"distinct":20,"timespan":"10s","first":"2026-01-02T03:04:05.000000006Z"})");

    alert.correlation = alerts::Correlation{"event_count", 25, 0, 0, 10 * kSecond};
    CHECK(alerts::to_json(alert)["correlation"].dump() == R"({"type":"event_count","count":25,"timespan":"10s"})");
    alert.correlation = alerts::Correlation{"value_avg", 2, 0, 0, 10 * kSecond, 1.5, {"a", "b"}};
    CHECK(alerts::to_json(alert)["correlation"].dump() ==
          R"({"type":"value_avg","count":2,"value":1.5,"timespan":"10s","rules":["a","b"]})");
    CHECK(alerts::to_json_text(alert) == alerts::to_json(alert).dump());
}

TEST_CASE("full JSON adds what show tells") {
    auto alert = make_alert();
    alert.description = "why";
    alert.respond = "what next";
    alert.references = {"https://example.org/"};
    auto json = alerts::to_full_json(alert);
    CHECK(json["description"] == "why");
    CHECK(json["respond"] == "what next");
    CHECK(json["references"].dump() == R"(["https://example.org/"])");
    CHECK(json["unit"] == "ssh.service");
    CHECK(json["pid"] == 123);
    CHECK(json["processes"].size() == 2);
    CHECK(
        json["processes"][1].dump() ==
        R"({"pid":100,"exe_path":"/usr/bin/bash","cmdline":"bash","user":"root","started":"2026-01-02T03:04:05.000000006Z"})");
    CHECK(json["acknowledged"].is_null());

    alert.acknowledged = alerts::Acknowledgement{kWhen, 1000, "known"};
    json = alerts::to_full_json(alert);
    CHECK(json["acknowledged"].dump() == R"({"time":"2026-01-02T03:04:05.000000006Z","uid":1000,"note":"known"})");
}

TEST_CASE("what is known of an alert's place and program a little later") {
    auto alert = make_alert();
    event::Placement place;
    place.unit = "crio-x.scope";
    place.session = "3";
    place.session_user = "eve";
    place.session_host = "192.0.2.7\xff";
    place.container_id = std::string(64, 'a');
    place.container_runtime = "cri-o";
    place.image = "nginx:1";
    place.pod_name = "web-0";
    alerts::put_placement(alert, place);
    auto json = alerts::to_full_json(alert);
    CHECK(json["unit"] == "crio-x.scope");
    CHECK(json["session_user"] == "eve");
    CHECK(json["session_host"] == "192.0.2.7\xef\xbf\xbd");
    CHECK(json["container"] == std::string(12, 'a'));
    CHECK(json["container_type"] == "cri-o");
    CHECK(json["image"] == "nginx:1");
    CHECK(json["pod"] == "web-0");
    place.pod_namespace = "shop";
    alerts::put_placement(alert, place);
    CHECK(alerts::to_full_json(alert)["pod"] == "shop/web-0");

    const auto fields = alert.output_fields.size();
    alerts::put_hash(alert, "00");
    CHECK(alert.output_fields.size() == fields + 1);
    alerts::put_hash(alert, "11"); // the template named it, and it was missing
    CHECK(alert.output_fields.size() == fields + 1);
    CHECK(alerts::to_json(alert)["output_fields"]["proc.hash.sha256"] == "11");
}

TEST_CASE("bytes that are no UTF-8 do not break the JSON") {
    auto alert = make_alert();
    alert.output = "bad \xff\xfe end";
    alert.rule = std::string("nul\0inside", 10);
    alert.output_fields = {{"fd.name", std::string("/tmp/\xc3(")}};
    alert.tags = {"\x80"};
    alert.processes[0].cmdline = "\xed\xa0\x80";
    const auto text = alerts::to_full_json(alert).dump();
    CHECK(nlohmann::json::accept(text));
    CHECK(alerts::to_json(alert)["output"] == "bad \xef\xbf\xbd\xef\xbf\xbd end");
}

TEST_CASE("an alert made of a match") {
    MatchMaker maker("%proc.exepath (%proc.pid) reads %fd.name as %evt.is_open_read, %fd.rip");
    maker.set("proc.exepath", "/usr/bin/cat");
    maker.set("proc.cmdline", "cat /etc/shadow");
    maker.set("fd.name", "/etc/shadow");
    maker.set("user.uid", "1000");
    maker.set("user.name", "eve");
    maker.set("systemd.unit", "ssh.service");
    maker.set("proc.aexepath[1]", "/usr/bin/bash");
    maker.rule.tags = {"file"};
    maker.rule.description = "why";
    maker.rule.respond = "do";
    maker.rule.references = {"https://example.org/"};
    auto& event = maker.builder.event();
    maker.builder.process().start_ns = event.boot_ns - static_cast<std::uint64_t>(5 * kSecond);

    AlertFactory factory("web1");
    const auto alert = factory.make(maker.match(), *maker.scratch);
    CHECK(alert.hostname == "web1");
    CHECK(alert.rule == "Sensitive file read");
    CHECK(alert.wall_ns == kWhen);
    CHECK(alert.priority == rules::Priority::warning);
    CHECK(alert.output.find("/usr/bin/cat (1000) reads /etc/shadow") == 0);
    CHECK(alert.tags == std::vector<std::string>{"file"});
    CHECK(alert.description == "why");
    CHECK(alert.respond == "do");
    CHECK(alert.unit == "ssh.service");
    CHECK(alert.pid == 1000);
    CHECK_FALSE(alert.correlation);
    CHECK_FALSE(alert.summary);

    const auto fields = alerts::to_json(alert)["output_fields"];
    CHECK(fields["proc.exepath"] == "/usr/bin/cat");
    CHECK(fields["proc.pid"] == 1000);
    CHECK(fields["fd.name"] == "/etc/shadow");
    CHECK(fields["evt.is_open_read"].is_boolean());
    CHECK(fields["fd.rip"].is_null()); // named by the template, missing in the event
    // Always there, once each, after those of the template:
    CHECK(fields["evt.type"] == "openat");
    CHECK(fields["proc.cmdline"] == "cat /etc/shadow");
    CHECK(fields["user.name"] == "eve");
    CHECK(fields["user.uid"] == 1000);
    CHECK(fields["systemd.unit"] == "ssh.service");
    CHECK(fields.size() == alert.output_fields.size());
    CHECK(alert.output_fields.front().first == "proc.exepath");

    REQUIRE(alert.processes.size() == 2);
    CHECK(alert.processes[0].exe_path == "/usr/bin/cat");
    CHECK(alert.processes[0].user == "eve");
    CHECK(alert.processes[0].started_ns == kWhen - 5 * kSecond);
    CHECK(alert.processes[1].exe_path == "/usr/bin/bash");
    CHECK(alert.processes[1].started_ns == 0);
    CHECK(factory.cut() == 0);
}

TEST_CASE("a correlated match tells what was counted, in wall time") {
    MatchMaker maker;
    rules::CorrelationSpec spec;
    spec.type = rules::CorrelationSpec::Type::value_count;
    spec.timespan_ns = 10 * kSecond;
    maker.rule.correlation = spec;
    maker.counted = rules::CorrelationResult{
        25, 20, 0, static_cast<std::int64_t>(maker.builder.event().boot_ns) - 3 * kSecond, 10 * kSecond};
    AlertFactory factory("h");
    const auto alert = factory.make(maker.match(), *maker.scratch);
    REQUIRE(alert.correlation);
    CHECK(alert.correlation->type == "value_count");
    CHECK(alert.correlation->count == 25);
    CHECK(alert.correlation->distinct == 20);
    CHECK(alert.correlation->first_ns == kWhen - 3 * kSecond);
    CHECK(alert.correlation->timespan_ns == 10 * kSecond);
}

TEST_CASE("a correlation over rules tells which took part, and what was calculated") {
    MatchMaker maker;
    auto& spec = maker.rule.correlation.emplace();
    spec.type = rules::CorrelationSpec::Type::value_sum;
    spec.sources = {{0, "first"}, {1, "second"}, {2, "third"}};
    auto& counted = maker.counted.emplace();
    counted.value = 2.5;
    counted.sources = 0b101;
    AlertFactory factory("h");
    const auto alert = factory.make(maker.match(), *maker.scratch);
    REQUIRE(alert.correlation);
    CHECK(alert.correlation->type == "value_sum");
    CHECK(alert.correlation->value == 2.5);
    CHECK(alert.correlation->rules == std::vector<std::string>{"first", "third"});
    auto lighter = alert;
    lighter.correlation->rules.clear();
    CHECK(memory_of(alert) > memory_of(lighter));
    spec.type = rules::CorrelationSpec::Type::event_count;
    spec.sources = {{0, maker.rule.name}};
    counted.sources = 1;
    const auto own = factory.make(maker.match(), *maker.scratch);
    CHECK(own.correlation->rules.empty());
    CHECK_FALSE(own.correlation->value);
}

TEST_CASE("a list field becomes one string") {
    MatchMaker maker("%proc.aname");
    maker.set("proc.aname[1]", "bash");
    maker.set("proc.aname[2]", "sshd");
    AlertFactory factory("h");
    const auto alert = factory.make(maker.match(), *maker.scratch);
    CHECK(std::get<std::string>(alert.output_fields.front().second) == "bash,sshd");
}

TEST_CASE("alerts are bounded, and cuts are counted and shown") {
    MatchMaker maker("%proc.cmdline %fd.name");
    std::string invalid(40000, '\xff');
    maker.set("proc.cmdline", invalid);
    std::string wide;
    while (wide.size() < 20000)
        wide += "\xe2\x82\xac";
    maker.set("fd.name", wide);
    for (std::size_t i = 1; i <= event::EventBuilder::kMostAncestors; ++i)
        maker.builder.ancestor(i).cmdline = invalid;
    AlertFactory factory("h");
    const auto alert = factory.make(maker.match(), *maker.scratch);
    CHECK(factory.cut() > 3);
    CHECK(alert.output.size() <= AlertFactory::kMaxOutput + 3);
    CHECK(alert.processes.size() == AlertFactory::kMaxProcesses);
    CHECK(alert.processes[0].cmdline.size() <= AlertFactory::kMaxFieldText + 3);
    CHECK(alert.processes[1].cmdline.size() <= AlertFactory::kMaxAncestorText + 3);
    for (const auto& [name, value] : alert.output_fields)
        if (const auto* text = std::get_if<std::string>(&value)) {
            CHECK(text->size() <= AlertFactory::kMaxFieldText + 3);
            CHECK(nlohmann::json(*text).dump(-1, ' ', false, nlohmann::json::error_handler_t::strict).size() >
                  2); // valid UTF-8
        }
    CHECK(std::get<std::string>(alert.output_fields[1].second)
              .ends_with("\xe2\x82\xac\xe2\x80\xa6")); // cut between characters
    CHECK(alerts::memory_of(alert) < 300'000);
}

TEST_CASE("ids are unique and sort by time") {
    AlertFactory factory("h");
    std::set<std::string> ids;
    for (int i = 0; i < 10000; ++i)
        CHECK(ids.insert(factory.next_id(kWhen)).second);
    const auto earlier = factory.next_id(kWhen);
    const auto later = factory.next_id(kWhen + 1000);
    CHECK(earlier < later);
    CHECK(earlier.size() == 18);
    CHECK(earlier[13] == '-');
    CHECK(factory.next_id(-5).substr(0, 14) == "0000000000000-");
}

TEST_CASE("an alert about rwatch itself has fields and one line") {
    AlertFactory factory("h");
    const auto alert = factory.make_internal("rwatch paused", rules::Priority::notice, "paused by 0: line\nbreak", {});
    CHECK(alert.output == "paused by 0: line\\nbreak");
    CHECK_FALSE(alert.output_fields.empty());
    CHECK(alert.tags == std::vector<std::string>{"rwatch"});
    CHECK(alert.wall_ns > kWhen / 2);
    const auto named = factory.make_internal("rwatch lost", rules::Priority::warning, "lost",
                                             {{"lost", std::int64_t{5}}, {"why", std::string("\xff")}});
    CHECK(alerts::to_json(named)["output_fields"].dump() == "{\"lost\":5,\"why\":\"\xef\xbf\xbd\"}");
}
