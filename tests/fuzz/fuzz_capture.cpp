// SPDX-License-Identifier: MIT OR Apache-2.0
// Fuzz target: any bytes as a capture, as a file and as the entries of a frame that is whole: what lies behind the
// checksum is reached without luck. Rules run over what it gives, and its alerts are written out.
#include "alerts/alert.hpp"
#include "event/decode.hpp"
#include "fuzz_support.hpp"
#include "pipeline/replay.hpp"

#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

using namespace rwatch;

namespace {

constexpr std::string_view kRules = R"(
- rule: all
  desc: d
  condition: evt.type exists
  output: "%evt.args %proc.cmdline %proc.aname[3] %proc.sname %user.name %group.name %fd.name %fs.path.name %fs.path.target %fd.sip.name
    %systemd.unit %container.image %proc.duration %proc.is_container_healthcheck %proc.vpgid"
  priority: info
- rule: hash
  desc: d
  condition: proc.hash.sha256 exists and proc.aname in (sh, init)
  output: "%proc.hash.sha256"
  priority: info
- {rule: many, desc: d, condition: evt.type exists, output: o, priority: info,
   correlation: {type: value_count, group-by: [proc.exepath], timespan: 5s, condition: {field: fd.name, gte: 2}}}
)";

void play(std::string_view content) {
    static const auto rules = [] {
        const rules::SourceText text{"rules.yaml", std::string(kRules)};
        auto loaded = rules::load({&text, 1});
        fuzz::require(loaded.set != nullptr);
        return loaded.set;
    }();
    Fd file(::memfd_create("capture", MFD_CLOEXEC));
    fuzz::require(::write(file.get(), content.data(), content.size()) == static_cast<ssize_t>(content.size()) &&
                  ::lseek(file.get(), 0, SEEK_SET) == 0);
    pipeline::CaptureReader capture(std::move(file));
    std::uint64_t alerts = 0;
    const auto report = pipeline::replay(capture, rules, 1'000'000'000, [&](const auto& alert) {
        ++alerts;
        fuzz::require(!alerts::to_json_text(*alert).empty());
    });
    fuzz::require(report.undecodable <= report.events && report.alerts == alerts);
}

std::string frame(std::string_view entries) {
    std::string out(ZSTD_compressBound(entries.size()), '\0');
    const auto size = ZSTD_compress(out.data(), out.size(), entries.data(), entries.size(), 1);
    fuzz::require(ZSTD_isError(size) == 0);
    out.resize(size);
    return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto input = fuzz::text_of(data, size);
    play(input);
    std::string entries;
    pipeline::put_entry(entries, pipeline::Tag::header, [](pipeline::Packer& pack) {
        pipeline::CaptureHeader header;
        header.wire_version = event::kWireVersion;
        pipeline::pack_header(pack, std::as_const(header));
    });
    play(frame(entries.append(input)));
    return 0;
}
