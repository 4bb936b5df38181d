// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/value_matcher.hpp"

#include "core/ascii.hpp"
#include "event/fields.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <re2/re2.h>

namespace rwatch::rules {

namespace {

constexpr std::size_t kFew = 8;          // so many texts are compared one by one
constexpr std::size_t kFoldBlock = 1024; // bytes folded at a time

/// memmem is linear in the worst case, std::string_view::find is not; it must not be given the null of an empty view.
bool has_part(std::string_view text, std::string_view part) noexcept {
    if (part.empty() || part.size() > text.size())
        return part.empty();
    return ::memmem(text.data(), text.size(), part.data(), part.size()) != nullptr;
}

/// The same for either case; `part` is lower case. Folds the text in blocks that overlap by the part's length.
bool has_part_folded(std::string_view text, std::string_view part) noexcept {
    if (part.size() > kFoldBlock / 2) // longer than what a block can overlap by: rare, and rules' own choice
        return std::search(text.begin(), text.end(), part.begin(), part.end(),
                           [](char a, char b) { return lower(a) == b; }) != text.end();
    std::array<char, kFoldBlock> block{};
    const std::size_t stride = kFoldBlock - part.size();
    for (std::size_t begin = 0; begin == 0 || begin < text.size(); begin += stride) {
        const auto piece = text.substr(begin, kFoldBlock);
        std::transform(piece.begin(), piece.end(), block.begin(), [](char c) { return lower(c); });
        if (has_part({block.data(), piece.size()}, part))
            return true;
    }
    return false;
}

std::string_view string_of(const event::Value& value) noexcept {
    return value.type == event::Type::string ? value.string : std::string_view{};
}

template <typename T> bool holds_order(Operator op, const T& left, const T& right) noexcept {
    switch (op) {
    case Operator::lt:
        return left < right;
    case Operator::le:
        return left <= right;
    case Operator::gt:
        return left > right;
    case Operator::ge:
        return left >= right;
    default:
        return left == right;
    }
}

bool compare_texts(Operator op, std::string_view left, std::string_view right, event::Scratch& scratch) noexcept {
    switch (op) {
    case Operator::contains:
    case Operator::bcontains:
        return has_part(left, right);
    case Operator::startswith:
    case Operator::bstartswith:
        return left.starts_with(right);
    case Operator::endswith:
        return left.ends_with(right);
    case Operator::glob:
        return glob_matches(right, left, false);
    case Operator::iglob:
        return glob_matches(right, left, true);
    case Operator::icontains: {
        const auto mark = scratch.mark();
        for (const char c : right)
            scratch.put(lower(c));
        const bool result = has_part_folded(left, scratch.since(mark));
        scratch.release(mark);
        return result;
    }
    default:
        return holds_order(op, left, right);
    }
}

/// Without slashes at the end or doubled ones; "/" becomes "".
std::string normal_path(std::string_view path) {
    std::string out;
    for (const char c : path)
        if (c != '/' || out.empty() || out.back() != '/')
            out += c;
    while (!out.empty() && out.back() == '/')
        out.pop_back();
    return out;
}

std::vector<std::string> plain_paths(const std::vector<std::string>& paths) {
    std::vector<std::string> out;
    for (const auto& path : paths)
        if (path.find_first_of("?*[") == std::string::npos)
            out.push_back(normal_path(path));
    return out;
}

/// Takes the next component off a path; false at the end.
bool next_component(std::string_view& path, std::string_view& component) noexcept {
    while (!path.empty() && path.front() == '/')
        path.remove_prefix(1);
    if (path.empty())
        return false;
    component = path.substr(0, path.find('/'));
    path.remove_prefix(component.size());
    return true;
}

bool is_below(std::string_view path, const std::vector<Glob>& prefix) noexcept {
    std::string_view component;
    return std::all_of(prefix.begin(), prefix.end(),
                       [&](const Glob& glob) { return next_component(path, component) && glob.matches(component); });
}

} // namespace

TextSet::TextSet(std::vector<std::string> texts) {
    if (texts.size() <= kFew)
        few_ = std::move(texts);
    else
        many_.insert(std::make_move_iterator(texts.begin()), std::make_move_iterator(texts.end()));
}

bool TextSet::fits(const event::Value& value) const noexcept {
    const auto text = string_of(value);
    if (value.type != event::Type::string)
        return false;
    if (many_.empty())
        return std::find(few_.begin(), few_.end(), text) != few_.end();
    return many_.find(text) != many_.end();
}

TextPart::TextPart(Where where, std::string text) : where_(where), text_(std::move(text)) {
    if (where == Where::anywhere_folded)
        std::transform(text_.begin(), text_.end(), text_.begin(), [](char c) { return lower(c); });
}

bool TextPart::fits(const event::Value& value) const noexcept {
    const auto text = string_of(value);
    switch (where_) {
    case Where::begin:
        return text.starts_with(text_);
    case Where::end:
        return text.ends_with(text_);
    case Where::anywhere:
        return has_part(text, text_);
    case Where::anywhere_folded:
        return has_part_folded(text, text_);
    }
    return false;
}

bool TextOrder::fits(const event::Value& value) const noexcept {
    return value.type == event::Type::string && holds_order(op_, string_of(value).compare(text_), 0);
}

bool Counted::fits(const event::Value& value) const noexcept {
    if (parts_.empty())
        return false;
    const auto count =
        std::count_if(parts_.begin(), parts_.end(), [&](const auto& part) { return part->fits(value) != differs_; });
    switch (modifier_) {
    case Modifier::oneof:
        return count == 1;
    case Modifier::allof:
        return static_cast<std::size_t>(count) == parts_.size();
    default:
        return count > 0;
    }
}

bool TextGlob::fits(const event::Value& value) const noexcept {
    return value.type == event::Type::string && glob_.matches(value.string);
}

TextRegex::TextRegex(std::unique_ptr<const re2::RE2> regex) : regex_(std::move(regex)) {}
TextRegex::~TextRegex() = default;

bool TextRegex::fits(const event::Value& value) const noexcept {
    const auto text = string_of(value);
    return value.type == event::Type::string &&
           re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *regex_);
}

