// SPDX-License-Identifier: MIT OR Apache-2.0
// evt.arg and its kin: the arguments of a call, by name or place, as text or number.
#include "event/call_args.hpp"
#include "event/field_tables.hpp"

#include <algorithm>
#include <array>

namespace rwatch::event {

namespace {

/// One named argument, as Falco's event tables name them.
struct Argument {
    std::string_view name;
    KindSet kinds;
    void (*get)(const Event&, Scratch&, Values&) noexcept;
};

std::string_view composed_flags(const Event& e, Scratch& scratch) noexcept {
    const auto mark = scratch.mark();
    put_open_flags(e.open_flags, scratch);
    if (e.created)
        scratch.put("|FD_CREATED");
    return scratch.since(mark);
}

std::string_view composed_mode(std::uint32_t mode, Scratch& scratch) noexcept {
    const auto mark = scratch.mark();
    put_mode(mode, scratch);
    return scratch.since(mark);
}

constexpr KindSet kChmod = set_of(Kind::chmod), kChown = set_of(Kind::chown), kTruncate = set_of(Kind::truncate),
                  kXattr = set_of(Kind::xattr), kUnlink = set_of(Kind::unlink), kExec = set_of(Kind::exec);

void add_number(Values& out, std::int64_t number, Scratch& scratch) noexcept {
    const auto mark = scratch.mark();
    scratch.put(number);
    out.add(scratch.since(mark));
}

/// The name of a user or group that a file is given to; -1: it keeps its own.
void add_owner(const Event& e, std::uint32_t id, bool group, Scratch& scratch, Values& out) noexcept {
    std::string_view name;
    if (e.directory != nullptr && id != kUnset)
        name = group ? e.directory->group(id) : e.directory->user(id);
    if (name.empty())
        add_number(out, static_cast<std::int32_t>(id), scratch);
    else
        out.add(name);
}

void add_end(const Address& address, std::uint16_t port, Scratch& s) noexcept {
    s.put(address);
    s.put(':');
    s.put(static_cast<std::int64_t>(port));
}

/// The address that bind or connect was about.
void get_address(const Event& e, Scratch& s, Values& out) noexcept {
    const bool binds = e.kind == Kind::bind;
    const auto& address = binds ? e.local : e.remote;
    const auto mark = s.mark();
    if (address.family != 0)
        add_end(address, binds ? e.local_port : e.remote_port, s);
    add_string(out, address.family != 0 ? s.since(mark) : e.unix_path);
}

// Of calls without a signature; "fd" and "res" of the others too.
constexpr std::array kArguments{
    Argument{"addr", kConnect | set_of(Kind::bind), get_address},
    Argument{"backlog", set_of(Kind::bind),
             [](const Event& e, Scratch& s, Values& out) noexcept {
                 if (e.call == Call::listen)
                     add_number(out, e.backlog, s);
             }},
    Argument{"dev", set_of(Kind::mknod),
             [](const Event& e, Scratch& s, Values& out) noexcept { add_number(out, e.node_dev, s); }},
    Argument{"newfd", set_of(Kind::dup),
             [](const Event& e, Scratch& s, Values& out) noexcept { add_number(out, e.result, s); }},
    Argument{"oldfd", set_of(Kind::dup),
             [](const Event& e, Scratch& s, Values& out) noexcept { add_number(out, e.fd, s); }},
    Argument{"dirfd", kPathOps, [](const Event& e, Scratch& s, Values& out) noexcept { add_number(out, e.dfd, s); }},
    Argument{"fd", kDescriptors,
             [](const Event& e, Scratch& s, Values& out) noexcept {
                 if (const auto fd = descriptor_of(e))
                     add_number(out, *fd, s);
             }},
    Argument{"filename", kChmod | kExec,
             [](const Event& e, Scratch&, Values& out) noexcept {
                 add_string(out, e.kind == Kind::exec ? e.filename : e.object.raw);
             }},
    Argument{"flags", kOpen, [](const Event& e, Scratch& s, Values& out) noexcept { out.add(composed_flags(e, s)); }},
    Argument{"gid", kChown,
             [](const Event& e, Scratch& s, Values& out) noexcept { add_owner(e, e.group, true, s, out); }},
    Argument{"length", kTruncate,
             [](const Event& e, Scratch& s, Values& out) noexcept {
                 add_number(out, static_cast<std::int64_t>(e.length), s);
             }},
    Argument{"linkpath", set_of(Kind::symlink),
             [](const Event& e, Scratch&, Values& out) noexcept { add_string(out, e.target.raw); }},
    Argument{"mode", kOpen | kChmod | kMakes,
             [](const Event& e, Scratch& s, Values& out) noexcept { out.add(composed_mode(e.mode, s)); }},
    Argument{"name", kOpen | kUnlink | kXattr,
             [](const Event& e, Scratch&, Values& out) noexcept {
                 add_string(out, e.kind == Kind::xattr ? e.attribute : e.object.raw);
             }},
    Argument{"newpath", kTwoNames,
             [](const Event& e, Scratch&, Values& out) noexcept { add_string(out, e.target.raw); }},
    Argument{"oldpath", kTwoNames,
             [](const Event& e, Scratch&, Values& out) noexcept { add_string(out, e.object.raw); }},
    Argument{"path", kOpen | kUnlink | kSockets | kMakes | kChown | kTruncate | kXattr,
             [](const Event& e, Scratch&, Values& out) noexcept {
                 add_string(out, (kSockets & set_of(e.kind)) != 0 ? e.unix_path : e.object.raw);
             }},
    Argument{"res", kAllKinds,
             [](const Event& e, Scratch& s, Values& out) noexcept {
                 if (e.has_result)
                     add_number(out, e.result, s);
             }},
    Argument{"status", set_of(Kind::exit),
             [](const Event& e, Scratch& s, Values& out) noexcept { add_number(out, e.status, s); }},
    Argument{"target", set_of(Kind::symlink),
             [](const Event& e, Scratch&, Values& out) noexcept { add_string(out, e.object.raw); }},
    Argument{"uid", kChown,
             [](const Event& e, Scratch& s, Values& out) noexcept { add_owner(e, e.owner, false, s, out); }},
};

/// Where in the signature of the event's call an argument stands; arg_count where it has none of that name.
std::size_t place_of(const Event& e, std::string_view name) noexcept {
    const auto signature = signature_of(e.call).first(e.arg_count);
    return static_cast<std::size_t>(
        std::find_if(signature.begin(), signature.end(), [&](const CallArg& arg) { return arg.name == name; }) -
        signature.begin());
}

void get_argument(const Event& e, const FieldArg& arg, Scratch& s, Values& out) noexcept {
    if (const auto place = place_of(e, arg.key); place < e.arg_count) {
        const auto mark = s.mark();
        put_arg(e, place, s);
        add_string(out, s.since(mark));
        return;
    }
    for (const auto& argument : kArguments)
        if (argument.name == arg.key && (argument.kinds & set_of(e.kind)) != 0)
            argument.get(e, s, out);
}

void get_raw_argument(const Event& e, const FieldArg& arg, Scratch&, Values& out) noexcept {
    if (const auto place = place_of(e, arg.key); place < e.arg_count)
        out.add(number_of(signature_of(e.call)[place].form, e.args[place]));
    else if (arg.key == "res" && e.has_result)
        out.add(e.result);
    else if (const auto fd = descriptor_of(e); arg.key == "fd" && fd)
        out.add(*fd);
    else if (arg.key == "mode" && ((kOpen | kChmod | kMakes) & set_of(e.kind)) != 0)
        out.add(static_cast<std::int64_t>(e.mode));
    else if (arg.key == "flags" && e.kind == Kind::open)
        out.add(static_cast<std::int64_t>(e.open_flags));
    else if (arg.key == "dev" && e.kind == Kind::mknod)
        out.add(static_cast<std::int64_t>(e.node_dev));
    else if (arg.key == "uid" && e.kind == Kind::chown)
        out.add(std::int64_t{static_cast<std::int32_t>(e.owner)});
    else if (arg.key == "gid" && e.kind == Kind::chown)
        out.add(std::int64_t{static_cast<std::int32_t>(e.group)});
    else if (arg.key == "length" && e.kind == Kind::truncate)
        out.add(static_cast<std::int64_t>(e.length));
}

bool has_register(const Event& e, const FieldArg& arg) noexcept {
    return (kRegisters & set_of(e.kind)) != 0 && static_cast<std::size_t>(arg.index) < e.arg_count;
}

void get_register(const Event& e, const FieldArg& arg, Scratch&, Values& out) noexcept {
    if (has_register(e, arg))
        out.add(static_cast<std::int64_t>(e.args[static_cast<std::size_t>(arg.index)]));
}

void get_register_hex(const Event& e, const FieldArg& arg, Scratch& s, Values& out) noexcept {
    if (!has_register(e, arg))
        return;
    const auto mark = s.mark();
    s.put_hex(e.args[static_cast<std::size_t>(arg.index)]);
    out.add(s.since(mark));
}

/// One "name=value" of evt.args, a blank before all but the first (at `begin`).
void join_argument(const Event& e, std::string_view name, std::size_t begin, Scratch& s) noexcept {
    if (s.mark() != begin)
        s.put(' ');
    s.put(name);
    s.put('=');
    const auto mark = s.mark();
    Values one;
    get_argument(e, {-1, name}, s, one);
    // What was composed stands there already.
    if (s.mark() == mark)
        s.put(one.empty() ? std::string_view("<NA>") : one.items()[0].string);
}

void get_arguments(const Event& e, const FieldArg&, Scratch& s, Values& out) noexcept {
    const auto mark = s.mark();
    const auto signature = signature_of(e.call).first(e.arg_count);
    for (const auto& argument : kArguments)
        if ((argument.kinds & set_of(e.kind)) != 0 && place_of(e, argument.name) == e.arg_count &&
            (argument.name != "fd" || descriptor_of(e)))
            join_argument(e, argument.name, mark, s);
    for (const auto& argument : signature)
        join_argument(e, argument.name, mark, s);
    out.add(s.since(mark));
}

/// A test's event that names an argument before its evt.type is of the first call that has one.
void lean_on(EventBuilder& b, std::string_view name) {
    for (std::size_t i = 1; i < kCalls && b.event().call == Call::none; ++i)
        for (const auto& argument : signature_of(static_cast<Call>(i)))
            if (argument.name == name)
                b.become(static_cast<Call>(i));
}

/// A user's or group's number, or a name that gets one.
std::uint32_t parse_owner(EventBuilder& b, bool group, std::string_view text) {
    constexpr std::uint32_t kMadeUp = 60'000; // an id for a name
    if (const auto number = parse_arg(Form::uid, text))
        return static_cast<std::uint32_t>(*number);
    const auto id = text == "root" ? 0 : kMadeUp;
    if (group)
        b.name_group(id, text);
    else
        b.name_user(id, text);
    return id;
}

bool set_call_argument(EventBuilder& b, std::size_t place, std::string_view text) {
    auto& e = b.event();
    const auto form = signature_of(e.call)[place].form;
    if (form == Form::text) {
        e.texts[place] = b.keep(text);
        return true;
    }
    auto value = parse_arg(form, text);
    if (!value && (form == Form::uid || form == Form::gid))
        value = parse_owner(b, form == Form::gid, text);
    e.args[place] = value.value_or(0);
    return value.has_value();
}

bool set_argument(EventBuilder& b, const FieldArg& arg, std::string_view text) {
    auto& e = b.event();
    if (e.call == Call::none && arg.key != "flags" && arg.key != "name")
        lean_on(b, arg.key);
    if (const auto place = place_of(e, arg.key); place < e.arg_count)
        return set_call_argument(b, place, text);
    if (arg.key == "flags") {
        lean(b, Call::openat);
        e.created = text.find("FD_CREATED") != std::string_view::npos;
        return parse_open_flags(text, e.open_flags);
    }
    if (arg.key == "mode")
        return parse_mode(text, e.mode);
    if (arg.key == "status") {
        lean(b, Call::procexit);
        return parse_number(text, e.status);
    }
    if (arg.key == "backlog" || arg.key == "length")
        return arg.key == "backlog" ? parse_number(text, e.backlog) : parse_number(text, e.length);
    if ((arg.key == "uid" || arg.key == "gid") && e.kind == Kind::chown) {
        (arg.key == "uid" ? e.owner : e.group) = parse_owner(b, arg.key == "gid", text);
        return true;
    }
    if (arg.key == "name" && e.kind == Kind::xattr)
        e.attribute = b.keep(text);
    else if (arg.key == "filename" || arg.key == "name" || arg.key == "path" || arg.key == "oldpath" ||
             arg.key == "target")
        e.object.raw = b.keep(text);
    else if (arg.key == "newpath" || arg.key == "linkpath")
        e.target.raw = b.keep(text);
    else
        return false;
    return true;
}

bool set_register(EventBuilder& b, const FieldArg& arg, std::string_view text, int base) {
    auto& e = b.event();
    const auto place = static_cast<std::size_t>(arg.index);
    if (place >= e.arg_count)
        return false;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), e.args[place], base);
    return error == std::errc{} && end == text.data() + text.size();
}

