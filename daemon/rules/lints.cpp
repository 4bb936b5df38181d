// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/lints.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace rwatch::rules {

namespace {

constexpr std::size_t kMaxComm = 15;       // bytes of a process's name that the kernel keeps
constexpr std::int64_t kMaxPort = 65535;   // of TCP and UDP
constexpr std::size_t kMaxFieldText = 256; // bytes of a text that may be meant for a field
constexpr std::string_view kDirection = "evt.dir";
constexpr std::size_t kNamed = 3; // constants told of one test, the others are counted

constexpr std::array<std::string_view, 3> kCommFields{"proc.name", "proc.pname", "proc.aname"};
constexpr std::array<std::string_view, 5> kAbsoluteFields{"fs.path.name", "fs.path.source", "proc.aexepath",
                                                          "proc.exepath", "proc.pexepath"};
constexpr std::array<std::string_view, 5> kPortFields{"fd.cport", "fd.lport", "fd.port", "fd.rport", "fd.sport"};

template <std::size_t N> bool is_one_of(std::string_view name, const std::array<std::string_view, N>& names) noexcept {
    return std::find(names.begin(), names.end(), name) != names.end();
}

bool compares_whole(Operator op) noexcept {
    return op == Operator::eq || op == Operator::ne || op == Operator::in || op == Operator::intersects;
}
/// The field has the constant in it, letter by letter.
bool takes_text(Operator op) noexcept {
    return compares_whole(op) || op == Operator::contains || op == Operator::icontains || op == Operator::startswith ||
           op == Operator::endswith;
}
bool takes_beginning(Operator op) noexcept {
    return compares_whole(op) || op == Operator::startswith || op == Operator::pmatch;
}

bool is_windows_path(std::string_view text) noexcept {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    const bool drive = text.size() > 2 && letter(text[0]) && text[1] == ':' && text[2] == '\\';
    // systemd writes "\x2d" into names of units, so only what has no slash and no such escape.
    return drive || (text.find('\\') != std::string_view::npos && text.find('/') == std::string_view::npos &&
                     text.find("\\x") == std::string_view::npos);
}

/// Sigma's values as their author wrote them, without what modifiers and escapes added.
std::vector<Literal> without_escapes(std::vector<Literal> patterns) {
    for (auto& [text, at, bare] : patterns) {
        std::string out;
        for (std::size_t i = text.starts_with('*') ? 1 : 0; i < text.size(); ++i) {
            i += text[i] == '\\' && i + 1 < text.size() ? 1 : 0;
            if (i + 1 < text.size() || text[i] != '*')
                out += text[i];
        }
        text = std::move(out);
    }
    return patterns;
}

bool is_no_port(std::string_view text) noexcept {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() && (number < 0 || number > kMaxPort);
}

std::string without_blanks(std::string_view text) {
    std::string out;
    std::copy_if(text.begin(), text.end(), std::back_inserter(out),
                 [](char c) { return std::string_view(" \t\n\v\f\r").find(c) == std::string_view::npos; });
    return out;
}

/// "proc.pname", "proc.aname[2]", "evt.arg.flags": someone forgot val().
bool names_field(std::string_view text) {
    if (text.size() > kMaxFieldText || text.find('.') == std::string_view::npos)
        return false;
    const auto name = without_blanks(text);
    const auto open = name.find('[');
    if (event::field_named(name.substr(0, open)) != nullptr)
        return open == std::string::npos || name.ends_with(']');
    return name.starts_with("evt.arg.") || name.starts_with("evt.rawarg.");
}

bool calls_transformer(std::string_view text) {
    if (text.size() > kMaxFieldText || text.find('(') == std::string_view::npos)
        return false;
    const auto call = without_blanks(text);
    const auto name = std::string_view(call).substr(0, call.find('('));
    return call.ends_with(')') && (name == "val" || transformer_named(name));
}

/// But for anchors, and one repeated dot at either end, nothing of a pattern in it.
bool is_plain_pattern(std::string_view text) noexcept {
    const auto repeats = [](char c) { return c == '*' || c == '+' || c == '?'; };
    if (text.starts_with('^'))
        text.remove_prefix(1);
    else if (text.size() > 1 && text[0] == '.' && repeats(text[1]))
        text.remove_prefix(2);
    if (text.ends_with('$'))
        text.remove_suffix(1);
    else if (text.size() > 1 && text[text.size() - 2] == '.' && repeats(text.back()))
        text.remove_suffix(2);
    return text.find_first_of(".+*?^$()[]{}|\\") == std::string_view::npos;
}

template <typename Wrong> std::string named(const std::vector<Literal>& literals, Wrong wrong) {
    std::string out;
    std::size_t count = 0;
    for (const auto& literal : literals)
        if (wrong(literal.text) && ++count <= kNamed)
            out += (out.empty() ? "'" : ", '") + literal.text + "'";
    return count > kNamed ? out + " and " + std::to_string(count - kNamed) + " more" : out;
}

bool never(const event::CallSet& calls) noexcept {
    auto known = calls;
    known.reset(static_cast<std::size_t>(event::Call::none));
    return known.none();
}

std::string quoted(const event::FieldRef& field) {
    return "'" + event::to_string(field) + "'";
}

/// For a pair "x and not x": the place of the second among the parts.
std::optional<std::size_t> denied_part(const Program& program, const std::vector<std::uint32_t>& parts) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto& node = program.nodes[parts[i]];
        if (node.op != ProgramNode::Op::negation)
            continue;
        const auto found = std::find(parts.begin(), parts.end(), program.children[node.first]);
        if (found != parts.end())
            return std::max<std::size_t>(i, static_cast<std::size_t>(found - parts.begin()));
    }
    return std::nullopt;
}

} // namespace

