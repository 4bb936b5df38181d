// SPDX-License-Identifier: MIT OR Apache-2.0
// fd.* of sockets: who talks to whom. In a connect the remote end is the server, else it is the local one.
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

bool is_socket(const Event& e) noexcept {
    return (set_of(e.kind) & kSockets) != 0;
}
bool is_connection(const Event& e) noexcept {
    return (set_of(e.kind) & kConnections) != 0;
}

/// One end of a socket.
struct End {
    Address Event::*address;
    std::uint16_t Event::*port;
};
constexpr End kLocal{&Event::local, &Event::local_port}, kRemote{&Event::remote, &Event::remote_port};

enum class Side : std::uint8_t { local, remote, client, server };
const End& end_of(const Event& e, Side side) noexcept {
    return side == Side::remote || side == (is_client(e) ? Side::server : Side::client) ? kRemote : kLocal;
}

/// False where the event has no such end. A connection has both, or none.
bool has_end(const Event& e, Side side) noexcept {
    if (!is_socket(e))
        return false;
    return e.kind == Kind::bind ? &end_of(e, side) == &kLocal && e.local.family != 0 : e.remote.family != 0;
}

template <Side Which> void get_address(const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
    if (has_end(e, Which))
        add_address(out, e.*end_of(e, Which).address);
}
template <Side Which> void get_port(const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
    if (has_end(e, Which))
        out.add(static_cast<std::int64_t>(e.*end_of(e, Which).port));
}
void get_either(const Event& e, const FieldArg& arg, Scratch& s, Values& out) noexcept {
    get_address<Side::remote>(e, arg, s, out);
    get_address<Side::local>(e, arg, s, out);
}
void get_either_port(const Event& e, const FieldArg& arg, Scratch& s, Values& out) noexcept {
    get_port<Side::remote>(e, arg, s, out);
    get_port<Side::local>(e, arg, s, out);
}

