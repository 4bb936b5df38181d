// SPDX-License-Identifier: MIT OR Apache-2.0
// The one table of fields: name, type, how to read it from an event, how a rule's test sets it, and its documentation.
// Rules, output templates, the reference and the alert's output_fields all come from here. Names are Falco's; those of
// our own are marked so in their documentation.
#pragma once

#include "event/event.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rwatch::event {

class EventBuilder;

enum class ArgKind : std::uint8_t {
    none,
    index,          ///< [N] or nothing: proc.aname
    index_required, ///< [N]
    key,            ///< [NAME] or .NAME: evt.arg
    ignored         ///< [TEXT] or nothing, of a field that is not supplied
};

struct FieldArg {
    std::int32_t index = -1; ///< -1: none given
    std::string_view key;    ///< points into static storage; "" of an argument that no event of ours has
    bool operator==(const FieldArg&) const = default;
};

struct Field {
    std::string_view name;
    Type type;
    bool list; ///< may hold several values; a comparison is true where it holds for one of them (see docs/rules.md for
               ///< !=)
    ArgKind arg;
    KindSet kinds; ///< kinds of event in which it can be present
    /// Adds what the event holds; adds nothing where the field is missing. Composed strings live in `scratch`.
    void (*get)(const Event&, const FieldArg&, Scratch& scratch, Values& out) noexcept;
    /// Sets it in a test's event; false where the text is no such value. Null: derived, a test sets what it is derived
    /// from.
    bool (*set)(EventBuilder&, const FieldArg&, std::string_view text);
    std::string_view doc;
    bool path = false;    ///< a file's name: literals compared with it are also watched by device and inode
    bool supplied = true; ///< false: no event of ours has it yet; conditions that ask for it get a warning
    bool set_only =
        false; ///< with `list`: compared as a set (exists, in: each value is in it, intersects), as Falco's lists
    bool of_call = false; ///< told by the call and its kind alone
    bool late = false;    ///< of the start of a program, known only a little later: such rules wait for it
};

/// Sorted by name.
[[nodiscard]] std::span<const Field> fields() noexcept;

/// A field as written in a rule: "proc.aname[2]", "evt.arg.flags", "evt.arg[flags]".
struct FieldRef {
    const Field* field = nullptr;
    FieldArg arg;
    bool operator==(const FieldRef&) const = default;
    /// False: missing in every event of ours.
    [[nodiscard]] bool supplied() const noexcept {
        return field->supplied && (field->arg != ArgKind::key || !arg.key.empty());
    }
};

/// By its whole name, without an argument; null where there is none.
[[nodiscard]] const Field* field_named(std::string_view name) noexcept;

/// Reads a reference. Where the text names no field, `error` says why.
[[nodiscard]] std::optional<FieldRef> find_field(std::string_view text, std::string& error);
/// The same; `hint` may name a near one, which takes looking at every name.
[[nodiscard]] std::optional<FieldRef> resolve_field(std::string_view text, std::string& error, std::string& hint);
/// The fields of names that the program itself has chosen: each must be one of the table.
[[nodiscard]] std::vector<FieldRef> known_fields(std::span<const std::string_view> names);

/// The arguments that evt.arg knows of a call, for the reference.
[[nodiscard]] std::vector<std::string_view> arguments_of(Call call);
/// What evt.category says of the events of a kind.
[[nodiscard]] std::string_view category_of(Kind kind) noexcept;

/// Text form of a reference, as written: "proc.aname[2]".
[[nodiscard]] std::string to_string(const FieldRef& ref);

/// Reads the field's values in this event.
inline void read(const FieldRef& ref, const Event& event, Scratch& scratch, Values& out) noexcept {
    out.clear();
    ref.field->get(event, ref.arg, scratch, out);
}

/// Room for the text form of a number or an address.
using TextBuffer = std::array<char, 64>;
/// A value as an output template shows it: numbers in decimal, true/false, addresses in their usual form. Not escaped.
/// Points into the value or `buffer`.
[[nodiscard]] std::string_view text_of(const Value& value, TextBuffer& buffer) noexcept;
void append_text(const Value& value, std::string& out);

/// "O_RDONLY|O_CREAT" as in evt.arg.flags; appends.
void put_open_flags(std::uint32_t flags, Scratch& out) noexcept;
/// "S_IXUSR|S_IRUSR…" as in evt.arg.mode; appends.
void put_mode(std::uint32_t mode, Scratch& out) noexcept;
/// "ENOENT" for 2; "" for an unknown number.
[[nodiscard]] std::string_view errno_name(int code) noexcept;

/// Reads "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1" (as IPv4).
[[nodiscard]] std::optional<Address> parse_address(std::string_view text) noexcept;

} // namespace rwatch::event
