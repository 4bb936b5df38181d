// SPDX-License-Identifier: MIT OR Apache-2.0
// A file that stands while the daemon runs: the next one finds it where this one was killed, and knows since when
// nobody watched.
#pragma once

#include "core/handle.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace rwatch::app {

class RunMark {
  public:
    /// What a predecessor left that did not stop in order.
    struct Gap {
        std::int64_t last_alive_ns = 0; ///< wall clock, to kEvery
        bool same_boot = false;         ///< false: the machine went down with it
    };

    static constexpr std::int64_t kEvery = 10'000'000'000; ///< ns between two touch()

    /// Takes over the mark in `directory`, unless another daemon that lives holds it. Never throws for what it finds
    /// there.
    explicit RunMark(const std::string& directory);

    [[nodiscard]] const std::optional<Gap>& gap() const noexcept { return gap_; }
    /// Why no mark can be kept; "" where one is.
    [[nodiscard]] const std::string& trouble() const noexcept { return trouble_; }
    /// Still alive.
    void touch() const noexcept;
    /// Stopped in order.
    void clear() noexcept;

  private:
    std::string path_, trouble_;
    Fd file_;
    std::optional<Gap> gap_;
};

} // namespace rwatch::app
