// SPDX-License-Identifier: MIT OR Apache-2.0
// The live stream: what is wanted comes as JSON, a slow reader never makes anybody wait and hears what it missed, one
// that left is noticed.
#include "pipeline/event_stream.hpp"

#include "event/builder.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <csignal>
#include <fcntl.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <unistd.h>

using namespace rwatch;
using Json = nlohmann::json;

namespace {

struct Stream {
    explicit Stream(const std::string& condition = {}) {
        std::signal(SIGPIPE, SIG_IGN);
        std::array<int, 2> ends{-1, -1};
        REQUIRE(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0);
        reader.reset(ends[0]);
        std::optional<rules::Condition> wanted;
        Diagnostics found;
        if (!condition.empty())
            wanted = rules::compile_condition(condition, {"c", 1, 1}, found);
        REQUIRE(found.empty());
        stream = std::make_unique<pipeline::EventStream>(std::move(wanted), Fd(ends[1]));
    }
    void offer(const std::string& exe, const std::string& arguments = {}) {
        event::EventBuilder b;
        std::string error;
        REQUIRE(b.set("evt.type", "execve", error));
        REQUIRE(b.set("proc.exepath", exe, error));
        if (!arguments.empty())
            REQUIRE(b.set("proc.args", arguments, error));
        const auto event = b.finish();
        stream->on_event({{}, 0, event}, *scratch);
    }
    /// What can be read now.
    std::string take() const {
        std::string out;
        std::array<char, 65536> bytes{};
        for (ssize_t got = 1; got > 0;) {
            got = ::read(reader.get(), bytes.data(), bytes.size());
            out.append(bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
        }
        return out;
    }
    static std::vector<Json> lines(const std::string& text) {
        std::vector<Json> out;
        std::istringstream in(text);
        for (std::string line; std::getline(in, line);)
            out.push_back(Json::parse(line));
        return out;
    }

    Fd reader;
    std::unique_ptr<pipeline::EventStream> stream;
    std::unique_ptr<event::Scratch> scratch = std::make_unique<event::Scratch>();
};

} // namespace

TEST_CASE("a stream has the events that its condition wants, with the fields that they have") {
    Stream s("proc.exepath startswith /opt/");
    s.offer("/opt/a");
    s.offer("/usr/bin/b");
    s.offer("/opt/c\n\x1b[2J");
    const auto text = s.take();
    CHECK(text.find('\x1b') == std::string::npos);
    const auto lines = Stream::lines(text);
    REQUIRE(lines.size() == 2);
    CHECK(lines[0].at("source") == "rwatch");
    CHECK(lines[0].at("time").is_string());
    CHECK(lines[0].at("output_fields").at("evt.type") == "execve");
    CHECK(lines[0].at("output_fields").at("proc.exepath") == "/opt/a");
    CHECK(lines[0].at("output_fields").at("proc.pid").is_number());
    CHECK_FALSE(lines[0].at("output_fields").contains("fd.sip.name"));
    CHECK(lines[1].at("output_fields").at("proc.exepath") == "/opt/c\n\x1b[2J");
}

TEST_CASE("a slow reader loses events, hears how many, and every line that it gets is whole") {
    Stream s;
    const std::string much(20'000, 'x');
    constexpr int kOffered = 2000;
    for (int i = 0; i < kOffered; ++i)
        s.offer("/opt/" + std::to_string(i), much);
    auto text = s.take();
    s.stream->on_rest(); // the rest of a line
    text += s.take();
    s.offer("/opt/last");
    text += s.take();
    const auto lines = Stream::lines(text);
    REQUIRE(lines.size() > 3);
    CHECK(lines.back().at("output_fields").at("proc.exepath") == "/opt/last");
    const auto lost = lines[lines.size() - 2].at("lost").get<std::size_t>();
    CHECK(lost + lines.size() - 2 == kOffered);
    CHECK_FALSE(s.stream->closed());
    s.offer("/opt/next");
    CHECK(Stream::lines(s.take()).size() == 1); // told once
}

TEST_CASE("a reader that left is noticed, whether something is to be told or not") {
    const bool told = GENERATE(true, false);
    Stream s;
    s.stream->on_tick(1);
    CHECK_FALSE(s.stream->closed());
    s.reader.reset();
    if (told)
        s.offer("/opt/a");
    else
        s.stream->on_tick(2);
    CHECK(s.stream->closed());
    s.offer("/opt/b");
}
