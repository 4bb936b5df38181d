// SPDX-License-Identifier: MIT OR Apache-2.0
// Abstract interpretation of the compiled conditions, once for each class of opens: what the class decides is decided,
// tests of paths become fragments, all else may be true or false. Of parts that must all hold the one is kept that
// lets the fewest opens through.
#include "rules/interest.hpp"

#include "rules/glob.hpp"
#include "rules/needs.hpp"
#include "rules/path_test.hpp"
#include "rules/program.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <set>

namespace rwatch::rules {

namespace {

using event::OpenClass;
using event::OpenClasses;

constexpr OpenClasses kMaking = event::set_of(OpenClass::create) | event::set_of(OpenClass::program);
constexpr std::size_t kMostNeeded = 4096; // tests of which one must be true; more are not worth the states

/// A test, by its index.
using TestNeed = Need<std::uint32_t>;

/// An open's result as a number.
bool is_result(const event::FieldRef& ref) noexcept {
    return ref.field->name == "evt.rawres" || ref.field->name == "fd.num";
}

/// Results and other numbers between which the tests of a program may differ.
std::vector<std::int64_t> edges_of(const Program& program, bool& known) {
    std::vector<std::int64_t> out;
    for (const auto& test : program.tests) {
        const auto* field = test.left.field();
        if (field == nullptr || !is_result(*field) || test.matcher == nullptr)
            continue;
        known = add_tries(test.matcher.get(), out) && known;
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

event::CallSet opens() noexcept {
    return event::calls_of(event::set_of(event::Kind::open)).reset(static_cast<std::size_t>(event::Call::none));
}

/// Opens of one program's conditions, class by class.
class OpenNeeds {
  public:
    explicit OpenNeeds(const Program& program)
        : program_(program), edges_(edges_of(program, edges_known_)), scratch_(std::make_unique<event::Scratch>()),
          facts_(program.tests.size()), needs_(program, opens(), kMostNeeded, [this](std::uint32_t test, bool truth) {
              return of_test(test, truth);
          }) {}
    OpenNeeds(const OpenNeeds&) = delete;
    OpenNeeds& operator=(const OpenNeeds&) = delete;

    /// Needs of other classes are void from now on.
    void begin(OpenClass one) {
        class_ = one;
        samples_ = event::samples_of(one, edges_);
        needs_.forget();
        for (auto& facts : facts_)
            facts.decided = false;
    }

    /// For a condition to be true.
    const TestNeed& of(const Condition& condition) { return needs_.find(condition.root(), true); }

    /// Whether the kernel can, for the class at hand.
    [[nodiscard]] bool judges(std::uint32_t test) {
        return facts(test).fragments ||
               (facts(test).fields.size() == 1 && event::is_told_by(class_, facts(test).fields[0].field->name));
    }
    [[nodiscard]] Subject subject(std::uint32_t test) { return *facts(test).subject; }
    [[nodiscard]] const std::vector<Fragment>& fragments(std::uint32_t test) { return *facts(test).fragments; }

  private:
    struct Facts {
        bool known = false;
        std::vector<event::FieldRef> fields;
        std::optional<Subject> subject;
        Fragments fragments; ///< of the path
        double share = 1;
        bool decided = false, may_hold = true, may_fail = true; ///< by the class at hand
    };

    Facts& facts(std::uint32_t index) {
        auto& facts = facts_[index];
        if (std::exchange(facts.known, true))
            return facts;
        const auto& test = program_.tests[index];
        facts.fields = fields_of(test);
        facts.subject = subject_of(test);
        if (!facts.subject)
            return facts;
        facts.fragments = fragments_of(test);
        if (!facts.fragments)
            return facts;
        facts.share = 0;
        for (const auto& fragment : *facts.fragments)
            facts.share += share_of(fragment, *facts.subject);
        return facts;
    }

    /// A guess: what is longer, and what stands at a certain place, is rarer.
    static double share_of(const Fragment& f, Subject subject) {
        if (subject == Subject::exe)
            return 0.01;
        const double anchored = (f.begins && f.ends ? 0.01 : f.begins || f.ends ? 0.3 : 1);
        return anchored * std::exp2(-static_cast<double>(std::min<std::size_t>(f.text.size(), 16)) / 2);
    }

    TestNeed of_test(std::uint32_t index, bool truth) {
        auto& known = facts(index);
        if (!std::exchange(known.decided, true))
            decide(program_.tests[index], known);
        if (!(truth ? known.may_hold : known.may_fail))
            return {TestNeed::Kind::never, nullptr, 0};
        if (!truth || !known.fragments)
            return {};
        return {TestNeed::Kind::some, std::make_shared<const std::set<std::uint32_t>>(std::set{index}), known.share};
    }

    /// Whether the class leaves open if a test holds. A test of several fields is left open.
    void decide(const Test& test, Facts& known) {
        known.may_hold = known.may_fail = true;
        if (known.fields.size() != 1 || !event::is_told_by(class_, known.fields[0].field->name) ||
            (!edges_known_ && is_result(known.fields[0])))
            return;
        known.may_hold = known.may_fail = false;
        for (const auto& sample : samples_) {
            scratch_->reset();
            (holds(test, sample, *scratch_, values_) ? known.may_hold : known.may_fail) = true;
            if (known.may_hold && known.may_fail)
                return;
        }
    }

    const Program& program_;
    bool edges_known_ = true;
    std::vector<std::int64_t> edges_;
    std::unique_ptr<event::Scratch> scratch_;
    event::Values values_;
    std::vector<Facts> facts_; ///< by test
    OpenClass class_ = OpenClass::read;
    std::vector<event::Event> samples_;
    NeedFinder<std::uint32_t> needs_;
};

/// Calls see(rule, class, need, reader) for each enabled rule and class whose opens it may want. Rules of one set share
/// a program.
template <typename See> void each_need(const RuleSet& set, const See& see) {
    std::map<const Program*, std::unique_ptr<OpenNeeds>> readers;
    for (std::size_t one = 0; one < event::kOpenClasses; ++one) {
        for (auto& [program, reader] : readers)
            reader->begin(static_cast<OpenClass>(one));
        for (std::size_t i = 0; i < set.rules().size(); ++i) {
            const auto& rule = set.rules()[i];
            const auto* program = rule.condition.program().get();
            if (!rule.enabled || program == nullptr)
                continue;
            auto& reader = readers[program];
            if (reader == nullptr) {
                reader = std::make_unique<OpenNeeds>(*program);
                reader->begin(static_cast<OpenClass>(one));
            }
            if (const auto& need = reader->of(rule.condition); need.kind != TestNeed::Kind::never)
                see(i, static_cast<OpenClass>(one), need, *reader);
        }
    }
}

event::KindSet urgent_kinds(const RuleSet& set) {
    constexpr auto kFrequent = event::set_of(event::Kind::exec) | event::set_of(event::Kind::fork) |
                               event::set_of(event::Kind::exit) | event::set_of(event::Kind::open) |
                               event::set_of(event::Kind::connect) | event::set_of(event::Kind::send) |
                               event::set_of(event::Kind::resolve) | event::set_of(event::Kind::memory);
    event::CallSet calls;
    for (std::size_t i = 0; i < set.rules().size(); ++i)
        if (set.is_active(i) && set.rules()[i].priority <= Priority::critical)
            calls |= set.rules()[i].condition.calls();
    event::KindSet out = 0;
    for (std::size_t call = 1; call < event::kCalls; ++call)
        if (calls[call])
            out |= event::set_of(event::kind_of(static_cast<event::Call>(call)));
    return out & ~kFrequent;
}

/// Fields that are asked for beside those of the tests that the kernel judges.
std::vector<std::string> left_of(const Condition& condition, const CallExplanation& explained) {
    std::set<std::string> out;
    for (const auto test : explained.tests)
        for (const auto& field : fields_of(condition.program()->tests[test]))
            if (!explained.judged.contains(test) && !field.field->of_call)
                out.insert(std::string(field.field->name));
    return {out.begin(), out.end()};
}

} // namespace

bool Interest::wants(OpenClass one, std::string_view name, std::string_view exe) const noexcept {
    const auto bit = event::set_of(one);
    if ((always & bit) != 0)
        return true;
    if (((by_path | by_exe) & bit) == 0)
        return false;
    if (name.empty())
        return true;
    return ((by_exe & bit) != 0 && (exe.empty() || (exes.run(exe) & bit) != 0)) ||
           ((by_path & bit) != 0 && (paths.run(name) & bit) != 0);
}

bool RuleInterest::all() const noexcept {
    return std::find(by_class.begin(), by_class.end(), How::all) != by_class.end();
}

bool RuleInterest::nothing() const noexcept {
    return calls.empty() && std::all_of(by_class.begin(), by_class.end(), [](How how) { return how == How::nothing; });
}

Interest interest_of(const RuleSet& set, std::span<const std::string> names) {
    Interest out;
    out.urgent = urgent_kinds(set);
    out.calls = call_interest(set);
    for (const auto& fragment : out.calls.exes)
        if (!out.exes.add(fragment, kMarkOfCalls))
            out.calls.want_of_all();
    const auto add = [&](const Fragment& fragment, Subject subject, OpenClasses marks) {
        const bool of_exe = subject == Subject::exe;
        if (!(of_exe ? out.exes : out.paths).add(fragment, marks))
            out.always |= marks; // no room: all of them, then
        (of_exe ? out.by_exe : out.by_path) |= marks;
    };
    std::map<std::uint32_t, OpenClasses> done; // by test, so that one that many rules share is added once a class
    const OpenNeeds* last = nullptr;
    each_need(set, [&](std::size_t rule, OpenClass one, const TestNeed& need, OpenNeeds& reader) {
        const auto marks = event::set_of(one);
        if (!set.is_active(rule))
            return;
        if (need.kind == TestNeed::Kind::unknown) {
            out.always |= marks;
            return;
        }
        if (std::exchange(last, &reader) != &reader)
            done.clear();
        for (const auto test : *need.items)
            if ((std::exchange(done[test], static_cast<OpenClasses>(done[test] | marks)) & marks) == 0)
                for (const auto& fragment : reader.fragments(test))
                    add(fragment, reader.subject(test), marks);
    });
    // Who makes a file under a name that rules watch makes it the watched one.
    for (const auto& pattern : set.watched_paths())
        if (const auto fragments = Glob(pattern).fragments())
            for (const auto& fragment : *fragments)
                add(fragment, Subject::path, kMaking);
        else
            out.always |= kMaking;
    for (const auto& name : names)
        add({name, true, true}, Subject::path, out.by_path);
    out.paths.finish();
    out.exes.finish();
    return out;
}

event::CallSet wanted_calls(const RuleSet& set, const Interest& interest) {
    event::CallSet out;
    for (std::size_t i = 0; i < set.rules().size(); ++i)
        if (set.is_active(i))
            out |= set.rules()[i].condition.calls();
    // Of opens more is known: files that rules name are watched where they are made.
    return (interest.always | interest.by_path | interest.by_exe) == 0 ? out & ~opens() : out | opens();
}

std::vector<RuleInterest> explain_interest(const RuleSet& set) {
    std::vector<RuleInterest> out(set.rules().size());
    auto calls = explain_calls(set);
    std::vector<std::set<std::string>> paths(out.size()), exes(out.size());
    each_need(set, [&](std::size_t rule, OpenClass one, const TestNeed& need, OpenNeeds& reader) {
        for (const auto test : calls[rule].tests)
            if (reader.judges(test))
                calls[rule].judged.insert(test);
        auto& how = out[rule].by_class[static_cast<std::size_t>(one)];
        how = RuleInterest::How::all;
        if (need.kind == TestNeed::Kind::unknown)
            return;
        bool of_exe = false;
        for (const auto test : *need.items)
            for (const auto& fragment : reader.fragments(test)) {
                const bool exe = reader.subject(test) == Subject::exe;
                of_exe = of_exe || exe;
                (exe ? exes : paths)[rule].insert(shown(fragment));
            }
        how = of_exe ? RuleInterest::How::by_exe : RuleInterest::How::by_path;
    });
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i].paths.assign(paths[i].begin(), paths[i].end());
        out[i].exes.assign(exes[i].begin(), exes[i].end());
        out[i].calls = std::move(calls[i].needs);
        out[i].left = left_of(set.rules()[i].condition, calls[i]);
    }
    return out;
}

} // namespace rwatch::rules
