// SPDX-License-Identifier: MIT OR Apache-2.0
#include "process/cgroup_path.hpp"

#include <catch2/catch.hpp>
#include <string>

using rwatch::process::parse_cgroup;

namespace {

const std::string kHex(64, 'a');
const std::string kOther(64, '7');

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
        {"/system.slice/docker-" + kHex + ".scope", kHex, "docker", "docker-" + kHex + ".scope"},
        {"/docker/" + kHex, kHex, "docker", ""},
        {"/docker/" + kHex + "/init", kHex, "docker", ""},
        {"/machine.slice/libpod-" + kHex + ".scope/container", kHex, "podman", "libpod-" + kHex + ".scope"},
        {"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" + kHex + ".scope", kHex, "podman",
         "user@1000.service"},
        {"/machine.slice/libpod-conmon-" + kHex + ".scope", "", "", "libpod-conmon-" + kHex + ".scope"},
        {"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1.slice/cri-containerd-" + kHex + ".scope",
         kHex, "containerd", "cri-containerd-" + kHex + ".scope"},
        {"/kubepods.slice/kubepods-pod1.slice/crio-" + kHex + ".scope", kHex, "cri-o", "crio-" + kHex + ".scope"},
        {"/kubepods.slice/crio-conmon-" + kHex + ".scope", "", "", "crio-conmon-" + kHex + ".scope"},
        {"/kubepods/burstable/pod12ab/" + kHex, kHex, "containerd", ""},
        {"/system.slice/containerd.service/kubepods-burstable-pod1.slice:cri-containerd:" + kHex, kHex, "containerd",
         "containerd.service"},
        {"/kubepods/burstable/pod12ab/crio-" + kHex, kHex, "cri-o", ""},
        // podman: the cgroupfs manager, a pod, a unit's own (--cgroups=split), rootless in a pod of the user's manager.
        {"/libpod_parent/libpod-" + kHex, kHex, "podman", ""},
        {"/machine.slice/machine-libpod_pod_" + kOther + ".slice/libpod-" + kHex + ".scope/container", kHex, "podman",
         "libpod-" + kHex + ".scope"},
        {"/system.slice/web.service/libpod-payload-" + kHex, kHex, "podman", "web.service"},
        {"/user.slice/user-1000.slice/user@1000.service/user.slice/user-libpod_pod_" + kOther + ".slice/libpod-" +
             kHex + ".scope/container",
         kHex, "podman", "user@1000.service"},
        {"/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" + kHex + ".scope", kHex, "docker",
         "user@1000.service"},
        {"/system.slice/nerdctl-" + kHex + ".scope", kHex, "containerd", "nerdctl-" + kHex + ".scope"},
        {"/default/" + kHex, kHex, "containerd", ""},
        {"/k8s.io/" + kHex, kHex, "containerd", ""},
        {"/system.slice/crun-box.scope", "box", "crun", "crun-box.scope"},
        {"/system.slice/runc-my-box.1.scope/sub", "my-box.1", "runc", "runc-my-box.1.scope"},
        {"/crun-box", "", "", ""}, // anybody's name: the scope is what systemd was asked for
        {"/system.slice/crun-.scope", "", "", "crun-.scope"},
        {"/lxc.payload/web/init.scope", "web", "lxc", ""},
        {"/lxc.monitor.web", "", "", ""},
        {"/machine.slice/machine-lxc\\x2d4711\\x2dweb.scope/libvirt", "lxc-4711-web", "libvirt-lxc",
         "machine-lxc\\x2d4711\\x2dweb.scope"},
        // Inside a machine.
        {"/machine.slice/systemd-nspawn@deb.service/payload/system.slice/docker-" + kHex + ".scope", kHex, "docker",
         "systemd-nspawn@deb.service"},
        {"/lxc/web", "web", "lxc", ""},
        {"/lxc.payload.web/init.scope", "web", "lxc", ""},
        // The innermost one is where the process lives.
        {"/docker/" + kOther + "/kubelet.slice/cri-containerd-" + kHex + ".scope", kHex, "containerd", ""},
        // Not quite an id.
        {"/docker/" + kHex.substr(1), "", "", ""},
        {"/docker/" + std::string(64, 'g'), "", "", ""},
        {"/elsewhere/" + kHex, "", "", ""},
    }));
    INFO(c.path);
    const auto p = parse_cgroup(c.path);
    CHECK(p.container_id == c.id);
    CHECK(p.container_runtime == c.runtime);
    CHECK(p.container_name == (c.id == kHex ? "" : c.id)); // what is no such id is a name
    CHECK(p.unit == c.unit);
}

TEST_CASE("pods of Kubernetes") {
    const auto pod = [](const std::string& path) { return parse_cgroup(path).pod_uid; };
    const std::string uid = "7f3c1a2b-0d4e-4f6a-9b8c-1d2e3f4a5b6c";
    const std::string slice = "kubepods-besteffort-pod7f3c1a2b_0d4e_4f6a_9b8c_1d2e3f4a5b6c.slice";
    CHECK(pod("/kubepods.slice/kubepods-besteffort.slice/" + slice + "/cri-containerd-" + kHex + ".scope") == uid);
    CHECK(pod("/system.slice/containerd.service/" + slice + ":cri-containerd:" + kHex) == uid);
    CHECK(pod("/kubepods/burstable/pod" + uid + "/" + kHex) == uid);
    CHECK(pod("/kubelet/kubepods/pod" + uid + "/" + kHex) == uid);
    CHECK(pod("/kubepods.slice/kubepods-besteffort.slice").empty());
    CHECK(pod("/system.slice/pod" + uid).empty());
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
