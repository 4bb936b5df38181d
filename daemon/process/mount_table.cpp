// SPDX-License-Identifier: MIT OR Apache-2.0
#include "process/mount_table.hpp"

#include "process/file_info.hpp"
#include "process/lexical.hpp"

#include <algorithm>
#include <charconv>
#include <fcntl.h>
#include <optional>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace rwatch::process {

namespace {

std::string_view take_word(std::string_view& line) noexcept {
    const auto word = line.substr(0, line.find(' '));
    line.remove_prefix(word.size() < line.size() ? word.size() + 1 : word.size());
    return word;
}

std::optional<std::uint64_t> number(std::string_view text) noexcept {
    std::uint64_t out = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc{} || end != text.data() + text.size())
        return std::nullopt;
    return out;
}

/// mountinfo writes blank, tab, newline and backslash as \ooo.
std::string unoctal(std::string_view text) {
    const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '7'; };
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && text.size() - i >= 4 && digit(i + 1) && digit(i + 2) && digit(i + 3)) {
            out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
            i += 3;
        } else {
            out += text[i];
        }
    }
    return out;
}

/// "36 35 98:0 /root /point options optional… - type source superoptions"
std::optional<Mount> parse_line(std::string_view line) {
    const auto id = number(take_word(line));
    take_word(line); // the parent's id
    const auto device = take_word(line);
    const auto colon = device.find(':');
    if (!id || colon == std::string_view::npos)
        return std::nullopt;
    const auto major = number(device.substr(0, colon));
    const auto minor = number(device.substr(colon + 1));
    const auto root = take_word(line);
    const auto point = take_word(line);
    const auto separator = line.find(" - ");
    if (!major || !minor || root.empty() || point.empty() || separator == std::string_view::npos)
        return std::nullopt;
    line.remove_prefix(separator + 3);
    return Mount{*id, makedev(static_cast<unsigned>(*major), static_cast<unsigned>(*minor)), unoctal(root),
                 unoctal(point), unoctal(take_word(line))};
}

} // namespace

std::vector<Mount> parse_mountinfo(std::string_view text) {
    std::vector<Mount> out;
    while (!text.empty() && out.size() < kMaxMounts) {
        const auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(line.size() < text.size() ? line.size() + 1 : line.size());
        if (auto mount = parse_line(line))
            out.push_back(std::move(*mount));
    }
    return out;
}

MountTable::MountTable(std::string file)
    : file_(std::move(file)), fd_(::open(file_.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY)) {
    refresh();
}

void MountTable::refresh() {
    mounts_ = parse_mountinfo(read_small_file(file_, kMaxMountinfo));
    by_id_.clear();
    by_dev_.clear();
    for (std::size_t i = 0; i < mounts_.size(); ++i) {
        by_id_.emplace(mounts_[i].id, i);
        by_dev_[mounts_[i].dev].push_back(i);
    }
}

const Mount* MountTable::by_id(std::uint64_t id) const noexcept {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : &mounts_[found->second];
}

std::vector<const Mount*> MountTable::whole() const {
    std::vector<const Mount*> out;
    for (const auto& mount : mounts_)
        if (mount.root == "/")
            out.push_back(&mount);
    std::stable_sort(out.begin(), out.end(),
                     [](const Mount* a, const Mount* b) { return a->point.size() < b->point.size(); });
    return out;
}

bool MountTable::append_name(std::uint64_t dev, std::string_view inside, std::string& out) const {
    const auto found = by_dev_.find(dev);
    if (found == by_dev_.end())
        return false;
    const Mount* best = nullptr;
    for (const auto i : found->second) {
        const auto& mount = mounts_[i];
        if (!lies_in(inside, mount.root))
            continue;
        const bool whole = mount.root == "/";
        if (best == nullptr || (whole && (best->root != "/" || mount.point.size() < best->point.size())))
            best = &mount;
    }
    if (best == nullptr)
        return false;
    append_normal(out, best->point,
                  inside.substr(best->root == "/" ? 1 : std::min(inside.size(), best->root.size() + 1)));
    return true;
}

} // namespace rwatch::process
