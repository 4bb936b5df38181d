// SPDX-License-Identifier: MIT OR Apache-2.0
#include "alerts/alert.hpp"

#include "core/escape.hpp"
#include "core/time.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace rwatch::alerts {

namespace {

using Json = nlohmann::ordered_json;

/// In every alert, whatever its output template names.
constexpr std::array<std::string_view, 7> kBasicFields{"evt.type",  "proc.pid", "proc.exepath", "proc.cmdline",
                                                       "user.name", "user.uid", "systemd.unit"};

Json to_json(const std::vector<std::string>& texts) {
    Json list = Json::array();
    for (const auto& text : texts)
        list.push_back(to_utf8(text));
    return list;
}

Json to_json(const Correlation& correlation) {
    Json out = Json::object();
    if (!correlation.type.empty())
        out["type"] = correlation.type;
    out["count"] = correlation.count;
    if (correlation.distinct != 0)
        out["distinct"] = correlation.distinct;
    if (correlation.value)
        out["value"] = *correlation.value;
    out["timespan"] = format_span(correlation.timespan_ns);
    if (correlation.first_ns != 0)
        out["first"] = rfc3339(correlation.first_ns);
    if (!correlation.rules.empty())
        out["rules"] = to_json(correlation.rules);
    return out;
}

Json to_json(const ProcessInfo& process) {
    Json out = Json::object();
    out["pid"] = process.pid;
    out["exe_path"] = to_utf8(process.exe_path);
    out["cmdline"] = to_utf8(process.cmdline);
    out["user"] = to_utf8(process.user);
    out["started"] = process.started_ns == 0 ? Json(nullptr) : Json(rfc3339(process.started_ns));
    return out;
}

std::int64_t to_wall(const event::Event& event, std::uint64_t boot_ns) noexcept {
    return event.wall_ns - (static_cast<std::int64_t>(event.boot_ns) - static_cast<std::int64_t>(boot_ns));
}

Correlation told(const rules::CorrelationSpec& spec, const rules::CorrelationResult& counted, const event::Event& event,
                 const std::string& rule) {
    Correlation out{std::string(to_string(spec.type)), counted.count, counted.distinct,
                    to_wall(event, static_cast<std::uint64_t>(counted.first_ns)), counted.timespan_ns};
    if (rules::is_numeric(spec.type))
        out.value = counted.value;
    for (std::size_t i = 0; i < spec.sources.size(); ++i)
        if ((counted.sources >> i & 1U) != 0 && spec.sources[i].name != rule)
            out.rules.push_back(spec.sources[i].name);
    return out;
}

std::string user_of(const event::Event& event, std::uint32_t uid) {
    const auto name = event.directory != nullptr ? event.directory->user(uid) : std::string_view{};
    return name.empty() ? std::to_string(uid) : to_utf8(name);
}

/// The field's values as text, as one string where there are several.
std::string joined(const event::Values& values) {
    std::string text;
    for (const auto& value : values.items()) {
        if (!text.empty())
            text += ',';
        event::append_text(value, text);
    }
    return text;
}

/// The values of a field as one text; "" where it is missing.
std::string text_of(std::string_view field, const event::Event& event, event::Scratch& scratch) {
    event::Values values;
    values.clear();
    event::field_named(field)->get(event, {}, scratch, values);
    return to_utf8(joined(values));
}

} // namespace

FieldValue field_value(const event::FieldRef& ref, const event::Values& values) {
    if (values.empty())
        return std::monostate{};
    const auto& first = values.items().front();
    if (!ref.field->list && first.type == event::Type::integer)
        return first.integer;
    if (!ref.field->list && first.type == event::Type::boolean)
        return first.boolean;
    return joined(values);
}

nlohmann::ordered_json to_json(const FieldValue& value) {
    if (const auto* flag = std::get_if<bool>(&value))
        return *flag;
    if (const auto* number = std::get_if<std::int64_t>(&value))
        return *number;
    if (const auto* text = std::get_if<std::string>(&value))
        return to_utf8(*text);
    return nullptr;
}

void put_placement(Alert& alert, const event::Placement& placement) {
    alert.unit = to_utf8(placement.unit);
    alert.slice = to_utf8(placement.slice);
    alert.user_unit = to_utf8(placement.user_unit);
    alert.session = to_utf8(placement.session);
    alert.machine = to_utf8(placement.machine);
    alert.session_user = to_utf8(placement.session_user);
    alert.session_tty = to_utf8(placement.session_tty);
    alert.session_host = to_utf8(placement.session_host);
    alert.session_service = to_utf8(placement.session_service);
    alert.container = to_utf8(event::short_container_id(placement.container_id));
    alert.container_type = to_utf8(placement.container_runtime);
    alert.container_name = to_utf8(placement.container_name);
    alert.image = to_utf8(placement.image);
    alert.pod = to_utf8(placement.pod_name);
    if (!alert.pod.empty() && !placement.pod_namespace.empty())
        alert.pod = to_utf8(placement.pod_namespace) + "/" + alert.pod;
}

