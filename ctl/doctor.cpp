// SPDX-License-Identifier: MIT OR Apache-2.0
#include "doctor.hpp"

#include "core/counted.hpp"
#include "core/files.hpp"
#include "json_read.hpp"
#include "process/file_info.hpp"
#include "rule_files.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <sys/statvfs.h>
#include <unistd.h>

namespace rwatch::ctl {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostRead = 64U << 10U; // bytes of a file
constexpr std::uint64_t kLeastRoom = 256U << 20U;

class Examiner {
  public:
    explicit Examiner(const Machine& machine) : machine_(machine) {}

    std::vector<Check> run() {
        kernel();
        btf();
        lockdown();
        io_uring();
        cgroups();
        systemd();
        journal();
        bus();
        polkit();
        enabled();
        room("log", "/var/log/rwatch");
        room("state", "/var/lib/rwatch");
        rule_files();
        return std::move(checks_);
    }

  private:
    void add(std::string name, Finding finding, std::string text, std::string advice = {}) {
        checks_.push_back({std::move(name), finding, std::move(text), std::move(advice)});
    }
    [[nodiscard]] std::string path(std::string_view of) const { return machine_.root + std::string(of); }
    [[nodiscard]] bool exists(std::string_view name) const { return ::access(path(name).c_str(), F_OK) == 0; }
    /// The file's text without the last line break; "" where it can't be read.
    [[nodiscard]] std::string text_of(std::string_view name) const {
        auto text = process::read_small_file(path(name), kMostRead);
        while (!text.empty() && text.back() == '\n')
            text.pop_back();
        return text;
    }

    [[nodiscard]] std::pair<int, int> release() const {
        int major = 0, minor = 0;
        return std::sscanf(machine_.kernel.c_str(), "%d.%d", &major, &minor) == 2 ? std::pair(major, minor)
                                                                                  : std::pair(0, 0);
    }

    void kernel() {
        const auto have = release();
        const auto name = "Linux " + escape(machine_.kernel);
        if (have < std::pair(5, 8))
            add("kernel", Finding::problem, name + ", older than 5.8: no probe loads", "boot a kernel from 5.8 on");
        else if (have < std::pair(5, 17))
            add("kernel", Finding::note, name + ": probes take their older ways, paths end at 64 folders",
                "a kernel from 5.17 on sees more, and cheaper");
        else
            add("kernel", Finding::good, name);
    }

    void btf() {
        if (exists("/sys/kernel/btf/vmlinux"))
            add("btf", Finding::good, "the kernel describes its types");
        else
            add("btf", Finding::problem, "no /sys/kernel/btf/vmlinux: no probe loads",
                "boot a kernel built with CONFIG_DEBUG_INFO_BTF, as Debian's are");
    }

    void lockdown() {
        const auto text = text_of("/sys/kernel/security/lockdown");
        if (text.empty())
            return add("lockdown", machine_.privileged ? Finding::good : Finding::unknown,
                       machine_.privileged ? "this kernel has none, or securityfs is not mounted"
                                           : "only root can look");
        const auto open = text.find('['), close = text.find(']');
        const auto mode = open < close && close != std::string::npos ? text.substr(open + 1, close - open - 1) : text;
        if (mode == "confidentiality")
            add("lockdown", Finding::problem, "confidentiality: probes may not read the kernel's memory",
                "boot with lockdown=integrity, or without");
        else
            add("lockdown", Finding::good, escape(mode));
    }

    void io_uring() {
        const auto text = text_of("/proc/sys/kernel/io_uring_disabled");
        if (text.empty())
            add("io_uring", Finding::note,
                "can't be switched off on this kernel; what comes of its requests is not seen",
                "kernels from 6.6 on have kernel.io_uring_disabled");
        else if (text == "2")
            add("io_uring", Finding::good, "is switched off");
        else
            add("io_uring", Finding::note,
                text == "1" ? "is for a group alone; what comes of its requests is not seen"
                            : "is open to everybody; what comes of its requests is not seen",
                "where nothing needs it: sysctl kernel.io_uring_disabled=2");
    }

