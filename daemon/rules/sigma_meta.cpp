// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/sigma_meta.hpp"

#include "core/suggest.hpp"
#include "rules/case_fold.hpp"
#include "rules/rule_keys.hpp"
#include "rules/sigma_number.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace rwatch::rules {

namespace {

using yaml::Node;

constexpr std::size_t kMaxTitle = 256; // characters
constexpr std::array<std::string_view, 5> kStatuses{"unsupported", "deprecated", "experimental", "test", "stable"};
constexpr std::array<std::pair<std::string_view, Priority>, 5> kLevels{{
    {"informational", Priority::informational},
    {"low", Priority::notice},
    {"medium", Priority::warning},
    {"high", Priority::error},
    {"critical", Priority::critical},
}};
constexpr std::array<std::string_view, 6> kRelations{"correlation", "derived", "merged",
                                                     "obsolete",    "renamed", "similar"};
constexpr std::array<std::string_view, 20> kKeys{
    "title",      "id",        "name",   "taxonomy", "related", "status", "description", "license",
    "references", "author",    "date",   "modified", "tags",    "scope",  "fields",      "falsepositives",
    "level",      "logsource", "action", "detection"};

std::size_t characters(std::string_view text) noexcept {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; }));
}

std::optional<unsigned> number(std::string_view text, std::size_t least, std::size_t most) noexcept {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool good = error == std::errc{} && end == text.data() + text.size();
    return good && text.size() >= least && text.size() <= most ? std::optional(value) : std::nullopt;
}

/// 2024-05-10, 2024/5/10; behind the first, not in quotes, a time.
bool is_date(const Node& node) noexcept {
    constexpr std::size_t kDate = 10;
    std::string_view text = node.text;
    const bool slashes = text.find('/') != std::string_view::npos;
    const auto mark = slashes ? '/' : '-';
    if (!slashes && !node.quoted && text.size() > kDate &&
        (text[kDate] == ' ' || text[kDate] == 'T' || text[kDate] == 't'))
        text = text.substr(0, kDate);
    const auto first = text.find(mark), second = text.find(mark, first == std::string_view::npos ? first : first + 1);
    if (second == std::string_view::npos)
        return false;
    const std::size_t digits = slashes ? 1 : 2;
    const auto year = number(text.substr(0, first), 4, 4),
               month = number(text.substr(first + 1, second - first - 1), digits, 2),
               day = number(text.substr(second + 1), digits, 2);
    if (!year || !month || !day || *year < 1000 || *year > 3999 || *month < 1 || *month > 12 || *day < 1)
        return false;
    constexpr std::array<unsigned, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (*year % 4 == 0 && *year % 100 != 0) || *year % 400 == 0;
    return *day <= kDays[*month - 1] + (leap && *month == 2 ? 1 : 0);
}

class MetaReader {
  public:
    MetaReader(const Node& document, const SigmaContext& context) : document_(document), context_(context) {}

    SigmaMeta read(std::span<const std::string_view> own_keys) {
        read_names();
        read_level();
        out_.description = text("description");
        for (const auto key : {"author", "license"})
            (void)text(key);
        for (const auto key : {"date", "modified"})
            if (const Node* node = present(key); node != nullptr && !(node->is_scalar() && is_date(*node)))
                fail(*node, "bad-value", "'" + std::string(key) + "' must be a date such as 2024-05-10");
        out_.references = texts("references");
        out_.false_positives = texts("falsepositives");
        out_.fields = texts("fields");
        (void)texts("scope");
        read_tags();
        read_related();
        look_for_slips(own_keys);
        return std::move(out_);
    }

  private:
    void fail(const Node& at, std::string code, std::string message, std::string hint = {}) {
        out_.good = false;
        context_.error(at, std::move(code), std::move(message), std::move(hint));
    }

    const Node* present(std::string_view key) const {
        const Node* node = document_.find(key);
        return node == nullptr || node->is_null() ? nullptr : node;
    }

