// SPDX-License-Identifier: MIT OR Apache-2.0
// rwatchd --replay: rules over a capture instead of the kernel. Alerts go to standard output alone.
#pragma once

#include "app/options.hpp"
#include "app/sources.hpp"

namespace rwatch::app {

/// loaded: without errors. Exit status: 0, 1 where the capture was not read to its end. Throws Error where it can't be
/// opened.
[[nodiscard]] int replay(const Options& options, const Loaded& loaded);

} // namespace rwatch::app
