// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/rule_index.hpp"

#include "rules/needs.hpp"
#include "rules/path_part.hpp"
#include "rules/program.hpp"
#include "rules/rule.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>

namespace rwatch::rules {

namespace {

constexpr std::size_t kMostKeys = 4096; // of one rule; with more it is tried always

/// Guesses at how many events hold a key.
double share_of(const Fragment& f) noexcept {
    const auto more = static_cast<double>(std::clamp<std::size_t>(f.text.size(), 2, 18) - 2);
    if (f.begins && f.ends)
        return 0.05 * std::exp2(-more / 2);
    return (f.begins || f.ends ? 0.1 : 1) * std::exp2(-more * 3 / 4);
}
double share_of(std::int64_t number) noexcept {
    return number == 0 || number == 1 ? 0.5 : 0.02;
}

} // namespace

/// Keys of all rules, each worked out once whatever calls they are of.
class RuleIndex::Builder {
  public:
    explicit Builder(std::span<const Rule> rules) : rules_(rules) {}

    /// indices: rules of these calls, ascending.
    Group group_of(std::vector<std::uint32_t> indices, const event::CallSet& calls) {
        Group out;
        out.always.resize((indices.size() + 63) / 64);
        std::map<const Program*, NeedFinder<Key>> finders;
        for (std::uint32_t place = 0; place < indices.size(); ++place) {
            const auto& condition = rules_[indices[place]].condition;
            const auto* program = condition.program().get();
            auto& keys = keys_.try_emplace(program, *program).first->second;
            auto& finder = finders
                               .try_emplace(program, *program, calls, kMostKeys,
                                            [&keys](std::uint32_t test, bool truth) {
                                                return truth ? keys.of(test) : Need<Key>();
                                            })
                               .first->second;
            const auto& need = finder.find(condition.root(), true);
            if (need.kind != Need<Key>::Kind::some) {
                out.always[place / 64] |= std::uint64_t{1} << (place % 64);
                continue;
            }
            for (const auto& key : *need.items) {
                auto& of_fields = fields_of(out, keys.field(key.field));
                if (key.number)
                    of_fields.numbers[*key.number].push_back(place);
                else
                    of_fields.texts.add(key.text, place);
            }
        }
        for (auto& of_fields : out.fields)
            of_fields.texts.finish();
        out.rules = std::move(indices);
        return out;
    }

  private:
    static OfFields& fields_of(Group& group, const event::FieldRef& field) {
        for (auto& one : group.fields) {
            if (std::find(one.fields.begin(), one.fields.end(), field) != one.fields.end())
                return one;
            if (field.field->path && one.fields.front().field->path)
                return one.fields.push_back(field), one;
        }
        return group.fields.emplace_back(OfFields{{field}, 0, {}, {}});
    }

    /// What an event must hold for a rule to be tried: a text or a number in a field.
    struct Key {
        std::uint32_t field = 0; ///< see Keys::fields()
        std::optional<std::int64_t> number;
        Fragment text;
        bool operator<(const Key& other) const noexcept {
            return std::tie(field, number, text) < std::tie(other.field, other.number, other.text);
        }
    };

    /// What the tests of one program need.
    class Keys {
      public:
        explicit Keys(const Program& program) : program_(program), known_(program.tests.size()) {}

        /// For a test to be true.
        const Need<Key>& of(std::uint32_t test) {
            auto& known = known_[test];
            if (!known)
                known = work_out(program_.tests[test]);
            return *known;
        }

        [[nodiscard]] const event::FieldRef& field(std::uint32_t place) const noexcept { return fields_[place]; }

      private:
        Need<Key> work_out(const Test& test) {
            const auto* whole = test.left.field_in_any_case();
            const auto* field = whole != nullptr ? whole : test.left.field_of_basename();
            if (field == nullptr || field->field->of_call || test.right || test.matcher == nullptr ||
                test.need == Test::Need::none)
                return {};
            const auto part = path_part(field->field->name);
            std::set<Key> keys;
            double share = 0;
            Key key;
            key.field = place_of(
                part.which == PathPart::Which::whole ? *field : event::FieldRef{event::field_named(part.field), {}});
            if (test.left.type() == event::Type::string) {
                const auto texts = test.matcher->fragments();
                if (!texts)
                    return {};
                const bool is_last_part = whole == nullptr || part.which == PathPart::Which::file_name;
                for (const auto& text : *texts) { // without any the test is true of nothing
                    key.text = in_path(text, is_last_part ? PathPart::Which::file_name : part.which);
                    if (!TextIndex::takes(key.text))
                        return {};
                    keys.insert(key);
                    share += has_few_values(*field->field) ? kShareOfFew : share_of(text);
                    if (is_last_part && text.begins) { // there may be no slash before it
                        key.text = text;
                        keys.insert(key);
                    }
                }
            } else {
                const auto numbers = test.matcher->numbers();
                if (!numbers)
                    return {};
                for (const auto number : *numbers) {
                    key.number = number;
                    keys.insert(key);
                    share += share_of(number);
                }
            }
            if (test.left.many() != Source::Many::one && !field->field->path)
                share *= kManyValues;
            return {Need<Key>::Kind::some, std::make_shared<const std::set<Key>>(std::move(keys)), share};
        }

