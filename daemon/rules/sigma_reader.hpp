// SPDX-License-Identifier: MIT OR Apache-2.0
// Reads rules in Sigma's form: rules, filters and collections of them. Makes the same items as the reader of Falco's.
#pragma once

#include "core/yaml.hpp"
#include "rules/collector.hpp"
#include "rules/rule_set.hpp"
#include "rules/sigma_detection.hpp"
#include "rules/sigma_meta.hpp"

#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

namespace rwatch::rules {

/// A document, or an item of a list, that is Sigma's by its keys.
[[nodiscard]] bool is_sigma(const yaml::Node& node) noexcept;

/// One for all texts of a rule set: a filter changes rules of any file.
class SigmaReader {
  public:
    SigmaReader(Collector& collector, Diagnostics& out) : collector_(collector), out_(out) {}

    /// First, for each text: finds its filters.
    void find_filters(const SourceText& source, const std::vector<yaml::Node>& documents);
    /// Then, for each text in load order: adds its rules to the collector. Documents that are not Sigma's are passed
    /// over.
    void read(const SourceText& source, const std::vector<yaml::Node>& documents);
    /// At the end: tells of filters that changed nothing and of rules that can't be run here.
    void finish();

  private:
    struct Filter {
        Location where;
        std::string title;
        SigmaLogSource source;
        std::vector<std::string> rules; ///< ids, names or titles; empty: any
        SigmaDetections detections;
        bool used = false;
    };

    void read_filter(const yaml::Node& document, const SourceLines& lines, const SigmaContext& context);
    void read_rule(const yaml::Node& document, const SourceLines& lines, const SigmaContext& context);
    void read_correlation_rule(const yaml::Node& document, const SourceLines& lines, const SigmaContext& context);
    [[nodiscard]] RuleItem item_of(const SigmaMeta& meta, const Location& where, std::string_view output);
    void skip(RuleItem item, const std::string& why);
    void add_skipped(RuleItem item);
    void add_broken(RuleItem item);
    void tell_skipped(const std::string& why, const std::vector<Location>& rules);
    [[nodiscard]] SigmaCondition filtered(const SigmaCondition& condition, const SigmaMeta& meta,
                                          const SigmaLogSource& source, const SigmaContext& context);
    [[nodiscard]] std::string unique_name(const SigmaMeta& meta, const Location& where);

    Collector& collector_;
    Diagnostics& out_;
    SigmaBudget budget_;
    std::deque<Filter> filters_;
    std::unordered_map<std::string, std::vector<Location>> skipped_; ///< by the reason, rules that can't be run here
    std::unordered_map<std::string, std::string> ids_;               ///< by title, of the rule that has it
};

} // namespace rwatch::rules
