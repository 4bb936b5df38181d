// SPDX-License-Identifier: MIT OR Apache-2.0
// The pages that an admin reads: what must stand out does, what is missing does not break them, and nothing in them
// acts on the terminal.
#include "alert_text.hpp"
#include "core/time.hpp"
#include "diagnostics_text.hpp"
#include "rule_files.hpp"
#include "status_text.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

using namespace rwatch;
using namespace rwatch::ctl;
using Json = nlohmann::ordered_json;

namespace {

constexpr std::int64_t kNow = 1'700'000'100 * kSecond;

Json healthy() {
    return {{"version", "1.2.3"},
            {"state", "running"},
            {"state_reason", ""},
            {"started_realtime_usec", 1'700'000'000'000'000U},
            {"generation", 3U},
            {"rules_loaded", 12U},
            {"rules_enabled", 11U},
            {"rules_paused", 1U},
            {"probes",
             Json::array({{{"name", "exec"}, {"attached", "tp_btf"}, {"reason", ""}, {"blind", ""}, {"events", 5U}}})},
            {"events_received", 1234567U},
            {"events_lost", Json::object()},
            {"alerts_raised", 5U},
            {"alerts_suppressed", 1U},
            {"sinks", Json::array({{{"name", "journal"}, {"state", "ok"}, {"delivered", 5U}}})},
            {"processes_tracked", 321U}};
}

bool has(const std::string& text, const std::string& part) {
    INFO(text);
    INFO("expected: " << part);
    CHECK(text.find(part) != std::string::npos);
    return true;
}

void use_utc() {
    setenv("TZ", "UTC", 1);
    tzset();
}

class Folder {
  public:
    Folder() {
        std::string pattern = std::filesystem::temp_directory_path() / "rwatch-ctl-XXXXXX";
        REQUIRE(mkdtemp(pattern.data()) != nullptr);
        path_ = pattern;
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    [[nodiscard]] std::string put(const std::string& name, const std::string& text) const {
        std::ofstream(path_ / name) << text;
        return path_ / name;
    }
    [[nodiscard]] std::string path() const { return path_; }

  private:
    std::filesystem::path path_;
};

} // namespace

TEST_CASE("status of a healthy daemon") {
    use_utc();
    CHECK(status_text(healthy(), Terminal{}, kNow) ==
          "* rwatchd 1.2.3 - threat detector\n"
          "       State: running since Tue 2023-11-14 22:13:20 UTC; 1min 40s ago\n"
          "       Rules: 10 active of 12, 1 paused, 1 disabled; generation 3\n"
          "      Probes: 1 of 1 attached\n"
          "              exec  tp_btf, 5 events\n"
          "      Events: 1,234,567 received, none lost\n"
          "      Alerts: 5 raised, 1 repeat suppressed\n"
          "       Sinks: journal  ok, 5 delivered\n"
          "   Processes: 321 tracked\n");
}

TEST_CASE("status shows blindness, losses and sinks that fail") {
    auto status = healthy();
    status["state"] = "degraded";
    status["state_reason"] = "1 probe is missing";
    status["services_unseen"] = "no \x1b[2Jsystemd";
    status["probes"].push_back({{"name", "connect"},
                                {"attached", ""},
                                {"reason", "EPERM"},
                                {"blind", "outgoing connections"},
                                {"events", 0U}});
    for (const auto* name : {"chmod", "link"})
        status["probes"].push_back({{"name", name},
                                    {"attached", "tracepoint"},
                                    {"reason", "fentry: Operation not permitted"},
                                    {"blind", ""},
                                    {"events", 0U}});
    status["events_lost"] = {{"open", 1200U}, {"undecodable", 1U}};
    status["events_lost_by"] = {{"flood.service", 1100U}, {"cron.service", 100U}};
    status["shortfalls"] = {{"correlation groups forgotten", 1200U}, {"values cut", 1U}};
    status["alerts_unacknowledged"] = 2U;
    status["sinks"].push_back({{"name", "webhook"},
                               {"state", "timed out"},
                               {"delivered", 1U},
                               {"dropped", 3U},
                               {"failed", 9U},
                               {"queued", 7U},
                               {"capacity", 10000U}});
    status["sinks"].push_back({{"name", "file"}, {"state", "no such thing"}, {"absent", true}});
    const auto text = status_text(status, Terminal{}, kNow);
    has(text, "Shortfalls: 1,200 correlation groups forgotten, 1 values cut\n");
    has(text, "file     not on this machine (no such thing)");
    has(text, "degraded (1 probe is missing)");
    has(text, "Services: starts and stops are not seen: no \\x1b[2Jsystemd\n");
    has(text, "3 of 4 attached");
    has(text, "\n              chmod, link: fentry: Operation not permitted\n");
    has(text, "connect  x not attached: EPERM");
    has(text, "not seen: outgoing connections");
    has(text, "1,201 lost: open 1,200, undecodable 1");
    has(text, "2 not acknowledged");
    has(text, "webhook  x failing, 1 delivered, 7 waiting (of 10,000), 3 dropped, 9 failed attempts");
    has(text, "timed out");
}

TEST_CASE("status of a daemon of another version or a hostile one does not fail") {
    has(status_text(Json::object(), Terminal{}, kNow), "0 of 0 attached");
    has(status_text(Json{{"state", 5}, {"probes", "none"}, {"sinks", Json::array({1})}, {"events_lost", 3}}, Terminal{},
                    kNow),
        "State");
    auto status = healthy();
    status["state_reason"] = "\x1b[2J";
    CHECK(status_text(status, Terminal{}, kNow).find('\x1b') == std::string::npos);
    has(not_running_text("x", true, Terminal{}), "State: not running\n");
    has(not_running_text("no bus", false, Terminal{}), "State: unknown (no bus)\n");
}

TEST_CASE("an alert is explained") {
    use_utc();
    const Json alert = {
        {"id", "a1-0001"},
        {"time", "2023-11-14T22:13:20.123456789Z"},
        {"hostname", "web1"},
        {"rule", "Sensitive file read"},
        {"priority", "Warning"},
        {"output", "cat read /etc/shadow"},
        {"tags", {"filesystem", "T1003.008", "T1003"}},
        {"output_fields", {{"fd.name", "/etc/\x1b[31mshadow"}, {"proc.pid", 12}, {"user.name", nullptr}}},
        {"suppressed", 3U},
        {"correlation", {{"count", 20U}, {"distinct", 19U}, {"timespan", "10s"}}},
        {"description", "A file with secrets was read"},
        {"respond", "Look who it was.\nThen change the passwords."},
        {"references", {"https://example.org/x"}},
        {"unit", "session-3.scope"},
        {"session", "3"},
        {"session_user", "eve"},
        {"session_service", "sshd"},
        {"session_host", "192.0.2.7"},
        {"session_tty", ""},
        {"tty", "pts/3"},
        {"login_user", "eve"},
        {"processes",
         Json::array({{{"pid", 12}, {"exe_path", "/usr/bin/cat"}, {"cmdline", "cat /etc/shadow"}, {"user", "root"}},
                      {{"pid", 10}, {"exe_path", "/bin/bash"}, {"cmdline", "/bin/bash"}, {"user", "eve"}}})},
        {"acknowledged", nullptr}};
    const auto text = alert_text(alert, Terminal{}, kNow);
    CHECK(text.find('\x1b') == std::string::npos);
    has(text, "* Sensitive file read - Warning\n");
    has(text, "When: Tue 2023-11-14 22:13:20 UTC; 1min 39s ago\n");
    has(text, "Process: [10] /bin/bash (eve)\n              `- [12] cat /etc/shadow {/usr/bin/cat} (root)\n");
    has(text, "Unit: session-3.scope\n");
    has(text, "Session: 3, user eve, by sshd, from 192.0.2.7, terminal pts/3\n");
    CHECK(text.find("Container") == std::string::npos);
    has(alert_text({{"container", "0123456789ab"},
                    {"container_name", "web\x1b"},
                    {"container_type", "podman"},
                    {"image", "nginx:1"},
                    {"pod", "shop/web-0"},
                    {"login_user", "ann"}},
                   Terminal{}, kNow),
        "Session: logged in as ann\n   Container: web\\x1b, 0123456789ab, podman, image nginx:1, pod shop/web-0\n");
    has(alert_text({{"container", "box"}, {"container_name", "box"}, {"container_type", "crun"}}, Terminal{}, kNow),
        "Container: box, crun\n");
    has(text, "fd.name    /etc/\\x1b[31mshadow\n");
    has(text, "user.name  -\n");
    has(text, "Counted: 20 events with 19 different values within 10s\n");
    auto temporal = alert;
    temporal["correlation"] = {{"type", "temporal"},
                               {"count", 3U},
                               {"distinct", 2U},
                               {"timespan", "1min"},
                               {"rules", {"fetched", "made\x1b"}}};
    has(alert_text(temporal, Terminal{}, kNow),
        "Counted: 3 events with 2 different rules within 1min (fetched, made\\x1b)\n");
    temporal["correlation"] = {{"type", "value_avg"}, {"count", 3U}, {"value", 1.5}, {"timespan", "1min"}};
    has(alert_text(temporal, Terminal{}, kNow), "Counted: 3 events, value_avg 1.5 within 1min\n");
    has(text, "Repeats: 3 more events");
    has(text, "Tags: filesystem\n              T1003.008  https://attack.mitre.org/techniques/T1003/008/\n             "
              " T1003  https://attack.mitre.org/techniques/T1003/\n");
    has(text, "Do next: Look who it was.\n              Then change the passwords.\n");
    has(text, "no; rwatchctl ack a1-0001");
    has(alert_line(alert, Terminal{}),
        "Nov 14 22:13:20 Warning Sensitive file read: cat read /etc/shadow (3 repeats) [a1-0001]");
    has(alert_text(Json::object(), Terminal{}, kNow), "Acknowledged");
    has(alert_text(Json{{"processes", Json::array({1})}, {"tags", 5}, {"output_fields", "x"}}, Terminal{}, kNow),
        "Acknowledged");
}

TEST_CASE("a long command line takes one line of a terminal and is whole in a pipe") {
    const Json alert = {{"processes", Json::array({{{"pid", 1}, {"cmdline", std::string(500, 'x')}}})}};
    Terminal terminal;
    has(alert_text(alert, terminal, kNow), std::string(500, 'x'));
    terminal.tty = true;
    terminal.width = 60;
    const auto text = alert_text(alert, terminal, kNow);
    CHECK(text.find(std::string(60, 'x')) == std::string::npos);
    has(text, "Process: [1] xxx");
}

TEST_CASE("an alert's keys come in the order of the contract") {
    const auto ordered = in_contract_order({{"unit", "u"}, {"output", "o"}, {"id", "i"}, {"rule", "r"}});
    CHECK(ordered.dump() == R"({"id":"i","rule":"r","output":"o","unit":"u"})");
}

TEST_CASE("ATT&CK techniques have links, other tags do not") {
    CHECK(attack_link("T1046") == "https://attack.mitre.org/techniques/T1046/");
    for (const char* tag : {"", "T", "T104", "T10466", "T1046.01", "T1046x001", "TA0001", "t1046", "network"})
        CHECK(attack_link(tag).empty());
}

TEST_CASE("diagnostics show the line that they are about") {
    const Diagnostics list{
        {Severity::error, "unknown-key", {"a.yaml", 2, 3}, "unknown key 'conditon'", "did you mean 'condition'?"},
        {Severity::warning, "w", {"b.yaml", 0, 0}, "something", ""}};
    const auto text = render_all(list, {{"a.yaml", "- rule: x\n  conditon: y\n"}}, Terminal{});
    has(text, "a.yaml:2:3: error: unknown key 'conditon' [unknown-key]\n    conditon: y\n    ^\n");
    has(text, "did you mean 'condition'?");
    CHECK(count_text(list) == "1 error, 1 warning");
    CHECK(count_text({}) == "no problems");
    const auto back = diagnostics_of(diagnostics_json(list));
    REQUIRE(back.size() == 2);
    CHECK(back[0].where.line == 2);
    CHECK(back[0].hint == list[0].hint);
    CHECK(back[1].severity == Severity::warning);
    CHECK(diagnostics_of(Json::array({5, {{"line", -1}}})).size() == 2);
}

TEST_CASE("rule files are read in the order of their names, wherever they stand") {
    const Folder one, two;
    (void)one.put("20-b.yaml", "b");
    (void)one.put("notes.txt", "no rules");
    (void)two.put("10-a.yml", "a");
    const auto third = two.put("30.rules", "c");
    auto files = read_rule_files({one.path(), two.path(), third});
    CHECK(files.diagnostics.empty());
    REQUIRE(files.texts.size() == 3);
    CHECK(files.texts[0].text == "a");
    CHECK(files.texts[1].text == "b");
    CHECK(files.texts[2].text == "c");
}

TEST_CASE("what can't be read is told, and the rest is read") {
    const Folder folder, empty;
    const auto good = folder.put("a.yaml", "a");
    const auto files = read_rule_files({folder.path() + "/missing.yaml", good, empty.path()});
    CHECK(files.texts.size() == 1);
    REQUIRE(files.diagnostics.size() == 2);
    CHECK(files.diagnostics[0].code == "no-rules");
    CHECK(files.diagnostics[0].hint.find("folders in it are not looked into") != std::string::npos);
    CHECK(files.diagnostics[1].message == "cannot read the file: No such file or directory");
}

TEST_CASE("a fifo in a folder of rules is refused, not waited for") {
    const Folder folder;
    (void)folder.put("a.yaml", "a");
    REQUIRE(::mkfifo((folder.path() + "/b.yaml").c_str(), 0600) == 0);
    const auto files = read_rule_files({folder.path()});
    CHECK(files.texts.size() == 1);
    REQUIRE(files.diagnostics.size() == 1);
    CHECK(files.diagnostics[0].message == "cannot read the file: is not a regular file");
}

TEST_CASE("a fifo that is named is refused, too, and a hidden file in a folder is none, as for the daemon") {
    const Folder folder;
    (void)folder.put(".a.yaml", "a");
    (void)folder.put("c.yaml", "a");
    CHECK(read_rule_files({folder.path()}).texts.size() == 1);
    const auto fifo = folder.path() + "/b.yaml";
    REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    const auto files = read_rule_files({fifo});
    CHECK(files.texts.empty());
    REQUIRE(files.diagnostics.size() == 1);
    CHECK(files.diagnostics[0].message == "cannot read the file: is not a regular file");
}

TEST_CASE("a folder whose only file is refused is not empty, too") {
    const Folder folder;
    REQUIRE(::mkfifo((folder.path() + "/a.yaml").c_str(), 0600) == 0);
    const auto files = read_rule_files({folder.path()});
    REQUIRE(files.diagnostics.size() == 1);
    CHECK(files.diagnostics[0].code == "cannot-read");
}
