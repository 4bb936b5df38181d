// SPDX-License-Identifier: MIT OR Apache-2.0
// Properties, signals, detector objects, and the bus that is absent, goes and comes back.
#include "bus_fixture.hpp"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>

using namespace rwatch;
using namespace rwatch::test;

namespace {

using Objects = std::map<sdbus::ObjectPath, std::map<std::string, dbus::Dictionary>>;

Objects managed(Client& c) {
    Objects out;
    c.manager->callMethod("GetManagedObjects").onInterface("org.freedesktop.DBus.ObjectManager").storeResultsTo(out);
    return out;
}

/// Listens in a thread of its own for every signal that the service sends.
class Listener {
  public:
    explicit Listener(const std::string& address) : thread_([this, address] { run(address); }) {
        while (!ready_)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    ~Listener() {
        stop_ = true;
        thread_.join();
    }
    /// "member path arguments…" of all so far.
    std::vector<std::string> seen() {
        const std::lock_guard lock(mutex_);
        return seen_;
    }
    std::size_t count(const std::string& text) {
        const auto all = seen();
        return static_cast<std::size_t>(std::count(all.begin(), all.end(), text));
    }

  private:
    void run(const std::string& address) {
        auto connection = sdbus::createSessionBusConnectionWithAddress(address);
        connection->addMatch(
            "type='signal',path_namespace='/org/rwatch1'", [this](sdbus::Message& m) { note(m); },
            sdbus::floating_slot);
        ready_ = true;
        while (!stop_) {
            while (connection->processPendingRequest()) {
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
    }
    void note(sdbus::Message& m) {
        std::string text = m.getMemberName() + " " + m.getPath();
        while (true) {
            std::string type, contents;
            m.peekType(type, contents);
            if (type == "s") {
                std::string value;
                m >> value;
                text += " " + value;
            } else if (type == "t") {
                std::uint64_t value = 0;
                m >> value;
                text += " " + std::to_string(value);
            } else if (type == "a" && contents == "{sv}") {
                dbus::Dictionary value;
                m >> value;
                text += " " + dbus::to_json(value).dump();
            } else if (type == "a" && contents == "{st}") {
                std::map<std::string, std::uint64_t> value;
                m >> value;
                text += " " + nlohmann::json(value).dump();
            } else {
                break;
            }
        }
        const std::lock_guard lock(mutex_);
        seen_.push_back(text);
    }

    std::mutex mutex_;
    std::vector<std::string> seen_;
    std::atomic<bool> ready_{false}, stop_{false};
    std::thread thread_;
};

std::string whole(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

} // namespace

TEST_CASE("the manager's properties come from one reading") {
    BusFixture f;
    auto& s = f.control.status_value;
    s.state = "degraded";
    s.state_reason = "no probe for \xff";
    s.services_unseen = "no systemd";
    s.rules_loaded = 5;
    s.rules_enabled = 4;
    s.rules_paused = 1;
    s.probes = {{"open", "tracepoint:syscalls", "fentry: EPERM", "", {"fentry", "tracepoint"}, 99}};
    s.events_received = 1234;
    s.events_sifted = 98;
    s.events_lost = {{"open", 3}};
    s.events_lost_by = {{"flood.service", 2}};
    s.shortfalls = {{"values cut", 4}};
    s.alerts_raised = 6;
    s.alerts_suppressed = 2;
    s.sinks.emplace_back();
    s.sinks.back().name = "journal";
    s.sinks.back().state = "ok";
    s.sinks.back().capacity = 10000;
    s.processes = 321;
    f.control.alerts_kept.add(make_alert("a1", kSecond));
    f.service.start();
    f.control.status_calls = 0;
    const auto all = dbus::to_json(f.client([](Client& c) { return c.all(dbus::kManagerPath, kManager); }));
    CHECK(f.control.status_calls == 1);
    CHECK(all.at("Version") == "1.2.3");
    CHECK(all.at("State") == "degraded");
    CHECK(all.at("StateReason") == "no probe for \xef\xbf\xbd");
    CHECK(all.at("ServicesUnseen") == "no systemd");
    CHECK(all.at("Generation") == 7);
    CHECK(all.at("StartedRealtimeUSec") == 1'700'000'000'000'000);
    CHECK(all.at("RulesLoaded") == 5);
    CHECK(all.at("RulesEnabled") == 4);
    CHECK(all.at("RulesPaused") == 1);
    CHECK(all.at("Probes").at(0).at("alternatives") == nlohmann::ordered_json{"fentry", "tracepoint"});
    CHECK(all.at("Probes").at(0).at("events") == 99);
    CHECK(all.at("EventsReceived") == 1234);
    CHECK(all.at("EventsSifted") == 98);
    CHECK(all.at("EventsLost") == nlohmann::ordered_json{{"open", 3}});
    CHECK(all.at("EventsLostBy") == nlohmann::ordered_json{{"flood.service", 2}});
    CHECK(all.at("Shortfalls") == nlohmann::ordered_json{{"values cut", 4}});
    CHECK(all.at("AlertsRaised") == 6);
    CHECK(all.at("AlertsSuppressed") == 2);
    CHECK(all.at("AlertsUnacknowledged") == 1);
    CHECK(all.at("AlertsForgotten") == 0);
    CHECK(all.at("Sinks").at(0).at("capacity") == 10000);
    CHECK(all.at("Sinks").at(0).at("absent") == false);
    CHECK(all.at("ProcessesTracked") == 321);
    CHECK(all.size() == 21);
}

TEST_CASE("each rule is an object, found through the ObjectManager") {
    BusFixture f;
    f.service.start();
    f.control.detector_calls = 0;
    const auto objects = f.client(managed);
    CHECK(f.control.detector_calls == 1);
    REQUIRE(objects.size() == 3);
    const auto path = dbus::detector_path("second/rule ü");
    CHECK(path == "/org/rwatch1/detector/second_2frule_20_c3_bc");
    REQUIRE(objects.count(path) == 1);
    const auto detector = dbus::to_json(objects.at(path).at(kDetector));
    CHECK(detector.at("Name") == "second/rule ü");
    CHECK(detector.at("Priority") == "Warning");
    CHECK(detector.at("Tags") == nlohmann::ordered_json{"common"});
    CHECK(detector.at("Hits") == 5);
    CHECK(detector.at("LastHitUSec") == 3'000'000);
    CHECK(detector.at("PausedUntilUSec") == 0);
    CHECK(detector.at("Evicted") == 0);
    CHECK(detector.size() == 13);
}

TEST_CASE("signals tell what happened and nothing that not everyone may know") {
    BusFixture f;
    f.service.start();
    Listener listener(f.bus.address());
    const std::string at = " /org/rwatch1 ";
    auto alert = make_alert("a1", 1'700'000'000 * kSecond);
    f.service.alert_raised(*alert);
    f.service.acknowledged({"a1", "a2"});
    f.service.events_lost({{"open", 12}});
    f.control.status_value.state = "degraded";
    f.service.state_changed();
    f.turn_until([&] { return listener.seen().size() >= 5; });
    CHECK(listener.count("AlertRaised" + at + "a1 first rule Critical 1700000000000000") == 1);
    CHECK(listener.count("AlertAcknowledged" + at + "a1") == 1);
    CHECK(listener.count("AlertAcknowledged" + at + "a2") == 1);
    CHECK(listener.count("EventsLost" + at + R"({"open":12})") == 1);
    CHECK(listener.count("PropertiesChanged" + at + R"(org.rwatch1.Manager {"State":"degraded"})") == 1);
    CHECK(f.service.sink_status().delivered == 1);
    CHECK(f.service.sink_status().dropped == 0);
}

TEST_CASE("a pause is announced without who or why") {
    BusFixture f;
    f.service.start();
    Listener listener(f.bus.address());
    f.control.pause("third", 600 * kSecond, "secret reason", 0);
    f.turn_until([&] { return !listener.seen().empty(); });
    f.turn_for(std::chrono::milliseconds(50));
    CHECK(
        listener.seen() ==
        std::vector<std::string>{
            R"(PropertiesChanged /org/rwatch1/detector/third org.rwatch1.Detector {"PausedUntilUSec":610000000,"State":"paused"})"});
}

TEST_CASE("a reload replaces the detector objects") {
    BusFixture f;
    f.service.start();
    Listener listener(f.bus.address());
    auto& list = f.control.detector_list;
    list.erase(list.begin());         // "first rule" goes
    list[1].description = "new text"; // "third" changes
    list.push_back(list[0]);
    list.back().name = "fourth";
    f.control.reload_result = {true, 8, {}};
    f.client([](Client& c) {
        c.manager->callMethod("Reload").onInterface(kManager);
        return 0;
    });
    f.turn_until([&] { return listener.seen().size() >= 5; });
    CHECK(listener.count("InterfacesRemoved /org/rwatch1") == 1);
    CHECK(listener.count("InterfacesAdded /org/rwatch1") == 1);
    CHECK(listener.count(
              R"(PropertiesChanged /org/rwatch1/detector/third org.rwatch1.Detector {"Description":"new text"})") == 1);
    CHECK(listener.count(R"(PropertiesChanged /org/rwatch1 org.rwatch1.Manager {"Generation":8})") == 1);
    CHECK(listener.count("RulesReloaded /org/rwatch1 8") == 1);
    const auto objects = f.client(managed);
    CHECK(objects.count(dbus::detector_path("first rule")) == 0);
    CHECK(objects.count(dbus::detector_path("fourth")) == 1);
    CHECK(objects.size() == 3);
    CHECK_FALSE(f.error_of([](Client& c) { (void)c.all(dbus::detector_path("first rule"), kDetector); }).empty());
}

TEST_CASE("a bus that is absent, comes, dies and comes back") {
    BusFixture f;
    f.bus.stop();
    std::vector<bool> states;
    f.service.on_state([&](const bus::BusState& state) { states.push_back(state.connected); });
    f.service.start();
    CHECK_FALSE(f.service.state().connected);
    CHECK_FALSE(f.service.state().reason.empty());
    f.service.alert_raised(*make_alert("a1", 1));
    f.service.rules_reloaded();
    CHECK(f.service.sink_status().dropped == 1);
    CHECK(f.service.sink_status().state == f.service.state().reason);
    f.turn_for(std::chrono::milliseconds(300)); // one try more that fails

    f.bus.start();
    f.turn_until([&] { return f.service.state().connected; });
    CHECK(f.client([](Client& c) { return managed(c).size(); }) == 3);

    f.bus.stop();
    f.turn_until([&] { return !f.service.state().connected; });
    f.service.alert_raised(*make_alert("a2", 1));
    CHECK(f.service.sink_status().dropped == 2);
    f.bus.start();
    f.turn_until([&] { return f.service.state().connected; });
    f.service.alert_raised(*make_alert("a3", 1));
    CHECK(f.service.sink_status().delivered == 1);
    CHECK(f.client([](Client& c) { return managed(c).size(); }) == 3);
    CHECK(states == std::vector<bool>{false, true, false, true});
}

TEST_CASE("a bus that accepts and says nothing does not hold the daemon") {
    FakeControl control;
    Handle<sd_event, sd_event_unref> event;
    sd_event* made = nullptr;
    REQUIRE(sd_event_new(&made) >= 0);
    event.reset(made);
    std::string folder = std::filesystem::temp_directory_path() / "rwatch-mute-XXXXXX";
    REQUIRE(mkdtemp(folder.data()) != nullptr);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto path = folder + "/socket";
    std::copy(path.begin(), path.end(), address.sun_path);
    const Fd mute(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(bind(mute.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0); // NOLINT
    REQUIRE(listen(mute.get(), 5) == 0);
    const auto begin = std::chrono::steady_clock::now();
    {
        bus::Service service(event.get(), "unix:path=" + path, control);
        service.start();
        CHECK(service.state().reason == "the bus does not answer");
        service.alert_raised(*make_alert("a1", 1));
        CHECK(service.sink_status().dropped == 1);
        for (int i = 0; i < 20; ++i)
            REQUIRE(sd_event_run(event.get(), 5000) >= 0);
    }
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(10));
    std::filesystem::remove_all(folder);
}

TEST_CASE("a name that another holds is waited for") {
    BusFixture f;
    auto other = sdbus::createSessionBusConnectionWithAddress(f.bus.address());
    other->requestName(dbus::kBusName);
    f.service.start();
    CHECK_FALSE(f.service.state().connected);
    other.reset();
    f.turn_until([&] { return f.service.state().connected; });
}

TEST_CASE("a flood of calls leaves the loop its turns") {
    BusFixture f;
    f.service.start();
    constexpr int kCalls = 500;
    auto flood = std::async(std::launch::async, [&] {
        Client client(f.bus.address());
        for (int i = 0; i < kCalls; ++i)
            client.manager->callMethod("Resume")
                .onInterface(kManager)
                .withArguments("call " + std::to_string(i))
                .dontExpectReply();
        // Ordered behind all of them: once this is answered, they are done.
        client.manager->callMethod("ListDetectors").onInterface(kManager);
    });
    std::vector<int> resumed_before_turn;
    f.turn_until([&] {
        resumed_before_turn.push_back(f.control.resume_calls);
        return flood.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    });
    flood.get();
    CHECK(f.control.resume_calls == kCalls);
    // Never more than a turn's worth between two chances for other sources.
    for (std::size_t i = 1; i < resumed_before_turn.size(); ++i)
        CHECK(resumed_before_turn[i] - resumed_before_turn[i - 1] <= bus::EventBinding::kMaxPerTurn);
}

TEST_CASE("the shipped bus policy lets root own the name and everyone look") {
    REQUIRE(geteuid() == 0);
    const std::string base = R"(
  <policy context="default">
    <allow user="*"/><deny own="*"/><deny send_type="method_call"/>
    <allow send_type="signal"/><allow send_requested_reply="true" send_type="method_return"/><allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/><allow receive_type="method_return"/><allow receive_type="error"/><allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus"/>
  </policy>
  <include>)" RWATCH_BUS_POLICY "</include>";
    REQUIRE_FALSE(whole(RWATCH_BUS_POLICY).empty());
    BusFixture f(base);
    f.service.start();
    REQUIRE(f.service.state().connected);
    constexpr uid_t kNobody = 65534;
    CHECK(f.error_as(kNobody, [](Client& c) { (void)c.all(dbus::kManagerPath, kManager); }).empty());
    CHECK(f.error_as(kNobody, [](Client& c) { managed(c); }).empty());
    CHECK(f.error_as(kNobody, [](Client& c) { c.connection->requestName("org.rwatch1"); }) == dbus::kErrorAccessDenied);
    CHECK(f.error_as(kNobody, [](Client& c) { c.manager->callMethod("Reload").onInterface(kManager); }) ==
          dbus::kErrorAccessDenied);
}