    void cgroups() {
        if (exists("/sys/fs/cgroup/cgroup.controllers"))
            add("cgroups", Finding::good, "version 2: events are tied to units");
        else if (exists("/sys/fs/cgroup/unified/cgroup.procs"))
            add("cgroups", Finding::good, "hybrid: events are tied to units by the version 2 tree");
        else
            add("cgroups", Finding::warning, "no version 2 tree: events have no unit, and a flood no owner",
                "boot with systemd.unified_cgroup_hierarchy=1");
    }

    void systemd() {
        if (exists("/run/systemd/system"))
            add("systemd", Finding::good, "runs this machine");
        else
            add("systemd", Finding::warning, "does not run this machine: no units, no watchdog",
                "rwatchd --console runs without it");
    }

    void journal() {
        if (exists("/run/systemd/journal/socket"))
            add("journal", Finding::good, "takes alerts");
        else
            add("journal", Finding::warning, "journald does not listen: alerts are not in the journal",
                "systemctl status systemd-journald");
    }

    void bus() {
        if (exists("/run/dbus/system_bus_socket"))
            add("bus", Finding::good, "the system bus listens");
        else
            add("bus", Finding::warning, "no system bus: rwatchctl can't ask rwatchd", "apt install dbus");
    }

    void polkit() {
        if (exists("/usr/share/dbus-1/system-services/org.freedesktop.PolicyKit1.service"))
            add("polkit", Finding::good, "decides what others than root may read and do");
        else
            add("polkit", Finding::note, "is not here: only root may read alerts and control rwatchd",
                "to let others: apt install polkitd");
    }

    void enabled() {
        if (exists("/etc/systemd/system/multi-user.target.wants/rwatchd.service"))
            add("boot", Finding::good, "rwatchd starts with the machine");
        else
            add("boot", Finding::warning, "rwatchd does not start with the machine", "systemctl enable rwatchd");
    }

    /// Of a folder that is not there yet its parent counts: systemd makes it.
    void room(std::string name, std::string_view folder) {
        auto looked = std::filesystem::path(path(folder));
        std::error_code error;
        if (!std::filesystem::exists(looked, error))
            looked = looked.parent_path();
        struct statvfs fs {};
        if (::statvfs(looked.c_str(), &fs) != 0)
            return add(std::move(name), Finding::unknown, std::string(folder) + " can't be looked at");
        const auto free = std::uint64_t{fs.f_bavail} * fs.f_frsize;
        const auto text = std::string(folder) + ": " + std::to_string(free >> 20U) + " MiB free";
        if ((fs.f_flag & ST_RDONLY) != 0)
            add(std::move(name), Finding::problem, std::string(folder) + " is on a file system that can't be written",
                "mount it read-write");
        else if (free < kLeastRoom || (fs.f_files != 0 && fs.f_favail == 0))
            add(std::move(name), Finding::warning, fs.f_favail == 0 && fs.f_files != 0 ? text + ", but no inode" : text,
                "make room: what does not fit is lost");
        else
            add(std::move(name), Finding::good, text);
    }

    /// What a reload or the next start will find.
    void rule_files() {
        const auto loaded = load_rules(read_installed_rules(machine_.root));
        if (!loaded.ok)
            add("rule files", Finding::problem, "have errors: a reload keeps the old ones, a start fails",
                "rwatchd --check tells all of them");
        else if (loaded.result.set->rules().empty())
            add("rule files", Finding::problem, "hold no rule", "look at " + std::string(kRuleDirectories.back()));
        else
            add("rule files", Finding::good,
                counted(loaded.result.set->rules().size(), "rule") + " in " + counted(loaded.texts.size(), "file"));
    }

