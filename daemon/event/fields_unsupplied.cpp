// SPDX-License-Identifier: MIT OR Apache-2.0
// Falco's fields that no event of ours has: rules that name them load, the fields count as missing, and a diagnostic
// says so.
#include "event/field_tables.hpp"

namespace rwatch::event {

namespace {

void get_nothing(const Event&, const FieldArg&, Scratch&, Values&) noexcept {}

constexpr Field unsupplied(std::string_view name, Type type, std::string_view doc, bool list = false,
                           ArgKind arg = ArgKind::none) {
    return {name, type, list, arg, kAllKinds, get_nothing, nullptr, doc, false, false};
}

constexpr Field kRows[] = {
    unsupplied("container.image.repository", Type::string, "Name of the container's image"),
    unsupplied("container.mount.dest", Type::string, "Where a volume is mounted in the container", false,
               ArgKind::ignored),
    unsupplied("container.mounts", Type::string, "All volumes of the container"),
    unsupplied("container.privileged", Type::boolean, "Whether the container runs privileged"),
    unsupplied("container.start_ts", Type::integer, "When the container started, ns since the epoch"),
    unsupplied("evt.buffer", Type::string, "Bytes that were read or written"),
    unsupplied("fd.cip.name", Type::string, "Name of the client's address"),
    unsupplied("fd.lip.name", Type::string, "Name of the local address"),
    unsupplied("fd.rip.name", Type::string, "Name of the remote address"),
    unsupplied("fd.sip.name", Type::string, "Name of the server's address"),
    unsupplied("k8s.ns.name", Type::string, "Kubernetes namespace of the pod"),
    unsupplied("k8s.pod.name", Type::string, "Name of the Kubernetes pod"),
    unsupplied("proc.env", Type::string, "Environment of the process", false, ArgKind::ignored),
    unsupplied("proc.is_exe_upper_layer", Type::boolean, "Whether the executable lies in the container's upper layer"),
    unsupplied("proc.is_vpgid_leader", Type::boolean, "Whether the process leads its group"),
};

} // namespace

std::span<const Field> unsupplied_fields() noexcept {
    return kRows;
}

} // namespace rwatch::event
