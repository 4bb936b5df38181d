// SPDX-License-Identifier: MIT OR Apache-2.0
// The alerts of late: bounds, filters, acknowledgement.
#include "alert_support.hpp"

#include "alerts/history.hpp"

using namespace rwatch;
using namespace rwatch::test;
using alerts::History;
using alerts::HistoryFilter;

namespace {

std::shared_ptr<const alerts::Alert> numbered(int n) {
    auto alert = make_alert("id-" + std::to_string(n));
    alert.wall_ns = kWhen + n * kSecond;
    alert.rule = n % 2 == 0 ? "Even" : "Odd";
    alert.priority = n < 5 ? rules::Priority::critical : rules::Priority::notice;
    alert.unit = n == 3 ? "nginx.service" : "ssh.service";
    alert.user_unit = n == 4 ? "tmux.service" : "";
    return std::make_shared<const alerts::Alert>(std::move(alert));
}

std::vector<std::string> ids(const History& history, const HistoryFilter& filter) {
    std::vector<std::string> out;
    for (const auto& alert : history.list(filter))
        out.push_back(alert->id.substr(3));
    return out;
}

using Ids = std::vector<std::string>;

} // namespace

TEST_CASE("history: filters, newest last") {
    History history(100);
    for (int n = 1; n <= 8; ++n)
        history.add(numbered(n));
    CHECK(ids(history, {}) == Ids{"1", "2", "3", "4", "5", "6", "7", "8"});

    HistoryFilter filter;
    filter.since_ns = kWhen + 3 * kSecond; // both ends included
    filter.until_ns = kWhen + 5 * kSecond;
    CHECK(ids(history, filter) == Ids{"3", "4", "5"});

    filter = {};
    filter.rule = "Even";
    CHECK(ids(history, filter) == Ids{"2", "4", "6", "8"});
    filter.limit = 2;
    CHECK(ids(history, filter) == Ids{"6", "8"});

    filter = {};
    filter.priority = rules::Priority::warning; // this or more urgent
    CHECK(ids(history, filter) == Ids{"1", "2", "3", "4"});

    filter = {};
    filter.unit = "nginx.service";
    CHECK(ids(history, filter) == Ids{"3"});
    filter.unit = "tmux.service";
    CHECK(ids(history, filter) == Ids{"4"});
    filter.unit = "nginx";
    CHECK(ids(history, filter).empty());
}

TEST_CASE("history: acknowledged alerts, and the copy that others hold stays as it was") {
    History history(100);
    const auto first = numbered(1);
    history.add(first);
    history.add(numbered(2));
    CHECK(history.acknowledge("id-1", {kWhen, 0, "known"}));
    CHECK_FALSE(history.acknowledge("id-9", {kWhen, 0, ""}));
    REQUIRE(history.find("id-1"));
    REQUIRE(history.find("id-1")->acknowledged);
    CHECK(history.find("id-1")->acknowledged->note == "known");
    CHECK_FALSE(first->acknowledged);
    CHECK(history.acknowledge("id-1", {kWhen, 0, "newer"}));
    CHECK(history.find("id-1")->acknowledged->note == "newer");
    CHECK(history.acknowledge("id-1", {kWhen, 7, ""})); // a note stays until there is another
    CHECK(history.find("id-1")->acknowledged->note == "newer");
    CHECK(history.find("id-1")->acknowledged->uid == 7);

    HistoryFilter filter;
    filter.unacknowledged = true;
    CHECK(ids(history, filter) == Ids{"2"});
    CHECK(history.find("nothing") == nullptr);
}

TEST_CASE("history: the oldest go, counted, and can't be found any more") {
    History history(3);
    for (int n = 1; n <= 10; ++n)
        history.add(numbered(n));
    CHECK(history.size() == 3);
    CHECK(history.dropped() == 7);
    CHECK(ids(history, {}) == Ids{"8", "9", "10"});
    CHECK(history.find("id-7") == nullptr);
    CHECK_FALSE(history.acknowledge("id-7", {}));
    REQUIRE(history.find("id-9"));
    CHECK(history.find("id-9")->id == "id-9");
    CHECK(history.acknowledge("id-10", {kWhen, 0, ""}));
    CHECK(history.list({}).back()->acknowledged);
}

TEST_CASE("history: bounded in bytes as well") {
    History history(1'000'000);
    auto heavy = make_alert();
    heavy.description.assign(1U << 20U, 'x');
    for (int n = 0; n < 200; ++n) {
        heavy.id = "id-" + std::to_string(n);
        history.add(std::make_shared<const alerts::Alert>(heavy));
    }
    CHECK(history.size() < 128);
    CHECK(history.size() > 100);
    CHECK(history.dropped() + history.size() == 200);
    CHECK(history.find("id-199") != nullptr);
    CHECK(history.find("id-0") == nullptr);
}

TEST_CASE("history: a capacity of nothing keeps one") {
    History history(0);
    history.add(numbered(1));
    history.add(numbered(2));
    CHECK(ids(history, {}) == Ids{"2"});
}