constexpr Field kArgFields[] = {
    {"evt.arg", Type::string, false, ArgKind::key, kAllKinds, get_argument, set_argument,
     "An argument of the call by its name, written as Falco writes it: see the calls below"},
    {"evt.args", Type::string, false, ArgKind::none, kAllKinds, get_arguments, nullptr, "All arguments as one text"},
    {"evt.rawarg", Type::integer, false, ArgKind::key, kAllKinds, get_raw_argument, nullptr,
     "An argument of the call by its name, as a number"},
    {"evt.sysarg", Type::integer, false, ArgKind::index_required, kRegisters, get_register,
     [](EventBuilder& b, const FieldArg& arg, std::string_view text) { return set_register(b, arg, text, 10); },
     "An argument of the call by its place, from 0: the register, as far as the kernel looks at it (ours)"},
    {"evt.sysarg.hex", Type::string, false, ArgKind::index_required, kRegisters, get_register_hex,
     [](EventBuilder& b, const FieldArg& arg, std::string_view text) { return set_register(b, arg, text, 16); },
     "evt.sysarg in hexadecimal digits, as auditd writes a0 … a3 (ours)"},
};

} // namespace

std::string_view argument_named(std::string_view name) noexcept {
    for (const auto& argument : kArguments)
        if (argument.name == name)
            return argument.name;
    for (std::size_t i = 1; i < kCalls; ++i)
        for (const auto& argument : signature_of(static_cast<Call>(i)))
            if (argument.name == name)
                return argument.name;
    return {};
}

