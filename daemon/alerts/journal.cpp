// SPDX-License-Identifier: MIT OR Apache-2.0
#define SD_JOURNAL_SUPPRESS_LOCATION // an alert's place is not this file
#include "alerts/journal.hpp"

#include "alerts/message_id.hpp"
#include "core/error.hpp"
#include "core/time.hpp"

#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

namespace rwatch::alerts {

namespace {

constexpr std::size_t kMaxFieldName = 64; // journald drops longer ones
constexpr int kAttempts = 3;              // journald restarts within a moment, its socket stays
constexpr std::int64_t kRetryWait = 200 * kMillisecond;

std::string text_of(const FieldValue& value) {
    if (const auto* flag = std::get_if<bool>(&value))
        return *flag ? "true" : "false";
    if (const auto* number = std::get_if<std::int64_t>(&value))
        return std::to_string(*number);
    const auto* text = std::get_if<std::string>(&value);
    return text == nullptr ? std::string{} : *text;
}

class JournalWriter : public Writer {
  public:
    void start(Attempt& attempt) override {
        if (auto why = absence(); !why.empty())
            attempt.troubled(std::move(why));
    }

    bool write(const Alert& alert, Attempt& attempt) override {
        const auto fields = journal_fields(alert);
        std::vector<iovec> parts;
        parts.reserve(fields.size());
        for (const auto& field : fields)
            parts.push_back({const_cast<char*>(field.data()), field.size()}); // only read
        for (int tries = 1;; ++tries) {
            // libsystemd gives success where there is no socket: look for it first.
            if (auto why = absence(); !why.empty()) {
                attempt.failed(std::move(why));
                return false;
            }
            const int result = sd_journal_sendv(parts.data(), static_cast<int>(parts.size()));
            if (result >= 0)
                return true;
            attempt.failed(Error("write to journal", kJournalSocket, -result).what());
            if (tries == kAttempts || !attempt.pause(kRetryWait))
                return false;
        }
    }

  private:
    static std::string absence() {
        if (::access(kJournalSocket, F_OK) == 0)
            return {};
        return Error("reach journal", kJournalSocket, errno).what();
    }
};

} // namespace

std::string journal_field_name(std::string_view field) {
    std::string name = "RWATCH_F_";
    for (const char c : field) {
        const bool lower = c >= 'a' && c <= 'z';
        const bool kept = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        const char next = lower ? static_cast<char>(c - 'a' + 'A') : kept ? c : '_';
        if (next != '_' || name.back() != '_')
            name += next;
        if (name.size() == kMaxFieldName)
            break;
    }
    while (name.back() == '_')
        name.pop_back();
    return name;
}

std::vector<std::string> journal_fields(const Alert& alert) {
    std::vector<std::string> out;
    out.push_back("MESSAGE=" + alert.output);
    out.push_back("PRIORITY=" + std::to_string(static_cast<unsigned>(alert.priority)));
    out.push_back("MESSAGE_ID=" + std::string(kAlertMessageId));
    out.emplace_back("SYSLOG_IDENTIFIER=rwatchd");
    out.push_back("RWATCH_ALERT_ID=" + alert.id);
    out.push_back("RWATCH_RULE=" + alert.rule);
    for (const auto& tag : alert.tags)
        out.push_back("RWATCH_TAGS=" + tag);
    if (!alert.unit.empty())
        out.push_back("RWATCH_UNIT=" + alert.unit);
    if (alert.pid != 0)
        out.push_back("OBJECT_PID=" + std::to_string(alert.pid));
    if (alert.suppressed != 0)
        out.push_back("RWATCH_SUPPRESSED=" + std::to_string(alert.suppressed));
    for (const auto& [name, value] : alert.output_fields)
        if (!std::holds_alternative<std::monostate>(value))
            out.push_back(journal_field_name(name) + "=" + text_of(value));
    return out;
}

std::unique_ptr<Writer> make_journal_writer() {
    return std::make_unique<JournalWriter>();
}

} // namespace rwatch::alerts
