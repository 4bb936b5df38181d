// SPDX-License-Identifier: MIT OR Apache-2.0
#include "app/report.hpp"

#include "core/counted.hpp"
#include "core/log.hpp"

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
    if (const auto errors = count_errors(loaded.diagnostics); errors != 0)
        out << counted(errors, "error") << '\n';
    else
        out << "configuration and " << counted(loaded.rules->rules().size(), "rule") << " in "
            << counted(loaded.rule_files, "file") << ": no errors\n";
}

} // namespace rwatch::app
