// SPDX-License-Identifier: MIT OR Apache-2.0
// Fuzz target: a control group's path, and the files of container runtimes: any bytes. What comes back is bounded.
#include "process/cgroup_path.hpp"
#include "process/container_state.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

using rwatch::process::ContainerFacts;

void judge(const ContainerFacts& facts) {
    for (const auto part : {&ContainerFacts::name, &ContainerFacts::image, &ContainerFacts::image_id,
                            &ContainerFacts::image_digest, &ContainerFacts::pod_name, &ContainerFacts::pod_namespace,
                            &ContainerFacts::pod_uid, &ContainerFacts::pod_sandbox})
        if ((facts.*part).size() > rwatch::process::kMaxContainerText)
            std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto place = rwatch::process::parse_cgroup(text);
    const bool named = place.container_runtime.empty() == place.container_id.empty();
    const bool inside = text.find(place.unit) != std::string_view::npos;
    if (!named || !inside || place.container_id.size() > size || place.pod_uid.size() > size)
        std::abort();
    judge(rwatch::process::parse_docker_config(text).value_or(ContainerFacts{}));
    judge(rwatch::process::parse_bundle_config(text).value_or(ContainerFacts{}));
    judge(rwatch::process::parse_storage(text, "aa").value_or(ContainerFacts{}));
    return 0;
}
