// SPDX-License-Identifier: MIT OR Apache-2.0
#include "dbus/variant_json.hpp"

#include "client.hpp"
#include "dbus/names.hpp"

#include <catch2/catch.hpp>
#include <limits>

using namespace rwatch;
using Json = nlohmann::ordered_json;

TEST_CASE("JSON comes back from variants as it went in") {
    const Json all = {{"text", "\xc3\xbc"},
                      {"yes", true},
                      {"least", std::numeric_limits<std::int64_t>::min()},
                      {"most", std::numeric_limits<std::uint64_t>::max()},
                      {"fraction", 0.5},
                      {"nothing", nullptr},
                      {"empty", Json::array()},
                      {"none", Json::object()},
                      {"texts", {"a", "b"}},
                      {"objects", Json::array({{{"k", 1U}}, {{"k", nullptr}}})},
                      {"mixed", Json::array({1U, "a", nullptr, Json::array({true})})},
                      {"deep", {{"er", {{"still", "x"}}}}}};
    const auto dictionary = dbus::to_dictionary(all);
    CHECK(nlohmann::json(dbus::to_json(dictionary)) ==
          nlohmann::json(all)); // but for the order of keys, which D-Bus does not keep
    CHECK(dictionary.at("texts").peekValueType() == "as");
    CHECK(dictionary.at("empty").peekValueType() == "as");
    CHECK(dictionary.at("objects").peekValueType() == "aa{sv}");
    CHECK(dictionary.at("mixed").peekValueType() == "av");
    CHECK(dictionary.at("most").peekValueType() == "t");
    CHECK(dictionary.at("least").peekValueType() == "x");
    CHECK(dictionary.at("nothing").peekValueType() == "g");
}

TEST_CASE("bytes that D-Bus refuses are replaced") {
    const auto dictionary = dbus::to_dictionary(Json{{"k\xff", std::string("a\xff") + '\0' + "b"}});
    CHECK(dbus::to_json(dictionary) == Json{{"k\xef\xbf\xbd", "a\xef\xbf\xbd\xef\xbf\xbd"
                                                              "b"}});
}

TEST_CASE("nesting is bounded") {
    Json deep = "end";
    for (int i = 0; i < 100; ++i)
        deep = Json{{"in", deep}};
    auto back = dbus::to_json(dbus::to_dictionary(deep));
    std::size_t depth = 0;
    for (; back.is_object(); ++depth)
        back = Json(back.at("in"));
    CHECK(back.is_null());
    CHECK(depth == dbus::kMaxVariantDepth);
}

TEST_CASE("types that others send are read, what JSON can't hold is null") {
    CHECK(dbus::to_json(sdbus::Variant(std::uint8_t{7})) == 7);
    CHECK(dbus::to_json(sdbus::Variant(std::int16_t{-7})) == -7);
    CHECK(dbus::to_json(sdbus::Variant(std::uint32_t{7})) == 7);
    CHECK(dbus::to_json(sdbus::Variant(sdbus::ObjectPath{"/a"})) == "/a");
    CHECK(dbus::to_json(sdbus::Variant(sdbus::Signature{"as"})) == "as");
    CHECK(dbus::to_json(sdbus::Variant(std::map<std::string, std::uint64_t>{{"a", 1}})) == Json{{"a", 1}});
    CHECK(dbus::to_json(sdbus::Variant(std::vector<std::uint64_t>{1})).is_null());
    CHECK(dbus::to_json(sdbus::Variant()).is_null());
    CHECK(dbus::to_dictionary(Json("no object")).empty());
    CHECK(dbus::to_dictionaries(Json::array({1, {{"a", 1}}})).size() == 2);
}

TEST_CASE("paths of detectors are valid and distinct") {
    CHECK(dbus::detector_path("Read /etc/shadow") == "/org/rwatch1/detector/Read_20_2fetc_2fshadow");
    CHECK(dbus::detector_path("") == "/org/rwatch1/detector/_");
    CHECK(dbus::detector_path("1a") != dbus::detector_path("a"));
    CHECK(dbus::detector_path(std::string("a\0b", 3)) != dbus::detector_path("a"));
}

TEST_CASE("names of properties become keys") {
    CHECK(ctl::snake_case("StartedRealtimeUSec") == "started_realtime_usec");
    CHECK(ctl::snake_case("State") == "state");
    CHECK(ctl::snake_case("EventsLost") == "events_lost");
}

TEST_CASE("D-Bus errors become exit statuses") {
    const auto status = [](const char* name) { return ctl::failure_of(sdbus::Error(name, "text \x1b")).status(); };
    CHECK(status(dbus::kErrorAccessDenied) == ctl::kNotAuthorised);
    CHECK(status("org.freedesktop.DBus.Error.ServiceUnknown") == ctl::kNotRunning);
    CHECK(status(dbus::kErrorNoSuchAlert) == ctl::kFailed);
    CHECK(std::string(ctl::failure_of(sdbus::Error(dbus::kErrorNoSuchAlert, "text \x1b")).what()) == "text \\x1b");
}
