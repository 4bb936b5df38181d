// SPDX-License-Identifier: MIT OR Apache-2.0
#include "alert_text.hpp"

#include "core/time.hpp"
#include "json_read.hpp"
#include "render.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace rwatch::ctl {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kLeastTree = 24; // columns that a process gets, however deep it stands

/// A field's value for showing, escaped.
std::string value_text(const Json& value) {
    if (value.is_null())
        return "-";
    return value.is_string() ? escape(value.get_ref<const std::string&>()) : escape(value.dump());
}

std::string process_text(const Json& process) {
    const auto cmdline = safe_text(process, "cmdline");
    const auto path = safe_text(process, "exe_path");
    auto out = "[" + std::to_string(number(process, "pid")) + "] " +
               (cmdline.empty() ? path.empty() ? "(kernel or unknown)" : path : cmdline);
    // The command line is what the process says of itself; the path is what runs.
    if (!path.empty() && !cmdline.empty() && cmdline != path && !cmdline.starts_with(path + " "))
        out += " {" + path + "}";
    if (const auto user = safe_text(process, "user"); !user.empty())
        out += " (" + user + ")";
    return out;
}

/// The oldest ancestor on top, the process itself at the end.
std::string process_tree(const Json& processes, const Terminal& terminal) {
    const std::string branch = terminal.utf8 ? "\xe2\x94\x94\xe2\x94\x80 " : "`- ";
    std::string out;
    std::size_t depth = 0;
    for (auto process = processes.rbegin(); process != processes.rend(); ++process, ++depth) {
        const auto lead = depth == 0 ? std::string{} : std::string((depth - 1) * 3, ' ') + branch;
        auto line = process_text(*process);
        // A command line may be pages long: on a terminal one line each, whole with --json or in a pipe.
        if (terminal.tty)
            line =
                fit(line, std::max(terminal.width, kLeastTree + kLabelWidth + depth * 3) - kLabelWidth - 2 - depth * 3,
                    terminal);
        const bool self = std::next(process) == processes.rend();
        out += (depth == 0 ? "" : "\n") + lead + paint(line, self ? Tint::bold : Tint::none, terminal);
    }
    return out;
}

std::string object_fields(const Json& fields) {
    std::size_t width = 0;
    for (const auto& [name, value] : fields.items())
        width = std::max(width, display_width(escape(name)));
    std::string out;
    for (const auto& [name, value] : fields.items()) {
        const auto shown = escape(name);
        out +=
            (out.empty() ? "" : "\n") + shown + std::string(width - display_width(shown) + 2, ' ') + value_text(value);
    }
    return out;
}

std::string tag_lines(const Json& tags) {
    std::string plain;
    std::string techniques;
    for (const auto& tag : tags) {
        if (!tag.is_string())
            continue;
        const auto& name = tag.get_ref<const std::string&>();
        const auto link = attack_link(name);
        if (link.empty())
            plain += (plain.empty() ? "" : ", ") + escape(name);
        else
            techniques.append("\n").append(name).append("  ").append(link);
    }
    return plain.empty() && !techniques.empty() ? techniques.substr(1) : plain + techniques;
}

/// Some texts of an alert, each behind what it is, separated by commas.
class Phrases {
  public:
    explicit Phrases(const Json& alert) : alert_(alert) {}
    Phrases& add(const char* before, const char* key) {
        if (const auto value = safe_text(alert_, key); !value.empty())
            text_ += (text_.empty() ? "" : ", ") + std::string(before) + value;
        return *this;
    }
    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    const Json& alert_;
    std::string text_;
};

std::string unit_text(const Json& alert) {
    return Phrases(alert).add("", "unit").add("user unit ", "user_unit").add("machine ", "machine").text();
}

/// Who logged in, from where: of logind's session, else what the kernel kept of the login.
std::string session_text(const Json& alert) {
    std::string out = Phrases(alert)
                          .add("", "session")
                          .add("user ", "session_user")
                          .add("by ", "session_service")
                          .add("from ", "session_host")
                          .text();
    const auto tty = safe_text(alert, "tty").empty() ? safe_text(alert, "session_tty") : safe_text(alert, "tty");
    if (!tty.empty())
        out += (out.empty() ? "" : ", ") + std::string("terminal ") + tty;
    const auto login = safe_text(alert, "login_user");
    if (!login.empty() && login != safe_text(alert, "session_user"))
        out += (out.empty() ? "" : ", ") + std::string("logged in as ") + login;
    return out;
}

std::string container_text(const Json& alert) {
    auto out = Phrases(alert).add("", "container_name").text();
    if (const auto id = safe_text(alert, "container"); !id.empty() && id != out)
        out += (out.empty() ? "" : ", ") + id;
    const auto more = Phrases(alert).add("", "container_type").add("image ", "image").add("pod ", "pod").text();
    return out + (out.empty() || more.empty() ? "" : ", ") + more;
}

std::string correlation_text(const Json& correlation) {
    auto out = counted(number(correlation, "count"), "event");
    if (const auto distinct = number(correlation, "distinct"); distinct > 0)
        out += " with " + grouped(distinct) +
               (safe_text(correlation, "type").starts_with("temporal") ? " different rules" : " different values");
    if (const auto& value = member(correlation, "value"); value.is_number())
        out += ", " + safe_text(correlation, "type") + " " + value.dump();
    if (const auto span = safe_text(correlation, "timespan"); !span.empty())
        out += " within " + span;
    if (const auto& rules = member(correlation, "rules"); rules.is_array() && !rules.empty()) {
        std::string names;
        for (const auto& rule : rules)
            if (rule.is_string())
                names += (names.empty() ? "" : ", ") + escape(rule.get<std::string>());
        out += " (" + names + ")";
    }
    return out;
}