/// By which name the process found it; of the local end nothing is known.
template <Side Which> void get_name(const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
    if (is_connection(e) && &end_of(e, Which) == &kRemote)
        add_string(out, e.remote_name);
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
template <Side Which> bool set_side(EventBuilder& b, const FieldArg&, std::string_view text) {
    lean(b, Call::connect);
    return set_address(b, b.event().*end_of(b.event(), Which).address, text);
}
/// Either end: the one that the event is sure to have.
bool set_either(EventBuilder& b, const FieldArg& arg, std::string_view text) {
    lean(b, Call::connect);
    return b.event().kind == Kind::bind ? set_side<Side::local>(b, arg, text) : set_side<Side::remote>(b, arg, text);
}

/// A test that sets a port alone means some address.
void need_address(EventBuilder& b) {
    auto& e = b.event();
    lean(b, Call::connect);
    auto& address = e.kind == Kind::bind ? e.local : e.remote;
    if (address.family == 0)
        set_address(b, address, "192.0.2.1"); // TEST-NET-1, RFC 5737
}

template <Side Which> bool set_name(EventBuilder& b, const FieldArg&, std::string_view text) {
    need_address(b);
    b.event().remote_name = b.keep(text);
    return b.event().kind != Kind::bind && &end_of(b.event(), Which) == &kRemote;
}

template <Side Which> bool set_port(EventBuilder& b, const FieldArg&, std::string_view text) {
    need_address(b);
    return parse_number(text, b.event().*end_of(b.event(), Which).port);
}
bool set_either_port(EventBuilder& b, const FieldArg& arg, std::string_view text) {
    need_address(b);
    return b.event().kind == Kind::bind ? set_port<Side::local>(b, arg, text) : set_port<Side::remote>(b, arg, text);
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
    {"fd.cip", Type::address, false, ArgKind::none, kConnections, get_address<Side::client>, set_side<Side::client>,
     "Client's address"},
    {"fd.cip.name", Type::string, false, ArgKind::none, set_of(Kind::accept) | set_of(Kind::send),
     get_name<Side::client>, set_name<Side::client>, "Name of the client's address, where the process was told one"},
    {"fd.cnet", Type::address, false, ArgKind::none, kConnections, get_address<Side::client>, set_side<Side::client>,
     "Client's address, to compare with a network"},
    {"fd.connected", Type::boolean, false, ArgKind::none, kSockets & ~set_of(Kind::resolve),
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (is_socket(e) && e.kind != Kind::resolve)
             out.add(e.kind == Kind::accept || (e.kind == Kind::connect && e.result == 0) ||
                     (e.kind == Kind::dup && e.remote_port != 0) ||
                     (e.kind == Kind::send && e.socket_type == SOCK_STREAM && e.result >= 0));
     },
     nullptr, "The connection was made at once (TCP), the peer was set (UDP), or it was accepted"},
    {"fd.cport", Type::integer, false, ArgKind::none, kConnections, get_port<Side::client>, set_port<Side::client>,
     "Client's port"},
    {"fd.name_changed", Type::boolean, false, ArgKind::none, kConnect | set_of(Kind::send),
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (e.kind == Kind::connect)
             out.add(e.result == 0 || e.result == -EINPROGRESS);
         else if (e.kind == Kind::send)
             out.add(true);
     },
     nullptr,
     "The call gave the socket another peer, and so another name; of what is sent to an address that comes with the "
     "call the first is told"},
    {"fd.ip", Type::address, true, ArgKind::none, kSockets, get_either, set_either, "Either address"},
    {"fd.is_server", Type::boolean, false, ArgKind::none, kSockets,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (is_socket(e))
             out.add(!is_client(e));
     },
     nullptr, "Whether the process is the server's side: it accepts, or binds and listens"},
    {"fd.l4proto", Type::string, false, ArgKind::none, kSockets,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (is_socket(e))
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
    {"fd.lip", Type::address, false, ArgKind::none, kSockets, get_address<Side::local>, set_side<Side::local>,
     "Local address"},
    {"fd.lnet", Type::address, false, ArgKind::none, kSockets, get_address<Side::local>, set_side<Side::local>,
     "Local address, to compare with a network"},
    {"fd.lport", Type::integer, false, ArgKind::none, kSockets, get_port<Side::local>, set_port<Side::local>,
     "Local port"},
    {"fd.net", Type::address, true, ArgKind::none, kSockets, get_either, set_either,
     "Either address, to compare with a network"},
    {"fd.port", Type::integer, true, ArgKind::none, kSockets, get_either_port, set_either_port, "Either port"},
    {"fd.rip", Type::address, false, ArgKind::none, kConnections, get_address<Side::remote>, set_side<Side::remote>,
     "Remote address"},
    {"fd.rip.name", Type::string, false, ArgKind::none, kConnections, get_name<Side::remote>, set_name<Side::remote>,
     "Name by which the process found the remote address: of the last answer of a name server that had it"},
    {"fd.rnet", Type::address, false, ArgKind::none, kConnections, get_address<Side::remote>, set_side<Side::remote>,
     "Remote address, to compare with a network"},
    {"fd.rport", Type::integer, false, ArgKind::none, kConnections, get_port<Side::remote>, set_port<Side::remote>,
     "Remote port"},
    {"fd.sip", Type::address, false, ArgKind::none, kSockets, get_address<Side::server>, set_side<Side::server>,
     "Server's address"},
    {"fd.sip.name", Type::string, false, ArgKind::none, kConnections & ~set_of(Kind::accept), get_name<Side::server>,
     set_name<Side::server>, "Name by which the process found the server's address"},
    {"fd.snet", Type::address, false, ArgKind::none, kSockets, get_address<Side::server>, set_side<Side::server>,
     "Server's address, to compare with a network"},
    {"fd.sockfamily", Type::string, false, ArgKind::none, kSockets,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (is_socket(e))
             out.add(std::string_view(e.family == AF_UNIX ? "unix" : "ip"));
     },
     nullptr, "ip or unix"},
    {"fd.sport", Type::integer, false, ArgKind::none, kSockets, get_port<Side::server>, set_port<Side::server>,
     "Server's port"},
};

} // namespace

std::span<const Field> network_fields() noexcept {
    return kNetworkFields;
}

} // namespace rwatch::event
