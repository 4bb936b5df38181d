// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rule_files.hpp"

#include "core/error.hpp"
#include "core/files.hpp"
#include "core/handle.hpp"
#include "core/yaml.hpp"

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace rwatch::ctl {

namespace fs = std::filesystem;

namespace {

void report(Diagnostics& out, const std::string& path, std::string code, std::string message, std::string hint = {}) {
    out.push_back({Severity::error, std::move(code), {path, 0, 0}, std::move(message), std::move(hint)});
}

void list_folder(const fs::path& folder, std::vector<fs::path>& files, Diagnostics& diagnostics) {
    std::error_code error;
    bool empty = true;
    fs::directory_iterator entry(folder, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
        const auto suffix = entry->path().extension().string();
        if (entry->path().filename().native().starts_with('.')) // as the daemon does
            continue;
        if (std::find(kRuleSuffixes.begin(), kRuleSuffixes.end(), suffix) == kRuleSuffixes.end())
            continue;
        empty = false;
        std::error_code unknown;     // what can't be looked at is told by who reads it
        if (entry->is_fifo(unknown)) // nobody may ever write
            report(diagnostics, entry->path(), "cannot-read", "cannot read the file: is not a regular file");
        else
            files.push_back(entry->path());
    }
    if (error)
        report(diagnostics, folder, "cannot-read", "cannot read the folder: " + error.message());
    else if (empty)
        report(diagnostics, folder, "no-rules", "no rule file in this folder",
               "names of rule files end in .yaml, .yml or .json; folders in it are not looked into");
}

} // namespace

std::string read_rule_file(const std::string& path, std::string& content) {
    constexpr std::size_t kChunk = 64U << 10U;
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!file)
        return errno_text(errno);
    content.clear();
    while (content.size() <= yaml::kMaxText) {
        const auto before = content.size();
        content.resize(before + std::min(kChunk, yaml::kMaxText + 1 - before));
        const auto got = ::read(file.get(), content.data() + before, content.size() - before);
        content.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno_text(errno);
        if (got == 0)
            break;
    }
    return {};
}

RuleFiles read_rule_files(const std::vector<std::string>& paths) {
    RuleFiles out;
    std::vector<fs::path> files;
    for (const auto& path : paths) {
        std::error_code ignored; // reading it will tell
        if (fs::is_directory(path, ignored))
            list_folder(path, files, out.diagnostics);
        else if (fs::symlink_status(path, ignored).type() == fs::file_type::fifo) // but /dev/fd/63 of a shell is read
            report(out.diagnostics, path, "cannot-read", "cannot read the file: is not a regular file");
        else
            files.emplace_back(path);
    }
    std::stable_sort(files.begin(), files.end(),
                     [](const fs::path& a, const fs::path& b) { return a.filename() < b.filename(); });
    for (const auto& file : files) {
        rules::SourceText source{file.string(), {}};
        const auto reason = read_rule_file(source.file, source.text);
        if (reason.empty())
            out.texts.push_back(std::move(source));
        else
            report(out.diagnostics, source.file, "cannot-read", "cannot read the file: " + reason);
    }
    return out;
}

RuleFiles read_installed_rules(const std::string& root) {
    RuleFiles out;
    std::vector<std::string> folders;
    folders.reserve(kRuleDirectories.size());
    for (const auto folder : kRuleDirectories)
        folders.push_back(root + std::string(folder));
    for (auto& file : read_files(find_files(folders, kRuleSuffixes, out.diagnostics), yaml::kMaxText, out.diagnostics))
        out.texts.push_back({std::move(file.path), std::move(file.text)});
    return out;
}

Sources LoadedRules::sources() const {
    Sources out;
    for (const auto& text : texts)
        out.emplace(text.file, text.text);
    return out;
}

LoadedRules load_rules(RuleFiles files) {
    LoadedRules out{std::move(files.texts), {}, std::move(files.diagnostics)};
    out.result = rules::load(out.texts);
    out.diagnostics.insert(out.diagnostics.end(), out.result.diagnostics.begin(), out.result.diagnostics.end());
    out.ok = !has_errors(out.diagnostics) && out.result.set != nullptr;
    return out;
}

} // namespace rwatch::ctl
