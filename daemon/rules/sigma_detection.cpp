// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/sigma_detection.hpp"

#include <algorithm>

namespace rwatch::rules {

namespace {

using yaml::Node;

constexpr std::string_view kCondition = "condition", kTimeframe = "timeframe";

bool is_plain(const Node& node) noexcept {
    return node.is_scalar() || node.is_null();
}

class DetectionReader {
  public:
    explicit DetectionReader(const SigmaContext& context) : context_(context) {}
    [[nodiscard]] bool good() const noexcept { return good_; }

    /// Depth is bounded by the YAML reader.
    SigmaDetection read(const std::string& name, const Node& node) {
        SigmaDetection out{name, context_.place(node), {}, {}};
        if (node.is_map()) {
            for (const auto& [key, value] : node.entries)
                add(out, &key, value);
            if (node.entries.empty())
                fail(node, "'" + name + "' is empty");
        } else if (is_plain(node) || std::all_of(node.items.begin(), node.items.end(), is_plain)) {
            add(out, nullptr, node);
        } else {
            for (const auto& item : node.items)
                out.parts.push_back(read(name, item));
        }
        return out;
    }

  private:
    void add(SigmaDetection& out, const Node* key, const Node& value) {
        if (auto item = read_sigma_item(key, value, context_))
            out.items.push_back(std::move(*item));
        else
            good_ = false;
    }

    void fail(const Node& at, std::string message) {
        context_.error(at, "bad-value", std::move(message));
        good_ = false;
    }

    const SigmaContext& context_;
    bool good_ = true;
};

/// The texts of the condition: one, or a list of them. False where it is none.
bool find_conditions(const Node& node, const SigmaContext& context, std::vector<const Node*>& out) {
    const Node* condition = node.find(kCondition);
    if (condition == nullptr || condition->is_null() || (condition->is_sequence() && condition->items.empty())) {
        context.error(node, "missing-key", "there is no 'condition'");
        return false;
    }
    if (!condition->is_sequence())
        out.push_back(condition);
    for (const auto& item : condition->items)
        out.push_back(&item);
    bool good = true;
    for (const auto* item : out)
        if (!item->is_scalar()) {
            context.error(*item, "wrong-type",
                          "a condition must be text, not " + std::string(yaml::describe(item->kind)));
            good = false;
        }
    return good;
}

} // namespace

bool read_sigma_detections(const Node& node, std::vector<std::string_view> other_keys, const SourceLines& lines,
                           const SigmaContext& context, SigmaDetections& out) {
    other_keys.push_back(kCondition);
    DetectionReader reader(context);
    for (const auto& [key, value] : node.entries) {
        if (key.text == kTimeframe)
            context.report(Severity::warning, key, "unknown-key",
                           "a rule counts no events any more: 'timeframe' has no meaning",
                           "write a correlation that names this rule");
        else if (std::find(other_keys.begin(), other_keys.end(), key.text) == other_keys.end())
            out.named.push_back(reader.read(key.text, value));
    }
    bool good = reader.good();
    if (out.named.empty()) {
        context.error(node, "missing-key", "nothing is named that could be looked for");
        good = false;
    }
    std::vector<const Node*> conditions;
    if (!find_conditions(node, context, conditions))
        return false;
    out.condition = {SigmaCondition::Kind::any, context.place(node), {}, nullptr};
    for (const auto* text : conditions) {
        auto condition = read_sigma_condition(*text, out.named, lines, context);
        good = good && condition;
        if (condition)
            out.condition.children.push_back(std::move(*condition));
    }
    return good;
}

} // namespace rwatch::rules
