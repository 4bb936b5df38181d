// SPDX-License-Identifier: MIT OR Apache-2.0
#include "process/container_state.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace rwatch::process {

namespace {

using Json = nlohmann::json;

const Json& member(const Json& object, const char* key) {
    static const Json kNothing;
    if (!object.is_object())
        return kNothing;
    const auto found = object.find(key);
    return found == object.end() ? kNothing : *found;
}

std::string text_of(const Json& value) {
    if (!value.is_string())
        return {};
    const auto& text = value.get_ref<const std::string&>();
    return text.substr(0, std::min(text.size(), kMaxContainerText));
}

std::string text_of(const Json& object, const char* key) {
    return text_of(member(object, key));
}

/// The first of several keys that is there.
template <std::size_t N> std::string first_of(const Json& object, const std::array<const char*, N>& keys) {
    for (const auto* key : keys)
        if (auto text = text_of(object, key); !text.empty())
            return text;
    return {};
}

/// The digest of an image that is named by it: "name@sha256:…".
void take_digest(ContainerFacts& facts) {
    if (const auto at = facts.image.find('@'); at != std::string::npos)
        facts.image_digest = facts.image.substr(at + 1);
}

/// Labels and annotations of Kubernetes, by the names that the kubelet, containerd's CRI plugin and CRI-O give them.
void take_pod(ContainerFacts& facts, const Json& labels) {
    facts.pod_name = first_of<3>(
        labels, {"io.kubernetes.pod.name", "io.kubernetes.cri.sandbox-name", "io.kubernetes.cri-o.KubeName"});
    facts.pod_namespace = first_of<3>(labels, {"io.kubernetes.pod.namespace", "io.kubernetes.cri.sandbox-namespace",
                                               "io.kubernetes.cri-o.Namespace"});
    facts.pod_uid = first_of<2>(labels, {"io.kubernetes.pod.uid", "io.kubernetes.cri.sandbox-uid"});
    facts.pod_sandbox = first_of<3>(
        labels, {"io.kubernetes.cri.sandbox-id", "io.kubernetes.cri-o.SandboxID", "io.kubernetes.sandbox.id"});
}

} // namespace

void ContainerFacts::add(ContainerFacts&& other) {
    for (const auto part : {&ContainerFacts::name, &ContainerFacts::image, &ContainerFacts::image_id,
                            &ContainerFacts::image_digest, &ContainerFacts::pod_name, &ContainerFacts::pod_namespace,
                            &ContainerFacts::pod_uid, &ContainerFacts::pod_sandbox})
        if ((this->*part).empty())
            this->*part = std::move(other.*part);
}

std::optional<ContainerFacts> parse_docker_config(std::string_view text) {
    const auto json = Json::parse(text, nullptr, false);
    const auto& config = member(json, "Config");
    if (!config.is_object())
        return std::nullopt;
    ContainerFacts out;
    out.name = text_of(json, "Name");
    if (out.name.starts_with('/'))
        out.name.erase(0, 1);
    out.image = text_of(config, "Image");
    out.image_id = text_of(json, "Image");
    take_digest(out);
    take_pod(out, member(config, "Labels"));
    return out;
}

std::optional<ContainerFacts> parse_bundle_config(std::string_view text) {
    const auto json = Json::parse(text, nullptr, false);
    const auto& notes = member(json, "annotations");
    if (!notes.is_object())
        return std::nullopt;
    ContainerFacts out;
    out.name = first_of<4>(notes, {"io.kubernetes.cri.container-name", "io.kubernetes.container.name", "nerdctl/name",
                                   "io.kubernetes.cri-o.Name"});
    out.image = first_of<3>(
        notes, {"io.kubernetes.cri.image-name", "io.kubernetes.cri-o.ImageName", "io.kubernetes.cri-o.Image"});
    take_digest(out);
    take_pod(out, notes);
    return out;
}

std::optional<ContainerFacts> parse_storage(std::string_view text, std::string_view id) {
    const auto json = Json::parse(text, nullptr, false);
    if (!json.is_array())
        return std::nullopt;
    const auto found =
        std::find_if(json.begin(), json.end(), [&](const Json& entry) { return text_of(entry, "id") == id; });
    if (found == json.end())
        return std::nullopt;
    // What the program that uses the store noted: JSON again, in a string.
    const auto& noted = member(*found, "metadata");
    const auto notes =
        noted.is_string() ? Json::parse(noted.get_ref<const std::string&>(), nullptr, false) : Json(nullptr);
    ContainerFacts out;
    out.name = text_of(notes, "name");
    if (const auto& names = member(*found, "names"); out.name.empty() && names.is_array() && !names.empty())
        out.name = text_of(names.front());
    out.image = text_of(notes, "image-name");
    out.image_id = text_of(*found, "image");
    take_digest(out);
    out.pod_sandbox = text_of(notes, "pod-id");
    return out;
}

} // namespace rwatch::process
