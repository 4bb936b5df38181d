// SPDX-License-Identifier: MIT OR Apache-2.0
// Each method of the manager: results, errors, who may call it, and what a failing daemon behind it does.
#include "bus_fixture.hpp"

using namespace rwatch;
using namespace rwatch::test;

namespace {

using Dictionaries = std::vector<dbus::Dictionary>;

std::pair<std::uint64_t, Dictionaries> reload(Client& c) {
    std::pair<std::uint64_t, Dictionaries> out;
    c.manager->callMethod("Reload").onInterface(kManager).storeResultsTo(out.first, out.second);
    return out;
}

nlohmann::ordered_json list(Client& c, const dbus::Dictionary& filter) {
    Dictionaries out;
    c.manager->callMethod("ListAlerts").onInterface(kManager).withArguments(filter).storeResultsTo(out);
    return dbus::to_json(out);
}

nlohmann::ordered_json get(Client& c, const std::string& id) {
    dbus::Dictionary out;
    c.manager->callMethod("GetAlert").onInterface(kManager).withArguments(id).storeResultsTo(out);
    return dbus::to_json(out);
}

void acknowledge(Client& c, const std::vector<std::string>& ids, const std::string& note) {
    c.manager->callMethod("AcknowledgeAlerts").onInterface(kManager).withArguments(ids, note);
}

std::vector<std::string> pause(Client& c, const std::string& selector, std::uint64_t usec, const std::string& reason) {
    std::vector<std::string> out;
    c.manager->callMethod("Pause").onInterface(kManager).withArguments(selector, usec, reason).storeResultsTo(out);
    return out;
}

std::vector<std::string> resume(Client& c, const std::string& selector) {
    std::vector<std::string> out;
    c.manager->callMethod("Resume").onInterface(kManager).withArguments(selector).storeResultsTo(out);
    return out;
}

/// All that the pipe has, to its end.
std::string read_all(const sdbus::UnixFd& fd) {
    std::string out(4096, '\0');
    const auto got = ::read(fd.get(), out.data(), out.size());
    out.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return out;
}

std::string open_events(Client& c, const std::string& condition) {
    sdbus::UnixFd fd;
    c.manager->callMethod("OpenEventStream").onInterface(kManager).withArguments(condition).storeResultsTo(fd);
    return read_all(fd);
}

std::string open_capture(Client& c) {
    sdbus::UnixFd fd;
    c.manager->callMethod("OpenCapture").onInterface(kManager).storeResultsTo(fd);
    return read_all(fd);
}

std::vector<std::string> ids_of(const nlohmann::ordered_json& list) {
    std::vector<std::string> out;
    for (const auto& alert : list)
        out.push_back(alert.at("id"));
    return out;
}

} // namespace

TEST_CASE("Reload gives generation and diagnostics, also where it failed") {
    BusFixture f;
    f.service.start();
    f.control.reload_result = {
        true, 8, {{Severity::warning, "unused-macro", {"/etc/a.yaml", 3, 5}, "macro 'x' is not used", "remove it"}}};
    auto [generation, diagnostics] = f.client(reload);
    CHECK(generation == 8);
    const auto told = dbus::to_json(diagnostics);
    REQUIRE(told.size() == 1);
    CHECK(told[0] == nlohmann::ordered_json{{"code", "unused-macro"},
                                            {"column", 5},
                                            {"file", "/etc/a.yaml"},
                                            {"hint", "remove it"},
                                            {"line", 3},
                                            {"message", "macro 'x' is not used"},
                                            {"severity", "warning"}});
    f.control.reload_result = {false, 8, {{Severity::error, "syntax", {"b.yaml", 1, 2}, "bad \xff text", ""}}};
    std::tie(generation, diagnostics) = f.client(reload);
    CHECK(generation == 8);
    CHECK(dbus::to_json(diagnostics)[0].at("severity") == "error");
    CHECK(dbus::to_json(diagnostics)[0].at("message") == "bad \xef\xbf\xbd text");
}

