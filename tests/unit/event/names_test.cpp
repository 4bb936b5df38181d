// SPDX-License-Identifier: MIT OR Apache-2.0
// Text forms and back.
#include "event/field_tables.hpp"

#include <catch2/catch.hpp>
#include <memory>

using namespace rwatch::event;

TEST_CASE("capabilities are written in the order of their numbers, and read in any") {
    const auto scratch = std::make_unique<Scratch>();
    scratch->reset();
    const auto text = [&](std::uint64_t set) {
        const auto mark = scratch->mark();
        put_capabilities(set, *scratch);
        return std::string(scratch->since(mark));
    };
    CHECK(text(0).empty());
    CHECK(text(1) == "CAP_CHOWN");
    CHECK(text(1ULL << 16U | 1ULL << 40U | 1U) == "CAP_CHOWN CAP_SYS_MODULE CAP_CHECKPOINT_RESTORE");
    std::uint64_t set = 7;
    CHECK(parse_capabilities("CAP_SYS_ADMIN CAP_KILL", set));
    CHECK(set == (1ULL << 21U | 1ULL << 5U));
    CHECK(parse_capabilities("", set));
    CHECK(set == 0);
    for (const auto* wrong : {"SYS_ADMIN", "CAP_", "cap_kill", "CAP_KILL,CAP_CHOWN"})
        CHECK_FALSE(parse_capabilities(wrong, set));
}