void put_hash(Alert& alert, std::string_view sha256) {
    constexpr std::string_view kField = "proc.hash.sha256";
    const auto known = std::find_if(alert.output_fields.begin(), alert.output_fields.end(),
                                    [&](const auto& field) { return field.first == kField; });
    if (known == alert.output_fields.end())
        alert.output_fields.emplace_back(kField, std::string(sha256));
    else
        known->second = std::string(sha256);
}

nlohmann::ordered_json to_json(const Alert& alert) {
    Json out = Json::object();
    out["id"] = to_utf8(alert.id);
    out["time"] = rfc3339(alert.wall_ns);
    out["hostname"] = to_utf8(alert.hostname);
    out["source"] = "rwatch";
    out["rule"] = to_utf8(alert.rule);
    out["priority"] = rules::to_string(alert.priority);
    out["output"] = to_utf8(alert.output);
    out["tags"] = to_json(alert.tags);
    Json fields = Json::object();
    for (const auto& [name, value] : alert.output_fields)
        fields[to_utf8(name)] = to_json(value);
    out["output_fields"] = std::move(fields);
    out["suppressed"] = alert.suppressed;
    if (alert.correlation)
        out["correlation"] = to_json(*alert.correlation);
    if (alert.summary)
        out["summary"] = true;
    return out;
}

nlohmann::ordered_json to_full_json(const Alert& alert) {
    Json out = to_json(alert);
    out["description"] = to_utf8(alert.description);
    out["respond"] = to_utf8(alert.respond);
    out["references"] = to_json(alert.references);
    out["pid"] = alert.pid;
    for (const auto& [key, text] : {std::pair{"unit", &alert.unit},
                                    {"slice", &alert.slice},
                                    {"user_unit", &alert.user_unit},
                                    {"machine", &alert.machine},
                                    {"session", &alert.session},
                                    {"session_user", &alert.session_user},
                                    {"session_tty", &alert.session_tty},
                                    {"session_host", &alert.session_host},
                                    {"session_service", &alert.session_service},
                                    {"login_user", &alert.login_user},
                                    {"tty", &alert.tty},
                                    {"container", &alert.container},
                                    {"container_type", &alert.container_type},
                                    {"container_name", &alert.container_name},
                                    {"image", &alert.image},
                                    {"pod", &alert.pod}})
        out[key] = to_utf8(*text);
    Json processes = Json::array();
    for (const auto& process : alert.processes)
        processes.push_back(to_json(process));
    out["processes"] = std::move(processes);
    out["acknowledged"] = nullptr;
    if (alert.acknowledged) {
        out["acknowledged"] = {{"time", rfc3339(alert.acknowledged->wall_ns)},
                               {"uid", alert.acknowledged->uid},
                               {"note", to_utf8(alert.acknowledged->note)}};
    }
    return out;
}

std::string to_json_text(const Alert& alert) {
    return escape_json(to_json(alert).dump());
}

std::size_t memory_of(const Alert& alert) noexcept {
    constexpr std::size_t kEach = 64; // a string object and its share of the heap's overhead
    std::size_t bytes = sizeof(Alert) + alert.output.size() + alert.description.size() + alert.respond.size();
    for (const auto& text : alert.tags)
        bytes += kEach + text.size();
    for (const auto& text : alert.references)
        bytes += kEach + text.size();
    for (const auto& [name, value] : alert.output_fields) {
        const auto* text = std::get_if<std::string>(&value);
        bytes += 2 * kEach + name.size() + (text != nullptr ? text->size() : 0);
    }
    if (alert.correlation)
        for (const auto& text : alert.correlation->rules)
            bytes += kEach + text.size();
    for (const auto& process : alert.processes)
        bytes += sizeof(ProcessInfo) + process.exe_path.size() + process.cmdline.size() + process.user.size();
    return bytes;
}

AlertFactory::AlertFactory(std::string hostname)
    : hostname_(std::move(hostname)), basics_(event::known_fields(kBasicFields)) {}

