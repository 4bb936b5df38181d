// SPDX-License-Identifier: MIT OR Apache-2.0
#include "diagnostics_text.hpp"

#include "json_read.hpp"
#include "render.hpp"
#include "rule_files.hpp"

#include <algorithm>
#include <array>

namespace rwatch::ctl {

namespace {

using Json = nlohmann::ordered_json;

Severity severity_of(const std::string& name) noexcept {
    if (name == to_string(Severity::warning))
        return Severity::warning;
    return name == to_string(Severity::note) ? Severity::note : Severity::error;
}

std::uint32_t place(const Json& diagnostic, const char* key) {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(number(diagnostic, key), UINT32_MAX));
}

Tint tint_of(Severity severity) noexcept {
    return severity == Severity::error ? Tint::red : severity == Severity::warning ? Tint::yellow : Tint::grey;
}

/// The first line of a rendering says what; it alone is coloured.
std::string coloured(const std::string& rendered, Severity severity, const Terminal& terminal) {
    const auto end = rendered.find('\n');
    return paint(rendered.substr(0, end), tint_of(severity), terminal) +
           (end == std::string::npos ? "" : rendered.substr(end));
}

} // namespace

Diagnostics diagnostics_of(const Json& list) {
    Diagnostics out;
    for (const auto& item : list)
        out.push_back({severity_of(text(item, "severity")),
                       text(item, "code"),
                       {text(item, "file"), place(item, "line"), place(item, "column")},
                       text(item, "message"),
                       text(item, "hint")});
    return out;
}

Json diagnostics_json(const Diagnostics& list) {
    Json out = Json::array();
    for (const auto& d : list)
        out.push_back({{"severity", to_string(d.severity)},
                       {"code", d.code},
                       {"file", to_utf8(d.where.file)},
                       {"line", d.where.line},
                       {"column", d.where.column},
                       {"message", to_utf8(d.message)},
                       {"hint", to_utf8(d.hint)}});
    return out;
}

Sources read_sources(const Diagnostics& list) {
    Sources out;
    for (const auto& diagnostic : list) {
        const auto& file = diagnostic.where.file;
        if (!file.starts_with('/') || out.contains(file))
            continue;
        std::string content;
        if (read_rule_file(file, content).empty())
            out.emplace(file, std::move(content));
    }
    return out;
}

std::string render_all(const Diagnostics& list, const Sources& sources, const Terminal& terminal) {
    std::string out;
    for (const auto& diagnostic : list) {
        const auto source = sources.find(diagnostic.where.file);
        const auto rendered = source == sources.end() ? render(diagnostic) : render(diagnostic, source->second);
        out += coloured(rendered, diagnostic.severity, terminal) + "\n";
    }
    return out;
}

std::string count_text(const Diagnostics& list) {
    std::string out;
    for (const auto severity : {Severity::error, Severity::warning, Severity::note}) {
        const auto count =
            std::count_if(list.begin(), list.end(), [&](const Diagnostic& d) { return d.severity == severity; });
        if (count > 0)
            out += (out.empty() ? "" : ", ") + counted(static_cast<std::uint64_t>(count), to_string(severity));
    }
    return out.empty() ? "no problems" : out;
}

} // namespace rwatch::ctl
