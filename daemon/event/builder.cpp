// SPDX-License-Identifier: MIT OR Apache-2.0
#include "event/builder.hpp"

#include "event/call_args.hpp"
#include "event/field_tables.hpp"

namespace rwatch::event {

namespace {
constexpr std::uint32_t kFirstPid = 1000; // of the made-up process; ancestors count down from it
}

EventBuilder::EventBuilder() {
    chain_.push_back(std::make_unique<Process>());
    auto& process = *chain_.front();
    process.pid = process.vpid = kFirstPid;
    event_.process = &process;
    event_.directory = &names_;
    event_.pid = event_.tid = event_.vpid = kFirstPid;
    event_.has_result = true;
}

Process& EventBuilder::ancestor(std::size_t n) {
    while (chain_.size() <= n) {
        auto process = std::make_unique<Process>();
        process->pid = process->vpid = kFirstPid - static_cast<std::uint32_t>(chain_.size());
        chain_.back()->parent = process.get();
        chain_.push_back(std::move(process));
    }
    return *chain_[n];
}

Process& EventBuilder::target_process() {
    lean(*this, Call::ptrace);
    target_.placement = &target_placement_;
    event_.target_process = &target_;
    return target_;
}

void EventBuilder::become(Call call) noexcept {
    event_.call = call;
    event_.kind = kind_of(call);
    event_.arg_count = static_cast<std::uint8_t>(signature_of(call).size());
}

std::string_view EventBuilder::keep(std::string_view text) {
    return strings_.emplace_back(text);
}
void EventBuilder::name_user(std::uint32_t uid, std::string_view name) {
    names_.users[uid] = name;
}
void EventBuilder::name_group(std::uint32_t gid, std::string_view name) {
    names_.groups[gid] = name;
}

bool EventBuilder::set(std::string_view field, std::string_view value, std::string& error) {
    std::string hint;
    const auto ref = resolve_field(field, error, hint);
    if (!ref) {
        if (!hint.empty())
            error += ", " + hint;
        return false;
    }
    if (!ref->supplied()) {
        error = "no event has '" + std::string(field) + "'";
        return false;
    }
    if (ref->field->set == nullptr) {
        error = "field '" + std::string(field) + "' is derived from others and can't be set";
        return false;
    }
    if (!ref->field->set(*this, ref->arg, value)) {
        error = "'" + std::string(value) + "' is no value of field '" + std::string(field) + "'";
        return false;
    }
    return true;
}

Event& EventBuilder::finish() {
    lean(*this, Call::execve);
    event_.comm = process().comm;
    return event_;
}

} // namespace rwatch::event
