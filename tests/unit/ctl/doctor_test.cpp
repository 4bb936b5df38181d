// SPDX-License-Identifier: MIT OR Apache-2.0
// What doctor finds: on a machine that has all, on one that has nothing, and in what the daemon says of itself.
#include "doctor.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace rwatch::ctl;
using Json = nlohmann::ordered_json;

namespace fs = std::filesystem;

namespace {

/// A machine's files in a folder.
class Files {
  public:
    Files() {
        std::string pattern = fs::temp_directory_path() / "rwatch-doctor-XXXXXX";
        root_ = ::mkdtemp(pattern.data());
    }
    ~Files() { fs::remove_all(root_); }
    Files(const Files&) = delete;
    Files& operator=(const Files&) = delete;
    void put(const std::string& path, const std::string& text = {}) const {
        fs::create_directories(fs::path(root_ + path).parent_path());
        std::ofstream(root_ + path) << text;
    }
    void folder(const std::string& path) const { fs::create_directories(root_ + path); }
    [[nodiscard]] Machine machine(const std::string& kernel = "6.1.0-18-amd64", bool privileged = true) const {
        return {root_, kernel, privileged};
    }

  private:
    std::string root_;
};

constexpr auto kRule = "- {rule: A, desc: d, condition: evt.type = open, output: o, priority: notice}";

const Check& named(const std::vector<Check>& checks, const std::string& name) {
    const auto found =
        std::find_if(checks.begin(), checks.end(), [&](const auto& check) { return check.name == name; });
    INFO(name);
    REQUIRE(found != checks.end());
    return *found;
}

Json well_daemon() {
    return {{"version", "1.2.3"},
            {"state", "running"},
            {"state_reason", ""},
            {"rules_enabled", 11U},
            {"rules_paused", 0U},
            {"probes",
             Json::array({{{"name", "exec"}, {"attached", "tp_btf"}, {"reason", ""}, {"blind", ""}},
                          {{"name", "chmod"}, {"attached", "tracepoint"}, {"reason", "no fentry"}, {"blind", ""}},
                          {{"name", "chown"}, {"attached", "tracepoint"}, {"reason", "no fentry"}, {"blind", ""}}})},
            {"events_lost", Json::object()},
            {"sinks", Json::array({{{"name", "journal"}, {"state", "ok"}, {"delivered", 5U}}})}};
}

} // namespace

