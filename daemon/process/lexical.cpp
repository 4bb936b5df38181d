// SPDX-License-Identifier: MIT OR Apache-2.0
#include "process/lexical.hpp"

namespace rwatch::process {

namespace {

/// Adds the components of `path` to `out`, which holds a normal path without trailing slash from `begin` on ("" is the
/// root).
void add_components(std::string& out, std::size_t begin, std::string_view path) {
    while (!path.empty()) {
        const auto component = path.substr(0, path.find('/'));
        path.remove_prefix(component.size() < path.size() ? component.size() + 1 : component.size());
        if (component.empty() || component == ".")
            continue;
        if (component == "..") {
            const auto slash = out.rfind('/');
            out.resize(slash == std::string::npos || slash < begin ? begin : slash);
            continue;
        }
        out += '/';
        out += component;
    }
}

} // namespace

void append_normal(std::string& out, std::string_view base, std::string_view name) {
    const bool absolute = name.starts_with('/');
    if (!absolute && !base.starts_with('/'))
        return;
    const auto begin = out.size();
    if (!absolute)
        add_components(out, begin, base);
    add_components(out, begin, name);
    if (out.size() == begin)
        out += '/';
}

std::string normal_path(std::string_view base, std::string_view name) {
    std::string out;
    append_normal(out, base, name);
    return out;
}

bool lies_in(std::string_view path, std::string_view prefix) noexcept {
    if (prefix == "/")
        return path.starts_with('/');
    return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

SplitPath split_last(std::string_view path) noexcept {
    while (path.size() > 1 && path.ends_with('/'))
        path.remove_suffix(1);
    const auto slash = path.rfind('/');
    if (slash == std::string_view::npos)
        return {{}, path};
    auto parent = path.substr(0, slash == 0 ? 1 : slash);
    while (parent.size() > 1 && parent.ends_with('/'))
        parent.remove_suffix(1);
    return {parent, path.substr(slash + 1)};
}

} // namespace rwatch::process
