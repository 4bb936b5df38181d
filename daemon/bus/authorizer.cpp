// SPDX-License-Identifier: MIT OR Apache-2.0
// Speaks to polkit as the manual page polkit(8) and the reference of org.freedesktop.PolicyKit1.Authority describe.
#include "bus/authorizer.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <utility>

namespace rwatch::bus {

namespace {

constexpr const char* kPolkit = "org.freedesktop.PolicyKit1";
constexpr const char* kPath = "/org/freedesktop/PolicyKit1/Authority";
constexpr const char* kInterface = "org.freedesktop.PolicyKit1.Authority";
constexpr std::uint32_t kAllowUserInteraction = 1;
constexpr auto kPatience = std::chrono::minutes(2); // somebody looks for a password; as long as rwatchctl waits

using Details = std::map<std::string, std::string>;
using Subject = sdbus::Struct<std::string, std::map<std::string, sdbus::Variant>>;
using Verdict = sdbus::Struct<bool, bool, Details>; // is authorized, is challenge, details

} // namespace

Authorizer::Authorizer(sdbus::IConnection& connection) : polkit_(sdbus::createProxy(connection, kPolkit, kPath)) {
    polkit_->finishRegistration();
}

void Authorizer::ask(const Caller& caller, const char* action, Answer answer) {
    if (caller.euid == 0 || asked_ >= kMostAsked)
        return answer(caller.euid == 0);
    const Subject subject{"system-bus-name", {{"name", sdbus::Variant(caller.name)}}};
    polkit_->callMethodAsync("CheckAuthorization")
        .onInterface(kInterface)
        .withTimeout(kPatience)
        .withArguments(subject, std::string(action), Details{}, kAllowUserInteraction, std::string{})
        .uponReplyInvoke([this, answer = std::move(answer)](const sdbus::Error* error, const Verdict& verdict) {
            --asked_;
            answer(error == nullptr && verdict.get<0>());
        });
    ++asked_;
}

} // namespace rwatch::bus