TextSearch::TextSearch(std::unique_ptr<const re2::RE2> regex) : regex_(std::move(regex)) {}
TextSearch::~TextSearch() = default;

bool TextSearch::fits(const event::Value& value) const noexcept {
    event::TextBuffer buffer;
    const auto text = event::text_of(value, buffer);
    return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *regex_);
}

PathPrefixes::PathPrefixes(const std::vector<std::string>& paths) : plain_(plain_paths(paths)) {
    for (const auto& path : paths) {
        if (path.find_first_of("?*[") == std::string::npos)
            continue;
        auto& components = globs_.emplace_back();
        std::string_view rest = path, component;
        while (next_component(rest, component))
            components.emplace_back(component);
    }
}

bool PathPrefixes::fits(const event::Value& value) const noexcept {
    const auto path = string_of(value);
    if (path.empty())
        return false;
    for (auto end = path.find('/');; end = path.find('/', end + 1)) {
        if (plain_.fits(event::Value(path.substr(0, end))))
            return true;
        if (end == std::string_view::npos)
            break;
    }
    return std::any_of(globs_.begin(), globs_.end(), [&](const auto& prefix) { return is_below(path, prefix); });
}

IntegerSet::IntegerSet(std::vector<std::int64_t> numbers) : sorted_(std::move(numbers)) {
    std::sort(sorted_.begin(), sorted_.end());
}

bool IntegerSet::fits(const event::Value& value) const noexcept {
    return value.type == event::Type::integer && std::binary_search(sorted_.begin(), sorted_.end(), value.integer);
}

bool IntegerRange::fits(const event::Value& value) const noexcept {
    return value.type == event::Type::integer && value.integer >= least_ && value.integer <= most_;
}

bool BooleanSet::fits(const event::Value& value) const noexcept {
    return value.type == event::Type::boolean && (value.boolean ? true_ : false_);
}

std::optional<std::vector<std::int64_t>> BooleanSet::numbers() const {
    std::vector<std::int64_t> out;
    if (false_)
        out.push_back(0);
    if (true_)
        out.push_back(1);
    return out;
}

bool compare(Operator op, const event::Value& left, const event::Value& right, event::Scratch& scratch) noexcept {
    if (left.type != right.type)
        return false;
    switch (left.type) {
    case event::Type::string:
        return compare_texts(op, left.string, right.string, scratch);
    case event::Type::integer:
        return holds_order(op, left.integer, right.integer);
    case event::Type::boolean:
        return left.boolean == right.boolean;
    case event::Type::address:
        return left.address == right.address;
    }
    return false;
}

void mask(event::Address& address, unsigned bits) noexcept {
    for (unsigned i = 0; i < address.bytes.size(); ++i) {
        const unsigned kept = bits > i * 8 ? std::min(8U, bits - i * 8) : 0;
        address.bytes[i] = static_cast<std::uint8_t>(address.bytes[i] & (0xff00U >> kept));
    }
}

NetworkSet::NetworkSet(const std::vector<Network>& networks) {
    for (const auto& network : networks) {
        auto group = std::find_if(groups_.begin(), groups_.end(), [&](const Group& g) {
            return g.family == network.address.family && g.bits == network.bits;
        });
        if (group == groups_.end())
            group = groups_.insert(group, {network.address.family, network.bits, {}});
        group->sorted.push_back(network.address.bytes);
    }
    for (auto& group : groups_)
        std::sort(group.sorted.begin(), group.sorted.end());
}

bool NetworkSet::fits(const event::Value& value) const noexcept {
    if (value.type != event::Type::address)
        return false;
    return std::any_of(groups_.begin(), groups_.end(), [&](const Group& group) {
        if (group.family != value.address.family)
            return false;
        auto address = value.address;
        mask(address, group.bits);
        return std::binary_search(group.sorted.begin(), group.sorted.end(), address.bytes);
    });
}

} // namespace rwatch::rules
