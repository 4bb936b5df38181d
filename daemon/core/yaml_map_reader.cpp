// SPDX-License-Identifier: MIT OR Apache-2.0
// The keys of one map, read and judged: the one way in which every reader of rules and configuration does it.
#include "core/ascii.hpp"
#include "core/suggest.hpp"
#include "core/time.hpp"
#include "core/yaml.hpp"

#include <algorithm>
#include <charconv>

namespace rwatch::yaml {

MapReader::MapReader(const Node& node, std::string what, const std::string& file, Diagnostics& out)
    : node_(node), what_(std::move(what)), file_(file), out_(out) {}

void MapReader::error(const Node& at, std::string code, std::string message, std::string hint) {
    out_.push_back(
        {Severity::error, std::move(code), {file_, at.line, at.column}, std::move(message), std::move(hint)});
}

const Node* MapReader::any(std::string_view key, bool required) {
    known_.push_back(key);
    const Node* value = node_.find(key);
    if (value != nullptr && value->is_null())
        value = nullptr;
    if (value == nullptr && required)
        error(node_, "missing-key", what_ + " has no '" + std::string(key) + "'");
    return value;
}

const Node* MapReader::scalar(std::string_view key, bool required, std::string_view expected) {
    const Node* value = any(key, required);
    if (value != nullptr && !value->is_scalar()) {
        error(*value, "wrong-type",
              "'" + std::string(key) + "' of " + what_ + " must be " + std::string(expected) + ", not " +
                  std::string(describe(value->kind)));
        return nullptr;
    }
    return value;
}

std::optional<std::string> MapReader::string(std::string_view key, bool required) {
    const Node* value = scalar(key, required, "text");
    return value == nullptr ? std::nullopt : std::optional(value->text);
}

std::optional<bool> MapReader::boolean(std::string_view key) {
    const Node* value = scalar(key, false, "true or false");
    if (value == nullptr)
        return std::nullopt;
    auto result = bool_named(value->text); // in quotes too: nothing else can be meant
    if (!result)
        error(*value, "wrong-type",
              "'" + std::string(key) + "' of " + what_ + " must be true or false, not '" + value->text + "'");
    return result;
}

std::optional<std::int64_t> MapReader::integer(std::string_view key, std::int64_t least, std::int64_t most) {
    const Node* value = scalar(key, false, "a number");
    if (value == nullptr)
        return std::nullopt;
    auto result = value->as_int();
    if (!result)
        error(*value, "wrong-type",
              "'" + std::string(key) + "' of " + what_ + " must be a whole number, not '" + value->text + "'");
    else if (*result < least || *result > most) {
        error(*value, "out-of-range",
              "'" + std::string(key) + "' of " + what_ + " must be from " + std::to_string(least) + " to " +
                  std::to_string(most) + ", not " + value->text);
        result.reset();
    }
    return result;
}

std::optional<std::int64_t> MapReader::span(std::string_view key) {
    const Node* value = scalar(key, false, "a duration");
    if (value == nullptr)
        return std::nullopt;
    auto result = parse_span(value->text);
    // Seconds may be meant by a bare number, or milliseconds; of 0 it is all the same.
    if (result && *result != 0 && !is_letter(value->text.back()))
        result.reset();
    if (!result)
        error(*value, "bad-duration",
              "'" + std::string(key) + "' of " + what_ + " must be a duration with a unit, such as 10s or 5min, not '" +
                  value->text + "'");
    return result;
}

std::optional<std::uint64_t> MapReader::size(std::string_view key) {
    const Node* value = scalar(key, false, "a size");
    if (value == nullptr)
        return std::nullopt;
    std::uint64_t number = 0;
    const char* last = value->text.data() + value->text.size();
    const auto [end, code] = std::from_chars(value->text.data(), last, number);
    std::string_view unit(end, static_cast<std::size_t>(last - end));
    unsigned shift = 0;
    bool good = code == std::errc{};
    if (unit == "k" || unit == "K" || unit == "KiB")
        shift = 10;
    else if (unit == "M" || unit == "MiB")
        shift = 20;
    else if (unit == "G" || unit == "GiB")
        shift = 30;
    else if (!unit.empty())
        good = false;
    if (!good || number > (UINT64_MAX >> shift)) {
        error(*value, "bad-size",
              "'" + std::string(key) + "' of " + what_ + " must be a size such as 512k, 10M or 1G, not '" +
                  value->text + "'");
        return std::nullopt;
    }
    return number << shift;
}

std::optional<std::vector<std::string>> MapReader::strings(std::string_view key) {
    const Node* value = any(key);
    if (value == nullptr)
        return std::nullopt;
    std::vector<std::string> result;
    if (value->is_scalar()) {
        result.push_back(value->text);
        return result;
    }
    if (!value->is_sequence()) {
        error(*value, "wrong-type",
              "'" + std::string(key) + "' of " + what_ + " must be a list, not " + std::string(describe(value->kind)));
        return std::nullopt;
    }
    for (const auto& item : value->items) {
        if (item.is_scalar())
            result.push_back(item.text);
        else
            error(item, "wrong-type",
                  "each item of '" + std::string(key) + "' of " + what_ + " must be text, not " +
                      std::string(describe(item.kind)));
    }
    return result;
}

const Node* MapReader::map(std::string_view key) {
    const Node* value = any(key);
    if (value != nullptr && !value->is_map()) {
        error(*value, "wrong-type",
              "'" + std::string(key) + "' of " + what_ + " must be a map, not " + std::string(describe(value->kind)));
        return nullptr;
    }
    return value;
}

const Node* MapReader::sequence(std::string_view key) {
    const Node* value = any(key);
    if (value != nullptr && !value->is_sequence()) {
        error(*value, "wrong-type",
              "'" + std::string(key) + "' of " + what_ + " must be a list, not " + std::string(describe(value->kind)));
        return nullptr;
    }
    return value;
}

std::optional<std::size_t> MapReader::choice(std::string_view key, std::span<const std::string_view> choices) {
    const Node* value = scalar(key, false, "text");
    if (value == nullptr)
        return std::nullopt;
    const auto found = std::find(choices.begin(), choices.end(), value->text);
    if (found != choices.end())
        return static_cast<std::size_t>(found - choices.begin());
    std::string all;
    for (const auto c : choices)
        all.append(all.empty() ? "" : ", ").append(c);
    error(*value, "bad-value",
          "'" + std::string(key) + "' of " + what_ + " must be one of " + all + ", not '" + value->text + "'",
          did_you_mean(value->text, choices));
    return std::nullopt;
}

void MapReader::finish(Severity severity) {
    std::size_t unknown = 0;
    for (const auto& [key, value] : node_.entries) {
        // A map of a million unknown keys needs no million messages.
        if (std::find(known_.begin(), known_.end(), key.text) != known_.end() || ++unknown >= kMaxDiagnostics)
            continue;
        out_.push_back({severity,
                        "unknown-key",
                        {file_, key.line, key.column},
                        "unknown key '" + key.text + "' in " + what_,
                        did_you_mean(key.text, known_)});
    }
    if (unknown >= kMaxDiagnostics)
        out_.push_back({severity,
                        "unknown-key",
                        {file_, node_.line, node_.column},
                        "and " + std::to_string(unknown - kMaxDiagnostics + 1) + " more unknown keys in " + what_,
                        {}});
}

} // namespace rwatch::yaml
