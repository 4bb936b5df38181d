// SPDX-License-Identifier: MIT OR Apache-2.0
// Hangs a program that does nothing where the sensor hangs its own of opens, until standard input ends: the least that
// watching them can cost. Needs root.
#include "sensor/hook_set.hpp"
#include "sensor/kernel_facts.hpp"
#include "sensor/probes.hpp"

#include <bpf/bpf.h>
#include <cstdio>
#include <linux/bpf.h>
#include <unistd.h>

using namespace rwatch;

int main() {
    bpf_insn nothing[2]{}; // r0 = 0; exit
    nothing[0].code = BPF_ALU64 | BPF_MOV | BPF_K;
    nothing[1].code = BPF_JMP | BPF_EXIT;
    const Fd program(bpf_prog_load(BPF_PROG_TYPE_TRACEPOINT, "nothing", "GPL", nothing, 2, nullptr));
    if (!program || !sensor::ensure_tracefs().empty()) {
        std::perror("load a program");
        return 1;
    }
    sensor::HookSet hooks;
    for (const auto& family : sensor::families())
        for (const auto& call : family.calls) {
            if (family.name != "open" || call.number < 0)
                continue;
            sensor::ProgramHook hook;
            hook.way = sensor::ProgramHook::Way::call;
            hook.place = sensor::tracefs_events() + "/sys_exit_" + std::string(call.name);
            hook.program = program.get();
            hooks.add(std::move(hook));
            if (const int err = hooks.hang(hooks.size() - 1); err != 0)
                std::fprintf(stderr, "%s is not hooked\n", call.name.data());
        }
    std::puts("ready");
    std::fflush(stdout);
    char end = 0;
    while (::read(STDIN_FILENO, &end, 1) > 0) {
    }
}
