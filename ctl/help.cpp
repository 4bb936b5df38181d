// SPDX-License-Identifier: MIT OR Apache-2.0
#include "help.hpp"

#include <algorithm>

namespace rwatch::ctl {

namespace {

std::string option_text(const OptionSpec& option) {
    auto out = option.letter == '\0' ? std::string("    ") : std::string("-") + option.letter + ", ";
    out += "--" + std::string(option.name);
    return option.value.empty() ? out : out + " " + std::string(option.value);
}

std::string option_lines(std::span<const OptionSpec> options) {
    std::size_t width = 0;
    for (const auto& option : options)
        width = std::max(width, option_text(option).size());
    std::string out;
    for (const auto& option : options) {
        const auto text = option_text(option);
        out += "  " + text + std::string(width - text.size() + 2, ' ') + std::string(option.help) + "\n";
    }
    return out;
}

std::string invocation(const Verb& verb) {
    auto out = std::string(verb.name);
    return verb.arguments.empty() ? out : out + " " + std::string(verb.arguments);
}

} // namespace

std::string general_help(std::span<const Verb* const> verbs, std::span<const OptionSpec> global) {
    std::string out = "Usage: rwatchctl [OPTIONS] VERB [ARGUMENTS]\n\nTalks to rwatchd, the threat detector of this "
                      "machine.\n\nVerbs:\n";
    std::size_t width = 0;
    for (const auto* verb : verbs)
        width = std::max(width, invocation(*verb).size());
    for (const auto* verb : verbs) {
        const auto text = invocation(*verb);
        out += "  " + text + std::string(width - text.size() + 2, ' ') + std::string(verb->summary) + "\n";
    }
    out += "\nOptions:\n" + option_lines(global);
    return out + "\nExit status: 0; 1 failed; 2 usage; 3 rwatchd is not running; 4 not authorised.\n"
                 "'rwatchctl VERB --help' tells more.\n";
}

std::string verb_help(const Verb& verb, std::span<const OptionSpec> global) {
    std::string out = "Usage: rwatchctl " + invocation(verb) + (verb.options.empty() ? "" : " [OPTIONS]") + "\n\n" +
                      std::string(verb.summary) + ".\n";
    if (!verb.details.empty())
        out += std::string(verb.details) + "\n";
    if (!verb.options.empty())
        out += "\nOptions:\n" + option_lines(verb.options);
    return out + "\nOptions of every verb:\n" + option_lines(global);
}

} // namespace rwatch::ctl
