// SPDX-License-Identifier: MIT OR Apache-2.0
// Any text as a file of Sigma's documents, as it is and behind the head of a rule, so that detections are reached
// without luck.
#include "fuzz_support.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::string kHead = "title: made\nlogsource: {category: process_creation, product: linux}\n";
    const auto text = rwatch::fuzz::text_of(data, size);
    rwatch::fuzz::load_and_run(text);
    rwatch::fuzz::load_and_run(kHead + std::string(text));
    return 0;
}
