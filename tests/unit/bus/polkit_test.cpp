// SPDX-License-Identifier: MIT OR Apache-2.0
// What others than root may do: a polkit of the tests' own is asked, once a call, without holding anybody up.
#include "bus_fixture.hpp"

#include <atomic>
#include <map>

using namespace rwatch;
using namespace rwatch::test;

namespace {

constexpr uid_t kSomebody = 65534;

using Subject = sdbus::Struct<std::string, std::map<std::string, sdbus::Variant>>;
using Details = std::map<std::string, std::string>;
using Verdict = sdbus::Struct<bool, bool, Details>;

/// Allows one action, and keeps what it was asked.
class FakePolkit {
  public:
    FakePolkit(const std::string& address, std::string allowed)
        : allowed_(std::move(allowed)), connection_(sdbus::createSessionBusConnectionWithAddress(address)),
          object_(sdbus::createObject(*connection_, "/org/freedesktop/PolicyKit1/Authority")) {
        object_->registerMethod("CheckAuthorization")
            .onInterface("org.freedesktop.PolicyKit1.Authority")
            .implementedAs([this](const Subject& subject, const std::string& action, const Details& details,
                                  std::uint32_t flags, const std::string& cancellation) {
                ++asked;
                well_formed = subject.get<0>() == "system-bus-name" && details.empty() && flags == 1 &&
                              cancellation.empty() && subject.get<1>().at("name").get<std::string>().starts_with(':');
                if (meanwhile)
                    meanwhile();
                if (broken)
                    throw sdbus::Error("org.freedesktop.PolicyKit1.Error.Failed", "broken");
                return Verdict(action == allowed_, false, Details{});
            });
        object_->finishRegistration();
        connection_->requestName("org.freedesktop.PolicyKit1");
        connection_->enterEventLoopAsync();
    }
    ~FakePolkit() { connection_->leaveEventLoop(); }

    std::atomic<int> asked = 0;
    std::atomic<bool> well_formed = false, broken = false;
    std::function<void()> meanwhile;

  private:
    std::string allowed_;
    std::unique_ptr<sdbus::IConnection> connection_;
    std::unique_ptr<sdbus::IObject> object_;
};

void reload_rules(Client& c) {
    std::uint64_t generation = 0;
    std::vector<dbus::Dictionary> diagnostics;
    c.manager->callMethod("Reload").onInterface(kManager).storeResultsTo(generation, diagnostics);
}

void list_alerts(Client& c) {
    std::vector<dbus::Dictionary> out;
    c.manager->callMethod("ListAlerts").onInterface(kManager).withArguments(dbus::Dictionary{}).storeResultsTo(out);
}

} // namespace

TEST_CASE("polkit says what others than root may do") {
    REQUIRE(geteuid() == 0); // needs another user's process
    BusFixture f;
    f.service.start();
    f.control.reload_result.ok = true;
    FakePolkit polkit(f.bus.address(), dbus::kActionReload);
    CHECK(f.error_as(kSomebody, reload_rules).empty());
    CHECK(polkit.asked == 1);
    CHECK(polkit.well_formed);
    CHECK(f.error_as(kSomebody, list_alerts) == dbus::kErrorAccessDenied);
    CHECK(polkit.asked == 2);
    CHECK(f.error_of(list_alerts).empty()); // root
    CHECK(polkit.asked == 2);
    polkit.broken = true;
    CHECK(f.error_as(kSomebody, reload_rules) == dbus::kErrorAccessDenied);
}

TEST_CASE("while polkit thinks, others get their answers") {
    REQUIRE(geteuid() == 0);
    BusFixture f;
    f.service.start();
    FakePolkit polkit(f.bus.address(), dbus::kActionReadAlerts);
    bool answered = false;
    polkit.meanwhile = [&] {
        Client root(f.bus.address());
        list_alerts(root);
        answered = true;
    };
    CHECK(f.error_as(kSomebody, list_alerts).empty());
    CHECK(answered);
}

TEST_CASE("without polkit only root may") {
    REQUIRE(geteuid() == 0);
    BusFixture f;
    f.service.start();
    CHECK(f.error_as(kSomebody, list_alerts) == dbus::kErrorAccessDenied);
    {
        const FakePolkit polkit(f.bus.address(), dbus::kActionReadAlerts);
        CHECK(f.error_as(kSomebody, list_alerts).empty());
    }
    CHECK(f.error_as(kSomebody, list_alerts) == dbus::kErrorAccessDenied);
}
