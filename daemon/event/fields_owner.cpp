// SPDX-License-Identifier: MIT OR Apache-2.0
// user.*, group.*, systemd.*, container.*, k8s.*: on whose behalf a process runs: its user, login, unit, session or
// container.
#include "event/field_tables.hpp"

namespace rwatch::event {

namespace {

using Name = std::string_view (Directory::*)(std::uint32_t) const noexcept;

template <std::uint32_t Event::*Id> void get_id(const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
    out.add(static_cast<std::int64_t>(e.*Id));
}
template <std::uint32_t Event::*Id> bool set_id(EventBuilder& b, const FieldArg&, std::string_view text) {
    return parse_number(text, b.event().*Id);
}

template <std::uint32_t Event::*Id, Name Of>
void get_name(const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
    if (e.directory != nullptr && e.*Id != kUnset)
        add_string(out, (e.directory->*Of)(e.*Id));
}

/// -1 where no one logged in, as Falco has it.
void get_login_uid(const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
    out.add(e.loginuid == kUnset ? std::int64_t{-1} : static_cast<std::int64_t>(e.loginuid));
}

bool set_login_uid(EventBuilder& b, const FieldArg&, std::string_view text) {
    auto& e = b.event();
    e.loginuid = kUnset;
    return text == "-1" || parse_number(text, e.loginuid);
}

/// The event's own placement; where its cgroup is unknown, the process's.
const Placement* placement_of(const Event& e) noexcept {
    if (e.placement != nullptr)
        return e.placement;
    return e.process == nullptr ? nullptr : e.process->placement;
}

template <std::string Placement::*Part>
void get_place(const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
    if (const auto* place = placement_of(e))
        add_string(out, place->*Part);
}
template <std::string Placement::*Part> bool set_place(EventBuilder& b, const FieldArg&, std::string_view text) {
    b.placement().*Part = text;
    b.event().placement = &b.placement();
    return true;
}

struct ImageParts {
    std::string_view repository, tag;
};

/// "registry:5000/name:tag@sha256:…": a colon before a slash is a port's.
ImageParts image_parts(std::string_view image) noexcept {
    image = image.substr(0, image.find('@'));
    const auto colon = image.rfind(':');
    if (colon == std::string_view::npos || image.find('/', colon) != std::string_view::npos)
        return {image, {}};
    return {image.substr(0, colon), image.substr(colon + 1)};
}

constexpr Field kOwnerFields[] = {
    {"container.full_id", Type::string, false, ArgKind::none, kAllKinds, get_place<&Placement::container_id>,
     set_place<&Placement::container_id>, "Whole id of the container"},
    {"container.id", Type::string, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         const auto* place = placement_of(e);
         out.add(place == nullptr || place->container_id.empty() ? std::string_view("host")
                                                                 : short_container_id(place->container_id));
     },
     [](EventBuilder& b, const FieldArg& arg, std::string_view text) {
         return set_place<&Placement::container_id>(b, arg, text == "host" ? std::string_view{} : text);
     },
     "First 12 digits of the container's id, or its name where the runtime makes no such ids; 'host' outside of "
     "containers"},
    {"container.image", Type::string, false, ArgKind::none, kAllKinds, get_place<&Placement::image>,
     set_place<&Placement::image>, "Image of the container with its tag, as its runtime's files have it"},
    {"container.image.digest", Type::string, false, ArgKind::none, kAllKinds, get_place<&Placement::image_digest>,
     set_place<&Placement::image_digest>, "Digest of the container's image, where the image is named by it"},
    {"container.image.id", Type::string, false, ArgKind::none, kAllKinds, get_place<&Placement::image_id>,
     set_place<&Placement::image_id>, "Id of the container's image"},
    {"container.image.repository", Type::string, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (const auto* place = placement_of(e))
             add_string(out, image_parts(place->image).repository);
     },
     [](EventBuilder& b, const FieldArg& arg, std::string_view text) {
         const std::string tag(image_parts(b.placement().image).tag);
         return set_place<&Placement::image>(b, arg, tag.empty() ? text : b.keep(std::string(text) + ":" + tag));
     },
     "Name of the container's image without tag and digest, 'docker.io/library/nginx'"},
    {"container.image.tag", Type::string, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (const auto* place = placement_of(e))
             add_string(out, image_parts(place->image).tag);
     },
     [](EventBuilder& b, const FieldArg& arg, std::string_view text) {
         const std::string repository(image_parts(b.placement().image).repository);
         return set_place<&Placement::image>(b, arg, repository + ":" + std::string(text));
     },
     "Tag of the container's image"},
    {"container.name", Type::string, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         const auto* place = placement_of(e);
         if (place == nullptr || place->container_id.empty())
             out.add(std::string_view("host"));
         else
             add_string(out, place->container_name);
     },
     set_place<&Placement::container_name>,
     "Name of the container, as its runtime's files have it; 'host' outside of containers"},
    {"container.type", Type::string, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         const auto* place = placement_of(e);
         out.add(place == nullptr || place->container_runtime.empty() ? std::string_view("host")
                                                                      : std::string_view(place->container_runtime));
     },
     set_place<&Placement::container_runtime>,
     "docker, podman, containerd, cri-o, crun, runc, lxc, libvirt-lxc, systemd-nspawn; 'host' outside of containers"},
    {"group.gid", Type::integer, false, ArgKind::none, kAllKinds, get_id<&Event::egid>, set_id<&Event::egid>,
     "Effective group id"},
    {"group.name", Type::string, false, ArgKind::none, kAllKinds, get_name<&Event::egid, &Directory::group>,
     [](EventBuilder& b, const FieldArg&, std::string_view text) {
         b.name_group(b.event().egid, text);
         return true;
     },
     "Name of the effective group in /etc/group"},
    {"group.rgid", Type::integer, false, ArgKind::none, kAllKinds, get_id<&Event::gid>, set_id<&Event::gid>,
     "Real group id (ours)"},
    {"k8s.ns.name", Type::string, false, ArgKind::none, kAllKinds, get_place<&Placement::pod_namespace>,
     set_place<&Placement::pod_namespace>, "Kubernetes namespace of the pod"},
    {"k8s.pod.full_sandbox_id", Type::string, false, ArgKind::none, kAllKinds, get_place<&Placement::pod_sandbox>,
     set_place<&Placement::pod_sandbox>, "Whole id of the pod's sandbox"},
    {"k8s.pod.name", Type::string, false, ArgKind::none, kAllKinds, get_place<&Placement::pod_name>,
     set_place<&Placement::pod_name>, "Name of the Kubernetes pod"},
    {"k8s.pod.sandbox_id", Type::string, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (const auto* place = placement_of(e))
             add_string(out, short_container_id(place->pod_sandbox));
     },
     nullptr, "First 12 digits of the id of the pod's sandbox"},
    {"k8s.pod.uid", Type::string, false, ArgKind::none, kAllKinds, get_place<&Placement::pod_uid>,
     set_place<&Placement::pod_uid>, "Uid of the Kubernetes pod"},
    {"systemd.cgroup", Type::string, false, ArgKind::none, kAllKinds, get_place<&Placement::cgroup>,
     set_place<&Placement::cgroup>, "Path of the control group (ours)"},
    {"systemd.machine", Type::string, false, ArgKind::none, kAllKinds, get_place<&Placement::machine>,
     set_place<&Placement::machine>, "Machine of systemd-machined that the process belongs to (ours)"},
    {"systemd.session", Type::string, false, ArgKind::none, kAllKinds, get_place<&Placement::session>,
     set_place<&Placement::session>, "Login session of systemd-logind (ours)"},
    {"systemd.session.host", Type::string, false, ArgKind::none, kAllKinds, get_place<&Placement::session_host>,
     set_place<&Placement::session_host>, "Host that the login session came from, as logind has it (ours)"},
    {"systemd.session.service", Type::string, false, ArgKind::none, kAllKinds, get_place<&Placement::session_service>,
     set_place<&Placement::session_service>,
     "What let the session in, by its name for PAM: 'sshd', 'login', 'cron' (ours)"},
    {"systemd.session.tty", Type::string, false, ArgKind::none, kAllKinds, get_place<&Placement::session_tty>,
     set_place<&Placement::session_tty>, "Terminal of the login session, as logind has it: 'tty1', 'pts/3' (ours)"},
    {"systemd.session.user", Type::string, false, ArgKind::none, kAllKinds, get_place<&Placement::session_user>,
     set_place<&Placement::session_user>, "User of the login session (ours)"},
    {"systemd.slice", Type::string, false, ArgKind::none, kAllKinds, get_place<&Placement::slice>,
     set_place<&Placement::slice>, "Slice of systemd, 'system.slice' (ours)"},
    {"systemd.unit", Type::string, false, ArgKind::none, kAllKinds, get_place<&Placement::unit>,
     set_place<&Placement::unit>, "Unit of systemd that the process belongs to, 'ssh.service' (ours)"},
    {"systemd.user_unit", Type::string, false, ArgKind::none, kAllKinds, get_place<&Placement::user_unit>,
     set_place<&Placement::user_unit>, "Unit of the user's own manager (ours)"},
    {"user.loginname", Type::string, false, ArgKind::none, kAllKinds, get_name<&Event::loginuid, &Directory::user>,
     [](EventBuilder& b, const FieldArg&, std::string_view text) {
         b.name_user(b.event().loginuid, text);
         return true;
     },
     "Name of the user who logged in; missing for services"},
    {"user.loginuid", Type::integer, false, ArgKind::none, kAllKinds, get_login_uid, set_login_uid,
     "User id of the login that the process descends from; -1 for services"},
    {"user.name", Type::string, false, ArgKind::none, kAllKinds, get_name<&Event::euid, &Directory::user>,
     [](EventBuilder& b, const FieldArg&, std::string_view text) {
         b.name_user(b.event().euid, text);
         return true;
     },
     "Name of the effective user in /etc/passwd"},
    {"user.ruid", Type::integer, false, ArgKind::none, kAllKinds, get_id<&Event::uid>, set_id<&Event::uid>,
     "Real user id (ours)"},
    {"user.uid", Type::integer, false, ArgKind::none, kAllKinds, get_id<&Event::euid>,
     [](EventBuilder& b, const FieldArg&, std::string_view text) {
         auto& e = b.event();
         const bool good = parse_number(text, e.euid);
         e.uid = e.euid;
         return good;
     },
     "Effective user id"},
    {"user.uid.before", Type::integer, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (e.old_euid != kUnset)
             out.add(static_cast<std::int64_t>(e.old_euid));
     },
     set_id<&Event::old_euid>,
     "Effective user id at the event of this process before, for a start of a program that of the one before (ours)"},
};

} // namespace

std::span<const Field> owner_fields() noexcept {
    return kOwnerFields;
}

} // namespace rwatch::event
