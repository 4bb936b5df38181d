// SPDX-License-Identifier: MIT OR Apache-2.0
// Reads rules in Falco's form (YAML or JSON) with our keys beside Falco's. Makes items; knows nothing of what other
// files hold. A file of another form (Sigma's) gets a reader of its own, which makes the same items.
#pragma once

#include "core/yaml.hpp"
#include "rules/collector.hpp"
#include "rules/rule_set.hpp"

namespace rwatch::rules {

/// Adds what the text holds to `collector`, what is wrong with it to `out`.
void read_falco(const SourceText& source, Collector& collector, Diagnostics& out);

} // namespace rwatch::rules
