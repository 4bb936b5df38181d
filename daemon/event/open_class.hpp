// SPDX-License-Identifier: MIT OR Apache-2.0
// Opens as the kernel side tells them apart before it makes a record of one: enum rw_open_class of rwatch_interest.h.
#pragma once

#include "event/event.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace rwatch::event {

enum class OpenClass : std::uint8_t {
    read,      ///< read only, of what is no directory
    directory, ///< read only, of a directory
    path,      ///< neither to read nor to write (O_PATH)
    write,     ///< to write, of what was there
    create,    ///< made by this call, whatever for
    program,   ///< the same, and with an execute, set-id or sticky bit
    refused,   ///< EACCES or EPERM
    failed,    ///< other errors
    count
};
inline constexpr std::size_t kOpenClasses = static_cast<std::size_t>(OpenClass::count);

/// A set of classes, one bit each.
using OpenClasses = std::uint16_t;
[[nodiscard]] constexpr OpenClasses set_of(OpenClass one) noexcept {
    return static_cast<OpenClasses>(1U << static_cast<unsigned>(one));
}
inline constexpr OpenClasses kAllOpenClasses = (1U << kOpenClasses) - 1;

/// Of an event of Kind::open.
[[nodiscard]] OpenClass open_class(const Event& event) noexcept;
[[nodiscard]] std::string_view name_of(OpenClass one) noexcept; ///< "refused"

/// Whether the class leaves a field few values: see samples_of().
[[nodiscard]] bool is_told_by(OpenClass one, std::string_view field) noexcept;
/// Events of a class that differ in every way in which any one of those fields does. results: of them those of the
/// class are among them, too.
[[nodiscard]] std::vector<Event> samples_of(OpenClass one, std::span<const std::int64_t> results);

} // namespace rwatch::event
