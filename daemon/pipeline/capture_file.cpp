// SPDX-License-Identifier: MIT OR Apache-2.0
#include "pipeline/capture_file.hpp"

#include "core/error.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <unistd.h>
#include <utility>
#include <zstd.h>
#include <zstd_errors.h>

namespace rwatch::pipeline {

namespace {

constexpr std::size_t kReadStep = 256U << 10U;
/// Bytes of a frame beyond which it can't be one of ours.
constexpr std::size_t kMostCompressed = CaptureReader::kMostFrame + (1U << 20U);

} // namespace

void CaptureWriter::Free::operator()(ZSTD_CCtx_s* context) const noexcept {
    ZSTD_freeCCtx(context);
}

void CaptureReader::Free::operator()(ZSTD_DCtx_s* context) const noexcept {
    ZSTD_freeDCtx(context);
}

CaptureWriter::CaptureWriter(Fd file, std::string path)
    : file_(std::move(file)), path_(std::move(path)), context_(ZSTD_createCCtx()) {
    if (!context_)
        throw std::bad_alloc();
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
}

void CaptureWriter::add(std::string_view bytes) {
    waiting_.append(bytes);
    auto rest = std::string_view(waiting_).substr(whole_);
    while (const auto entry = take_entry(rest)) {
        if (entry->tag == Tag{})
            throw Error("read what rwatchd records", "", "it makes no sense");
        if (entry->tag == Tag::event)
            ++events_;
        if (entry->tag == Tag::lost) {
            std::uint64_t count = 0;
            Unpacker(entry->body)(count);
            lost_ += count;
        }
        whole_ = waiting_.size() - rest.size();
        if (whole_ >= kFrame) {
            flush();
            rest = waiting_;
        }
    }
}

void CaptureWriter::flush() {
    if (whole_ == 0)
        return;
    frame_.resize(ZSTD_compressBound(whole_));
    const auto size = ZSTD_compress2(context_.get(), frame_.data(), frame_.size(), waiting_.data(), whole_);
    if (ZSTD_isError(size) != 0)
        throw Error("compress for", path_, ZSTD_getErrorName(size));
    for (std::size_t done = 0; done < size;) {
        const auto wrote = ::write(file_.get(), frame_.data() + done, size - done);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            throw Error("write", path_, errno);
        done += static_cast<std::size_t>(wrote);
        written_ += static_cast<std::size_t>(wrote);
    }
    waiting_.erase(0, std::exchange(whole_, 0));
}

void CaptureWriter::finish() {
    waiting_.resize(whole_);
    put_entry(waiting_, Tag::end, [](Packer&) {});
    whole_ = waiting_.size();
    flush();
}

CaptureReader::CaptureReader(Fd file) : file_(std::move(file)), context_(ZSTD_createDCtx()) {
    if (!context_)
        throw std::bad_alloc();
}

bool CaptureReader::read_more() {
    const auto had = input_.size();
    input_.resize(had + kReadStep);
    ssize_t got = -1;
    do
        got = ::read(file_.get(), input_.data() + had, kReadStep);
    while (got < 0 && errno == EINTR);
    input_.resize(had + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0)
        trouble_ = errno_text(errno);
    return got > 0;
}

void CaptureReader::give_up() noexcept {
    std::uint32_t magic = 0;
    if (input_.size() >= sizeof magic)
        std::memcpy(&magic, input_.data(), sizeof magic);
    trouble_ = ours_ || magic == ZSTD_MAGICNUMBER ? "damaged" : "it is no capture of rwatch";
}

bool CaptureReader::read_frame() {
    std::size_t size = 0;
    for (;;) {
        size = ZSTD_findFrameCompressedSize(input_.data(), input_.size());
        if (ZSTD_isError(size) == 0)
            break;
        // Too little of it so far, or nothing that could become one.
        const bool may_come = input_.empty() || ZSTD_getErrorCode(size) == ZSTD_error_srcSize_wrong;
        if (may_come && input_.size() < kMostCompressed && read_more())
            continue;
        if (trouble_.empty() && may_come && !input_.empty())
            trouble_ = "cut off";
        else if (trouble_.empty() && !may_come)
            give_up();
        return false;
    }
    const auto content = ZSTD_getFrameContentSize(input_.data(), input_.size());
    if (content == ZSTD_CONTENTSIZE_ERROR || content == ZSTD_CONTENTSIZE_UNKNOWN || content > kMostFrame) {
        give_up();
        return false;
    }
    frame_.resize(content);
    const auto got = ZSTD_decompressDCtx(context_.get(), frame_.data(), frame_.size(), input_.data(), size);
    if (ZSTD_isError(got) != 0 || got != frame_.size()) {
        trouble_ = "damaged";
        return false;
    }
    input_.erase(0, size);
    rest_ = frame_;
    return true;
}

std::optional<Entry> CaptureReader::next() {
    while (trouble_.empty()) {
        const auto entry = take_entry(rest_);
        if (entry && entry->tag != Tag{}) {
            ours_ = true;
            return entry;
        }
        if (entry || !rest_.empty())
            give_up(); // a frame has whole entries
        else if (!read_frame())
            break;
    }
    return std::nullopt;
}

} // namespace rwatch::pipeline
