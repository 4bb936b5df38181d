// SPDX-License-Identifier: MIT OR Apache-2.0
// Fuzz target: any bytes as a wire record. Touches every byte that a decoded event points to, so that a sanitizer sees a view that leaves the record.
#include "event/decode.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto* bytes = reinterpret_cast<const std::byte*>(data);
    const auto e = rwatch::event::decode({bytes, size}, 1'700'000'000'000'000'000);
    if (!e)
        return 0;
    unsigned sum = 0;
    for (const auto view : {e->comm, e->object.name, e->object.raw, e->object.base, e->object.mount_root, e->target.name,
                            e->target.raw, e->target.base, e->argv, e->cwd, e->filename, e->interp, e->unix_path})
        for (const char c : view)
            sum += static_cast<unsigned char>(c);
    const bool consistent = e->kind != rwatch::event::Kind::none && e->kind < rwatch::event::Kind::count &&
                            e->object.mount_length <= e->object.name.size() && e->boot_ns != 0;
    if (!consistent || sum == 0xffffffffU)
        std::abort();
    return 0;
}
