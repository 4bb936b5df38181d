// SPDX-License-Identifier: MIT OR Apache-2.0
#include "process/container_state.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace rwatch::process;

TEST_CASE("docker's file of a container") {
    const auto facts = parse_docker_config(
        R"({"StreamConfig":{},"State":{"Running":true,"Pid":4711},"ID":"aa","Created":"2026-01-02T03:04:05.6Z",
            "Image":"sha256:1f2e","Config":{"Hostname":"aa","Image":"reg.example.org:5000/shop/web:1.2@sha256:77",
            "Labels":{"io.kubernetes.pod.name":"web-0","io.kubernetes.pod.namespace":"shop",
            "io.kubernetes.pod.uid":"u-1","io.kubernetes.sandbox.id":"ss"}},"Name":"/web","Driver":"overlay2"})");
    REQUIRE(facts);
    CHECK(facts->name == "web");
    CHECK(facts->image == "reg.example.org:5000/shop/web:1.2@sha256:77");
    CHECK(facts->image_digest == "sha256:77");
    CHECK(facts->image_id == "sha256:1f2e");
    CHECK(facts->pod_name == "web-0");
    CHECK(facts->pod_namespace == "shop");
    CHECK(facts->pod_uid == "u-1");
    CHECK(facts->pod_sandbox == "ss");
}

TEST_CASE("the bundle of containerd, nerdctl and CRI-O") {
    auto facts = parse_bundle_config(
        R"({"ociVersion":"1.1.0","process":{"args":["nginx"]},"annotations":{
            "io.kubernetes.cri.container-name":"web","io.kubernetes.cri.container-type":"container",
            "io.kubernetes.cri.image-name":"docker.io/library/nginx:1.25","io.kubernetes.cri.sandbox-id":"ss",
            "io.kubernetes.cri.sandbox-name":"web-0","io.kubernetes.cri.sandbox-namespace":"shop",
            "io.kubernetes.cri.sandbox-uid":"u-1"}})");
    REQUIRE(facts);
    CHECK(facts->name == "web");
    CHECK(facts->image == "docker.io/library/nginx:1.25");
    CHECK(facts->pod_name == "web-0");
    CHECK(facts->pod_namespace == "shop");
    CHECK(facts->pod_uid == "u-1");
    CHECK(facts->pod_sandbox == "ss");

    facts = parse_bundle_config(R"({"annotations":{"nerdctl/name":"box","nerdctl/namespace":"default"}})");
    REQUIRE(facts);
    CHECK(facts->name == "box");

    facts = parse_bundle_config(
        R"({"annotations":{"io.kubernetes.container.name":"web","io.kubernetes.cri-o.ImageName":"quay.io/a/b:2",
            "io.kubernetes.cri-o.Name":"k8s_web_web-0_shop_u-1_0","io.kubernetes.cri-o.SandboxID":"ss",
            "io.kubernetes.pod.name":"web-0","io.kubernetes.pod.namespace":"shop","io.kubernetes.pod.uid":"u-1"}})");
    REQUIRE(facts);
    CHECK(facts->name == "web");
    CHECK(facts->image == "quay.io/a/b:2");
    CHECK(facts->pod_name == "web-0");
    CHECK(facts->pod_sandbox == "ss");
}

TEST_CASE("the store of podman and CRI-O") {
    const std::string text =
        R"([{"id":"zz","names":["other"],"image":"99","layer":"l","metadata":"{}","created":"2026-01-02T03:04:05Z"},
            {"id":"aa","names":["web"],"image":"1f2e","layer":"l",
             "metadata":"{\"image-name\":\"docker.io/library/alpine:3\",\"image-id\":\"1f2e\",\"name\":\"web\",\"created-at\":1}"},
            {"id":"bb","names":["bare"],"image":"3c","metadata":"no json"}])";
    auto facts = parse_storage(text, "aa");
    REQUIRE(facts);
    CHECK(facts->name == "web");
    CHECK(facts->image == "docker.io/library/alpine:3");
    CHECK(facts->image_id == "1f2e");
    facts = parse_storage(text, "bb");
    REQUIRE(facts);
    CHECK(facts->name == "bare");
    CHECK(facts->image.empty());
    CHECK_FALSE(parse_storage(text, "cc"));
}

TEST_CASE("files that hold something else") {
    for (const std::string text :
         {"", "x", "null", "[]", "{}", "[1,2]", R"({"Config":1,"annotations":[]})", R"([{"id":5}])", "{\"a\":\"\xff\"}",
          R"({"Config":{"Image":5,"Labels":3},"Name":{}})"}) {
        INFO(text);
        CHECK(parse_docker_config(text).value_or(ContainerFacts{}).empty());
        CHECK(parse_bundle_config(text).value_or(ContainerFacts{}).empty());
        CHECK(parse_storage(text, "aa").value_or(ContainerFacts{}).empty());
    }
    const auto long_name = parse_docker_config(R"({"Config":{},"Name":")" + std::string(5000, 'n') + "\"}");
    REQUIRE(long_name);
    CHECK(long_name->name.size() == kMaxContainerText);
    const std::string deep(200'000, '[');
    CHECK_FALSE(parse_storage(deep, "aa"));
}
