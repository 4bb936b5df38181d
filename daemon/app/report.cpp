// SPDX-License-Identifier: MIT OR Apache-2.0
#include "app/report.hpp"

#include "core/log.hpp"

#include <algorithm>
#include <sstream>

namespace rwatch::app {

namespace {

std::string rendered(const Diagnostic& diagnostic, const std::map<std::string, std::string>& texts) {
    const auto text = texts.find(diagnostic.where.file);
    return render(diagnostic, text == texts.end() ? std::string_view{} : std::string_view(text->second));
}

} // namespace

void log_diagnostic(const Diagnostic& diagnostic, const std::map<std::string, std::string>& texts) {
    std::istringstream lines(rendered(diagnostic, texts));
    for (std::string line; std::getline(lines, line);) {
        if (diagnostic.severity == Severity::error)
            log::error(line);
        else if (diagnostic.severity == Severity::warning)
            log::warning(line);
        else
            log::info(line);
    }
}

void print_check(const Loaded& loaded, std::ostream& out) {
    for (const auto& diagnostic : loaded.diagnostics)
        out << rendered(diagnostic, loaded.texts) << '\n';
    const auto errors = std::count_if(loaded.diagnostics.begin(), loaded.diagnostics.end(),
                                      [](const auto& d) { return d.severity == Severity::error; });
    if (errors != 0)
        out << errors << (errors == 1 ? " error\n" : " errors\n");
    else
        out << "configuration and " << loaded.rules->rules().size() << " rules in " << loaded.rule_files
            << " files: no errors\n";
}

} // namespace rwatch::app
