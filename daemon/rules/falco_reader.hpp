// SPDX-License-Identifier: MIT OR Apache-2.0
// Reads rules in Falco's form (YAML or JSON) with our keys beside Falco's. Makes items; knows nothing of what other
// files hold. Sigma's form has a reader of its own, which makes the same items.
#pragma once

#include "core/yaml.hpp"
#include "rules/collector.hpp"
#include "rules/rule_set.hpp"

#include <vector>

namespace rwatch::rules {

/// Adds what the text's documents hold to `collector`, what is wrong with them to `out`. Sigma's are passed over.
void read_falco(const SourceText& source, const std::vector<yaml::Node>& documents, Collector& collector,
                Diagnostics& out);

} // namespace rwatch::rules
