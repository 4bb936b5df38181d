// SPDX-License-Identifier: MIT OR Apache-2.0
#include "process/cgroup_path.hpp"

#include <catch2/catch.hpp>
#include <string>

using rwatch::process::parse_cgroup;

namespace {

const std::string kHex(64, 'a');
const std::string kOther(64, '7');
const std::string kShort(12, 'a');

struct Unit {
    const char *path, *unit, *slice, *user_unit, *session;
};

struct Container {
    std::string path, id, runtime, unit;
};

} // namespace

TEST_CASE("units, slices and sessions as systemd names them") {
    const auto c = GENERATE(values<Unit>({
        {"/", "", "-.slice", "", ""},
        {"", "", "-.slice", "", ""},
        {"/init.scope", "init.scope", "-.slice", "", ""},
        {"/system.slice", "", "system.slice", "", ""},
        {"/system.slice/nginx.service", "nginx.service", "system.slice", "", ""},
        {"/system.slice/ssh.socket", "ssh.socket", "system.slice", "", ""},
        {"/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service", "system-getty.slice", "", ""},
        {"/system.slice/dbus.service/deeper/still", "dbus.service", "system.slice", "", ""},
        // Delegation: what the service makes below itself is its own business, whatever it is called.
        {"/system.slice/a.service/b.service", "a.service", "system.slice", "", ""},
        {"/system.slice/a.service/x.slice/b.scope", "a.service", "system.slice", "", ""},
        {"/user.slice/user-1000.slice/session-3.scope", "session-3.scope", "user-1000.slice", "", "3"},
        {"/user.slice/user-0.slice/session-c12.scope/x", "session-c12.scope", "user-0.slice", "", "c12"},
        {"/user.slice/user-1000.slice/user@1000.service", "user@1000.service", "user-1000.slice", "", ""},
        {"/user.slice/user-1000.slice/user@1000.service/init.scope", "user@1000.service", "user-1000.slice",
         "init.scope", ""},
        {"/user.slice/user-1000.slice/user@1000.service/app.slice/foo.service", "user@1000.service", "user-1000.slice",
         "foo.service", ""},
        {"/user.slice/user-1000.slice/user@1000.service/app.slice/app-org.gnome.slice/foo.scope/x.service",
         "user@1000.service", "user-1000.slice", "foo.scope", ""},
        {"/user.slice/user-1000.slice/user@1000.service/odd/foo.service", "user@1000.service", "user-1000.slice", "",
         ""},
        // Escapes stay, the underscore that keeps kernel names apart goes.
        {"/system.slice/dev-disk\\x2dby.mount", "dev-disk\\x2dby.mount", "system.slice", "", ""},
        {"/system.slice/_cgroup.service", "cgroup.service", "system.slice", "", ""},
        {"/_cpu.slice/x.service", "x.service", "cpu.slice", "", ""},
        // Not units.
        {"/process_api/5507854b", "", "-.slice", "", ""},
        {"/system.slice/.service", "", "system.slice", "", ""},
        {"/system.slice/@x.service", "", "system.slice", "", ""},
        {"/system.slice/a b.service", "", "system.slice", "", ""},
        {"/system.slice/\x1b[31m.service", "", "system.slice", "", ""},
        {"/session-.scope", "session-.scope", "-.slice", "", ""},
        {"//system.slice///cron.service/", "cron.service", "system.slice", "", ""},
    }));
    INFO(c.path);
    const auto p = parse_cgroup(c.path);
    CHECK(p.unit == c.unit);
    CHECK(p.slice == c.slice);
    CHECK(p.user_unit == c.user_unit);
    CHECK(p.session == c.session);
    CHECK(p.container_id.empty());
    CHECK(p.cgroup == (*c.path == '\0' ? "/" : c.path));
}

TEST_CASE("containers") {
    const auto c = GENERATE(values<Container>({
        {"/system.slice/docker-" + kHex + ".scope", kShort, "docker", "docker-" + kHex + ".scope"},
        {"/docker/" + kHex, kShort, "docker", ""},
        {"/docker/" + kHex + "/init", kShort, "docker", ""},
        {"/machine.slice/libpod-" + kHex + ".scope/container", kShort, "podman", "libpod-" + kHex + ".scope"},
        {"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" + kHex + ".scope", kShort, "podman",
         "user@1000.service"},
        {"/machine.slice/libpod-conmon-" + kHex + ".scope", "", "", "libpod-conmon-" + kHex + ".scope"},
        {"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1.slice/cri-containerd-" + kHex + ".scope",
         kShort, "containerd", "cri-containerd-" + kHex + ".scope"},
        {"/kubepods.slice/kubepods-pod1.slice/crio-" + kHex + ".scope", kShort, "cri-o", "crio-" + kHex + ".scope"},
        {"/kubepods.slice/crio-conmon-" + kHex + ".scope", "", "", "crio-conmon-" + kHex + ".scope"},
        {"/kubepods/burstable/pod12ab/" + kHex, kShort, "containerd", ""},
        {"/system.slice/containerd.service/kubepods-burstable-pod1.slice:cri-containerd:" + kHex, kShort, "containerd",
         "containerd.service"},
        {"/lxc/web", "web", "lxc", ""},
        {"/lxc.payload.web/init.scope", "web", "lxc", ""},
        // The innermost one is where the process lives.
        {"/docker/" + kOther + "/kubelet.slice/cri-containerd-" + kHex + ".scope", kShort, "containerd", ""},
        // Not quite an id.
        {"/docker/" + kHex.substr(1), "", "", ""},
        {"/docker/" + std::string(64, 'g'), "", "", ""},
        {"/elsewhere/" + kHex, "", "", ""},
    }));
    INFO(c.path);
    const auto p = parse_cgroup(c.path);
    CHECK(p.container_id == c.id);
    CHECK(p.container_runtime == c.runtime);
    CHECK(p.unit == c.unit);
}

TEST_CASE("machines") {
    auto p = parse_cgroup("/machine.slice/systemd-nspawn@deb\\x2d12.service/payload/system.slice/x.service");
    CHECK(p.unit == "systemd-nspawn@deb\\x2d12.service");
    CHECK(p.machine == "deb-12");
    CHECK(p.container_id == "deb-12");
    CHECK(p.container_runtime == "systemd-nspawn");

    p = parse_cgroup("/machine.slice/systemd-nspawn@deb.service/supervisor");
    CHECK(p.machine == "deb");
    CHECK(p.container_id.empty());

    p = parse_cgroup("/machine.slice/machine-qemu\\x2d1\\x2dvm.scope");
    CHECK(p.machine == "qemu-1-vm");
    CHECK(p.container_id.empty());
}

TEST_CASE("a path of any length and depth") {
    std::string deep;
    for (int i = 0; i < 100'000; ++i)
        deep += "/x";
    CHECK(parse_cgroup(deep + "/docker/" + kHex).container_id.empty());
    CHECK(parse_cgroup("/system.slice/" + std::string(300, 'u') + ".service").unit.empty());
}
