// SPDX-License-Identifier: MIT OR Apache-2.0
#include "process/cgroup_path.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace rwatch::process {

namespace {

constexpr std::size_t kLongestUnit = 255;   // systemd's UNIT_NAME_MAX
constexpr std::size_t kContainerId = 64;    // hex digits of an id, as most runtimes make them
constexpr std::size_t kMostComponents = 64; // of a path that are looked at

/// The components of a path, one at a time.
class Components {
  public:
    explicit Components(std::string_view path) noexcept : rest_(path) { skip(); }

    [[nodiscard]] std::string_view front() const noexcept { return rest_.substr(0, rest_.find('/')); }
    [[nodiscard]] bool empty() const noexcept { return rest_.empty(); }
    void pop() noexcept {
        rest_.remove_prefix(front().size());
        skip();
    }

  private:
    void skip() noexcept {
        while (rest_.starts_with('/'))
            rest_.remove_prefix(1);
    }
    std::string_view rest_;
};

/// systemd puts "_" before a unit's name that would clash with a file of the kernel ("_cgroup.service").
std::string_view unescaped(std::string_view name) noexcept {
    if (name.starts_with('_'))
        name.remove_prefix(1);
    return name;
}

bool unit_name(std::string_view name) noexcept {
    constexpr std::array<std::string_view, 11> kTypes{".service", ".scope", ".slice",     ".socket", ".mount", ".swap",
                                                      ".target",  ".timer", ".automount", ".device", ".path"};
    if (name.size() > kLongestUnit)
        return false;
    const auto dot = name.rfind('.');
    if (dot == std::string_view::npos || dot == 0 || name.starts_with('@'))
        return false;
    if (std::find(kTypes.begin(), kTypes.end(), name.substr(dot)) == kTypes.end())
        return false;
    return std::all_of(name.begin(), name.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
               std::string_view(":-_.\\@").find(c) != std::string_view::npos;
    });
}

bool slice_name(std::string_view name) noexcept {
    return name.ends_with(".slice") && unit_name(name);
}

/// Passes over slices; gives the deepest, or `none`.
std::string_view pass_slices(Components& path, std::string_view none) noexcept {
    auto slice = none;
    while (slice_name(unescaped(path.front()))) {
        slice = unescaped(path.front());
        path.pop();
    }
    return slice;
}

/// What stands between a prefix and a suffix; empty where it is not so.
std::string_view between(std::string_view text, std::string_view prefix, std::string_view suffix) noexcept {
    if (text.size() <= prefix.size() + suffix.size() || !text.starts_with(prefix) || !text.ends_with(suffix))
        return {};
    return text.substr(prefix.size(), text.size() - prefix.size() - suffix.size());
}

int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

/// Undoes systemd's \xNN.
std::string without_escapes(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool escape = text.size() - i >= 4 && text[i] == '\\' && text[i + 1] == 'x' &&
                            hex_digit(text[i + 2]) >= 0 && hex_digit(text[i + 3]) >= 0;
        if (!escape) {
            out += text[i];
            continue;
        }
        out += static_cast<char>(hex_digit(text[i + 2]) * 16 + hex_digit(text[i + 3]));
        i += 3;
    }
    return out;
}

/// A container's identity: 64 hex digits.
bool container_id(std::string_view text) noexcept {
    return text.size() == kContainerId &&
           std::all_of(text.begin(), text.end(), [](char c) { return hex_digit(c) >= 0; });
}

struct Container {
    std::string_view id, runtime;
};

/// Runtimes that name a control group after an id of 64 digits: "docker-<id>.scope", "libpod-<id>".
struct Named {
    std::string_view prefix, runtime;
};
constexpr std::array<Named, 6> kNamed{{{"docker-", "docker"},
                                       {"libpod-payload-", "podman"}, // a unit's own container: --cgroups=split
                                       {"libpod-", "podman"},
                                       {"cri-containerd-", "containerd"},
                                       {"crio-", "cri-o"},
                                       {"nerdctl-", "containerd"}}};
/// Folders right below which groups are called by the bare id.
constexpr std::array<Named, 6> kFolders{{{"docker", "docker"},
                                         {"buildkit", "docker"},
                                         {"actions_job", "docker"},
                                         {"default", "containerd"}, // containerd's namespaces
                                         {"k8s.io", "containerd"},
                                         {"moby", "docker"}}};
/// Runtimes that take any name: "crun-<name>.scope".
constexpr std::array<Named, 2> kBare{{{"crun-", "crun"}, {"runc-", "runc"}}};

