// SPDX-License-Identifier: MIT OR Apache-2.0
#include "app/options.hpp"

#include "core/suggest.hpp"

#include <array>
#include <string_view>

namespace rwatch::app {

namespace {

constexpr std::string_view kUsage = R"(Usage: rwatchd [options]
Watches this machine through eBPF and raises alerts by rules.

  --config FILE         configuration file (default /etc/rwatch/rwatchd.yaml and its drop-ins)
  --rules DIR           rules from this directory or file instead of the standard ones; may be repeated
  --bus WHERE           D-Bus to appear on: system (default), session, none, or an address
  --console[=json]      print each alert on standard output, one line each
  --state-dir DIR       lasting state (default /var/lib/rwatch)
  --replay FILE         run the rules over a capture of 'rwatchctl record': alerts on standard output, no probes
  --check               check configuration and rules, print what is wrong, exit 0 or 1
  --verbose             tell more on standard error
  --version             print the version
  --help                print this

Exit status: 0; 1 failure; 2 usage; 77 no permission to load probes; 78 error in configuration or rules.
Stop with SIGTERM or SIGINT; SIGHUP reloads rules. Ask a running daemon with rwatchctl.
)";

constexpr std::array<std::string_view, 10> kNames{"--config", "--rules", "--bus",     "--console", "--state-dir",
                                                  "--replay", "--check", "--verbose", "--version", "--help"};

ParsedOptions usage_error(const std::string& why) {
    return {std::nullopt, "rwatchd: " + why + "\nTry 'rwatchd --help'.\n", 2};
}

/// One argument split at '='.
struct Word {
    std::string_view name;
    std::optional<std::string_view> value;
};

Word split(std::string_view argument) noexcept {
    const auto equals = argument.find('=');
    if (equals == std::string_view::npos)
        return {argument, std::nullopt};
    return {argument.substr(0, equals), argument.substr(equals + 1)};
}

/// Options without a value; false where the word is none of them.
bool take_switch(const Word& word, Options& options) {
    if (word.name == "--check" && !word.value)
        options.check = true;
    else if (word.name == "--verbose" && !word.value)
        options.verbose = true;
    else if (word.name == "--console" && (!word.value || *word.value == "text"))
        options.console = ConsoleOption::text;
    else if (word.name == "--console" && *word.value == "json")
        options.console = ConsoleOption::json;
    else
        return false;
    return true;
}

/// Where the value of a valued option goes; null where the word is none.
std::string* place_of(std::string_view name, Options& options) {
    if (name == "--config")
        return &options.config_file;
    if (name == "--rules")
        return &options.rules.emplace_back();
    if (name == "--bus")
        return &options.bus;
    if (name == "--state-dir")
        return &options.state_dir;
    if (name == "--replay")
        return &options.replay;
    return nullptr;
}

} // namespace

ParsedOptions parse_options(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const auto word = split(argv[i]);
        if (word.name == "--help" && !word.value)
            return {std::nullopt, std::string(kUsage), 0};
        if (word.name == "--version" && !word.value)
            return {std::nullopt, "rwatchd " RWATCH_VERSION "\n", 0};
        if (take_switch(word, options))
            continue;
        auto* place = place_of(word.name, options);
        if (place == nullptr) {
            const bool known = !did_you_mean(word.name, kNames).empty();
            return usage_error("unknown option '" + std::string(argv[i]) + "'" +
                               (known ? ", " + did_you_mean(word.name, kNames) : ""));
        }
        if (!word.value && ++i >= argc)
            return usage_error("option '" + std::string(word.name) + "' needs a value");
        *place = word.value ? *word.value : std::string_view(argv[i]);
        if (place->empty())
            return usage_error("option '" + std::string(word.name) + "' needs a value");
    }
    return {options, {}, 0};
}

} // namespace rwatch::app
