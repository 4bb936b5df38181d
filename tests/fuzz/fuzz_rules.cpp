// SPDX-License-Identifier: MIT OR Apache-2.0
// Any text as a rules file, of either form.
#include "fuzz_support.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    rwatch::fuzz::load_and_run(rwatch::fuzz::text_of(data, size));
    return 0;
}
