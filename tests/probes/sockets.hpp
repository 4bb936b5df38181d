// SPDX-License-Identifier: MIT OR Apache-2.0
// Addresses of sockets, as calls take them and as records have them.
#pragma once

#include "ebpf/abi/rwatch_abi.h"

#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <cstdint>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>

namespace rwatch::test {

union Address {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
    sockaddr_un path;
};

inline Address v4(const char* text, std::uint16_t port) {
    Address address{};
    address.v4.sin_family = AF_INET;
    address.v4.sin_port = htons(port);
    REQUIRE(::inet_pton(AF_INET, text, &address.v4.sin_addr) == 1);
    return address;
}

inline Address v6(const char* text, std::uint16_t port) {
    Address address{};
    address.v6.sin6_family = AF_INET6;
    address.v6.sin6_port = htons(port);
    REQUIRE(::inet_pton(AF_INET6, text, &address.v6.sin6_addr) == 1);
    return address;
}

inline socklen_t size_of(const Address& address) {
    return address.any.sa_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
}

inline std::string text_of(int family, const std::uint8_t* bytes) {
    char text[INET6_ADDRSTRLEN] = "";
    ::inet_ntop(family, bytes, text, sizeof(text));
    return text;
}

inline std::string remote(const rw_connect& c) {
    return text_of(c.family, c.raddr);
}

inline std::string local(const rw_connect& c) {
    return text_of(c.family, c.laddr);
}

} // namespace rwatch::test
