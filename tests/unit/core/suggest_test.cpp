// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/suggest.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <vector>

using namespace rwatch;

namespace {
constexpr std::array<std::string_view, 5> kKeys{"condition", "output", "priority", "tags", "enabled"};
}

TEST_CASE("the key that was probably meant") {
    CHECK(nearest("condtion", kKeys) == "condition");
    CHECK(nearest("conditoin", kKeys) == "condition"); // swapped neighbours are one edit
    CHECK(nearest("ouput", kKeys) == "output");
    CHECK(nearest("tag", kKeys) == "tags");
    CHECK(nearest("tags", kKeys) == "tags");
    CHECK(nearest("desc", kKeys).empty());
    CHECK(nearest("", kKeys).empty());
    CHECK(nearest(std::string(10'000, 'c'), kKeys).empty());
    CHECK(nearest("x", {}).empty());
    const std::vector<std::string_view> odd{"", std::string_view("fd.name")};
    CHECK(nearest("fd.nam", odd) == "fd.name");
}

TEST_CASE("nothing is suggested that shares nothing with what was written") {
    const std::vector<std::string_view> candidates{"a", "", "in"};
    CHECK(nearest("b", candidates).empty());
    CHECK(nearest("or", candidates).empty());
}

TEST_CASE("as a hint") {
    CHECK(did_you_mean("prioritty", kKeys) == "did you mean 'priority'?");
    CHECK(did_you_mean("zzz", kKeys).empty());
}
