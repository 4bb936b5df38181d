// SPDX-License-Identifier: MIT OR Apache-2.0
// Joins the parts of the table of fields, and reads references to them.
#include "event/fields.hpp"

#include "core/suggest.hpp"
#include "event/field_tables.hpp"

#include <algorithm>
#include <array>
#include <cassert>

namespace rwatch::event {

namespace {

constexpr std::array<std::string_view, 2> kArgumentPrefixes{"evt.arg.", "evt.rawarg."};
constexpr std::int32_t kLargestIndex = static_cast<std::int32_t>(EventBuilder::kMostAncestors);

std::vector<Field> joined() {
    std::vector<Field> all;
    for (const auto part : {argument_fields(), event_fields(), file_fields(), network_fields(), process_fields(),
                            session_fields(), owner_fields(), target_fields(), unsupplied_fields()})
        all.insert(all.end(), part.begin(), part.end());
    std::sort(all.begin(), all.end(), [](const Field& a, const Field& b) { return a.name < b.name; });
    return all;
}

std::string suggestion(std::string_view name) {
    std::vector<std::string_view> names;
    for (const auto& field : fields())
        names.push_back(field.name);
    return did_you_mean(name, names);
}

/// What stands in the brackets (or behind "evt.arg."), read as the field wants it. False with `error` where it does not
/// fit.
bool read_argument(const Field& field, std::string_view text, bool given, FieldArg& out, std::string& error) {
    const auto quote = "'" + std::string(field.name) + "'";
    switch (field.arg) {
    case ArgKind::ignored:
        return true;
    case ArgKind::none:
        error = "field " + quote + " takes no argument";
        return !given;
    case ArgKind::key:
        // Arguments of calls that are no events of ours, and those by number, load: other agents' rules have them.
        out.key = argument_named(text);
        error = "field " + quote + " needs an argument: " + std::string(field.name) + ".flags";
        return given;
    case ArgKind::index:
    case ArgKind::index_required:
        error = "field " + quote + " takes a number from 0 to " + std::to_string(kLargestIndex) + " in brackets";
        if (!given)
            return field.arg == ArgKind::index;
        return parse_number(text, out.index) && out.index >= 0 && out.index <= kLargestIndex;
    }
    return false;
}

/// The name and what stands behind it.
struct Written {
    std::string_view name, argument;
    bool given = false;
};

Written split(std::string_view text) {
    if (text.ends_with(']')) {
        const auto open = text.find('[');
        if (open != std::string_view::npos)
            return {text.substr(0, open), text.substr(open + 1, text.size() - open - 2), true};
        return {text, {}, false};
    }
    for (const auto prefix : kArgumentPrefixes)
        if (text.starts_with(prefix))
            return {prefix.substr(0, prefix.size() - 1), text.substr(prefix.size()), true};
    return {text, {}, false};
}

} // namespace

std::span<const Field> fields() noexcept {
    static const std::vector<Field> all = joined();
    return all;
}

const Field* field_named(std::string_view name) noexcept {
    const auto all = fields();
    const auto found =
        std::lower_bound(all.begin(), all.end(), name, [](const Field& f, std::string_view n) { return f.name < n; });
    return found == all.end() || found->name != name ? nullptr : &*found;
}

std::optional<FieldRef> find_field(std::string_view text, std::string& error) {
    const auto written = split(text);
    const Field* field = field_named(written.name);
    if (field == nullptr) {
        error = "unknown field '" + std::string(written.name) + "'";
        return std::nullopt;
    }
    FieldRef ref{field, {}};
    if (!read_argument(*field, written.argument, written.given, ref.arg, error))
        return std::nullopt;
    error.clear();
    return ref;
}

std::optional<FieldRef> resolve_field(std::string_view text, std::string& error, std::string& hint) {
    auto ref = find_field(text, error);
    if (const auto name = split(text).name; !ref && field_named(name) == nullptr)
        hint = suggestion(name);
    return ref;
}

std::vector<FieldRef> known_fields(std::span<const std::string_view> names) {
    std::vector<FieldRef> out;
    out.reserve(names.size());
    for (const auto name : names) {
        std::string error, hint;
        const auto ref = resolve_field(name, error, hint);
        assert(ref && "the table of fields lacks one of these");
        if (ref)
            out.push_back(*ref);
    }
    return out;
}

std::string to_string(const FieldRef& ref) {
    std::string text(ref.field->name);
    if (!ref.arg.key.empty())
        text.append(".").append(ref.arg.key);
    else if (ref.arg.index >= 0)
        text += "[" + std::to_string(ref.arg.index) + "]";
    return text;
}

} // namespace rwatch::event
