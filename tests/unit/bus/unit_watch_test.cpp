// SPDX-License-Identifier: MIT OR Apache-2.0
// Starts and stops of services, told by a systemd of the tests' own.
#include "bus/unit_watch.hpp"
#include "bus_fixture.hpp"

#include <map>
#include <mutex>

using namespace rwatch;
using namespace rwatch::test;

namespace {

using Listed = sdbus::Struct<std::string, std::string, std::string, std::string, std::string, std::string,
                             sdbus::ObjectPath, std::uint32_t, std::string, sdbus::ObjectPath>;

constexpr const char* kUnitInterface = "org.freedesktop.systemd1.Unit";

/// Has units, and tells what becomes of them.
class FakeSystemd {
  public:
    explicit FakeSystemd(const std::string& address)
        : connection_(sdbus::createSessionBusConnectionWithAddress(address)),
          manager_(sdbus::createObject(*connection_, "/org/freedesktop/systemd1")) {
        manager_->registerMethod("Subscribe").onInterface("org.freedesktop.systemd1.Manager").implementedAs([] {});
        manager_->registerMethod("ListUnits").onInterface("org.freedesktop.systemd1.Manager").implementedAs([this] {
            std::vector<Listed> out;
            const std::lock_guard lock(mutex_);
            for (const auto& [name, state] : states_)
                out.emplace_back(name, "", "loaded", state, "", "", sdbus::ObjectPath("/"), 0, "",
                                 sdbus::ObjectPath("/"));
            return out;
        });
        manager_->finishRegistration();
    }
    ~FakeSystemd() { connection_->leaveEventLoop(); }
    void appear() {
        connection_->requestName("org.freedesktop.systemd1");
        connection_->enterEventLoopAsync();
    }
    void add(const std::string& name, const std::string& element, const std::string& state) {
        {
            const std::lock_guard lock(mutex_);
            states_[name] = state;
        }
        auto object = sdbus::createObject(*connection_, "/org/freedesktop/systemd1/unit/" + element);
        object->registerProperty("ActiveState").onInterface(kUnitInterface).withGetter([this, name] {
            const std::lock_guard lock(mutex_);
            return states_[name];
        });
        object->registerProperty("Irrelevant").onInterface(kUnitInterface).withGetter([] { return true; });
        object->finishRegistration();
        units_[name] = std::move(object);
    }
    void become(const std::string& name, const std::string& state) {
        {
            const std::lock_guard lock(mutex_);
            states_[name] = state;
        }
        units_.at(name)->emitPropertiesChangedSignal(kUnitInterface, {"ActiveState", "Irrelevant"});
    }

  private:
    std::mutex mutex_;
    std::map<std::string, std::string> states_;
    std::unique_ptr<sdbus::IConnection> connection_;
    std::unique_ptr<sdbus::IObject> manager_;
    std::map<std::string, std::unique_ptr<sdbus::IObject>> units_;
};

} // namespace

TEST_CASE("services that start and stop are told, once each") {
    BusFixture f;
    FakeSystemd systemd(f.bus.address());
    systemd.add("ran-before.service", "ran_2dbefore_2eservice", "active");
    systemd.add("web@1.service", "web_401_2eservice", "inactive");
    systemd.add("data.mount", "data_2emount", "inactive");
    systemd.appear();
    f.service.start();
    f.turn_until([&] { return f.control.services_trouble.has_value(); });
    CHECK(f.control.services_trouble == "");
    systemd.become("web@1.service", "inactive"); // another of its properties changed
    systemd.become("ran-before.service", "active");
    systemd.become("data.mount", "active"); // no service
    systemd.become("web@1.service", "activating");
    systemd.become("web@1.service", "active");
    systemd.become("ran-before.service", "deactivating");
    systemd.become("ran-before.service", "failed");
    systemd.become("ran-before.service", "inactive");
    systemd.become("web@1.service", "inactive");
    f.turn_until([&] { return f.control.services.size() >= 3; });
    f.turn_for(std::chrono::milliseconds(50));
    CHECK(f.control.services == std::vector<std::string>{"+web@1.service activating", "-ran-before.service failed",
                                                         "-web@1.service inactive"});
}

TEST_CASE("where there is no systemd on the bus, why is told") {
    BusFixture f;
    f.service.start();
    f.turn_until([&] { return f.control.services_trouble.has_value(); });
    CHECK_FALSE(f.control.services_trouble->empty());
    CHECK(f.control.services.empty());
}

TEST_CASE("paths of units") {
    CHECK(bus::unit_of_path("/org/freedesktop/systemd1/unit/ssh_2eservice") == "ssh.service");
    CHECK(bus::unit_of_path("/org/freedesktop/systemd1/unit/a_5fb_40x_2eservice") == "a_b@x.service");
    CHECK(bus::unit_of_path("/org/freedesktop/systemd1/unit/_zz_2") == "_zz_2");
    CHECK(bus::unit_of_path("/org/freedesktop/systemd1/unit/").empty());
    CHECK(bus::unit_of_path("/org/freedesktop/systemd1/job/5").empty());
}
