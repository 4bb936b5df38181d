// SPDX-License-Identifier: MIT OR Apache-2.0
#include "process/host_names.hpp"

#include "process/dns_answer.hpp"

#include <new>
#include <utility>

namespace rwatch::process {

namespace {

constexpr std::uint32_t kFirstOfPeople = 1000; // SYS_UID_MAX of Debian's login.defs, and one

/// What it is told, others may ask it for.
bool resolves_for_others(const event::Event& e) noexcept {
    return e.euid < kFirstOfPeople && e.host_mounts.value_or(false);
}

} // namespace

std::size_t HostNames::Hash::operator()(const Key& key) const noexcept {
    const std::string_view bytes(reinterpret_cast<const char*>(key.address.bytes.data()), key.address.bytes.size());
    return std::hash<std::string_view>{}(bytes) ^ ((key.start_ns ^ key.pid) * 0x9e3779b97f4a7c15U);
}

void HostNames::put(const Key& key, const std::string& name) {
    if (young_.size() >= kYoung && !young_.contains(key)) {
        forgotten_ += old_.size();
        old_ = std::exchange(young_, {});
    }
    young_.insert_or_assign(key, name);
}

std::string_view HostNames::find(const Key& key) const noexcept {
    for (const auto* names : {&young_, &old_})
        if (const auto found = names->find(key); found != names->end())
            return found->second;
    return {};
}

void HostNames::learn(const event::Event& event) {
    const auto answer = parse_dns_answer(event.answer);
    if (!answer)
        return;
    for (const auto& address : answer->addresses) {
        put({event.start_ns, event.pid, address}, answer->name);
        if (resolves_for_others(event))
            put({0, 0, address}, answer->name);
    }
}

void HostNames::enrich(event::Event& event) noexcept {
    if (event.kind == event::Kind::resolve) {
        try {
            learn(event);
        } catch (const std::bad_alloc&) {
            ++forgotten_;
        }
    }
    if (event.remote.family == 0 || size() == 0)
        return;
    event.remote_name = find({event.start_ns, event.pid, event.remote});
    if (event.remote_name.empty())
        event.remote_name = find({0, 0, event.remote});
}

} // namespace rwatch::process
