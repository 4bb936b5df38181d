// SPDX-License-Identifier: MIT OR Apache-2.0
#include "sensor/kernel_facts.hpp"

#include "core/error.hpp"
#include "core/handle.hpp"

#include <array>
#include <bpf/bpf.h>
#include <cerrno>
#include <cstdio>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

namespace rwatch::sensor {

namespace {
constexpr const char* kTracefs = "/sys/kernel/tracing";
constexpr const char* kTracefsOld = "/sys/kernel/debug/tracing";
} // namespace

bool exists(const std::string& path) {
    struct stat unused {};
    return ::stat(path.c_str(), &unused) == 0;
}

std::string tracefs_events() {
    for (const auto* root : {kTracefs, kTracefsOld})
        if (exists(std::string(root) + "/events/syscalls"))
            return std::string(root) + "/events/syscalls";
    return {};
}

std::string ensure_tracefs() {
    if (!tracefs_events().empty())
        return {};
    if (::mount("tracefs", kTracefs, "tracefs", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0)
        return std::string("tracefs is not mounted at ") + kTracefs + " and can't be: " + errno_text(errno);
    if (tracefs_events().empty())
        return "this kernel has no tracepoints of system calls (CONFIG_FTRACE_SYSCALLS)";
    return {};
}

/// Lockdown refuses them whatever they are about, so one that is about no function at all tells: its own fault is found
/// later.
int fentry_refused() {
    constexpr std::array<bpf_insn, 2> kNothing{
        {{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0}, {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}}};
    bpf_prog_load_opts options{};
    options.sz = sizeof options;
    options.expected_attach_type = BPF_TRACE_FENTRY;
    options.attach_btf_id = 1;
    const Fd program(bpf_prog_load(BPF_PROG_TYPE_TRACING, "rw_try", "GPL", kNothing.data(), kNothing.size(), &options));
    return program || errno == EINVAL ? 0 : errno;
}

bool is_kernel_since(unsigned major_number, unsigned minor_number) {
    utsname system{};
    unsigned a = 0, b = 0;
    return ::uname(&system) == 0 && std::sscanf(system.release, "%u.%u", &a, &b) == 2 &&
           (a > major_number || (a == major_number && b >= minor_number));
}

bool has_kprobes() {
    return exists("/sys/bus/event_source/devices/kprobe") || exists(std::string(kTracefs) + "/kprobe_events");
}

std::uint64_t cgroup_root() noexcept {
    for (const char* mount : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
        struct statfs fs {};
        struct stat st {};
        if (::statfs(mount, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC && ::stat(mount, &st) == 0)
            return st.st_ino;
    }
    return 0;
}

} // namespace rwatch::sensor
