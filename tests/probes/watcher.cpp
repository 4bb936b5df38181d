// SPDX-License-Identifier: MIT OR Apache-2.0
#include "watcher.hpp"

#include "core/time.hpp"
#include "event/decode.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <map>
#include <sstream>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

namespace rwatch::test {
namespace {

constexpr std::size_t kDrain = 1000;
constexpr useconds_t kPause = 2000;
constexpr std::int64_t kPatience = 10 * kSecond;
constexpr std::size_t kMostKept = 200'000; ///< records; older ones of other processes are forgotten

/// Keeps records by process, since a child's may come while another is waited for.
class Keeper : public sensor::RecordHandler {
  public:
    void on_record(std::span<const std::byte> bytes) noexcept override {
        Record record(bytes);
        by_pid[record.common().pid].push_back(std::move(record));
        if (++kept > kMostKept) {
            by_pid.clear();
            kept = 0;
        }
    }
    std::map<std::uint32_t, Records> by_pid;
    std::size_t kept = 0;
};

Keeper& keeper() {
    static Keeper instance;
    return instance;
}

void drain() {
    while (watcher().drain(keeper(), kDrain) == kDrain) {
    }
}

bool has_exit(const Records& records) {
    return !records.empty() && records.back().common().kind == RW_EXIT;
}

} // namespace

std::size_t skipped_alternatives() {
    const char* text = std::getenv("RWATCH_PROBE_SKIP");
    return text == nullptr ? 0 : static_cast<std::size_t>(std::atoi(text));
}

bool older() {
    return skipped_alternatives() > 0;
}

bool objects_seen(unsigned kind) {
    const auto name = event::name_of(static_cast<event::Kind>(kind));
    for (const auto& probe : watcher().probes())
        if (probe.name == name)
            return probe.attached.find("security_path_") != std::string::npos;
    return false;
}

sensor::BpfSource& watcher() {
    static const auto source = [] {
        sensor::BpfOptions options;
        options.ring_size = 32U << 20U;
        options.skip_own = true;
        options.states = 4096;
        options.host_mntns = static_cast<std::uint32_t>(stat_of("/proc/self/ns/mnt").st_ino);
        options.skip_alternatives = skipped_alternatives();
        return sensor::BpfSource::open(options);
    }();
    return *source;
}

Shared& shared() {
    static auto* const memory = static_cast<Shared*>(
        ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    return *memory;
}

Records Run::of(unsigned kind) const {
    Records found;
    for (const auto& record : records)
        if (record.common().kind == kind)
            found.push_back(record);
    return found;
}

const Record& Run::named(unsigned kind, const std::string& raw) const {
    for (const auto& record : records) {
        if (record.common().kind != kind)
            continue;
        if (kind == RW_OPEN && record.text(record.as<rw_open>().raw) == raw)
            return record;
        if (kind != RW_OPEN &&
            (record.text(record.as<rw_fsop>().raw) == raw || record.text(record.as<rw_fsop>().raw2) == raw))
            return record;
    }
    FAIL("no record of kind " << kind << " for '" << raw << "'");
    std::abort();
}

Records records_of(std::uint32_t pid) {
    const auto end = boot_now() + kPatience;
    for (;;) {
        drain();
        auto& records = keeper().by_pid[pid];
        if (has_exit(records)) {
            const auto found = std::move(records);
            keeper().by_pid.erase(pid);
            for (const auto& record : found)
                CHECK(event::decode(record.bytes(), 0).has_value());
            return found;
        }
        if (boot_now() > end)
            FAIL("no exit of process " << pid << " seen; records: " << records.size());
        ::usleep(kPause);
    }
}

Run run(const std::function<int()>& body) {
    (void)watcher();
    drain();
    std::memset(&shared(), 0, sizeof(Shared));
    Run result;
    result.pid = ::fork();
    REQUIRE(result.pid >= 0);
    if (result.pid == 0)
        ::_exit(body());
    REQUIRE(::waitpid(result.pid, &result.status, 0) == result.pid);
    result.records = records_of(static_cast<std::uint32_t>(result.pid));
    return result;
}

Directory::Directory() {
    char name[] = "/tmp/rwatch-probes-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    path_ = name;
    REQUIRE(::chmod(name, 0755) == 0); // for children that give up root
}

Directory::~Directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::string Directory::file(const std::string& name, mode_t mode) const {
    const int fd = ::open(path(name).c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    REQUIRE(fd >= 0);
    REQUIRE(::fchmod(fd, mode) == 0);
    ::close(fd);
    return path(name);
}

std::string Directory::directory(const std::string& name) const {
    REQUIRE(::mkdir(path(name).c_str(), 0755) == 0);
    return path(name);
}

ControlGroup::ControlGroup(const std::string& name)
    : root_(std::filesystem::exists("/sys/fs/cgroup/cgroup.procs") ? "/sys/fs/cgroup" : "/sys/fs/cgroup/unified"),
      path_(root_ + "/" + name) {
    std::filesystem::create_directories(path_);
}

ControlGroup::~ControlGroup() {
    for (auto path = path_; path != root_; path.resize(path.rfind('/')))
        ::rmdir(path.c_str());
}

void ControlGroup::enter() const {
    std::ofstream(path_ + "/cgroup.procs") << 0; // the writer itself
}

struct stat stat_of(const std::string& path) {
    struct stat result {};
    REQUIRE(::stat(path.c_str(), &result) == 0);
    return result;
}

std::uint32_t kernel_dev(dev_t dev) {
    return major(dev) << 20U | minor(dev);
}

std::string read_file(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

void check_file(const rw_file& file, const struct stat& expected) {
    CHECK(file.ino == expected.st_ino);
    CHECK(file.dev == kernel_dev(expected.st_dev));
    CHECK(file.mode == expected.st_mode);
    CHECK(file.nlink == expected.st_nlink);
    CHECK(file.uid == expected.st_uid);
    CHECK(file.mtime_ns == static_cast<std::uint64_t>(expected.st_mtim.tv_sec) * 1'000'000'000U +
                               static_cast<std::uint64_t>(expected.st_mtim.tv_nsec));
    CHECK(file.ctime_ns == static_cast<std::uint64_t>(expected.st_ctim.tv_sec) * 1'000'000'000U +
                               static_cast<std::uint64_t>(expected.st_ctim.tv_nsec));
}

} // namespace rwatch::test
