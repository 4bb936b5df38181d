// SPDX-License-Identifier: MIT OR Apache-2.0
#include "pipeline/replay.hpp"

#include "core/time.hpp"
#include "event/decode.hpp"

#include <algorithm>
#include <exception>
#include <map>
#include <span>
#include <unordered_map>
#include <utility>

namespace rwatch::pipeline {

namespace {

constexpr std::size_t kMostNames = 1U << 20U;
constexpr std::size_t kDeepest = 4096;   ///< ancestors; more are taken for a ring
constexpr std::size_t kMostFound = 4096; ///< events whose alerts waited

/// What a capture tells of the machine: processes and places by their references, names. Everything stays where it is.
class Recorded {
  public:
    /// False for an entry that makes no sense.
    [[nodiscard]] bool take(const Entry& entry) {
        Unpacker p(entry.body);
        if (entry.tag == Tag::names)
            take_names(p);
        else if (entry.tag == Tag::place)
            return take_place(p);
        else if (entry.tag == Tag::process)
            return take_process(p);
        return p.good();
    }

    [[nodiscard]] const event::Process* process(std::uint32_t ref) const noexcept {
        const auto found = processes_.find(ref);
        return found == processes_.end() ? nullptr : &found->second.process;
    }
    [[nodiscard]] const event::Placement* place(std::uint32_t ref) const noexcept {
        const auto found = places_.find(ref);
        return found == places_.end() ? nullptr : &found->second;
    }
    [[nodiscard]] const event::Directory& names() const noexcept { return names_; }

  private:
    struct Known {
        event::Process process;
        std::uint32_t session_size = 0;
    };

    void take_names(Unpacker& p) {
        for (auto* names : {&names_.users, &names_.groups}) {
            std::uint32_t count = 0;
            p(count);
            names->clear();
            for (std::uint32_t i = 0; i < std::min<std::size_t>(count, kMostNames) && p.good() && !p.empty(); ++i) {
                std::uint32_t id = 0;
                std::string_view name;
                p(id);
                p(name);
                names->insert_or_assign(id, name);
            }
        }
    }

    [[nodiscard]] bool take_place(Unpacker& p) {
        std::uint32_t ref = 0;
        p(ref);
        if (ref >= kMostRefs)
            return false;
        pack_place(p, places_[ref]);
        return p.good();
    }

    [[nodiscard]] bool take_process(Unpacker& p) {
        std::uint32_t ref = 0, parent = kNoRef, place_ref = kNoRef;
        p(ref);
        p(parent);
        p(place_ref);
        if (ref >= kMostRefs)
            return false;
        auto& known = processes_[ref];
        p(known.session_size);
        pack_process(p, known.process);
        known.process.session_size = known.session_size == 0 ? nullptr : &known.session_size;
        known.process.placement = place(place_ref);
        known.process.parent = nullptr;
        const auto* above = process(parent);
        if (!leads_to(above, &known.process))
            known.process.parent = above;
        return p.good();
    }

    /// Whether `target` is among the ancestors: a capture may say anything.
    [[nodiscard]] static bool leads_to(const event::Process* from, const event::Process* target) noexcept {
        for (std::size_t i = 0; from != nullptr; from = from->parent)
            if (from == target || ++i == kDeepest)
                return true;
        return false;
    }

    std::unordered_map<std::uint32_t, Known> processes_;
    std::unordered_map<std::uint32_t, event::Placement> places_;
    event::Directory names_;
};

/// Completes events with what the capture says of them.
class RecordedEnricher final : public Enricher {
  public:
    explicit RecordedEnricher(const Recorded& recorded) : recorded_(recorded) {}

    /// The body of the event that comes next, valid until it is through. False where it makes no sense.
    [[nodiscard]] bool expect(std::string_view body, EventHead& head) {
        Unpacker p(body);
        pack_head(p, head);
        body_ = body;
        if (head.later) {
            std::uint64_t number = 0; // the first of the facts
            p(number);
            later_bodies_.insert_or_assign(number, body);
        }
        if (later_bodies_.size() > Pipeline::kMostPostponed)
            later_bodies_.erase(later_bodies_.begin());
        return p.good() && recorded_.process(head.process) != nullptr;
    }
    /// What an alert of an event waited for.
    void found(std::uint64_t number, std::string_view hash, std::uint32_t place) {
        if (found_.size() >= kMostFound) // of alerts of other rules than these
            found_.erase(found_.begin());
        found_.insert_or_assign(number, Found{std::string(hash), place});
    }
    /// Events up to this one have waited for their hashes.
    void late(std::uint64_t number, std::string_view hash) {
        late_ = number;
        late_hash_ = hash;
    }

    void enrich(event::Event& event) noexcept override { complete(event, body_); }

    std::unique_ptr<Completion> completion(const event::Event& event) override {
        return std::make_unique<Wait>(*this, event.number);
    }

    bool waits_for_hash(const event::Event& event) noexcept override { return later_ && event.number > late_; }

    void revisit(event::Event& event, event::Process& then) noexcept override {
        if (const auto found = later_bodies_.find(event.number); found != later_bodies_.end())
            complete(event, found->second);
        event.process = &then;
        event.placement = then.placement;
        event.exe_hash = event.number == late_ ? std::string_view(late_hash_) : std::string_view{};
    }

    void want_hashes(bool /*wanted*/) noexcept override {}

  private:
    struct Found {
        std::string hash;
        std::uint32_t place = kNoRef;
    };

