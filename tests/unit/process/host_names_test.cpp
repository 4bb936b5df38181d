// SPDX-License-Identifier: MIT OR Apache-2.0
// Names of addresses: of the process that was told them, of services that ask for others, and of nobody else.
#include "process/host_names.hpp"

#include "dns_messages.hpp"
#include "event/fields.hpp"

#include <catch2/catch.hpp>

using namespace rwatch;
using event::Kind;
using process::HostNames;

namespace {

event::Event event_of(Kind kind, std::uint32_t pid, const char* remote) {
    event::Event e;
    e.kind = kind;
    e.pid = pid;
    e.start_ns = pid * 10;
    e.euid = 1000;
    e.host_mounts = true;
    e.remote = *event::parse_address(remote);
    return e;
}

void tell(HostNames& names, event::Event e, const std::string& name, const std::string& bytes) {
    const auto message = test::dns_message(name, {test::record_of(1, bytes)});
    e.answer = message;
    names.enrich(e);
}

std::string name_for(HostNames& names, std::uint32_t pid, const char* address, Kind kind = Kind::connect) {
    auto e = event_of(kind, pid, address);
    names.enrich(e);
    return std::string(e.remote_name);
}

const std::string kSeven("\xc0\0\2\7", 4);
constexpr auto kSevenText = "192.0.2.7";

} // namespace

TEST_CASE("a process's connection has the name that it was told last") {
    HostNames names;
    CHECK(name_for(names, 1, kSevenText).empty());
    tell(names, event_of(Kind::resolve, 1, "192.0.2.53"), "one.example", kSeven);
    CHECK(name_for(names, 1, kSevenText) == "one.example");
    CHECK(name_for(names, 1, "192.0.2.8").empty());
    CHECK(name_for(names, 2, kSevenText).empty());
    auto reused = event_of(Kind::connect, 1, kSevenText);
    reused.start_ns = 11;
    names.enrich(reused);
    CHECK(reused.remote_name.empty());
    tell(names, event_of(Kind::resolve, 1, "192.0.2.53"), "two.example", kSeven);
    CHECK(name_for(names, 1, kSevenText) == "two.example");
    CHECK(name_for(names, 1, kSevenText, Kind::accept) == "two.example");
}

TEST_CASE("what a service of the host was told is known for others, theirs comes first") {
    HostNames names;
    auto service = event_of(Kind::resolve, 5, "192.0.2.53");
    service.euid = 101;
    tell(names, service, "service.example", kSeven);
    CHECK(name_for(names, 2, kSevenText) == "service.example");
    tell(names, event_of(Kind::resolve, 2, "192.0.2.53"), "own.example", kSeven);
    CHECK(name_for(names, 2, kSevenText) == "own.example");
    CHECK(name_for(names, 3, kSevenText) == "service.example");
    auto contained = service;
    contained.host_mounts = false;
    tell(names, contained, "contained.example", kSeven);
    CHECK(name_for(names, 3, kSevenText) == "service.example");
}

TEST_CASE("rubbish is no name, and names are bounded") {
    HostNames names;
    auto e = event_of(Kind::resolve, 1, "192.0.2.53");
    e.answer = "rubbish that is no message";
    names.enrich(e);
    CHECK(names.size() == 0);
    for (unsigned i = 0; i < 3 * HostNames::kYoung; ++i)
        tell(names, event_of(Kind::resolve, i, "192.0.2.53"), "n" + std::to_string(i) + ".example", kSeven);
    CHECK(names.size() <= 2 * HostNames::kYoung);
    CHECK(names.forgotten() == 3 * HostNames::kYoung - names.size());
    CHECK(name_for(names, 3 * HostNames::kYoung - 1, kSevenText) ==
          "n" + std::to_string(3 * HostNames::kYoung - 1) + ".example");
    CHECK(name_for(names, 0, kSevenText).empty());
}
