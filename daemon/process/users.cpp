// SPDX-License-Identifier: MIT OR Apache-2.0
#include "process/users.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string_view>
#include <unordered_map>

namespace rwatch::process {

namespace {

/// Takes the text up to `end`, and `end`, off the front.
std::string_view take(std::string_view& text, char end) noexcept {
    const auto found = text.find(end);
    const auto part = text.substr(0, found);
    text.remove_prefix(found == std::string_view::npos ? text.size() : found + 1);
    return part;
}

/// Both files begin a line with name:password:number; the first line of a number names it.
std::unordered_map<std::uint32_t, std::string> names_of(const std::string& path) {
    std::unordered_map<std::uint32_t, std::string> out;
    std::ifstream file(path, std::ios::binary);
    struct stat st {};
    if (::stat(path.c_str(), &st) != 0)
        return out;
    std::string text(std::min(Users::kMaxFile, static_cast<std::size_t>(st.st_size)), '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    auto rest = std::string_view(text.data(), static_cast<std::size_t>(file.gcount()));
    while (!rest.empty()) {
        auto line = take(rest, '\n');
        const auto name = take(line, ':');
        take(line, ':');
        const auto number = take(line, ':');
        std::uint32_t id = 0;
        const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), id);
        if (!name.empty() && error == std::errc{} && end == number.data() + number.size())
            out.try_emplace(id, name);
    }
    return out;
}

} // namespace

bool Users::Stamp::operator==(const Stamp& other) const noexcept {
    const auto equal = [](const timespec& a, const timespec& b) {
        return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
    };
    return dev == other.dev && ino == other.ino && size == other.size && equal(mtime, other.mtime) &&
           equal(ctime, other.ctime);
}

Users::Stamp Users::stamp(const std::string& path) noexcept {
    struct stat st {};
    if (::stat(path.c_str(), &st) != 0)
        return {};
    return {st.st_dev, st.st_ino, st.st_size, st.st_mtim, st.st_ctim};
}

std::unique_ptr<event::Directory> Users::read_all() {
    // The stamps come first: a change while reading is then seen by the next look.
    passwd_stamp_ = stamp(passwd_);
    group_stamp_ = stamp(group_);
    auto tables = std::make_unique<event::Directory>();
    tables->version = ++versions_;
    tables->users = names_of(passwd_);
    tables->groups = names_of(group_);
    return tables;
}

Users::Users(std::string passwd, std::string group)
    : passwd_(std::move(passwd)), group_(std::move(group)), current_(read_all()) {}

Users::~Users() {
    const std::unique_ptr<event::Directory> never_adopted(next_.load());
}

bool Users::refresh_if_changed() {
    if (stamp(passwd_) == passwd_stamp_ && stamp(group_) == group_stamp_)
        return false;
    const std::unique_ptr<event::Directory> never_adopted(next_.exchange(read_all().release()));
    return true;
}

void Users::adopt() noexcept {
    // The plain load keeps the usual case, nothing new, free of a locked instruction.
    if (next_.load(std::memory_order_relaxed) != nullptr)
        current_.reset(next_.exchange(nullptr));
}

} // namespace rwatch::process