TEST_CASE("doctor: a machine that has all has nothing to complain of") {
    const Files files;
    for (const auto* file :
         {"/sys/kernel/btf/vmlinux", "/sys/fs/cgroup/cgroup.controllers", "/run/systemd/journal/socket",
          "/run/dbus/system_bus_socket", "/usr/share/dbus-1/system-services/org.freedesktop.PolicyKit1.service",
          "/etc/systemd/system/multi-user.target.wants/rwatchd.service"})
        files.put(file);
    files.put("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
    files.put("/proc/sys/kernel/io_uring_disabled", "2\n");
    files.folder("/run/systemd/system");
    files.folder("/var/log/rwatch");
    files.folder("/var/lib");
    files.put("/usr/lib/rwatch/rules.d/a.yaml", kRule);
    for (const auto& check : examine_machine(files.machine())) {
        INFO(check.name << ": " << check.text);
        CHECK(check.finding == Finding::good);
        CHECK_FALSE(check.text.empty());
        CHECK(check.advice.empty());
    }
}

TEST_CASE("doctor: what is missing is told with what to do about it") {
    const Files files;
    const auto checks = examine_machine(files.machine("5.4.0"));
    CHECK(named(checks, "kernel").finding == Finding::problem);
    CHECK(named(checks, "btf").finding == Finding::problem);
    CHECK(named(checks, "lockdown").finding == Finding::good);
    for (const auto* name : {"cgroups", "systemd", "journal", "bus", "boot"})
        CHECK(named(checks, name).finding == Finding::warning);
    for (const auto* name : {"io_uring", "polkit"})
        CHECK(named(checks, name).finding == Finding::note);
    for (const auto* name : {"log", "state"})
        CHECK(named(checks, name).finding == Finding::unknown);
    for (const auto& check : checks)
        CHECK((check.advice.empty()) == (check.finding == Finding::good || check.finding == Finding::unknown));
}

TEST_CASE("doctor: kernels, lockdown, control groups and io_uring in between") {
    const Files files;
    CHECK(named(examine_machine(files.machine("5.10.0-28-amd64")), "kernel").finding == Finding::note);
    CHECK(named(examine_machine(files.machine("6.12.1")), "kernel").finding == Finding::good);
    CHECK(named(examine_machine(files.machine("rubbish\x1b[2J")), "kernel").finding == Finding::problem);
    CHECK(named(examine_machine(files.machine("rubbish\x1b[2J")), "kernel").text.find('\x1b') == std::string::npos);
    CHECK(named(examine_machine(files.machine("6.1", false)), "lockdown").finding == Finding::unknown);
    files.put("/sys/kernel/security/lockdown", "none integrity [confidentiality]");
    CHECK(named(examine_machine(files.machine()), "lockdown").finding == Finding::problem);
    files.put("/sys/fs/cgroup/unified/cgroup.procs");
    CHECK(named(examine_machine(files.machine()), "cgroups").finding == Finding::good);
    for (const auto* value : {"0", "1"}) {
        files.put("/proc/sys/kernel/io_uring_disabled", value);
        CHECK(named(examine_machine(files.machine()), "io_uring").finding == Finding::note);
    }
}

TEST_CASE("doctor: rules as a reload would find them") {
    const Files files;
    CHECK(named(examine_machine(files.machine()), "rule files").text == "hold no rule");
    files.put("/usr/lib/rwatch/rules.d/a.yaml", kRule);
    CHECK(named(examine_machine(files.machine()), "rule files").text == "1 rule in 1 file");
    files.put("/etc/rwatch/rules.d/b.yaml",
              "- {rule: B, desc: d, condition: evt.typ = open, output: o, priority: notice}");
    CHECK(named(examine_machine(files.machine()), "rule files").finding == Finding::problem);
    files.put("/etc/rwatch/rules.d/b.yaml", "[]");
    files.put("/etc/rwatch/rules.d/a.yaml", "[]"); // hides the other
    CHECK(named(examine_machine(files.machine()), "rule files").text == "hold no rule");
}

TEST_CASE("doctor: the daemon's own word") {
    auto status = well_daemon();
    const auto well = examine_daemon(status);
    for (const auto* name : {"rwatchd", "rules", "probes", "events", "sink journal"})
        CHECK(named(well, name).finding == Finding::good);
    CHECK(named(well, "hooks").finding == Finding::note);
    CHECK(named(well, "hooks").text == "chmod, chown: no fentry");

    status["state"] = "degraded";
    status["state_reason"] = "events were lost";
    status["services_unseen"] = "no systemd";
    status["rules_enabled"] = 0U;
    status["events_lost"] = {{"open", 7U}, {"exec", 1U}};
    status["probes"][0] = {{"name", "exec"}, {"attached", ""}, {"reason", "EPERM"}, {"blind", "new programs"}};
    status["probes"][1]["blind"] = "permission bits";
    status["sinks"].push_back({{"name", "webhook"}, {"state", "refused"}});
    status["sinks"].push_back({{"name", "disk"}, {"state", "no disk"}, {"absent", true}});
    const auto ill = examine_daemon(status);
    CHECK(named(ill, "rwatchd").finding == Finding::warning);
    CHECK(named(ill, "rules").finding == Finding::problem);
    CHECK(named(ill, "probes").text == "2 of 3 probes attached");
    CHECK(named(ill, "probe exec").text == "EPERM; not seen: new programs");
    CHECK(named(ill, "probe chmod").text == "is attached, but silent; not seen: permission bits");
    CHECK(named(ill, "events").text == "8 events lost since the start");
    CHECK(named(ill, "services").finding == Finding::note);
    CHECK(named(ill, "sink webhook").finding == Finding::problem);
    CHECK(named(ill, "sink disk").finding == Finding::note);
    status["sinks"] = Json::array();
    CHECK(named(examine_daemon(status), "sinks").finding == Finding::warning);
}

TEST_CASE("doctor: a daemon that says nothing of itself breaks nothing") {
    for (const auto& status :
         {Json(), Json::array(), Json{{"probes", 7}, {"sinks", "x"}, {"events_lost", {{"a", -1}}}}})
        CHECK(named(examine_daemon(status), "rules").finding == Finding::problem);
}