    class Wait final : public Completion {
      public:
        Wait(const RecordedEnricher& enricher, std::uint64_t number) : enricher_(enricher), number_(number) {}
        Findings look() noexcept override {
            const auto at = enricher_.found_.find(number_);
            if (at == enricher_.found_.end())
                return {{}, nullptr, false};
            return {at->second.hash, enricher_.recorded_.place(at->second.place), true};
        }

      private:
        const RecordedEnricher& enricher_;
        std::uint64_t number_;
    };

    void complete(event::Event& event, std::string_view body) noexcept {
        EventHead head;
        Unpacker p(body);
        pack_head(p, head);
        pack_facts(p, event);
        event.process = recorded_.process(head.process);
        event.target_process = recorded_.process(head.target_process);
        event.placement = recorded_.place(head.place);
        event.directory = &recorded_.names();
        later_ = head.later;
    }

    const Recorded& recorded_;
    std::string_view body_;
    std::map<std::uint64_t, std::string> later_bodies_; ///< by number: of events that wait for their hashes
    std::map<std::uint64_t, Found> found_;
    std::uint64_t late_ = 0;
    std::string late_hash_;
    bool later_ = false; ///< whether the event under work waits for its hash
};

/// Hands the entries of one capture to a pipeline.
class Player {
  public:
    Player(CaptureHeader header, std::shared_ptr<const rules::RuleSet> rules, std::int64_t default_debounce_ns,
           Pipeline::Output output)
        : factory_(header.hostname), pipeline_(enricher_, self_, factory_, default_debounce_ns, std::move(output)) {
        report_.header = std::move(header);
        pipeline_.install(std::move(rules));
    }

    /// False for an entry that makes no sense.
    [[nodiscard]] bool play(const Entry& entry) {
        Unpacker p(entry.body);
        switch (entry.tag) {
        case Tag::event:
            play_event(entry.body);
            return true;
        case Tag::complete: {
            std::uint64_t number = 0;
            std::string_view hash;
            auto place = kNoRef;
            p(number);
            p(hash);
            p(place);
            enricher_.found(number, hash, place);
            pipeline_.resume(0);
            break;
        }
        case Tag::late: {
            std::uint64_t number = 0;
            std::string_view hash;
            p(number);
            p(hash);
            enricher_.late(number, hash);
            pipeline_.resume(0);
            break;
        }
        case Tag::tick: {
            std::uint64_t boot_ns = 0;
            p(boot_ns);
            // Alerts that nobody waited for then, for other rules were in force: they get what they got.
            pipeline_.resume(static_cast<std::int64_t>(boot_ns) - kSecond);
            pipeline_.tick(boot_ns);
            break;
        }
        case Tag::lost: {
            std::uint64_t lost = 0;
            p(lost);
            report_.lost += lost;
            break;
        }
        default:
            return recorded_.take(entry);
        }
        return p.good();
    }

    [[nodiscard]] ReplayReport finish() {
        pipeline_.flush();
        report_.undecodable += pipeline_.counters().undecodable;
        report_.alerts = pipeline_.counters().alerts;
        return std::move(report_);
    }

  private:
    void play_event(std::string_view body) {
        EventHead head;
        ++report_.events;
        if (!enricher_.expect(body, head)) {
            ++report_.undecodable;
            return;
        }
        pipeline_.record(std::as_bytes(std::span(head.record.data(), head.record.size())), head.wall_offset_ns);
    }

    ReplayReport report_;
    Recorded recorded_;
    RecordedEnricher enricher_{recorded_};
    SelfWatch self_{event::kUnset, event::kUnset}; ///< the capture has no events of its daemon
    alerts::AlertFactory factory_;
    Pipeline pipeline_;
};

/// Why it can't be played; "" it can.
std::string look_at(CaptureReader& capture, CaptureHeader& header) {
    const auto entry = capture.next();
    if (!entry || entry->tag != Tag::header)
        return capture.trouble().empty() ? "it is no capture of rwatch" : capture.trouble();
    Unpacker p(entry->body);
    pack_header(p, header);
    if (!p.good() || header.version == 0)
        return "it is no capture of rwatch";
    if (header.version > kCaptureVersion || header.wire_version > event::kWireVersion)
        return "it was recorded by a newer rwatch (" + header.rwatch + ")";
    if (header.wire_version < event::kOldestWireVersion)
        return "it was recorded by an rwatch that is too old (" + header.rwatch + ")";
    return {};
}

} // namespace

ReplayReport replay(CaptureReader& capture, std::shared_ptr<const rules::RuleSet> rules,
                    std::int64_t default_debounce_ns, const Pipeline::Output& output) {
    CaptureHeader header;
    if (auto trouble = look_at(capture, header); !trouble.empty()) {
        ReplayReport report;
        report.trouble = std::move(trouble);
        return report;
    }
    std::exception_ptr failure; // a pipeline goes on whatever its output throws; here that is the end
    const auto told = [&](const std::shared_ptr<const alerts::Alert>& alert) {
        try {
            if (failure == nullptr)
                output(alert);
        } catch (...) {
            failure = std::current_exception();
        }
    };
    auto player = std::make_unique<Player>(std::move(header), std::move(rules), default_debounce_ns, told);
    std::string trouble = "it ends before its end was written";
    for (auto entry = capture.next(); entry && failure == nullptr; entry = capture.next()) {
        if (entry->tag == Tag::end)
            trouble.clear();
        else if (!player->play(*entry)) {
            trouble = "damaged";
            break;
        }
    }
    auto report = player->finish();
    if (failure != nullptr)
        std::rethrow_exception(failure);
    report.trouble = capture.trouble().empty() ? trouble : capture.trouble();
    return report;
}

} // namespace rwatch::pipeline
