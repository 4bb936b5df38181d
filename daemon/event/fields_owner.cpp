// SPDX-License-Identifier: MIT OR Apache-2.0
// user.*, group.*, systemd.*, container.*: on whose behalf a process runs: its user, login, unit, session or container.
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

constexpr Field kOwnerFields[] = {
    {"container.id", Type::string, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         const auto* place = placement_of(e);
         out.add(place == nullptr || place->container_id.empty() ? std::string_view("host")
                                                                 : std::string_view(place->container_id));
     },
     [](EventBuilder& b, const FieldArg& arg, std::string_view text) {
         return set_place<&Placement::container_id>(b, arg, text == "host" ? std::string_view{} : text);
     },
     "First 12 digits of the container's id; 'host' outside of containers"},
    {"container.type", Type::string, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         const auto* place = placement_of(e);
         out.add(place == nullptr || place->container_runtime.empty() ? std::string_view("host")
                                                                      : std::string_view(place->container_runtime));
     },
     set_place<&Placement::container_runtime>,
     "docker, podman, containerd, cri-o, nspawn, lxc; 'host' outside of containers"},
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
    {"systemd.cgroup", Type::string, false, ArgKind::none, kAllKinds, get_place<&Placement::cgroup>,
     set_place<&Placement::cgroup>, "Path of the control group (ours)"},
    {"systemd.machine", Type::string, false, ArgKind::none, kAllKinds, get_place<&Placement::machine>,
     set_place<&Placement::machine>, "Machine of systemd-machined that the process belongs to (ours)"},
    {"systemd.session", Type::string, false, ArgKind::none, kAllKinds, get_place<&Placement::session>,
     set_place<&Placement::session>, "Login session of systemd-logind (ours)"},
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
