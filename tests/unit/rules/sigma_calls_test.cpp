// SPDX-License-Identifier: MIT OR Apache-2.0
// Records of audit other than those of programs and files: SYSCALL with its registers, PATH of new directories and
// nodes.
#include "sigma_support.hpp"

#include <catch2/catch.hpp>

using namespace rwatch;
using namespace rwatch::rules::test;

TEST_CASE("audit's SYSCALL records have the calls' registers, in hexadecimal") {
    const struct {
        const char* selection;
        Fields fires, silent;
    } rows[] = {
        {"SYSCALL: mknod", {{"evt.type", "mknod"}}, {{"evt.type", "mkdir"}}},
        {"SYSCALL: sysinfo", {{"evt.type", "sysinfo"}}, {{"evt.type", "syslog"}}},
        {"SYSCALL: memfd_create", {{"evt.type", "memfd_create"}}, {{"evt.type", "socket"}}},
        {"SYSCALL: syslog\n    a0: [4, 5, 6]",
         {{"evt.type", "syslog"}, {"evt.arg.type", "5"}},
         {{"evt.type", "syslog"}, {"evt.arg.type", "10"}}},
        {"SYSCALL: personality\n    a0: 40000",
         {{"evt.type", "personality"}, {"evt.arg.persona", "0x40000"}},
         {{"evt.type", "personality"}, {"evt.arg.persona", "40000"}}},
        {"SYSCALL: socket\n    a0: 26",
         {{"evt.type", "socket"}, {"evt.arg.domain", "AF_ALG"}},
         {{"evt.type", "socket"}, {"evt.arg.domain", "26"}}},
        {"SYSCALL: ptrace\n    a0: 4206\n    a1: 4d2",
         {{"evt.type", "ptrace"}, {"evt.arg.request", "PTRACE_SEIZE"}, {"evt.arg.pid", "1234"}},
         {{"evt.type", "ptrace"}, {"evt.arg.request", "PTRACE_SEIZE"}, {"evt.arg.pid", "4"}}},
    };
    for (const auto& row : rows) {
        INFO(row.selection);
        const auto rule = sigma_rule("  selection:\n    type: SYSCALL\n    " + std::string(row.selection) +
                                         "\n  condition: selection",
                                     "service: auditd");
        CHECK(fires(rule, row.fires));
        CHECK(!fires(rule, row.silent));
    }
}

TEST_CASE("audit's PATH records tell directories and nodes that were made or removed") {
    const auto rule = [](const std::string& nametype) {
        return sigma_rule("  selection:\n    type: PATH\n    nametype: " + nametype +
                              "\n    name: /srv/x\n  condition: selection",
                          "service: auditd");
    };
    for (const auto* call : {"mkdir", "mkdirat", "mknod", "mknodat"}) {
        INFO(call);
        CHECK(fires(rule("CREATE"), {{"evt.type", call}, {"fs.path.name", "/srv/x"}}));
        CHECK(!fires(rule("DELETE"), {{"evt.type", call}, {"fs.path.name", "/srv/x"}}));
        CHECK(!fires(rule("CREATE"), {{"evt.type", call}, {"fs.path.name", "/srv/x"}, {"evt.failed", "true"}}));
    }
    CHECK(fires(rule("DELETE"), {{"evt.type", "rmdir"}, {"fs.path.name", "/srv/x"}}));
}
