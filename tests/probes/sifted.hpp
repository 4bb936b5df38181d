// SPDX-License-Identifier: MIT OR Apache-2.0
// What the tests of the sieve share.
#pragma once

#include "rules/interest.hpp"
#include "watcher.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <string>

namespace rwatch::test {

inline event::FileId id_of(const std::string& path) {
    const auto st = stat_of(path);
    return {st.st_dev, st.st_ino};
}

/// The sieve with the interest of some rules, until the end of the test.
class Sifted {
  public:
    explicit Sifted(const std::string& condition) {
        const std::array<rules::SourceText, 1> texts{
            {{"r.yaml", "- rule: r\n  desc: d\n  condition: " + condition + "\n  output: o\n  priority: ERROR\n"}}};
        const auto loaded = rules::load(texts);
        REQUIRE(loaded.set != nullptr);
        interest_ = rules::interest_of(*loaded.set, {});
        REQUIRE(watcher().sieve() != nullptr);
        sieve().want(&interest_);
    }
    ~Sifted() {
        sieve().want(nullptr);
        sieve().forget_exes();
    }
    Sifted(const Sifted&) = delete;
    Sifted& operator=(const Sifted&) = delete;
    static sensor::Sieve& sieve() { return *watcher().sieve(); }
    /// The older ways judge by class and program alone.
    [[nodiscard]] bool wants(event::OpenClass one, const std::string& name) const {
        return interest_.wants(one, older() ? "" : name, "");
    }
    [[nodiscard]] const rules::Interest& interest() const noexcept { return interest_; }
    [[nodiscard]] const rules::CallInterest& calls() const noexcept { return interest_.calls; }

  private:
    rules::Interest interest_;
};

} // namespace rwatch::test
