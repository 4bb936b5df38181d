// SPDX-License-Identifier: MIT OR Apache-2.0
// Names follow Sigma's taxonomy; those of process_creation, file_event and network_connection are Sysmon's, those of
// auditd the audit records' own (linux-audit, "field-dictionary").
#include "rules/sigma_logsource.hpp"

#include "core/suggest.hpp"

#include <algorithm>
#include <array>

namespace rwatch::rules {

namespace {

constexpr std::string_view kProduct = "linux";

// Who acted: the same in all records of a family.
constexpr SigmaField kActor[] = {
    {"Image", "proc.exepath"},
    {"CommandLine", "proc.exeline"},
    {"CurrentDirectory", "proc.cwd"},
    {"ProcessId", "proc.pid"},
    {"ParentImage", "proc.pexepath"},
    {"ParentCommandLine", "proc.pexeline"},
    {"ParentProcessId", "proc.ppid"},
    {"User", "user.name"},
    {"LogonId", "user.uid"}, // as Sysmon for Linux fills it
    {"TerminalSessionId", "proc.sessionid"},
    {"UtcTime", "evt.time.iso8601"},
    {"Company", ""},
    {"Description", ""},
    {"FileVersion", ""},
    {"Hashes", "proc.hashes"},
    {"Imphash", ""},
    {"IntegrityLevel", ""},
    {"LogonGuid", ""},
    {"OriginalFileName", ""},
    {"ParentProcessGuid", ""},
    {"ParentUser", ""},
    {"ProcessGuid", ""},
    {"Product", ""},
    {"md5", ""},
    {"sha1", ""},
    {"sha256", "proc.hash.sha256"},
};

constexpr SigmaField kFileFields[] = {
    {"TargetFilename", "fs.path.new"},
    {"CreationUtcTime", "evt.time.iso8601"},
};

constexpr SigmaField kDeletedFields[] = {
    {"TargetFilename", "fs.path.name"},
};

constexpr SigmaField kNetworkFields[] = {
    {"Protocol", "fd.l4proto"},      {"SourceIp", "fd.lip"},
    {"SourcePort", "fd.lport"},      {"SourceHostname", ""},
    {"SourcePortName", ""},          {"DestinationIp", "fd.rip"},
    {"DestinationPort", "fd.rport"}, {"DestinationHostname", "fd.rip.name"},
    {"DestinationPortName", ""},
};
constexpr SigmaFact kNetworkFacts[] = {
    {"Initiated", "true", ""},
    {"SourceIsIpv6", "true", "fd.type = ipv6"},
    {"SourceIsIpv6", "false", "fd.type = ipv4"},
    {"DestinationIsIpv6", "true", "fd.type = ipv6"},
    {"DestinationIsIpv6", "false", "fd.type = ipv4"},
};

constexpr std::string_view kProcessTexts[] = {"proc.exeline",  "proc.exepath", "proc.pexeline",
                                              "proc.pexepath", "proc.cwd",     "user.name"};
constexpr std::string_view kFileTexts[] = {"fs.path.new", "proc.exepath", "user.name"};
constexpr std::string_view kDeletedTexts[] = {"fs.path.name", "proc.exepath", "user.name"};
constexpr std::string_view kNetworkTexts[] = {"fd.name", "proc.exepath", "user.name"};

constexpr SigmaRecord kProcessCreation[] = {
    {"evt.type in (execve, execveat) and not evt.failed = true", {}, {}, kActor, kProcessTexts},
};
// As Sysmon: a file that was created, or begun anew, and every new name of one.
constexpr SigmaRecord kFileEvent[] = {
    {"not evt.failed = true and (fd.created = true or evt.is_open_write = true and evt.arg.flags contains O_TRUNC or "
     "evt.type in (rename, renameat, renameat2, link, linkat, symlink, symlinkat))",
     kFileFields,
     {},
     kActor,
     kFileTexts},
};
constexpr SigmaRecord kFileDelete[] = {
    {"evt.type in (unlink, unlinkat) and not evt.failed = true", kDeletedFields, {}, kActor, kDeletedTexts},
};
constexpr SigmaRecord kNetworkConnection[] = {
    {"evt.type = connect and fd.type in (ipv4, ipv6)", kNetworkFields, kNetworkFacts, kActor, kNetworkTexts},
};

constexpr SigmaField kAuditShared[] = {
    {"exe", "proc.exepath"},
    {"comm", "proc.name"},
    {"cwd", "proc.cwd"},
    {"pid", "proc.pid"},
    {"ppid", "proc.ppid"},
    {"uid", "user.ruid"},
    {"UID", "user.name"},
    {"euid", "user.uid"},
    {"EUID", "user.name"},
    {"auid", "user.loginuid"},
    {"AUID", "user.loginname"},
    {"gid", "group.rgid"},
    {"egid", "group.gid"},
    {"EGID", "group.name"},
    {"ses", "proc.sessionid"},
    {"tty", "proc.ttyname"},
    {"proctitle", "proc.exeline"},
    {"SYSCALL", "evt.type"},
    {"exit", "evt.rawres"},
    // Known, and in records of their own only, or never.
    {"a0", ""},
    {"a1", ""},
    {"a2", ""},
    {"a3", ""},
    {"acct", ""},
    {"addr", ""},
    {"arch", ""},
    {"argc", ""},
    {"cmd", ""},
    {"dev", ""},
    {"hostname", ""},
    {"inode", ""},
    {"items", ""},
    {"key", ""},
    {"mode", ""},
    {"msg", ""},
    {"name", ""},
    {"nametype", ""},
    {"obj", ""},
    {"op", ""},
    {"ouid", ""},
    {"ogid", ""},
    {"res", ""},
    {"saddr", ""},
    {"subj", ""},
    {"success", ""},
    {"syscall", ""},
    {"terminal", ""},
    {"unit", ""},
    {"type", ""},
    {"rdev", ""},
    {"suid", ""},
    {"fsuid", ""},
    {"sgid", ""},
    {"fsgid", ""},
};

constexpr SigmaField kArguments[] = {
    {"a0", "proc.argv[0]"},   {"a1", "proc.argv[1]"},   {"a2", "proc.argv[2]"},   {"a3", "proc.argv[3]"},
    {"a4", "proc.argv[4]"},   {"a5", "proc.argv[5]"},   {"a6", "proc.argv[6]"},   {"a7", "proc.argv[7]"},
    {"a8", "proc.argv[8]"},   {"a9", "proc.argv[9]"},   {"a10", "proc.argv[10]"}, {"a11", "proc.argv[11]"},
    {"a12", "proc.argv[12]"}, {"a13", "proc.argv[13]"}, {"a14", "proc.argv[14]"}, {"a15", "proc.argv[15]"},
    {"a16", "proc.argv[16]"}, {"a17", "proc.argv[17]"}, {"a18", "proc.argv[18]"}, {"a19", "proc.argv[19]"},
    {"a20", "proc.argv[20]"},
};
// Audit writes the registers of a call, in hexadecimal.
constexpr SigmaField kRegisters[] = {
    {"a0", "evt.sysarg.hex[0]"}, {"a1", "evt.sysarg.hex[1]"}, {"a2", "evt.sysarg.hex[2]"}, {"a3", "evt.sysarg.hex[3]"}};
constexpr SigmaField kResultingPath[] = {{"name", "fs.path.new"}};
constexpr SigmaField kUsedPath[] = {{"name", "fs.path.name"}};
constexpr SigmaField kStartedPath[] = {{"name", "proc.exepath"}};
constexpr SigmaField kServiceUnit[] = {{"unit", "evt.arg.unit", ".service"}};

// The keys of rules that Sigma's authors take from the audit configuration that they recommend.
constexpr std::string_view kAuditedTools =
    "evt.type in (execve, execveat) and proc.exepath in (/usr/bin/wget, /usr/bin/curl, /usr/bin/base64, /usr/bin/nc, "
    "/bin/nc, /usr/bin/nc.openbsd, /usr/bin/nc.traditional, /bin/nc.openbsd, /bin/nc.traditional, /usr/bin/netcat, "
    "/bin/netcat, /usr/bin/ncat, /usr/bin/ss, /usr/bin/netstat, /usr/bin/ssh, /usr/bin/scp, /usr/bin/sftp, "
    "/usr/bin/ftp, /usr/bin/socat, /usr/bin/wireshark, /usr/bin/tshark, /usr/bin/rawshark, /usr/bin/rdesktop, "
    "/usr/local/bin/rdesktop, /usr/bin/wlfreerdp, /usr/bin/xfreerdp, /usr/local/bin/xfreerdp, /usr/bin/nmap)";

constexpr SigmaFact kExecCallFacts[] = {
    {"type", "SYSCALL", ""},
    {"SYSCALL", "execve", "evt.type = execve"},
    {"SYSCALL", "execveat", "evt.type = execveat"},
    {"key", "susp_activity", kAuditedTools},
    {"success", "yes", "evt.failed = false"},
    {"success", "no", "evt.failed = true"},
};
constexpr SigmaFact kOtherCallFacts[] = {
    {"type", "SYSCALL", ""},
    {"key", "network_connect_4", "evt.type = connect and fd.type = ipv4"},
    {"success", "yes", "evt.failed = false"},
    {"success", "no", "evt.failed = true"},
};
constexpr SigmaFact kExecveFacts[] = {{"type", "EXECVE", ""}};
constexpr SigmaFact kCreatedFacts[] = {{"type", "PATH", ""}, {"nametype", "CREATE", ""}};
constexpr SigmaFact kRemovedFacts[] = {{"type", "PATH", ""}, {"nametype", "DELETE", ""}};
constexpr SigmaFact kNormalFacts[] = {{"type", "PATH", ""}, {"nametype", "NORMAL", ""}};
constexpr SigmaFact kStartedFacts[] = {{"type", "SERVICE_START", ""}, {"res", "success", "not evt.arg.state = failed"}};
constexpr SigmaFact kStoppedFacts[] = {{"type", "SERVICE_STOP", ""},
                                       {"res", "success", "not evt.arg.state = failed"},
                                       {"res", "failed", "evt.arg.state = failed"}};

constexpr std::string_view kCallTexts[] = {"evt.type", "proc.exepath", "proc.name"};
constexpr std::string_view kServiceTexts[] = {"evt.arg.unit"};
constexpr std::string_view kExecveTexts[] = {"proc.exeline"};
constexpr std::string_view kResultingTexts[] = {"fs.path.new"};
constexpr std::string_view kUsedTexts[] = {"fs.path.name"};
constexpr std::string_view kStartedTexts[] = {"proc.exepath"};
constexpr std::string_view kNamesCall[] = {"SYSCALL", "key"};

constexpr SigmaRecord kAuditd[] = {
    {"evt.type in (execve, execveat)", kArguments, kExecveFacts, kAuditShared, kExecveTexts},
    // Audit writes the calls that its configuration names. Of those that a rule does not name: starts of programs.
    {"evt.type in (execve, execveat)", {}, kExecCallFacts, kAuditShared, kCallTexts},
    {"not evt.type in (execve, execveat, procexit)", kRegisters, kOtherCallFacts, kAuditShared, kCallTexts, kNamesCall},
    {"not evt.failed = true and (fd.created = true or evt.type in (rename, renameat, renameat2, link, linkat, symlink, "
     "symlinkat, mkdir, mkdirat, mknod, mknodat))",
     kResultingPath, kCreatedFacts, kAuditShared, kResultingTexts},
    {"evt.type in (rename, renameat, renameat2, unlink, unlinkat, rmdir)", kUsedPath, kRemovedFacts, kAuditShared,
     kUsedTexts},
    {"fd.created = false or evt.type in (chmod, fchmod, fchmodat, fchmodat2, link, linkat)", kUsedPath, kNormalFacts,
     kAuditShared, kUsedTexts},
    {"evt.type in (execve, execveat)", kStartedPath, kNormalFacts, kAuditShared, kStartedTexts},
    {"evt.type = service_start", kServiceUnit, kStartedFacts, kAuditShared, kServiceTexts},
    {"evt.type = service_stop", kServiceUnit, kStoppedFacts, kAuditShared, kServiceTexts},
};

constexpr std::string_view kProcessOutput =
    "(exe %proc.exepath, command %proc.exeline, parent %proc.pexepath, user %user.name, unit %systemd.unit)";
constexpr std::string_view kFileOutput =
    "(file %fs.path.new, exe %proc.exepath, command %proc.exeline, user %user.name, unit %systemd.unit)";
constexpr std::string_view kDeletedOutput =
    "(file %fs.path.name, exe %proc.exepath, command %proc.exeline, user %user.name, unit %systemd.unit)";
constexpr std::string_view kNetworkOutput =
    "(to %fd.rip:%fd.rport, exe %proc.exepath, command %proc.exeline, user %user.name, unit %systemd.unit)";
constexpr std::string_view kAuditOutput = "(%evt.type %fs.path.new, exe %proc.exepath, command %proc.exeline, "
                                          "user %user.name, unit %systemd.unit)";

std::span<const SigmaSource> sources() noexcept {
    static const SigmaSource kSources[] = {
        {"process_creation", "", kProcessOutput, kProcessCreation},
        {"file_event", "", kFileOutput, kFileEvent},
        {"file_delete", "", kDeletedOutput, kFileDelete},
        {"network_connection", "", kNetworkOutput, kNetworkConnection},
        {"", "auditd", kAuditOutput, kAuditd},
    };
    return kSources;
}

} // namespace

const SigmaField* find_sigma_field(std::span<const SigmaField> fields, std::string_view name) noexcept {
    const auto found = std::find_if(fields.begin(), fields.end(), [&](const SigmaField& f) { return f.name == name; });
    return found == fields.end() ? nullptr : &*found;
}

const SigmaSource* find_sigma_source(std::string_view product, std::string_view category,
                                     std::string_view service) noexcept {
    if (!product.empty() && product != kProduct)
        return nullptr;
    const auto all = sources();
    const auto found = std::find_if(all.begin(), all.end(), [&](const SigmaSource& source) {
        return source.category == category && source.service == service;
    });
    return found == all.end() ? nullptr : &*found;
}

std::string near_sigma_source(const SigmaLogSource& source) {
    constexpr std::size_t kMostEdits = 2, kLongest = 32;
    for (const auto* text : {&source.product, &source.category, &source.service})
        if (text->size() > kLongest)
            return {};
    const SigmaSource* best = nullptr;
    auto least = kMostEdits + 1;
    for (const auto& known : sources()) {
        const auto edits = (source.product.empty() ? 0 : edit_distance(source.product, kProduct)) +
                           edit_distance(source.category, known.category) +
                           edit_distance(source.service, known.service);
        if (edits < least) {
            best = &known;
            least = edits;
        }
    }
    if (best == nullptr)
        return {};
    auto meant = source;
    meant.product = source.product.empty() ? "" : kProduct;
    meant.category = best->category;
    meant.service = best->service;
    return meant.text();
}

bool SigmaSource::has(std::string_view name) const noexcept {
    const auto named = [&](const SigmaFact& fact) { return fact.name == name; };
    return std::any_of(records.begin(), records.end(), [&](const SigmaRecord& record) {
        const auto* own = find_sigma_field(record.fields, name);
        const auto* shared = find_sigma_field(record.shared, name);
        return (own != nullptr && !own->field.empty()) ||
               std::any_of(record.facts.begin(), record.facts.end(), named) ||
               (shared != nullptr && !shared->field.empty());
    });
}

std::optional<event::FieldRef> SigmaSource::resolve(std::string_view text, std::string& error,
                                                    std::string& hint) const {
    for (const auto& record : records)
        for (const auto fields : {record.fields, record.shared})
            if (const auto* field = find_sigma_field(fields, text); field != nullptr && !field->field.empty())
                return event::resolve_field(field->field, error, hint);
    if (text.find('.') != std::string_view::npos)
        return event::resolve_field(text, error, hint);
    error = "'" + std::string(text) + "' is no field of this log source";
    hint = did_you_mean(text, names());
    return std::nullopt;
}

std::vector<std::string_view> SigmaSource::names() const {
    std::vector<std::string_view> out;
    for (const auto& record : records) {
        for (const auto fields : {record.fields, record.shared})
            for (const auto& field : fields)
                out.push_back(field.name);
        for (const auto& fact : record.facts)
            out.push_back(fact.name);
    }
    return out;
}

} // namespace rwatch::rules