    [[nodiscard]] bool is_said(std::string_view key) const {
        const Node* node = present(key);
        return node != nullptr && is_text(*node);
    }

    std::string text(std::string_view key) {
        const Node* node = present(key);
        if (node == nullptr)
            return {};
        if (is_text(*node))
            return node->text;
        fail(*node, "wrong-type",
             "'" + std::string(key) + "' must be text, not " +
                 (node->is_scalar() ? "'" + node->text + "'" : std::string(yaml::describe(node->kind))),
             node->is_scalar() ? "put it in quotes" : "");
        return {};
    }

    std::vector<std::string> texts(std::string_view key) {
        std::vector<std::string> out;
        const Node* node = present(key);
        if (node == nullptr)
            return out;
        if (!node->is_sequence()) {
            fail(*node, "wrong-type",
                 "'" + std::string(key) + "' must be a list, not " + std::string(yaml::describe(node->kind)));
            return out;
        }
        for (const auto& item : node->items)
            if (item.is_scalar())
                out.push_back(item.text);
        return out;
    }

    void read_names() {
        out_.title = text("title");
        if (present("title") == nullptr)
            fail(document_, "missing-key", "there is no 'title'");
        else if (characters(out_.title) > kMaxTitle)
            fail(*present("title"), "bad-value",
                 "the title has more than " + std::to_string(kMaxTitle) + " characters");
        else if (const auto wrong = wrong_name(out_.title); !wrong.empty())
            fail(*present("title"), "bad-name", "the title " + wrong);
        if (const Node* id = present("id")) {
            out_.id = id->text;
            if (!id->is_scalar() || normal_uuid(id->text).empty())
                fail(*id, "bad-value", "'id' must be a UUID");
        }
        for (const auto key : {"name", "taxonomy"})
            if (const Node* node = present(key); node != nullptr && node->is_scalar() && node->text.empty())
                fail(*node, "bad-value", "'" + std::string(key) + "' is empty");
        out_.name = text("name");
        if (auto taxonomy = text("taxonomy"); !taxonomy.empty())
            out_.taxonomy = std::move(taxonomy);
    }

    void read_level() {
        const auto level = fold_case(text("level")), status = fold_case(text("status"));
        const auto* known =
            std::find_if(kLevels.begin(), kLevels.end(), [&](const auto& l) { return l.first == level; });
        if (known != kLevels.end())
            out_.priority = known->second;
        else if (is_said("level"))
            fail(*present("level"), "bad-value", "'" + level + "' is no level",
                 "one of informational, low, medium, high, critical");
        const auto* found = std::find(kStatuses.begin(), kStatuses.end(), status);
        if (found != kStatuses.end())
            out_.status = static_cast<SigmaStatus>(found - kStatuses.begin());
        else if (is_said("status"))
            fail(*present("status"), "bad-value", "'" + status + "' is no status",
                 "one of stable, test, experimental, deprecated, unsupported");
    }

    void read_tags() {
        out_.tags = texts("tags");
        const Node* node = present("tags");
        if (node == nullptr || !node->is_sequence())
            return;
        for (const auto& tag : node->items)
            if (!is_text(tag))
                fail(tag, "wrong-type", "a tag must be text");
            else if (tag.text.find('.') == std::string::npos)
                fail(tag, "bad-value", "tag '" + tag.text + "' has no namespace", "write it as attack.t1059");
            else if (const auto wrong = wrong_name(tag.text); !wrong.empty())
                fail(tag, "bad-name", "a tag " + wrong);
    }

