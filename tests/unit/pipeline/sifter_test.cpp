// SPDX-License-Identifier: MIT OR Apache-2.0
// What the sensor's sieve is told as rules, programs, watched files and listeners come and go.
#include "core/error.hpp"
#include "pipeline/sifter.hpp"
#include "rules/rule_set.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <sys/stat.h>
#include <vector>

using namespace rwatch;
using event::OpenClass;

namespace {

class FakeSieve final : public sensor::Sieve {
  public:
    void want(const rules::Interest* interest) noexcept override {
        on = interest != nullptr;
        order += on ? "+" : "-";
    }
    void tell_exe(const event::FileId& exe, event::OpenClasses wanted) noexcept override { exes[exe.ino] = wanted; }
    void forget_exes() noexcept override { exes.clear(); }
    void watch_files(std::vector<event::FileId> of) override {
        if (full)
            throw Error("keep", "watched files", ENOSPC);
        files = std::move(of);
        order += "f";
    }
    [[nodiscard]] std::uint64_t mount_changes() const noexcept override { return mounts; }
    void tell_mounts(std::uint64_t /*changes*/, std::vector<Place> of) noexcept override {
        places = std::move(of);
        order += "m";
    }
    bool restore() noexcept override { return intact; }
    [[nodiscard]] std::optional<std::pair<std::uint32_t, std::uint64_t>>
    sifted_mode(const event::FileId& /*file*/) const noexcept override {
        return std::nullopt;
    }
    [[nodiscard]] std::uint64_t sifted_modes() const noexcept override { return 0; }

    bool on = false, intact = true, full = false;
    std::map<std::uint64_t, event::OpenClasses> exes;
    std::vector<event::FileId> files;
    std::vector<Place> places;
    std::uint64_t mounts = 1;
    std::string order; ///< + everything that is wanted is told, - all is wanted, f files, m mounts
};

std::shared_ptr<const rules::Interest> interest_for(const std::string& condition) {
    const std::array<rules::SourceText, 1> texts{
        {{"r.yaml", "- {rule: r, desc: d, condition: '" + condition + "', output: o, priority: info}\n"}}};
    const auto loaded = rules::load(texts);
    REQUIRE(loaded.set != nullptr);
    return std::make_shared<const rules::Interest>(rules::interest_of(*loaded.set, {}));
}

struct Fixture {
    Fixture() {
        sifter.install(interest_for("evt.type = openat and fd.created = true and proc.exepath = /usr/bin/curl"));
    }

    void happens(event::Kind kind, std::uint64_t ino, const std::string& exe, std::uint32_t nlink = 1) {
        event::Process process;
        process.exe_path = exe;
        process.exe.id = {1, ino};
        process.exe.nlink = nlink;
        event::Event event;
        event.kind = kind;
        event.exe = {1, ino};
        event.process = &process;
        sifter.on_event({{}, 0, event, false}, *scratch);
    }

    FakeSieve sieve;
    pipeline::SystemEnricher enricher;
    pipeline::Sifter sifter{&sieve, enricher};
    std::unique_ptr<event::Scratch> scratch = std::make_unique<event::Scratch>();
};

constexpr auto kMade = event::set_of(OpenClass::create) | event::set_of(OpenClass::program);

} // namespace

TEST_CASE("sifter: files and mounts are told before anything is passed over") {
    Fixture f;
    CHECK(f.sieve.on);
    CHECK(f.sieve.order == "-fm+");
    CHECK_FALSE(f.sieve.places.empty());
    f.sifter.install(nullptr);
    CHECK_FALSE(f.sieve.on);
}

TEST_CASE("sifter: nothing is passed over where not all files could be told") {
    Fixture f;
    f.sieve.full = true;
    f.sifter.install(interest_for("evt.type = execve"));
    CHECK_FALSE(f.sieve.on);
    f.sieve.full = false;
    f.sifter.install(interest_for("evt.type = execve"));
    CHECK(f.sieve.on);
}

TEST_CASE("enricher: what it follows") {
    const auto follows = [](event::Call asked, event::Call call) {
        const auto wanted = event::CallSet().set(static_cast<std::size_t>(asked));
        return pipeline::SystemEnricher::followed(wanted).test(static_cast<std::size_t>(call));
    };
    // Who a process is, and how it calls itself, is asked of it by rules about another one too.
    CHECK(follows(event::Call::kill, event::Call::setresuid));
    CHECK(follows(event::Call::kill, event::Call::prctl));
    CHECK(follows(event::Call::execve, event::Call::rename));
    CHECK(follows(event::Call::dup2, event::Call::recvmsg));
    CHECK_FALSE(follows(event::Call::kill, event::Call::recvmsg));
    CHECK_FALSE(follows(event::Call::none, event::Call::recvmsg));
}

