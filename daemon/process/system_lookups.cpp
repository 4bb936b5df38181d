// SPDX-License-Identifier: MIT OR Apache-2.0
#include "process/system_lookups.hpp"

#include "core/handle.hpp"
#include "core/time.hpp"
#include "process/executable_hash.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <exception>
#include <fcntl.h>
#include <linux/openat2.h>
#include <memory>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <systemd/sd-login.h>
#include <unistd.h>

namespace rwatch::process {

namespace {

constexpr std::size_t kMaxBundle = 4U << 20U;             // bytes of one container's file
constexpr std::size_t kMaxStorage = 16U << 20U;           // … of the file of all containers of a store
constexpr std::size_t kMaxPasswd = 16U << 20U;            // … of /etc/passwd
constexpr std::size_t kMostNamespaces = 64;               // of containerd
constexpr std::int64_t kFirstRetry = 100'000'000;         // ns; doubled each time
constexpr std::array kDrivers{"overlay", "vfs", "btrfs"}; // of containers/storage

/// A regular file below a folder, whole or not at all. No link leads anywhere, and in a user's home no mount either: it
/// may be the user who put it there.
std::string read_below(const std::string& folder, const std::string& name, std::size_t most, bool of_user) {
    const Fd base(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    open_how how{};
    how.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | (of_user ? RESOLVE_NO_XDEV : 0);
    const Fd fd(base ? static_cast<int>(::syscall(SYS_openat2, base.get(), name.c_str(), &how, sizeof how)) : -1);
    struct stat st {};
    if (!fd || ::fstat(fd.get(), &st) != 0 || !S_ISREG(st.st_mode) || static_cast<std::size_t>(st.st_size) > most)
        return {};
    std::string text(static_cast<std::size_t>(st.st_size), '\0');
    std::size_t size = 0;
    while (size < text.size()) {
        const auto got = ::read(fd.get(), text.data() + size, text.size() - size);
        if (got <= 0)
            return {};
        size += static_cast<std::size_t>(got);
    }
    return text;
}

struct Account {
    std::string name, home;
};

Account account_of(const std::string& root, std::uint32_t uid) {
    const auto text = read_below(root + "/etc", "passwd", kMaxPasswd, false);
    std::string_view rest = text;
    const auto wanted = std::to_string(uid);
    while (!rest.empty()) {
        auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        std::array<std::string_view, 6> parts; // name, password, uid, gid, comment, home
        for (auto& part : parts) {
            part = line.substr(0, line.find(':'));
            line.remove_prefix(std::min(line.size(), part.size() + 1));
        }
        if (parts[2] == wanted)
            return {std::string(parts[0]), std::string(parts[5])};
    }
    return {};
}

/// What a function of sd-login gives.
std::string told(int (*ask)(const char*, char**), const std::string& session) {
    char* given = nullptr;
    std::string out;
    const int result = ask(session.c_str(), &given);
    const std::unique_ptr<char, decltype(&std::free)> text(given, std::free);
    if (result >= 0 && text != nullptr)
        out.assign(text.get(), ::strnlen(text.get(), kMaxContainerText));
    return out;
}

std::int64_t retry_after(std::size_t tries) noexcept {
    return kFirstRetry << tries;
}

} // namespace

SystemLookups::SystemLookups(std::string root, std::string proc_root)
    : root_(std::move(root)), proc_root_(std::move(proc_root)), thread_([this] { run(); }) {}

SystemLookups::~SystemLookups() {
    {
        const std::lock_guard lock(mutex_);
        stop_.store(true, std::memory_order_relaxed);
    }
    changed_.notify_all();
    thread_.join();
}

bool SystemLookups::ask(PlaceQuestion question) noexcept {
    const std::lock_guard lock(mutex_);
    if (places_.size() >= kMostWaiting)
        return false;
    places_.push_front({std::move(question), 0, 0});
    changed_.notify_one();
    return true;
}

bool SystemLookups::ask(HashQuestion question) noexcept {
    const std::lock_guard lock(mutex_);
    if (hashes_.size() >= kMostWaiting)
        return false;
    hashes_.push_back(std::move(question));
    changed_.notify_one();
    return true;
}

bool SystemLookups::take(std::vector<PlaceAnswer>& places, std::vector<HashAnswer>& hashes) noexcept {
    places.clear();
    hashes.clear();
    if (!found_.load(std::memory_order_acquire))
        return false;
    const std::lock_guard lock(mutex_);
    places.swap(found_places_);
    hashes.swap(found_hashes_);
    found_.store(false, std::memory_order_relaxed);
    return true;
}

ContainerFacts SystemLookups::in_docker(const std::string& home, const PlaceQuestion& question) const {
    const auto folder = home.empty() ? "/var/lib/docker/containers" : home + "/.local/share/docker/containers";
    const auto text = read_below(root_ + folder, question.container + "/config.v2.json", kMaxBundle, !home.empty());
    return parse_docker_config(text).value_or(ContainerFacts{});
}

ContainerFacts SystemLookups::in_storage(const std::string& home, const PlaceQuestion& question) const {
    const bool of_user = !home.empty();
    const auto store = of_user ? home + "/.local/share/containers/storage" : "/var/lib/containers/storage";
    // Containers that go with their process (podman run --rm) are kept in /run.
    const auto running =
        of_user ? "/run/user/" + std::to_string(question.owner) + "/containers" : "/run/containers/storage";
    ContainerFacts out;
    for (const std::string driver : kDrivers) {
        const auto folder = driver + "-containers/";
        for (const auto& base : {store, running})
            out.add(parse_bundle_config(read_below(root_ + base, folder + question.container + "/userdata/config.json",
                                                   kMaxBundle, of_user))
                        .value_or(ContainerFacts{}));
        for (const auto& [base, file] : {std::pair{store, "containers.json"},
                                         {store, "volatile-containers.json"},
                                         {running, "volatile-containers.json"}})
            out.add(parse_storage(read_below(root_ + base, folder + file, kMaxStorage, of_user), question.container)
                        .value_or(ContainerFacts{}));
        if (!out.image.empty())
            break;
    }
    return out;
}

ContainerFacts SystemLookups::in_containerd(const PlaceQuestion& question) const {
    const auto folder = root_ + "/run/containerd/io.containerd.runtime.v2.task";
    const Handle<DIR, ::closedir> spaces(::opendir(folder.c_str()));
    for (std::size_t seen = 0; spaces && seen < kMostNamespaces; ++seen) {
        const dirent* space = ::readdir(spaces.get());
        if (space == nullptr)
            break;
        if (space->d_name[0] == '.')
            continue;
        const auto text = read_below(folder, std::string(space->d_name) + "/" + question.container + "/config.json",
                                     kMaxBundle, false);
        if (auto facts = parse_bundle_config(text))
            return *std::move(facts);
    }
    return {};
}

ContainerFacts SystemLookups::find_container(const PlaceQuestion& question) const {
    // An id comes from a control group's name: nothing that leads elsewhere as a file's name.
    if (question.container.empty() || question.container.find('/') != std::string::npos || question.container[0] == '.')
        return {};
    const auto home = question.owner == 0 ? std::string() : account_of(root_, question.owner).home;
    if (question.owner != 0 && !home.starts_with('/'))
        return {};
    if (question.runtime == "docker")
        return in_docker(home, question);
    if (question.runtime == "podman" || question.runtime == "cri-o")
        return in_storage(home, question);
    if (question.runtime == "containerd")
        return in_containerd(question);
    return {};
}

void SystemLookups::find_session(const PlaceQuestion& question, PlaceAnswer& out) const {
    const auto& session = question.session;
    if (session.empty())
        return;
    if (uid_t uid = 0; ::sd_session_get_uid(session.c_str(), &uid) >= 0) {
        out.user = account_of(root_, uid).name;
        if (out.user.empty())
            out.user = std::to_string(uid);
    }
    out.tty = told(::sd_session_get_tty, session);
    out.host = told(::sd_session_get_remote_host, session);
    out.service = told(::sd_session_get_service, session);
}

PlaceAnswer SystemLookups::look(const PlaceQuestion& question) const {
    PlaceAnswer out;
    out.cgroup = question.cgroup;
    out.container = find_container(question);
    find_session(question, out);
    return out;
}

void SystemLookups::answer(Waiting waiting, std::unique_lock<std::mutex>& lock) {
    lock.unlock();
    const auto& question = waiting.question;
    auto found = look(question);
    lock.lock();
    // Whoever makes a container writes its files before, or a moment later.
    const bool missing =
        (!question.container.empty() && found.container.empty()) || (!question.session.empty() && found.user.empty());
    if (missing && waiting.tries + 1 < kMostTries) {
        waiting.due_ns = boot_now() + retry_after(waiting.tries);
        ++waiting.tries;
        places_.push_back(std::move(waiting));
        return;
    }
    found_places_.push_back(std::move(found));
    found_.store(true, std::memory_order_release);
}

void SystemLookups::answer(const HashQuestion& question, std::unique_lock<std::mutex>& lock) {
    lock.unlock();
    HashAnswer found{question.file, hash_executable(question, proc_root_, stop_)};
    lock.lock();
    found_hashes_.push_back(std::move(found));
    found_.store(true, std::memory_order_release);
}

void SystemLookups::run() noexcept {
    pthread_setname_np(pthread_self(), "lookups");
    std::unique_lock lock(mutex_);
    while (!stop_.load(std::memory_order_relaxed)) {
        const auto next = std::min_element(places_.begin(), places_.end(),
                                           [](const auto& a, const auto& b) { return a.due_ns < b.due_ns; });
        const auto wait = next == places_.end() ? kSecond : next->due_ns - boot_now();
        try {
            if (next != places_.end() && wait <= 0) {
                auto waiting = std::move(*next);
                places_.erase(next);
                answer(std::move(waiting), lock);
            } else if (!hashes_.empty()) {
                const auto question = std::move(hashes_.front());
                hashes_.pop_front();
                answer(question, lock);
            } else {
                changed_.wait_for(lock, std::chrono::nanoseconds(std::min(wait, kSecond)));
            }
        } catch (const std::exception&) {
            // No memory: this question stays without an answer; who waits for it has a limit of its own.
            if (!lock.owns_lock())
                lock.lock();
        }
    }
}

} // namespace rwatch::process
