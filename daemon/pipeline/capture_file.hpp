// SPDX-License-Identifier: MIT OR Apache-2.0
// A capture as a file: frames of Zstandard (RFC 8878), each with whole entries, its size and a checksum. So a file that
// was cut off, or damaged, is good up to the frame where that is.
#pragma once

#include "core/handle.hpp"
#include "pipeline/capture_format.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace rwatch::pipeline {

class CaptureWriter {
  public:
    static constexpr std::size_t kFrame = 1U << 20U; ///< bytes of entries that make a frame

    /// file: open for writing; path: for errors. Throws Error, as all here do where the file can't be written.
    CaptureWriter(Fd file, std::string path);

    /// The next bytes of the daemon's pipe, which need not end with an entry.
    void add(std::string_view bytes);
    /// Writes the entries that are whole.
    void flush();
    /// The same, and that the capture ended in order.
    void finish();

    [[nodiscard]] std::uint64_t events() const noexcept { return events_; }
    [[nodiscard]] std::uint64_t lost() const noexcept { return lost_; }
    [[nodiscard]] std::uint64_t written() const noexcept { return written_; } ///< bytes of the file

  private:
    struct Free {
        void operator()(ZSTD_CCtx_s* context) const noexcept;
    };

    Fd file_;
    std::string path_;
    std::unique_ptr<ZSTD_CCtx_s, Free> context_;
    std::string waiting_, frame_;
    std::size_t whole_ = 0; ///< bytes of waiting_ that are whole entries
    std::uint64_t events_ = 0, lost_ = 0, written_ = 0;
};

class CaptureReader {
  public:
    static constexpr std::size_t kMostFrame = kMostEntry + (2U << 20U); ///< bytes of one frame's entries

    explicit CaptureReader(Fd file);

    /// The next entry, valid until the next call; nothing at the end, and from the first damage on: see trouble().
    [[nodiscard]] std::optional<Entry> next();
    /// Why the file could not be read to its end: "it is no capture of rwatch", "cut off", "damaged", what the system
    /// said; "" for no reason.
    [[nodiscard]] const std::string& trouble() const noexcept { return trouble_; }

  private:
    struct Free {
        void operator()(ZSTD_DCtx_s* context) const noexcept;
    };
    [[nodiscard]] bool read_frame();
    [[nodiscard]] bool read_more();
    void give_up() noexcept;

    Fd file_;
    std::unique_ptr<ZSTD_DCtx_s, Free> context_;
    std::string input_, frame_;
    std::string_view rest_; ///< of frame_
    bool ours_ = false;     ///< something of it was read that made sense
    std::string trouble_;
};

} // namespace rwatch::pipeline
