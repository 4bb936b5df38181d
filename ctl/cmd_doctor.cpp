// SPDX-License-Identifier: MIT OR Apache-2.0
// rwatchctl doctor: what this machine allows, what is missing, and what to do about it; with the daemon or without.
#include "command.hpp"
#include "doctor.hpp"
#include "render.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <sys/utsname.h>
#include <unistd.h>

namespace rwatch::ctl {

namespace {

struct Look {
    std::string_view word, sign, ascii;
    Tint tint;
};

Look look_of(Finding finding) noexcept {
    switch (finding) {
    case Finding::good:
        return {"ok", "\xe2\x9c\x93", "+", Tint::green};
    case Finding::unknown:
        return {"unknown", "?", "?", Tint::grey};
    case Finding::note:
        return {"note", "\xe2\x80\xa2", "-", Tint::none};
    case Finding::warning:
        return {"warning", "!", "!", Tint::yellow};
    case Finding::problem:
        break;
    }
    return {"problem", "\xe2\x9c\x97", "x", Tint::red};
}

std::size_t count_of(const std::vector<Check>& checks, Finding finding) {
    return static_cast<std::size_t>(
        std::count_if(checks.begin(), checks.end(), [&](const auto& check) { return check.finding == finding; }));
}

Json to_json(const std::vector<Check>& checks) {
    auto list = Json::array();
    for (const auto& check : checks)
        list.push_back({{"name", check.name},
                        {"finding", look_of(check.finding).word},
                        {"text", check.text},
                        {"advice", check.advice}});
    return {{"checks", list},
            {"problems", count_of(checks, Finding::problem)},
            {"warnings", count_of(checks, Finding::warning)}};
}

std::string to_text(const std::vector<Check>& checks, const Terminal& terminal) {
    std::size_t width = 0;
    for (const auto& check : checks)
        width = std::max(width, display_width(check.name));
    std::string out;
    for (const auto& check : checks) {
        const auto look = look_of(check.finding);
        const auto sign = terminal.utf8 ? look.sign : look.ascii;
        const auto name = check.name + std::string(width - display_width(check.name), ' ');
        out += paint(sign, look.tint, terminal) + " " + name + "  " + paint(check.text, look.tint, terminal) + "\n";
        if (!check.advice.empty())
            out += std::string(width + 4, ' ') + paint(check.advice, Tint::grey, terminal) + "\n";
    }
    const auto problems = count_of(checks, Finding::problem), warnings = count_of(checks, Finding::warning);
    return out + counted(problems, "problem") + ", " + counted(warnings, "warning") + "\n";
}

std::vector<Check> ask_daemon(const Context& context) {
    try {
        return examine_daemon(context.client().status());
    } catch (const BusUnreachable& failure) {
        return {{"rwatchd", Finding::unknown, std::string("can't be asked: ") + failure.what(),
                 "whether it runs says: systemctl status rwatchd"}};
    } catch (const Failure& failure) {
        if (failure.status() == kNotRunning)
            return {{"rwatchd", Finding::problem, "does not run: this machine is not watched",
                     "systemctl enable --now rwatchd"}};
        return {{"rwatchd", Finding::unknown, std::string("can't be asked: ") + failure.what(), {}}};
    }
}

int run_doctor(const Context& context) {
    utsname names{};
    ::uname(&names);
    auto checks = examine_machine({{}, names.release, ::geteuid() == 0});
    auto of_daemon = ask_daemon(context);
    checks.insert(checks.end(), std::make_move_iterator(of_daemon.begin()), std::make_move_iterator(of_daemon.end()));
    if (context.json())
        context.print(to_json(checks));
    else
        context.print(to_text(checks, context.terminal()));
    return count_of(checks, Finding::problem) == 0 ? kOk : kFailed;
}

} // namespace

constinit const Verb kDoctorVerb{"doctor",
                                 "",
                                 "Say what this machine allows, what is missing and what to do",
                                 "Looks at the kernel, systemd, the journal, the bus, folders, and at the daemon's\n"
                                 "own state where it runs. Changes nothing. Exit status 1 where there is a problem:\n"
                                 "something is not seen, or alerts are not told.",
                                 {},
                                 0,
                                 0,
                                 run_doctor};

} // namespace rwatch::ctl
