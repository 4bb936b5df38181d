// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/time.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>
#include <limits>

using namespace rwatch;

namespace {

constexpr std::int64_t kMinute = 60 * kSecond, kHour = 60 * kMinute, kDay = 24 * kHour;
constexpr std::int64_t kNow = 1'795'490'521'123'456'789; // 2026-11-24T03:22:01.123456789Z

struct Zone {
    explicit Zone(const char* name) {
        ::setenv("TZ", name, 1);
        ::tzset();
    }
    ~Zone() {
        ::unsetenv("TZ");
        ::tzset();
    }
    Zone(const Zone&) = delete;
    Zone& operator=(const Zone&) = delete;
};

} // namespace

TEST_CASE("RFC 3339") {
    CHECK(rfc3339(0) == "1970-01-01T00:00:00.000000000Z");
    CHECK(rfc3339(kNow) == "2026-11-24T03:22:01.123456789Z");
    CHECK(rfc3339(-1) == "1969-12-31T23:59:59.999999999Z");
    CHECK(rfc3339(std::numeric_limits<std::int64_t>::max()) == "2262-04-11T23:47:16.854775807Z");
    CHECK(rfc3339(std::numeric_limits<std::int64_t>::min()) == "1677-09-21T00:12:43.145224192Z");
}

TEST_CASE("the clock on the wall") {
    const Zone zone("UTC-2"); // two hours east
    CHECK(local_clock(kNow) == "05:22:01");
}

TEST_CASE("spans as text") {
    CHECK(format_span(0) == "0s");
    CHECK(format_span(10 * kSecond) == "10s");
    CHECK(format_span(65 * kMinute) == "1h 5min");
    CHECK(format_span(250 * kMillisecond) == "250ms");
    CHECK(format_span(kSecond + 250 * kMillisecond) == "1s 250ms");
    CHECK(format_span(12 * kMillisecond + 345'000) == "12ms");
    CHECK(format_span(kDay + 30 * kSecond) == "1d"); // the next unit is nothing
    CHECK(format_span(8 * kDay) == "1w 1d");
    CHECK(format_span(999) == "999ns");
    CHECK(format_span(-90 * kSecond) == "-1min 30s");
    CHECK_FALSE(format_span(std::numeric_limits<std::int64_t>::min()).empty());
}

TEST_CASE("spans read") {
    CHECK(parse_span("10s") == 10 * kSecond);
    CHECK(parse_span("10") == 10 * kSecond);
    CHECK(parse_span("1h30m") == 90 * kMinute);
    CHECK(parse_span("2 min") == 2 * kMinute);
    CHECK(parse_span(" 1d 2hours 3 seconds ") == kDay + 2 * kHour + 3 * kSecond);
    CHECK(parse_span("250ms") == 250 * kMillisecond);
    CHECK(parse_span("5us") == 5000);
    CHECK(parse_span("7ns") == 7);
    CHECK(parse_span("1.5s") == 1500 * kMillisecond);
    CHECK(parse_span("0") == 0);
    CHECK(parse_span("2w") == 14 * kDay);
    for (const char* bad : {"", " ", "-5s", "+5s", "5x", "s", "5s-3s", "1e3s", "inf", "nan", "1h m", "99999999999999w",
                            "292 w 292000000 h 1.2.3", "5 s x", "10s\n"}) {
        INFO(bad);
        CHECK_FALSE(parse_span(bad));
    }
    CHECK_FALSE(parse_span("4000000000s 4000000000s 4000000000s 4000000000s")); // no sum overflows
}

TEST_CASE("every span that is printed can be read") {
    for (const std::int64_t ns : {std::int64_t{1}, std::int64_t{999}, kSecond, 90 * kSecond, 25 * kHour, 15 * kDay})
        CHECK(parse_span(format_span(ns)) == ns);
}

TEST_CASE("times read") {
    const Zone zone("UTC");
    CHECK(parse_time("now", kNow) == kNow);
    CHECK(parse_time("2026-11-24T03:22:01Z", 0) == kNow - 123'456'789);
    CHECK(parse_time("2026-11-24T03:22:01.123456789Z", 0) == kNow);
    CHECK(parse_time("2026-11-24T03:22:01.5Z", 0) == kNow - 123'456'789 + 500 * kMillisecond);
    CHECK(parse_time("2026-11-24T05:22:01+02:00", 0) == kNow - 123'456'789);
    CHECK(parse_time("2026-11-23T22:52:01-04:30", 0) == kNow - 123'456'789);
    CHECK(parse_time("today", kNow) == kNow / kDay * kDay);
    CHECK(parse_time("yesterday", kNow) == kNow / kDay * kDay - kDay);
    CHECK(parse_time("2026-11-24", kNow) == kNow / kDay * kDay);
    CHECK(parse_time("2026-11-24 03:22", kNow) == kNow / kMinute * kMinute);
    CHECK(parse_time("2026-11-24 03:22:01", kNow) == kNow / kSecond * kSecond);
    CHECK(parse_time("03:22", kNow) == kNow / kMinute * kMinute);
    CHECK(parse_time("-1h", kNow) == kNow - kHour);
    CHECK(parse_time("90 min ago", kNow) == kNow - 90 * kMinute);
    for (const char* bad :
         {"", "-", " ago", "ago", "soon", "25:00", "2026-13-01", "2026-11-24T03:22:01", "2026-11-24T03:22:01.Z",
          "2026-11-24T03:22:01+2", "2026-11-24T03:22:01+99:00", "2026-11-24 03:22:01 x", "2026-02-30T00:00:00Z",
          "9999-01-01", "9999-01-01T00:00:00Z", "1h"}) {
        INFO(bad);
        CHECK_FALSE(parse_time(bad, kNow));
    }
}

TEST_CASE("local times") {
    const Zone zone("UTC-2");
    CHECK(parse_time("2026-11-24 05:22:01", kNow) == kNow / kSecond * kSecond);
    CHECK(parse_time("today", kNow) == kNow / kDay * kDay - 2 * kHour);
}

TEST_CASE("the clocks run") {
    CHECK(wall_now() > 1'700'000'000 * kSecond);
    const auto before = boot_now();
    CHECK(before > 0);
    CHECK(boot_now() >= before);
}