        std::uint32_t place_of(const event::FieldRef& field) {
            const auto found = std::find(fields_.begin(), fields_.end(), field);
            if (found == fields_.end())
                return fields_.push_back(field), static_cast<std::uint32_t>(fields_.size() - 1);
            return static_cast<std::uint32_t>(found - fields_.begin());
        }

        /// Arguments are such, or costly to put together.
        static bool has_few_values(const event::Field& field) noexcept {
            constexpr std::string_view kOfFew[] = {"evt.res",         "fd.l4proto",      "fd.type",
                                                   "fd.typechar",     "proc.stdin.type", "proc.stdout.type",
                                                   "proc.stderr.type"};
            return field.arg == event::ArgKind::key ||
                   std::find(std::begin(kOfFew), std::end(kOfFew), field.name) != std::end(kOfFew);
        }

        static constexpr double kShareOfFew = 0.6;
        static constexpr double kManyValues = 100; // of a field that is all of them; names of one file are mostly one

        const Program& program_;
        std::vector<std::optional<Need<Key>>> known_; ///< by test
        std::vector<event::FieldRef> fields_;
    };

    std::span<const Rule> rules_;
    std::map<const Program*, Keys> keys_;
};

RuleIndex::RuleIndex(std::span<const Rule> rules,
                     const std::array<std::vector<std::uint32_t>, event::kCalls>& by_call) {
    std::map<std::vector<std::uint32_t>, event::CallSet> groups;
    for (std::size_t call = 0; call < event::kCalls; ++call)
        if (!by_call[call].empty())
            groups[by_call[call]].set(call);
    Builder builder(rules);
    for (const auto& [indices, calls] : groups) {
        for (std::size_t call = 0; call < event::kCalls; ++call)
            if (calls[call])
                group_of_call_[call] = static_cast<std::uint16_t>(groups_.size());
        groups_.push_back(builder.group_of(indices, calls));
        most_words_ = std::max(most_words_, groups_.back().always.size());
        for (auto& of_fields : groups_.back().fields)
            of_fields.last = fields_++;
    }
}

RuleIndex::Memory::Memory(const RuleIndex& index) : bits_(index.most_words_), lasts_(index.fields_) {
    for (const auto& group : index.groups_)
        for (const auto& of_fields : group.fields) {
            auto& last = lasts_[of_fields.last];
            last.text.reserve(Last::kMost);
            last.bits.resize(group.always.size());
        }
}

void RuleIndex::look_up(const OfFields& of_fields, const event::Value& value, std::span<std::uint64_t> bits) noexcept {
    const auto mark = [&](std::span<const std::uint32_t> places) noexcept {
        for (const auto place : places)
            bits[place / 64] |= std::uint64_t{1} << (place % 64);
    };
    if (value.type == event::Type::string)
        return of_fields.texts.find(value.string, mark);
    const auto number = value.type == event::Type::boolean ? std::int64_t{value.boolean} : value.integer;
    if (const auto found = of_fields.numbers.find(number); found != of_fields.numbers.end())
        mark(found->second);
}

/// A text that is mostly the same as in the event before.
void RuleIndex::look_up_again(const OfFields& of_fields, std::string_view text, Memory& memory) noexcept {
    auto& last = memory.lasts_[of_fields.last];
    if (!last.known || last.text != text) {
        last.text.assign(text);
        last.known = true;
        std::fill(last.bits.begin(), last.bits.end(), 0);
        look_up(of_fields, event::Value(text), last.bits);
    }
    std::transform(last.bits.begin(), last.bits.end(), memory.bits_.begin(), memory.bits_.begin(), std::bit_or<>());
}

void RuleIndex::find(const Group& group, const event::Event& event, event::Scratch& scratch, Memory& memory) noexcept {
    assert(memory.bits_.size() >= group.always.size());
    std::copy(group.always.begin(), group.always.end(), memory.bits_.begin());
    for (const auto& of_fields : group.fields) {
        const auto begin = scratch.mark();
        std::string_view last;
        for (const auto& field : of_fields.fields) {
            event::read(field, event, scratch, memory.values_);
            const auto values = memory.values_.items();
            if (values.size() == 1 && values[0].type == event::Type::string && !field.field->path &&
                values[0].string.size() <= Memory::Last::kMost) {
                look_up_again(of_fields, values[0].string, memory);
                continue;
            }
            for (const auto& value : values) {
                if (value.type == event::Type::string) {
                    if (value.string.data() == last.data() && value.string.size() == last.size())
                        continue; // another field's, too
                    last = value.string;
                }
                look_up(of_fields, value, memory.bits_);
            }
        }
        scratch.release(begin);
    }
}

} // namespace rwatch::rules