namespace {
bool has_descriptor(Call call) noexcept {
    Event e;
    e.call = call;
    e.kind = kind_of(call);
    return descriptor_of(e).has_value();
}
} // namespace

std::vector<std::string_view> arguments_of(Call call) {
    std::vector<std::string_view> names;
    for (const auto& argument : signature_of(call))
        names.push_back(argument.name);
    for (const auto& argument : kArguments) {
        const bool applies = argument.name == "fd"        ? has_descriptor(call)
                             : argument.name == "backlog" ? call == Call::listen
                                                          : true;
        if (applies && (argument.kinds & set_of(kind_of(call))) != 0 &&
            std::find(names.begin(), names.end(), argument.name) == names.end())
            names.push_back(argument.name);
    }
    return names;
}

std::optional<std::int64_t> descriptor_of(const Event& e) noexcept {
    if (e.kind == Kind::open || e.kind == Kind::accept || e.kind == Kind::dup || gives_descriptor(e.call))
        return e.result;
    if (e.kind == Kind::connect || e.kind == Kind::bind || e.kind == Kind::send || e.kind == Kind::resolve)
        return e.fd;
    if (changes_descriptor(e.call))
        return e.dfd;
    if (const auto place = place_of(e, "fd"); place < e.arg_count)
        return number_of(Form::integer, e.args[place]);
    return std::nullopt;
}

std::span<const Field> argument_fields() noexcept {
    return kArgFields;
}

} // namespace rwatch::event