std::string AlertFactory::next_id(std::int64_t wall_ns) {
    const auto micros = static_cast<unsigned long long>(std::max<std::int64_t>(wall_ns, 0) / 1000);
    const auto count = counter_.fetch_add(1, std::memory_order_relaxed) & 0xffffU;
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%013llx-%04x", micros, count);
    return text.data();
}

std::string AlertFactory::clip(std::string_view text, std::size_t most) {
    constexpr std::string_view kEllipsis = "\xe2\x80\xa6";
    auto out = to_utf8(text);
    if (out.size() <= most)
        return out;
    cut_.fetch_add(1, std::memory_order_relaxed);
    // Not in the middle of a character: back over its continuation bytes.
    std::size_t end = most;
    while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xc0U) == 0x80)
        --end;
    out.resize(end);
    return out.append(kEllipsis);
}

void AlertFactory::add_fields(Alert& alert, const rules::Match& match, event::Scratch& scratch) {
    std::size_t room = kMaxFieldsText;
    event::Values values;
    const auto add = [&](const event::FieldRef& ref, bool missing_too) {
        event::read(ref, match.event, scratch, values);
        if (values.empty() && !missing_too)
            return;
        auto name = event::to_string(ref);
        const auto same = [&](const auto& field) { return field.first == name; };
        if (std::any_of(alert.output_fields.begin(), alert.output_fields.end(), same))
            return;
        auto value = field_value(ref, values);
        if (auto* text = std::get_if<std::string>(&value)) {
            *text = clip(*text, std::min(kMaxFieldText, room));
            room -= std::min(room, text->size());
        }
        alert.output_fields.emplace_back(std::move(name), std::move(value));
    };
    for (const auto& ref : match.rule.output.fields())
        add(ref, true);
    for (const auto& ref : basics_)
        add(ref, false);
}

void AlertFactory::add_processes(Alert& alert, const event::Event& event) {
    for (const auto* process = event.process; process != nullptr; process = process->parent) {
        if (alert.processes.size() == kMaxProcesses)
            return;
        const auto most = alert.processes.empty() ? kMaxFieldText : kMaxAncestorText;
        ProcessInfo info;
        info.pid = process->pid;
        info.exe_path = clip(process->exe_path, most);
        info.cmdline = clip(process->cmdline, most);
        info.user =
            user_of(event, alert.processes.empty() ? event.uid : process->uid); // its own as it was at the event
        info.started_ns = process->start_ns == 0 ? 0 : to_wall(event, process->start_ns);
        alert.processes.push_back(std::move(info));
    }
}

Alert AlertFactory::make(const rules::Match& match, event::Scratch& scratch) {
    const auto& event = match.event;
    const auto& rule = match.rule;
    Alert alert;
    alert.id = next_id(event.wall_ns);
    alert.wall_ns = event.wall_ns;
    alert.hostname = hostname_;
    alert.rule = rule.name;
    alert.priority = rule.priority;
    alert.output = clip(rule.output.render(event, scratch), kMaxOutput);
    if (alert.output.empty())
        alert.output = rule.name;
    alert.tags = rule.tags;
    add_fields(alert, match, scratch);
    if (match.correlation != nullptr)
        alert.correlation = told(*rule.correlation, *match.correlation, event, rule.name);
    alert.pid = event.pid;
    if (event.placement != nullptr)
        put_placement(alert, *event.placement);
    else if (event.process != nullptr && event.process->placement != nullptr)
        put_placement(alert, *event.process->placement);
    alert.login_user = text_of("user.loginname", event, scratch);
    alert.tty = text_of("proc.ttyname", event, scratch);
    alert.description = rule.description;
    alert.respond = rule.respond;
    alert.references = rule.references;
    add_processes(alert, event);
    return alert;
}

Alert AlertFactory::make_internal(std::string rule, rules::Priority priority, std::string_view output,
                                  std::vector<std::pair<std::string, FieldValue>> fields) {
    Alert alert;
    alert.wall_ns = wall_now();
    alert.id = next_id(alert.wall_ns);
    alert.hostname = hostname_;
    alert.rule = std::move(rule);
    alert.priority = priority;
    // Reasons and names in it may come from users: one line, as rendered outputs are.
    alert.output = clip(escape(output), kMaxOutput);
    alert.tags = {"rwatch"};
    alert.output_fields = std::move(fields);
    for (auto& [name, value] : alert.output_fields)
        if (auto* text = std::get_if<std::string>(&value))
            *text = clip(*text, kMaxFieldText);
    if (alert.output_fields.empty())
        alert.output_fields.emplace_back("rwatch.version", RWATCH_VERSION);
    return alert;
}

} // namespace rwatch::alerts
