// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/counted.hpp"

#include <catch2/catch.hpp>

using namespace rwatch;

TEST_CASE("numbers as people read them") {
    CHECK(grouped(0) == "0");
    CHECK(grouped(999) == "999");
    CHECK(grouped(1000) == "1,000");
    CHECK(grouped(1234567) == "1,234,567");
    CHECK(counted(1, "rule") == "1 rule");
    CHECK(counted(0, "rule") == "0 rules");
    CHECK(counted(4321, "rule") == "4,321 rules");
}