    const Machine& machine_;
    std::vector<Check> checks_;
};

/// Lists of names by the reason they share.
void put(std::map<std::string, std::string>& lists, const std::string& reason, const std::string& name) {
    auto& list = lists[reason];
    list.append(list.empty() ? "" : ", ").append(name);
}

/// What of it is not seen, and why.
Check blind_probe(const Json& probe, const std::string& blind) {
    Check check{"probe " + safe_text(probe, "name"), Finding::problem, safe_text(probe, "reason"),
                "journalctl -u rwatchd says what the kernel said"};
    if (!safe_text(probe, "attached").empty()) {
        check.text = "is attached, but silent";
        check.advice = "somebody may have taken it off: look who, then systemctl restart rwatchd";
    }
    if (check.text.empty())
        check.text = "not attached";
    check.text.append("; not seen: ").append(blind);
    return check;
}

void examine_probes(const Json& probes, std::vector<Check>& out) {
    std::size_t attached = 0;
    std::map<std::string, std::string> second_best;
    for (const auto& probe : probes) {
        const auto reason = safe_text(probe, "reason"), blind = safe_text(probe, "blind");
        const bool there = !safe_text(probe, "attached").empty();
        attached += there ? 1 : 0;
        if (!blind.empty())
            out.push_back(blind_probe(probe, blind));
        else if (there && !reason.empty())
            put(second_best, reason, safe_text(probe, "name"));
    }
    const bool all = attached == probes.size() && attached > 0;
    out.push_back({"probes",
                   all ? Finding::good : Finding::problem,
                   std::to_string(attached) + " of " + counted(probes.size(), "probe") + " attached",
                   {}});
    for (const auto& [reason, names] : second_best)
        out.push_back({"hooks", Finding::note, std::string(names).append(": ").append(reason),
                       "what that means: known blind spots in docs/threat-model.md"});
}

void examine_losses(const Json& status, std::vector<Check>& out) {
    std::uint64_t lost = 0;
    for (const auto& [kind, count] : member(status, "events_lost").items())
        lost += count.is_number_unsigned() ? count.get<std::uint64_t>() : 0;
    if (lost == 0)
        out.push_back({"events", Finding::good, "none lost since the start", {}});
    else
        out.push_back({"events", Finding::warning, counted(lost, "event") + " lost since the start",
                       "rwatchctl status says whose; sensor.ring_size bridges longer bursts"});
}

void examine_sinks(const Json& sinks, std::vector<Check>& out) {
    if (sinks.empty())
        out.push_back({"sinks", Finding::warning, "none: alerts go nowhere", "see sinks: in /etc/rwatch/rwatchd.yaml"});
    for (const auto& sink : sinks) {
        const auto name = "sink " + safe_text(sink, "name"), state = safe_text(sink, "state");
        if (member(sink, "absent") == true)
            out.push_back({name, Finding::note, "not on this machine: " + state, {}});
        else if (state != "ok")
            out.push_back({name, Finding::problem, state, "alerts wait, or are lost: mend what it says"});
        else
            out.push_back({name, Finding::good, counted(number(sink, "delivered"), "alert") + " delivered", {}});
    }
}

} // namespace

std::vector<Check> examine_machine(const Machine& machine) {
    return Examiner(machine).run();
}

std::vector<Check> examine_daemon(const Json& status) {
    std::vector<Check> out;
    const auto state = safe_text(status, "state"), reason = safe_text(status, "state_reason");
    const auto text = state + (reason.empty() ? "" : ": " + reason);
    const bool running = state == "running";
    out.push_back({"rwatchd", running ? Finding::good : Finding::warning, safe_text(status, "version") + ", " + text,
                   running ? "" : "what it says is below, or in journalctl -u rwatchd"});
    const auto loaded = number(status, "rules_enabled"), paused = number(status, "rules_paused");
    if (loaded == 0)
        out.push_back({"rules", Finding::problem, "no rule is enabled: nothing is detected",
                       "look at /usr/lib/rwatch/rules.d and /etc/rwatch/rules.d"});
    else
        out.push_back(
            {"rules", paused == 0 ? Finding::good : Finding::note,
             counted(loaded, "rule") + " enabled" + (paused == 0 ? "" : ", " + std::to_string(paused) + " paused"),
             paused == 0 ? "" : "rwatchctl detectors says which, by whom and until when"});
    examine_probes(member(status, "probes"), out);
    if (const auto why = safe_text(status, "services_unseen"); !why.empty())
        out.push_back({"services", Finding::note, "their starts and stops are not seen: " + why,
                       "rules about evt.type service_start and service_stop never fire"});
    examine_losses(status, out);
    examine_sinks(member(status, "sinks"), out);
    return out;
}

} // namespace rwatch::ctl
