// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/files.hpp"

#include "core/error.hpp"
#include "core/handle.hpp"

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <map>
#include <sys/stat.h>
#include <system_error>

namespace rwatch {

namespace {

void report(Diagnostics& out, std::string code, const std::string& path, std::string message) {
    out.push_back({Severity::error, std::move(code), {path, 0, 0}, std::move(message), {}});
}

bool is_mask(const std::filesystem::path& path) {
    std::error_code error;
    return std::filesystem::is_symlink(path, error) && std::filesystem::read_symlink(path, error) == "/dev/null";
}

bool has_suffix(std::string_view name, std::span<const std::string_view> suffixes) {
    return std::any_of(suffixes.begin(), suffixes.end(),
                       [&](auto s) { return name.size() > s.size() && name.ends_with(s); });
}

/// The whole text, or why not in `why`.
bool read_file(const std::string& path, std::size_t most, std::string& text, std::string& why) {
    // O_NONBLOCK: a fifo among the rules must not hang the reader; it is refused below.
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    struct stat st {};
    if (!fd || fstat(fd.get(), &st) != 0) {
        why = errno_text(errno);
        return false;
    }
    if (!S_ISREG(st.st_mode)) {
        why = S_ISDIR(st.st_mode) ? "is a directory" : "is not a regular file";
        return false;
    }
    const auto size = static_cast<std::size_t>(st.st_size);
    if (size > most) {
        why = "has " + std::to_string(size) + " bytes, at most " + std::to_string(most) + " are read";
        return false;
    }
    // A growing file is cut at the limit, one byte more tells.
    text.resize(most < size + 4096 ? most + 1 : size + 4096);
    std::size_t used = 0;
    while (used < text.size()) {
        const auto n = ::read(fd.get(), text.data() + used, text.size() - used);
        if (n < 0) {
            why = errno_text(errno);
            return false;
        }
        if (n == 0)
            break;
        used += static_cast<std::size_t>(n);
    }
    text.resize(used);
    return true;
}

} // namespace

std::vector<std::string> find_files(std::span<const std::string> directories,
                                    std::span<const std::string_view> suffixes, Diagnostics& out) {
    std::map<std::string, std::string> by_name;
    for (const auto& directory : directories) {
        std::error_code error;
        std::filesystem::directory_iterator entry(directory, error);
        if (error && error != std::errc::no_such_file_or_directory)
            report(out, "unreadable-directory", directory, "cannot read directory: " + error.message());
        for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
            const auto name = entry->path().filename().string();
            if (has_suffix(name, suffixes) && !name.starts_with('.'))
                by_name.emplace(name, entry->path().string());
        }
    }
    std::vector<std::string> paths;
    for (const auto& [name, path] : by_name)
        if (!is_mask(path))
            paths.push_back(path);
    return paths;
}

std::vector<TextFile> read_files(std::span<const std::string> paths, std::size_t most, Diagnostics& out) {
    std::vector<TextFile> files;
    for (const auto& path : paths) {
        TextFile file{path, {}};
        std::string why;
        if (read_file(path, most, file.text, why))
            files.push_back(std::move(file));
        else
            report(out, "unreadable-file", path, "cannot read file: " + why);
    }
    return files;
}

} // namespace rwatch