/// A container that one component names, by itself or by what stands before it.
Container container_in(std::string_view component, std::string_view before, bool in_pod) noexcept {
    constexpr std::string_view kScope = ".scope";
    auto name = component;
    const bool scope = name.size() > kScope.size() && name.ends_with(kScope);
    if (scope)
        name.remove_suffix(kScope.size());
    for (const auto& [prefix, runtime] : kNamed)
        if (name.starts_with(prefix) && container_id(name.substr(prefix.size())))
            return {name.substr(prefix.size()), runtime};
    // containerd with systemd's layout but the cgroupfs driver: "kubepods-pod….slice:cri-containerd:<id>".
    if (const auto colon = name.rfind(':'); colon != std::string_view::npos && container_id(name.substr(colon + 1)))
        return {name.substr(colon + 1), name.substr(0, colon).ends_with("crio") ? "cri-o" : "containerd"};
    if (container_id(name)) {
        for (const auto& [folder, runtime] : kFolders)
            if (before == folder)
                return {name, runtime};
        if (in_pod)
            return {name, "containerd"};
    }
    for (const auto& [prefix, runtime] : kBare)
        if (scope && name.size() > prefix.size() && name.starts_with(prefix))
            return {name.substr(prefix.size()), runtime};
    if ((before == "lxc" || before == "lxc.payload") && !name.empty())
        return {component, "lxc"};
    if (const auto lxc = between(component, "lxc.payload.", ""); !lxc.empty())
        return {lxc, "lxc"};
    return {};
}

/// The uid of a pod: "pod<uid>", or with systemd's layout "kubepods-burstable-pod<uid with _ for ->.slice".
std::string pod_uid_in(std::string_view component) {
    constexpr std::string_view kPod = "pod", kMiddle = "-pod", kSlice = ".slice";
    const bool slice = component.ends_with(kSlice);
    if (slice)
        component.remove_suffix(kSlice.size());
    const auto middle = component.rfind(kMiddle);
    if (slice && component.starts_with("kubepods") && middle != std::string_view::npos)
        component.remove_prefix(middle + kMiddle.size());
    else if (!slice && component.starts_with(kPod))
        component.remove_prefix(kPod.size());
    else
        return {};
    std::string uid(component);
    std::replace(uid.begin(), uid.end(), '_', '-');
    return uid;
}

/// Runtimes whose id is the name that somebody gave.
bool names_by_id(std::string_view runtime) noexcept {
    return runtime == "crun" || runtime == "runc" || runtime == "lxc";
}

/// The innermost container on the way.
void find_container(std::string_view path, event::Placement& out) {
    std::string_view before;
    bool in_pod = false;
    std::size_t looked_at = 0;
    for (Components rest(path); !rest.empty() && looked_at < kMostComponents; rest.pop(), ++looked_at) {
        const auto component = rest.front();
        in_pod = in_pod || component.starts_with("kubepods");
        if (const auto found = container_in(component, before, in_pod); !found.id.empty()) {
            out.container_id = found.id;
            out.container_runtime = found.runtime;
            out.container_name = names_by_id(found.runtime) ? found.id : std::string_view{};
        }
        if (in_pod)
            if (auto uid = pod_uid_in(component.substr(0, component.find(':'))); !uid.empty())
                out.pod_uid = std::move(uid);
        before = component;
    }
}

/// Machines of systemd-machined and what systemd-nspawn runs inside. `inside`: the component below the unit.
void find_machine(std::string_view inside, event::Placement& out) {
    auto name = between(out.unit, "machine-", ".scope");
    if (name.empty())
        name = between(out.unit, "systemd-nspawn@", ".service");
    if (name.empty())
        return;
    out.machine = without_escapes(name);
    if (!out.container_id.empty())
        return; // one inside the machine
    // nspawn keeps itself in "supervisor" and its guest in "payload"; a virtual machine has neither.
    const bool libvirt = out.machine.starts_with("lxc-");
    if (inside != "payload" && !libvirt)
        return;
    out.container_id = out.container_name = out.machine;
    out.container_runtime = libvirt ? "libvirt-lxc" : "systemd-nspawn";
}

void find_user_unit(Components path, event::Placement& out) {
    if (between(out.unit, "user@", ".service").empty())
        return;
    pass_slices(path, {});
    const auto unit = unescaped(path.front());
    if (unit_name(unit))
        out.user_unit = unit;
}

} // namespace

event::Placement parse_cgroup(std::string_view path) {
    event::Placement out;
    out.cgroup = path.empty() ? "/" : path;
    Components rest(path);
    out.slice = pass_slices(rest, "-.slice");
    find_container(path, out);
    const auto unit = unescaped(rest.front());
    if (!unit_name(unit))
        return out;
    out.unit = unit;
    rest.pop();
    out.session = between(out.unit, "session-", ".scope");
    find_user_unit(rest, out);
    find_machine(rest.front(), out);
    return out;
}

} // namespace rwatch::process