TEST_CASE("sifter: programs") {
    Fixture f;
    f.happens(event::Kind::open, 5, "/usr/bin/cat");
    CHECK(f.sieve.exes.at(5) == 0);
    f.happens(event::Kind::open, 6, "/usr/bin/curl");
    CHECK(f.sieve.exes.at(6) == kMade);
    SECTION("that start are told anew") {
        f.sieve.exes.clear();
        f.happens(event::Kind::open, 5, "/usr/bin/cat");
        CHECK(f.sieve.exes.empty());
        f.happens(event::Kind::exec, 5, "/usr/bin/cat");
        CHECK(f.sieve.exes.at(5) == 0);
    }
    SECTION("known by two paths") {
        f.happens(event::Kind::exec, 5, "/usr/bin/curl");
        f.happens(event::Kind::exec, 5, "/usr/bin/cat");
        CHECK(f.sieve.exes.at(5) == kMade);
    }
    SECTION("that run already by another name") {
        const auto self = std::filesystem::canonical("/proc/self/exe").string();
        struct stat st {};
        REQUIRE(::stat(self.c_str(), &st) == 0);
        f.enricher.fill();
        f.sifter.install(interest_for("evt.type = unlink and proc.exepath = " + self));
        f.happens(event::Kind::open, st.st_ino, "/tmp/copy");
        CHECK((f.sieve.exes.at(st.st_ino) & rules::kMarkOfCalls) != 0);
        f.happens(event::Kind::open, st.st_ino + 1, "/tmp/copy");
        CHECK(f.sieve.exes.at(st.st_ino + 1) == 0);
    }
    SECTION("known by another path without a start, as when that was lost") {
        f.happens(event::Kind::open, 5, "/usr/bin/curl");
        CHECK(f.sieve.exes.at(5) == kMade);
    }
    SECTION("known by very many paths") {
        for (int i = 0; i < 40; ++i)
            f.happens(event::Kind::open, 5, "/usr/bin/cat" + std::to_string(i));
        CHECK(f.sieve.exes.at(5) == rules::kAllMarks);
    }
    SECTION("with another link") {
        f.happens(event::Kind::exec, 7, "/usr/bin/cat", 2);
        CHECK(f.sieve.exes.at(7) == rules::kAllMarks);
    }
    SECTION("are forgotten with the rules") {
        f.sifter.install(interest_for("evt.type = openat and fd.created = true and proc.exepath = /usr/bin/wget"));
        CHECK(f.sieve.exes.empty());
        f.happens(event::Kind::open, 6, "/usr/bin/curl");
        CHECK(f.sieve.exes.at(6) == 0);
    }
    SECTION("of which there are many") {
        for (std::uint64_t ino = 100; ino < 100 + 2 * pipeline::Sifter::kMostExes; ++ino)
            f.happens(event::Kind::open, ino, "/usr/bin/cat");
        CHECK(f.sieve.exes.size() <= pipeline::Sifter::kMostExes);
    }
}

TEST_CASE("sifter: whoever follows all events hears all") {
    Fixture f;
    f.sifter.hear_all(true);
    CHECK_FALSE(f.sieve.on);
    f.sifter.install(interest_for("evt.type = execve"));
    CHECK_FALSE(f.sieve.on);
    f.sifter.hear_all(false);
    CHECK(f.sieve.on);
}

TEST_CASE("sifter: mounts are looked at when they change, and what others changed is put right") {
    Fixture f;
    f.sieve.order.clear();
    f.sifter.on_tick(1);
    CHECK(f.sieve.order.empty());
    f.sieve.mounts = 2;
    f.sifter.on_tick(2);
    CHECK(f.sieve.order == "m");
    CHECK(f.sifter.restored() == 0);
    f.sieve.intact = false;
    f.sifter.on_tick(3);
    CHECK(f.sifter.restored() == 1);
}

TEST_CASE("sifter: a sensor that can't sift") {
    pipeline::SystemEnricher enricher;
    pipeline::Sifter sifter(nullptr, enricher);
    sifter.install(interest_for("evt.type = execve"));
    sifter.hear_all(true);
    sifter.on_rest();
    sifter.on_tick(1);
    CHECK(sifter.restored() == 0);
}
