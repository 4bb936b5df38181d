// SPDX-License-Identifier: MIT OR Apache-2.0
// fd.* of sockets: who talks to whom. In a connect the remote end is the server.
#include "event/field_tables.hpp"

#include <cerrno>
#include <netinet/in.h>
#include <sys/socket.h>

namespace rwatch::event {

namespace {

void add_address(Values& out, const Address& address) noexcept {
    if (address.family != 0)
        out.add(address);
}

bool is_inet(const Event& e) noexcept {
    return e.kind == Kind::connect && e.remote.family != 0;
}

void get_remote(const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
    if (is_inet(e))
        add_address(out, e.remote);
}
void get_local(const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
    if (is_inet(e))
        add_address(out, e.local);
}
void get_either(const Event& e, const FieldArg& arg, Scratch& s, Values& out) noexcept {
    get_remote(e, arg, s, out);
    get_local(e, arg, s, out);
}
void get_remote_port(const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
    if (is_inet(e))
        out.add(static_cast<std::int64_t>(e.remote_port));
}
void get_local_port(const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
    if (is_inet(e))
        out.add(static_cast<std::int64_t>(e.local_port));
}
void get_either_port(const Event& e, const FieldArg& arg, Scratch& s, Values& out) noexcept {
    get_remote_port(e, arg, s, out);
    get_local_port(e, arg, s, out);
}

bool set_address(EventBuilder& b, Address& to, std::string_view text) {
    const auto address = parse_address(text);
    if (!address)
        return false;
    lean(b, Call::connect);
    auto& e = b.event();
    to = *address;
    e.family = address->family == 4 ? AF_INET : AF_INET6;
    if (e.protocol == 0) {
        e.protocol = IPPROTO_TCP;
        e.socket_type = SOCK_STREAM;
    }
    return true;
}
bool set_remote(EventBuilder& b, const FieldArg&, std::string_view text) {
    return set_address(b, b.event().remote, text);
}
bool set_local(EventBuilder& b, const FieldArg&, std::string_view text) {
    return set_address(b, b.event().local, text);
}

/// A test that sets a port alone means some address.
void need_address(EventBuilder& b) {
    auto& e = b.event();
    lean(b, Call::connect);
    if (e.remote.family == 0)
        set_address(b, e.remote, "192.0.2.1"); // TEST-NET-1, RFC 5737
}

bool set_remote_port(EventBuilder& b, const FieldArg&, std::string_view text) {
    need_address(b);
    return parse_number(text, b.event().remote_port);
}
bool set_local_port(EventBuilder& b, const FieldArg&, std::string_view text) {
    need_address(b);
    return parse_number(text, b.event().local_port);
}

std::string_view protocol_name(const Event& e) noexcept {
    switch (e.protocol) {
    case IPPROTO_TCP:
        return "tcp";
    case IPPROTO_UDP:
        return "udp";
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
        return "icmp";
    default:
        return e.family == AF_UNIX ? "" : "na";
    }
}

constexpr Field kNetworkFields[] = {
    {"fd.cip", Type::address, false, ArgKind::none, kConnect, get_local, set_local, "Client's address"},
    {"fd.cnet", Type::address, false, ArgKind::none, kConnect, get_local, set_local,
     "Client's address, to compare with a network"},
    {"fd.connected", Type::boolean, false, ArgKind::none, kConnect,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (e.kind == Kind::connect)
             out.add(e.result == 0);
     },
     nullptr, "The connection was made at once (TCP) or the peer was set (UDP)"},
    {"fd.cport", Type::integer, false, ArgKind::none, kConnect, get_local_port, set_local_port, "Client's port"},
    {"fd.name_changed", Type::boolean, false, ArgKind::none, kConnect,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (e.kind == Kind::connect)
             out.add(e.result == 0 || e.result == -EINPROGRESS);
     },
     nullptr, "The call gave the socket another peer, and so another name"},
    {"fd.ip", Type::address, true, ArgKind::none, kConnect, get_either, set_remote, "Either address"},
    {"fd.is_server", Type::boolean, false, ArgKind::none, kConnect,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (e.kind == Kind::connect)
             out.add(false);
     },
     nullptr, "False: the process is the connecting side"},
    {"fd.l4proto", Type::string, false, ArgKind::none, kConnect,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (e.kind == Kind::connect)
             add_string(out, protocol_name(e));
     },
     [](EventBuilder& b, const FieldArg&, std::string_view text) {
         auto& e = b.event();
         lean(b, Call::connect);
         e.protocol = text == "tcp" ? IPPROTO_TCP : text == "udp" ? IPPROTO_UDP : IPPROTO_ICMP;
         e.socket_type = text == "tcp" ? SOCK_STREAM : SOCK_DGRAM;
         return text == "tcp" || text == "udp" || text == "icmp";
     },
     "tcp, udp, icmp or na"},
    {"fd.lip", Type::address, false, ArgKind::none, kConnect, get_local, set_local, "Local address"},
    {"fd.lnet", Type::address, false, ArgKind::none, kConnect, get_local, set_local,
     "Local address, to compare with a network"},
    {"fd.lport", Type::integer, false, ArgKind::none, kConnect, get_local_port, set_local_port, "Local port"},
    {"fd.net", Type::address, true, ArgKind::none, kConnect, get_either, set_remote,
     "Either address, to compare with a network"},
    {"fd.port", Type::integer, true, ArgKind::none, kConnect, get_either_port, set_remote_port, "Either port"},
    {"fd.rip", Type::address, false, ArgKind::none, kConnect, get_remote, set_remote, "Remote address"},
    {"fd.rnet", Type::address, false, ArgKind::none, kConnect, get_remote, set_remote,
     "Remote address, to compare with a network"},
    {"fd.rport", Type::integer, false, ArgKind::none, kConnect, get_remote_port, set_remote_port, "Remote port"},
    {"fd.sip", Type::address, false, ArgKind::none, kConnect, get_remote, set_remote, "Server's address"},
    {"fd.snet", Type::address, false, ArgKind::none, kConnect, get_remote, set_remote,
     "Server's address, to compare with a network"},
    {"fd.sockfamily", Type::string, false, ArgKind::none, kConnect,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (e.kind == Kind::connect)
             out.add(std::string_view(e.family == AF_UNIX ? "unix" : "ip"));
     },
     nullptr, "ip or unix"},
    {"fd.sport", Type::integer, false, ArgKind::none, kConnect, get_remote_port, set_remote_port, "Server's port"},
};

} // namespace

std::span<const Field> network_fields() noexcept {
    return kNetworkFields;
}

} // namespace rwatch::event
