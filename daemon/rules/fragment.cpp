// SPDX-License-Identifier: MIT OR Apache-2.0
// Fragments of each way of comparing texts. All err on the side of too few, or of none known.
#include "rules/fragment.hpp"

#include "rules/glob.hpp"
#include "rules/text_like.hpp"
#include "rules/value_matcher.hpp"

#include <algorithm>
#include <limits>
#include <re2/filtered_re2.h>
#include <re2/re2.h>

namespace rwatch::rules {

namespace {

constexpr int kLeastAtom = 3;            // bytes of a text that an expression must hold; shorter ones sift little
constexpr std::size_t kMostAtoms = 1000; // of one expression that are looked at

/// Nothing where one of them stands in every text.
Fragments checked(std::vector<Fragment> list) {
    const auto says_nothing = [](const Fragment& f) { return f.text.empty() && !(f.begins && f.ends); };
    if (std::any_of(list.begin(), list.end(), says_nothing))
        return std::nullopt;
    return list;
}

void add_all(std::vector<Fragment>& out, const std::vector<std::string>& texts, bool begins, bool ends) {
    for (const auto& text : texts)
        out.push_back({text, begins, ends});
}

/// Whether a text is found less often than another one: what is longer, but not the name of a directory above many.
bool is_rarer(std::string_view a, std::string_view b) noexcept {
    const auto weight = [](std::string_view text) { return text.ends_with('/') ? text.size() / 3 : text.size(); };
    return weight(a) > weight(b);
}

/// Texts of which each match of an expression holds one: RE2 tells those that a match may need; such a set, and as few
/// of them as do.
Fragments fragments_of(const re2::RE2& regex) {
    re2::FilteredRE2 filter(kLeastAtom);
    int id = 0;
    if (filter.Add(regex.pattern(), regex.options(), &id) != re2::RE2::NoError)
        return std::nullopt;
    std::vector<std::string> atoms;
    filter.Compile(&atoms);
    if (atoms.empty() || atoms.size() > kMostAtoms)
        return std::nullopt;
    // Without the needed ones no match is possible, whatever others there are.
    std::vector<bool> needed(atoms.size(), true);
    const auto suffices = [&] {
        std::vector<int> others, possible;
        for (std::size_t i = 0; i < atoms.size(); ++i)
            if (!needed[i])
                others.push_back(static_cast<int>(i));
        filter.AllPotentials(others, &possible);
        return possible.empty();
    };
    if (!suffices())
        return std::nullopt;
    std::vector<std::size_t> order(atoms.size());
    for (std::size_t i = 0; i < order.size(); ++i)
        order[i] = i;
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return is_rarer(atoms[b], atoms[a]); });
    for (const auto i : order) {
        needed[i] = false;
        needed[i] = !suffices();
    }
    std::vector<Fragment> out;
    for (std::size_t i = 0; i < atoms.size(); ++i)
        if (needed[i])
            out.push_back({atoms[i]});
    return checked(std::move(out));
}

/// A run of it that each text which fits must hold.
Fragment fragment_of(const LikePattern& pattern) {
    const auto& first = pattern.segments.front().front();
    const auto& last = pattern.segments.back().back();
    Fragment best{first, true, false};
    if (is_rarer(last, best.text))
        best = {last, false, true};
    for (const auto& segment : pattern.segments)
        for (const auto& run : segment)
            if (is_rarer(run, best.text))
                best = {run};
    return best;
}

} // namespace

std::string shown(const Fragment& fragment) {
    return (fragment.begins ? "" : "*") + fragment.text + (fragment.ends ? "" : "*");
}

Fragments TextSet::fragments() const {
    std::vector<Fragment> out;
    add_all(out, few_, true, true);
    add_all(out, {many_.begin(), many_.end()}, true, true);
    return out;
}

Fragments TextPart::fragments() const {
    return checked({{text_, where_ == Where::begin, where_ == Where::end}});
}

Fragments Counted::fragments() const {
    std::vector<Fragment> out;
    if (differs_)
        return std::nullopt;
    for (const auto& part : parts_) {
        auto of_part = part->fragments();
        if (of_part && modifier_ == Modifier::allof)
            return of_part;
        if (!of_part && modifier_ != Modifier::allof)
            return std::nullopt;
        if (of_part)
            out.insert(out.end(), of_part->begin(), of_part->end());
    }
    return modifier_ == Modifier::allof ? std::nullopt : Fragments(std::move(out));
}

Fragments Glob::fragments() const {
    Fragment best, run;
    const auto take = [&](bool last) {
        run.ends = last;
        if (is_rarer(run.text, best.text) || (run.begins && run.ends))
            best = run;
        run = {};
    };
    run.begins = true;
    for (const auto& token : tokens_) {
        if (token.kind == GlobToken::Kind::never)
            return std::vector<Fragment>{};
        if (token.kind == GlobToken::Kind::byte)
            run.text += static_cast<char>(token.byte);
        else
            take(false);
    }
    take(true);
    return checked({best});
}

Fragments TextGlob::fragments() const {
    return glob_.fragments();
}

Fragments TextRegex::fragments() const {
    return fragments_of(*regex_);
}

Fragments TextSearch::fragments() const {
    return fragments_of(*regex_);
}

Fragments PathPrefixes::fragments() const {
    auto out = plain_.fragments().value_or(std::vector<Fragment>{});
    for (auto& fragment : out)
        fragment.ends = false;
    for (const auto& components : globs_) {
        Fragment best;
        for (const auto& component : components)
            if (const auto of_component = component.fragments(); of_component && of_component->size() == 1)
                if (const auto& text = of_component->front().text; is_rarer(text, best.text))
                    best.text = text;
        out.push_back(std::move(best));
    }
    return checked(std::move(out));
}

Fragments TextLike::fragments() const {
    if (anything_)
        return std::nullopt;
    std::vector<Fragment> out;
    if (whole_)
        out = whole_->fragments().value_or(std::vector<Fragment>{});
    add_all(out, ends_, false, true);
    add_all(out, begins_, true, false);
    add_all(out, parts_, false, false);
    for (const auto& pattern : others_)
        out.push_back(fragment_of(pattern));
    return checked(std::move(out));
}

bool add_tries(const ValueMatcher* matcher, std::vector<std::int64_t>& out) {
    constexpr auto kMost = std::numeric_limits<std::int64_t>::max() / 2;
    std::vector<std::int64_t> edges;
    if (matcher == nullptr || !matcher->add_edges(edges))
        return false;
    for (const auto edge : edges)
        for (const auto beside : {-1, 0, 1})
            if (edge > -kMost && edge < kMost)
                out.push_back(edge + beside);
    return true;
}

bool IntegerSet::add_edges(std::vector<std::int64_t>& out) const {
    out.insert(out.end(), sorted_.begin(), sorted_.end());
    return true;
}

bool IntegerRange::add_edges(std::vector<std::int64_t>& out) const {
    out.insert(out.end(), {least_, most_});
    return true;
}

} // namespace rwatch::rules