std::optional<Lint> lint_field(const event::FieldRef& field) {
    if (!field.supplied())
        return Lint{"field-not-supplied",
                    field.field->supplied
                        ? "no event of ours has this argument"
                        : "field '" + std::string(field.field->name) + "' is known, but no event has it yet",
                    {}};
    if (field.field->name == kDirection)
        return Lint{"deprecated", "'evt.dir' is always '<'", "leave it away"};
    return std::nullopt;
}

bool may_have(const Condition& condition, const event::Field& field) {
    const auto calls = condition.calls();
    for (std::size_t call = 0; call < event::kCalls; ++call)
        if (calls[call] && (field.kinds & event::set_of(event::kind_of(static_cast<event::Call>(call)))) != 0)
            return true;
    return false;
}

std::optional<Lint> lint_texts(Operator op, const std::vector<Literal>& literals) {
    if (op == Operator::like || op == Operator::like_cased || op == Operator::search)
        return std::nullopt;
    if (const auto what = named(literals, names_field); !what.empty())
        return Lint{"field-as-text", what + " is compared as a text here", "val(FIELD) is what the field holds"};
    if (const auto what = named(literals, calls_transformer); !what.empty())
        return Lint{"field-as-text", what + " is compared as a text here", "write it without quotes"};
    if (op != Operator::regex)
        return std::nullopt;
    if (const auto what = named(literals, is_plain_pattern); !what.empty())
        return Lint{"plain-regex", what + " needs no regular expression",
                    "'=', 'contains', 'startswith' and 'endswith' cost less"};
    return std::nullopt;
}

std::optional<Lint> lint_constants(const event::FieldRef& field, Operator op, const std::vector<Literal>& literals) {
    const auto name = field.field->name;
    const std::string end = op == Operator::ne ? ", so this is true for each" : ", so this is never true";
    if (is_one_of(name, kCommFields) && takes_text(op))
        if (const auto what = named(literals, [](const auto& text) { return text.size() > kMaxComm; }); !what.empty())
            return Lint{"name-too-long", quoted(field) + " has at most 15 bytes and can't be or hold " + what,
                        "cut the name to 15 bytes, or ask for the path of the program (proc.exepath)"};
    const bool pattern = op == Operator::like || op == Operator::like_cased;
    if ((field.field->path || is_one_of(name, kAbsoluteFields)) && (pattern || takes_text(op)))
        if (const auto what = named(pattern ? without_escapes(literals) : literals, is_windows_path); !what.empty())
            return Lint{"windows-path", what + " is no path of this system" + end, "paths here have slashes"};
    if (is_one_of(name, kAbsoluteFields) && takes_beginning(op)) {
        const auto relative = [](const std::string& text) { return !text.empty() && text.front() != '/'; };
        if (const auto what = named(literals, relative); !what.empty())
            return Lint{"relative-path", quoted(field) + " begins with a slash and " + what + " does not" + end,
                        "write the whole path, or compare with 'endswith'"};
    }
    if (is_one_of(name, kPortFields))
        if (const auto what = named(literals, is_no_port); !what.empty())
            return Lint{"no-such-port", what + " is no port (0 to 65535)", {}};
    return std::nullopt;
}

std::optional<Lint> lint_parts(const Program& program, std::uint32_t node, const std::vector<std::uint32_t>& parts,
                               std::size_t& guilty) {
    const auto op = program.nodes[node].op;
    const bool all = op == ProgramNode::Op::all;
    guilty = 0;
    if (op == ProgramNode::Op::negation || op == ProgramNode::Op::test)
        return std::nullopt;
    for (std::size_t i = 1; i < parts.size(); ++i)
        if (std::find(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(i), parts[i]) !=
            parts.begin() + static_cast<std::ptrdiff_t>(i)) {
            guilty = i;
            return Lint{"said-twice", std::string("this stands here already, before the 'and' or 'or'"), {}};
        }
    if (const auto denied = denied_part(program, parts)) {
        guilty = *denied;
        return all ? Lint{"never-true", "never true: this and its contrary are asked for", {}}
                   : Lint{"always-true", "always true: this or its contrary will do", {}};
    }
    const auto& outcomes = program.nodes[node].outcomes;
    const auto each = [&](auto possible) {
        return std::all_of(parts.begin(), parts.end(),
                           [&](std::uint32_t part) { return possible(program.nodes[part].outcomes); });
    };
    if (all && never(outcomes.may_hold) && each([](const Outcomes& o) { return !never(o.may_hold); }))
        return Lint{"never-true", "never true: these tests are for different types of event",
                    "each field is in some types of event only, see the table of fields in docs/rules.md"};
    if (!all && never(outcomes.may_fail) && each([](const Outcomes& o) { return !never(o.may_fail); }))
        return Lint{"always-true", "always true: every type of event passes one of these tests", {}};
    return std::nullopt;
}

std::optional<Lint> lint_calls(event::CallSet calls) {
    calls.reset(static_cast<std::size_t>(event::Call::none));
    if (calls.count() * 2 <= event::kCalls)
        return std::nullopt;
    return Lint{"many-events", "this is tried for " + std::to_string(calls.count()) + " types of event",
                "name those that are meant: evt.type in (…); 'warn_evttypes: false' where all are"};
}

std::optional<Lint> lint_root(const Program& program, std::uint32_t root) {
    const auto& outcomes = program.nodes[root].outcomes;
    if (never(outcomes.may_hold))
        return Lint{"never-true", "no event of ours can make this condition true", {}};
    if (never(outcomes.may_fail))
        return Lint{"always-true", "every event makes this condition true", {}};
    return std::nullopt;
}

} // namespace rwatch::rules