std::string acknowledged_text(const Json& acknowledged, const std::string& id) {
    if (!acknowledged.is_object())
        return "no; rwatchctl ack " + id + " --note '...'";
    auto out = "by uid " + std::to_string(number(acknowledged, "uid"));
    if (const auto time = parse_time(text(acknowledged, "time"), 0))
        out += ", " + long_time(*time);
    const auto note = escape_lines(text(acknowledged, "note"));
    return note.empty() ? out : out + "\n" + note;
}

std::string headline(const Json& alert, const Terminal& terminal, std::int64_t now_ns) {
    const auto priority = safe_text(alert, "priority");
    const auto tint = tint_of_priority(priority);
    auto out = paint(terminal.utf8 ? "\xe2\x97\x8f" : "*", tint, terminal) + " " +
               paint(safe_text(alert, "rule"), Tint::bold, terminal) + " - " + paint(priority, tint, terminal) + "\n";
    if (const auto time = parse_time(text(alert, "time"), 0))
        out += field("When", long_time(*time) + "; " + relative_time(*time, now_ns));
    out += field("Id", safe_text(alert, "id") + ", host " + safe_text(alert, "hostname"));
    return out;
}

/// A field that is left out where it is empty.
void put(std::string& out, const char* label, const std::string& value) {
    if (!value.empty())
        out += field(label, value);
}

void put_wrapped(std::string& out, const char* label, const std::string& value, const Terminal& terminal) {
    if (!value.empty())
        out += wrapped_field(label, escape_lines(value), terminal);
}

} // namespace

std::string attack_link(const std::string& tag) {
    const auto digits = [&](std::size_t from, std::size_t count) {
        return std::all_of(tag.begin() + static_cast<std::ptrdiff_t>(from),
                           tag.begin() + static_cast<std::ptrdiff_t>(from + count),
                           [](unsigned char c) { return std::isdigit(c) != 0; });
    };
    constexpr std::size_t kTechnique = 5; // T1003
    constexpr std::size_t kSub = 9;       // T1003.008
    const bool technique = (tag.size() == kTechnique || tag.size() == kSub) && tag[0] == 'T' && digits(1, 4);
    if (!technique || (tag.size() == kSub && (tag[kTechnique] != '.' || !digits(6, 3))))
        return {};
    return "https://attack.mitre.org/techniques/" + tag.substr(0, kTechnique) + "/" +
           (tag.size() == kSub ? tag.substr(6) + "/" : "");
}

std::string alert_text(const Json& alert, const Terminal& terminal, std::int64_t now_ns) {
    auto out = headline(alert, terminal, now_ns);
    put_wrapped(out, "What", text(alert, "output"), terminal);
    put_wrapped(out, "Why", text(alert, "description"), terminal);
    if (const auto& processes = member(alert, "processes"); processes.is_array() && !processes.empty())
        put(out, "Process", process_tree(processes, terminal));
    put(out, "Unit", unit_text(alert));
    put(out, "Session", session_text(alert));
    put(out, "Container", container_text(alert));
    if (const auto& fields = member(alert, "output_fields"); fields.is_object())
        put(out, "Details", object_fields(fields));
    if (const auto& correlation = member(alert, "correlation"); correlation.is_object())
        put(out, "Counted", correlation_text(correlation));
    if (const auto repeats = number(alert, "suppressed"); repeats > 0)
        put(out, "Repeats", counted(repeats, "more event") + " held back since the alert before");
    put(out, "Tags", tag_lines(member(alert, "tags")));
    put_wrapped(out, "Do next", text(alert, "respond"), terminal);
    std::string links;
    for (const auto& link : member(alert, "references"))
        links += (links.empty() ? "" : "\n") + value_text(link);
    put(out, "See also", links);
    put(out, "Acknowledged", acknowledged_text(member(alert, "acknowledged"), safe_text(alert, "id")));
    return out;
}

std::string alert_line(const Json& alert, const Terminal& terminal) {
    const auto time = parse_time(text(alert, "time"), 0);
    const auto priority = safe_text(alert, "priority");
    auto out = (time ? short_time(*time) : safe_text(alert, "time")) + " " +
               paint(priority, tint_of_priority(priority), terminal) + " " +
               paint(safe_text(alert, "rule"), Tint::bold, terminal) + ": " + safe_text(alert, "output");
    if (const auto repeats = number(alert, "suppressed"); repeats > 0)
        out += " (" + counted(repeats, "repeat") + ")";
    return out + " " + paint("[" + safe_text(alert, "id") + "]", Tint::grey, terminal);
}

Json in_contract_order(const Json& alert) {
    constexpr std::array<const char*, 11> kOrder{"id",         "time",   "hostname", "source",        "rule",
                                                 "priority",   "output", "tags",     "output_fields", "suppressed",
                                                 "correlation"};
    Json out = Json::object();
    for (const char* key : kOrder)
        if (const auto found = alert.find(key); found != alert.end())
            out[key] = *found;
    for (const auto& [key, value] : alert.items())
        if (!out.contains(key))
            out[key] = value;
    return out;
}

} // namespace rwatch::ctl
