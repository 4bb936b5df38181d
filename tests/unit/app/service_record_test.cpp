// SPDX-License-Identifier: MIT OR Apache-2.0
// What systemd reports of a service is a record like any other.
#include "sensor/service_record.hpp"

#include "event/decode.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace rwatch;

TEST_CASE("a report of a service decodes to an event of process 1") {
    const bool runs = GENERATE(true, false);
    const auto record = sensor::service_record(runs, "web@1.service", "failed", 5'000'000'000);
    const auto event = event::decode(record, 7);
    REQUIRE(event);
    CHECK(event->kind == event::Kind::service);
    CHECK(event->call == (runs ? event::Call::service_start : event::Call::service_stop));
    CHECK(event->pid == 1);
    CHECK(event->boot_ns == 5'000'000'000);
    CHECK(event->wall_ns == 5'000'000'007);
    CHECK(event->texts[0] == "web@1.service");
    CHECK(event->texts[1] == "failed");
    CHECK(event->arg_count == 2);
}

TEST_CASE("names without end are cut, and none may be missing") {
    const std::string endless(100'000, 'x');
    for (const auto& text : {endless, std::string()}) {
        const auto event = event::decode(sensor::service_record(true, text, text, 1), 0);
        REQUIRE(event);
        CHECK(event->texts[0].size() <= 512);
        CHECK(event->texts[0].empty() == text.empty());
    }
}
