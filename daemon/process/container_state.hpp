// SPDX-License-Identifier: MIT OR Apache-2.0
// What container runtimes write of their containers: name, image, pod. Pure functions of the text of a file, which may
// be a user's own (rootless runtimes) and hold anything.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rwatch::process {

inline constexpr std::size_t kMaxContainerText = 512; ///< bytes kept of each

struct ContainerFacts {
    std::string name, image, image_id, image_digest;
    std::string pod_name, pod_namespace, pod_uid, pod_sandbox;
    [[nodiscard]] bool empty() const noexcept { return name.empty() && image.empty() && pod_name.empty(); }
    /// Takes over what is not known yet.
    void add(ContainerFacts&& other);
};

/// docker's containers/ID/config.v2.json (moby, container.Container as JSON). Nothing where the text is no such thing.
[[nodiscard]] std::optional<ContainerFacts> parse_docker_config(std::string_view text);

/// An OCI bundle's config.json with the annotations of containerd's CRI plugin, nerdctl or CRI-O.
[[nodiscard]] std::optional<ContainerFacts> parse_bundle_config(std::string_view text);

/// containers.json of containers/storage, where podman and CRI-O keep all their containers: the one with this id.
[[nodiscard]] std::optional<ContainerFacts> parse_storage(std::string_view text, std::string_view id);

} // namespace rwatch::process
