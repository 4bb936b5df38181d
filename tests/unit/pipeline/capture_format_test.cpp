// SPDX-License-Identifier: MIT OR Apache-2.0
// Captures by hand: the format of version 1 stays what it is; what is foreign, newer or senseless is told for what it
// is.
#include "capture_support.hpp"

#include <zstd.h>

using namespace rwatch;
using namespace rwatch::pipeline;
using namespace rwatch::test;

namespace {

std::string frame(std::string_view entries) {
    std::string out(ZSTD_compressBound(entries.size()), '\0');
    const auto size = ZSTD_compress(out.data(), out.size(), entries.data(), entries.size(), 3);
    REQUIRE(ZSTD_isError(size) == 0);
    out.resize(size);
    return out;
}

// Version 1, written down by hand.
std::string le(std::uint64_t value, std::size_t bytes) {
    std::string out;
    for (std::size_t i = 0; i < bytes; ++i)
        out += static_cast<char>(value >> (8 * i));
    return out;
}
std::string text(std::string_view of) {
    return le(of.size(), 4) + std::string(of);
}
std::string entry(unsigned tag, const std::string& body) {
    return le(tag, 1) + le(body.size(), 4) + body;
}
std::string header(std::uint32_t version = 1, std::uint32_t wire = event::kWireVersion) {
    return entry(1, le(version, 4) + le(wire, 4) + le(0, 8) + text("old-host") + text("0.1") + text("6.1"));
}
std::string process(std::uint32_t ref, std::uint32_t parent, std::uint32_t place, const std::string& exe) {
    const auto file = std::string(8 + 8 + 4 + 4 + 4 + 8 + 8, '\0');
    return entry(4, le(ref, 4) + le(parent, 4) + le(place, 4) + le(0, 4) + // session size
                        le(50, 4) + le(50, 4) + le(1, 4) + le(7, 8) + text("tool") + text(exe) + file + text("") +
                        text("tool v1") + text("") + text("") + text("") + std::string(8 * 4, '\0') +
                        std::string(3 * 8, '\0') + std::string(5, '\0'));
}
std::string event_entry(std::uint32_t of, std::uint32_t place) {
    rw_exec record{};
    record.c.kind = RW_EXEC;
    record.c.call = RW_CALL_EXECVE;
    record.c.size = sizeof record;
    record.c.ktime = 1'000'000'000;
    record.c.pid = record.c.tid = record.c.vpid = 50;
    record.c.start = 7;
    const std::string object = text("/host/tool") + text("") + text("") + text("") + std::string(44, '\0');
    return entry(5, le(static_cast<std::uint64_t>(kOffset), 8) + le(0, 1) + le(of, 4) + le(kNoRef, 4) + le(place, 4) +
                        text({reinterpret_cast<const char*>(&record), sizeof record}) + le(17, 8) + le(kNoRef, 4) +
                        le(2, 1) + text("") + object + object + le(kNoRef, 4) + text(""));
}
std::string version_1(const std::string& more = {}) {
    std::string place;
    for (const auto* part :
         {"/a", "old.service", "s", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", ""})
        place += text(part);
    return header() + entry(2, le(1, 4) + le(0, 4) + text("root") + le(0, 4)) + entry(3, le(0, 4) + place) +
           process(0, kNoRef, kNoRef, "/sbin/init") + process(1, 0, 0, "/opt/tool") + event_entry(1, 0) + more;
}
const std::string kEnd = entry(10, "");

} // namespace

TEST_CASE("what is no capture, or one of a newer rwatch, is told for what it is") {
    CHECK(Replayed("").report.trouble == "it is no capture of rwatch");
    CHECK(Replayed("root:x:0:0:root:/root:/bin/bash\n").report.trouble == "it is no capture of rwatch");
    CHECK(Replayed(frame("some text that was compressed")).report.trouble == "it is no capture of rwatch");
    CHECK(Replayed(frame(header(kCaptureVersion + 1))).report.trouble == "it was recorded by a newer rwatch (0.1)");
    CHECK(Replayed(frame(header(1, event::kWireVersion + 1))).report.trouble ==
          "it was recorded by a newer rwatch (0.1)");
    CHECK(Replayed(frame(header(1, event::kOldestWireVersion - 1))).report.trouble ==
          "it was recorded by an rwatch that is too old (0.1)");
}

TEST_CASE("the format of version 1 stays what it was") {
    const Replayed replayed(frame(version_1(kEnd)));
    CHECK(replayed.report.trouble.empty());
    CHECK(replayed.report.undecodable == 0);
    REQUIRE(replayed.alerts.size() == 1);
    const auto& alert = replayed.alerts[0];
    CHECK(alert.at("hostname") == "old-host");
    CHECK(alert.at("unit") == "old.service");
    CHECK(alert.at("output") == "tool v1 of root below /sbin/init and <NA> in old.service, 17, <NA>");
    CHECK(alert.at("output_fields").at("proc.exepath") == "/opt/tool");
}

TEST_CASE("a capture may say anything") {
    SECTION("of tags and keys that this version does not know") {
        const Replayed replayed(frame(version_1(entry(200, "what is this") + event_entry(1, 0)) + kEnd));
        CHECK(replayed.report.trouble.empty());
        CHECK(replayed.report.events == 2);
    }
    SECTION("processes that are their own ancestors") {
        const auto ring = process(1, 1, 0, "/a") + process(2, 1, 0, "/b") + process(1, 2, 0, "/a") + event_entry(1, 0);
        const Replayed replayed(frame(version_1(ring + kEnd)));
        CHECK(replayed.report.trouble.empty());
        CHECK(replayed.report.events == 2);
    }
    SECTION("events of processes that it did not tell of") {
        const Replayed replayed(frame(version_1(event_entry(77, 0) + kEnd)));
        CHECK(replayed.report.trouble.empty());
        CHECK(replayed.report.undecodable == 1);
    }
    SECTION("references and lengths without end") {
        CHECK(Replayed(frame(version_1(process(kMostRefs, 0, 0, "/a") + kEnd))).report.trouble == "damaged");
        CHECK(Replayed(frame(version_1(entry(8, "abc") + kEnd))).report.trouble == "damaged");
        CHECK(Replayed(frame(version_1("\x05\xff\xff\xff\xff")) + frame(kEnd)).report.trouble == "damaged");
        CHECK(Replayed(
                  frame(version_1(
                      entry(5, le(0, 8) + le(0, 1) + le(1, 4) + le(0, 4) + le(0, 4) + le(0xffffffff, 4) + "x") + kEnd)))
                  .report.undecodable == 1);
    }
}