    void read_related() {
        const Node* node = present("related");
        if (node == nullptr)
            return;
        if (!node->is_sequence())
            return fail(*node, "wrong-type",
                        "'related' must be a list, not " + std::string(yaml::describe(node->kind)));
        for (const auto& item : node->items) {
            const Node* id = item.find("id");
            const Node* type = item.find("type");
            if (!item.is_map() || id == nullptr || type == nullptr)
                fail(item, "bad-value", "what is related must be a map with 'id' and 'type'");
            else if (normal_uuid(id->text).empty())
                fail(*id, "bad-value", "'" + id->text + "' is no UUID");
            else if (std::find(kRelations.begin(), kRelations.end(), fold_case(type->text)) == kRelations.end())
                fail(*type, "bad-value", "'" + type->text + "' is no kind of relation",
                     did_you_mean(type->text, kRelations));
        }
    }

    void look_for_slips(std::span<const std::string_view> own_keys) {
        std::vector<std::string_view> known(kKeys.begin(), kKeys.end());
        known.insert(known.end(), own_keys.begin(), own_keys.end());
        for (const auto& [key, value] : document_.entries) {
            if (std::find(known.begin(), known.end(), key.text) != known.end())
                continue;
            if (auto hint = did_you_mean(key.text, known); !hint.empty())
                context_.report(Severity::warning, key, "unknown-key", "key '" + key.text + "' means nothing here",
                                std::move(hint));
        }
    }

    const Node& document_;
    const SigmaContext& context_;
    SigmaMeta out_;
};

} // namespace

bool is_text(const Node& node) noexcept {
    return node.is_scalar() && (node.quoted || (!node.as_bool() && !sigma_number(node)));
}

SigmaMeta read_sigma_meta(const Node& document, std::span<const std::string_view> own_keys,
                          const SigmaContext& context) {
    return MetaReader(document, context).read(own_keys);
}

bool SigmaLogSource::takes(const SigmaLogSource& other) const noexcept {
    return (category.empty() || category == other.category) && (product.empty() || product == other.product) &&
           (service.empty() || service == other.service);
}

std::string SigmaLogSource::text() const {
    std::string out;
    for (const auto& [key, value] :
         {std::pair("product: ", &product), {"category: ", &category}, {"service: ", &service}})
        if (!value->empty())
            out.append(out.empty() ? "" : ", ").append(key).append(*value);
    return out;
}

std::optional<SigmaLogSource> read_sigma_logsource(const Node& document, const SigmaContext& context) {
    const Node* node = document.find("logsource");
    if (node == nullptr || node->is_null()) {
        context.error(document, "missing-key", "there is no 'logsource'");
        return std::nullopt;
    }
    if (!node->is_map()) {
        context.error(*node, "wrong-type", "'logsource' must be a map, not " + std::string(yaml::describe(node->kind)));
        return std::nullopt;
    }
    SigmaLogSource out;
    bool good = true, any = false;
    const auto read = [&](std::string_view key, std::string* to) {
        const Node* value = node->find(key);
        if (value == nullptr || value->is_null())
            return;
        if (!is_text(*value)) {
            context.error(*value, "wrong-type", "'" + std::string(key) + "' must be text");
            good = false;
        } else if (to != nullptr) {
            *to = value->text;
            any = true;
        }
    };
    read("category", &out.category);
    read("product", &out.product);
    read("service", &out.service);
    read("definition", nullptr);
    if (good && !any) {
        context.error(*node, "missing-key", "the log source needs a category, a product or a service");
        good = false;
    }
    return good ? std::optional(std::move(out)) : std::nullopt;
}

std::string normal_uuid(std::string_view text) {
    constexpr std::size_t kDigits = 32;
    std::string out;
    for (const std::string_view prefix : {"urn:", "uuid:"})
        if (text.starts_with(prefix))
            text.remove_prefix(prefix.size());
    for (const char c : text)
        if (c != '-' && c != '{' && c != '}')
            out += c;
    out = fold_case(out);
    const bool hex = out.find_first_not_of("0123456789abcdef") == std::string::npos;
    return hex && out.size() == kDigits ? out : std::string{};
}

} // namespace rwatch::rules