TEST_CASE("ListAlerts filters and pages") {
    BusFixture f;
    f.service.start();
    for (int i = 0; i < 1200; ++i) {
        std::array<char, 16> id{};
        std::snprintf(id.data(), id.size(), "id-%04d", i);
        f.control.alerts_kept.add(make_alert(id.data(), i * kSecond));
    }
    const auto newest = f.client([](Client& c) { return list(c, {}); });
    REQUIRE(newest.size() == dbus::kMaxListed);
    CHECK(newest.back().at("id") == "id-1199");
    CHECK(newest.back().at("output_fields").at("proc.pid") == 12);
    CHECK(newest.back().at("output_fields").at("user.name").is_null());
    CHECK(newest.back().at("unit") == "ssh.service");
    const auto page = f.client([](Client& c) {
        return list(c, {{"before", std::string("id-0003")}, {"limit", std::uint64_t{2}}});
    });
    CHECK(ids_of(page) == std::vector<std::string>{"id-0001", "id-0002"});
    CHECK(f.client([](Client& c) { return list(c, {{"before", std::string("id-0000")}}); }).empty());
    CHECK(f.client([](Client& c) { return list(c, {{"before", std::string("gone")}}); }).empty());
    const auto window = f.client([](Client& c) {
        return list(c, {{"since_usec", std::uint64_t{5'000'000}},
                        {"until_usec", std::int64_t{6'000'000}},
                        {"priority", std::string("warning")}});
    });
    CHECK(ids_of(window) == std::vector<std::string>{"id-0005", "id-0006"});
    CHECK(f.client([](Client& c) { return list(c, {{"unit", std::string("other.service")}}); }).empty());
    CHECK(f.client([](Client& c) { return list(c, {{"rule", std::string("no such")}}); }).empty());
    CHECK(f.client([](Client& c) { return list(c, {{"since_usec", ~std::uint64_t{0}}}); }).empty());
}

TEST_CASE("ListAlerts refuses what it does not understand") {
    BusFixture f;
    f.service.start();
    const std::vector<dbus::Dictionary> bad{
        {{"limit", std::string("many")}},         {{"unti_usec", std::uint64_t{1}}},
        {{"priority", std::string("huge")}},      {{"rule", true}},
        {{"unacknowledged", std::string("yes")}}, {{"since_usec", std::int64_t{-1}}}};
    for (const auto& filter : bad)
        CHECK(f.error_of([&](Client& c) { list(c, filter); }) == dbus::kErrorInvalidArgument);
}

TEST_CASE("GetAlert gives everything") {
    BusFixture f;
    f.service.start();
    f.control.alerts_kept.add(make_alert("a1", kSecond));
    const auto alert = f.client([](Client& c) { return get(c, "a1"); });
    CHECK(alert.at("respond") == "look at it");
    CHECK(alert.at("processes").at(0).at("cmdline") == "cat /etc/shadow");
    CHECK(alert.at("acknowledged").is_null());
    CHECK(f.error_of([](Client& c) { get(c, "nope"); }) == dbus::kErrorNoSuchAlert);
}

TEST_CASE("OpenEventStream hands over a pipe, or says what is wrong with the condition") {
    BusFixture f;
    f.service.start();
    CHECK(f.client([](Client& c) { return open_events(c, "proc.pid = 1"); }) == "{\"condition\": \"proc.pid = 1\"}\n");
    CHECK(f.client([](Client& c) { return open_events(c, ""); }) == "{\"condition\": \"\"}\n");
    CHECK(f.error_of([](Client& c) { open_events(c, "wrong"); }) == dbus::kErrorInvalidCondition);
    CHECK(f.error_of([](Client& c) { open_events(c, "many"); }) == dbus::kErrorLimitsExceeded);
    CHECK(f.error_of([](Client& c) { open_events(c, std::string(dbus::kMaxCondition + 1, 'x')); }) ==
          dbus::kErrorInvalidCondition);
}

TEST_CASE("OpenCapture hands over a pipe") {
    BusFixture f;
    f.service.start();
    CHECK(f.client(open_capture) == "{\"condition\": \"capture\"}\n");
}

TEST_CASE("AcknowledgeAlerts marks what exists and names what does not") {
    BusFixture f;
    f.service.start();
    f.control.alerts_kept.add(make_alert("a1", kSecond));
    f.control.alerts_kept.add(make_alert("a2", 2 * kSecond));
    CHECK(f.error_of([](Client& c) { acknowledge(c, {"a1", "nope"}, "seen"); }) == dbus::kErrorNoSuchAlert);
    CHECK(f.client([](Client& c) { return get(c, "a1"); }).at("acknowledged").at("note") == "seen");
    const auto open = f.client([](Client& c) { return list(c, {{"unacknowledged", true}}); });
    CHECK(ids_of(open) == std::vector<std::string>{"a2"});
    CHECK(f.error_of([](Client& c) { acknowledge(c, {}, ""); }) == dbus::kErrorInvalidArgument);
    CHECK(f.error_of([](Client& c) { acknowledge(c, {"a2"}, std::string(dbus::kMaxNote + 1, 'x')); }) ==
          dbus::kErrorInvalidArgument);
    CHECK(f.error_of([](Client& c) { acknowledge(c, {"a2"}, ""); }).empty());
}

