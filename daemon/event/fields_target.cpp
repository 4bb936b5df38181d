// SPDX-License-Identifier: MIT OR Apache-2.0
// proc.target.*: the process that a call is about: whom a ptrace traces, whom a signal goes to.
#include "event/field_tables.hpp"

namespace rwatch::event {

namespace {

template <std::uint32_t Process::*Id> void get_id(const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
    if (e.target_process != nullptr)
        out.add(static_cast<std::int64_t>(e.target_process->*Id));
}
template <std::uint32_t Process::*Id> bool set_id(EventBuilder& b, const FieldArg&, std::string_view text) {
    return parse_number(text, b.target_process().*Id);
}

template <std::string Process::*Text> void get_text(const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
    if (e.target_process != nullptr)
        add_string(out, e.target_process->*Text);
}
template <std::string Process::*Text> bool set_text(EventBuilder& b, const FieldArg&, std::string_view text) {
    b.target_process().*Text = text;
    return true;
}

constexpr Field kTargetFields[] = {
    {"proc.target.cmdline", Type::string, false, ArgKind::none, kAims, get_text<&Process::cmdline>,
     set_text<&Process::cmdline>, "Command line of the process that a ptrace or a signal is about (ours)"},
    {"proc.target.exepath", Type::string, false, ArgKind::none, kAims, get_text<&Process::exe_path>,
     set_text<&Process::exe_path>, "Executable of the process that a ptrace or a signal is about (ours)"},
    {"proc.target.name", Type::string, false, ArgKind::none, kAims, get_text<&Process::comm>, set_text<&Process::comm>,
     "Name of the process that a ptrace or a signal is about (ours)"},
    {"proc.target.pid", Type::integer, false, ArgKind::none, kAims, get_id<&Process::pid>, set_id<&Process::pid>,
     "The process that a ptrace or a signal is about, in the initial pid namespace; missing for a thread, and where "
     "several are meant (ours)"},
    {"proc.target.uid", Type::integer, false, ArgKind::none, kAims, get_id<&Process::euid>, set_id<&Process::euid>,
     "Effective user id of the process that a ptrace or a signal is about (ours)"},
    {"proc.target.unit", Type::string, false, ArgKind::none, kAims,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (e.target_process != nullptr && e.target_process->placement != nullptr)
             add_string(out, e.target_process->placement->unit);
     },
     [](EventBuilder& b, const FieldArg&, std::string_view text) {
         (void)b.target_process();
         b.target_placement().unit = text;
         return true;
     },
     "systemd unit of the process that a ptrace or a signal is about (ours)"},
    {"proc.target.user", Type::string, false, ArgKind::none, kAims,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (e.target_process != nullptr && e.directory != nullptr)
             add_string(out, e.directory->user(e.target_process->euid));
     },
     [](EventBuilder& b, const FieldArg&, std::string_view text) {
         b.name_user(b.target_process().euid, text);
         return true;
     },
     "Name of the effective user of the process that a ptrace or a signal is about (ours)"},
};

} // namespace

std::span<const Field> target_fields() noexcept {
    return kTargetFields;
}

} // namespace rwatch::event