TEST_CASE("Pause and Resume name the rules concerned") {
    BusFixture f;
    f.service.start();
    CHECK(f.client([](Client& c) { return pause(c, "third", 600'000'000, "noise"); }) ==
          std::vector<std::string>{"third"});
    Dictionaries detectors;
    f.client([&](Client& c) {
        c.manager->callMethod("ListDetectors").onInterface(kManager).storeResultsTo(detectors);
        return 0;
    });
    const auto third = dbus::to_json(detectors).at(2);
    CHECK(third.at("state") == "paused");
    CHECK(third.at("pause") == nlohmann::ordered_json{{"reason", "noise"},
                                                      {"selector", "third"},
                                                      {"since_usec", 10'000'000},
                                                      {"uid", getuid()},
                                                      {"until_usec", 610'000'000}});
    CHECK(f.client([](Client& c) { return resume(c, "common"); }) == std::vector<std::string>{"third"});
    CHECK(f.client([](Client& c) { return resume(c, "common"); }).empty());
    CHECK(f.error_of([](Client& c) { pause(c, "nothing", 0, ""); }) == dbus::kErrorNoSuchDetector);
    CHECK(f.error_of([](Client& c) { resume(c, "nothing"); }) == dbus::kErrorNoSuchDetector);
    CHECK(f.error_of([](Client& c) { pause(c, "third", ~std::uint64_t{0}, ""); }) == dbus::kErrorInvalidArgument);
    CHECK(f.error_of([](Client& c) { pause(c, "third", 0, std::string(dbus::kMaxNote + 1, 'x')); }) ==
          dbus::kErrorInvalidArgument);
}

TEST_CASE("only root may change anything or read alerts") {
    REQUIRE(geteuid() == 0); // needs another user's process
    constexpr uid_t kNobody = 65534;
    BusFixture f;
    f.service.start();
    f.control.alerts_kept.add(make_alert("a1", kSecond));
    CHECK(f.error_as(kNobody, [](Client& c) { reload(c); }) == dbus::kErrorAccessDenied);
    CHECK(f.error_as(kNobody, [](Client& c) { list(c, {}); }) == dbus::kErrorAccessDenied);
    CHECK(f.error_as(kNobody, [](Client& c) { get(c, "a1"); }) == dbus::kErrorAccessDenied);
    CHECK(f.error_as(kNobody, [](Client& c) { get(c, "no such alert"); }) == dbus::kErrorAccessDenied);
    CHECK(f.error_as(kNobody, [](Client& c) { acknowledge(c, {"a1"}, ""); }) == dbus::kErrorAccessDenied);
    CHECK(f.error_as(kNobody, [](Client& c) { pause(c, "third", 0, ""); }) == dbus::kErrorAccessDenied);
    CHECK(f.error_as(kNobody, [](Client& c) { resume(c, "third"); }) == dbus::kErrorAccessDenied);
    CHECK(f.error_as(kNobody, [](Client& c) { open_events(c, ""); }) == dbus::kErrorAccessDenied);
    CHECK(f.error_as(kNobody, [](Client& c) { open_capture(c); }) == dbus::kErrorAccessDenied);
    CHECK(f.control.detector_list.at(2).state == "active");
    CHECK(f.control.alerts_kept.find("a1")->acknowledged == std::nullopt);
    CHECK(f.error_as(kNobody, [](Client& c) { (void)c.all(dbus::kManagerPath, kManager); }).empty());
    CHECK(f.error_as(0, [](Client& c) { get(c, "a1"); }).empty());
}

TEST_CASE("whatever a handler throws becomes an error and the service lives") {
    BusFixture f;
    f.service.start();
    f.control.broken = true;
    CHECK(f.error_of([](Client& c) { reload(c); }) == dbus::kErrorFailed);
    CHECK(f.error_of([](Client& c) { (void)c.all(dbus::kManagerPath, kManager); }) == dbus::kErrorFailed);
    CHECK(f.error_of([](Client& c) { sdbus::Variant v = c.manager->getProperty("State").onInterface(kManager); }) ==
          dbus::kErrorFailed);
    f.service.state_changed(); // reads the broken status; must not throw
    f.control.broken = false;
    CHECK(f.client([](Client& c) { return c.all(dbus::kManagerPath, kManager).at("State").get<std::string>(); }) ==
          "running");
}
