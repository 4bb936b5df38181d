# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the daemon costs and how fast it is, on this machine, beside the bars of docs/performance.md: one table. Each ratio is of rounds with and without
the daemon, in turn; medians. Needs root; asserts nothing: machines are noisy."""
import glob
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import rwatchtest
from rwatchtest import RULES, RWATCHD, Daemon

FLOOD = os.environ['RWATCH_FLOOD']
CORPUS = os.path.join(rwatchtest.SOURCE, '../shared/corpus')
ROUNDS = 7
CALLS = {'read': 300_000, 'connect': 60_000}
EXECS = 500
FILES = 8000
FLOOD_SECONDS = 30
TICKS = os.sysconf('SC_CLK_TCK')
EXEC_LOOP = 'i=0; while [ $i -lt {count} ]; do /bin/true; i=$((i+1)); done'  # of a shell that forks
STEADY_EXECS = 'for n in $(seq 40); do for m in $(seq 39); do /bin/true; done; sleep 0.06; done'


def with_corpus():
    """The shipped rules, and all of the corpus where it is there; None where it is not."""
    rules = {os.path.basename(path): open(path, encoding='utf-8').read() for path in glob.glob(f'{RULES}/*.yaml')}
    others = glob.glob(f'{CORPUS}/**/*.yaml', recursive=True) + glob.glob(f'{CORPUS}/**/*.yml', recursive=True)
    return {**rules, **{f'90-{number}.yaml': open(path, encoding='utf-8').read() for number, path in enumerate(sorted(others))}}


def cpu_of(pid):
    with open(f'/proc/{pid}/stat', encoding='utf-8', errors='replace') as stat:
        fields = stat.read().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def status_kb(pid, name):
    with open(f'/proc/{pid}/status', encoding='ascii', errors='replace') as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(name + ':'))


def seconds_of(*command):
    """Processor time of a command and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def workloads(folder):
    """What is done with and without the daemon: name, command, how many units of work, bar (text, what it is compared with)."""
    tree = os.path.join(folder, 'tree')
    for number in range(FILES):
        path = os.path.join(tree, str(number % 100))
        os.makedirs(path, exist_ok=True)
        rwatchtest.write(os.path.join(path, str(number)), 'text\n')
    return [('open + close', [FLOOD, 'read', '60', str(CALLS['read'])], CALLS['read'], ('+350 ns', lambda off, on: (on - off) * 1e9 <= 350)),
            ('connect, refused', [FLOOD, 'connect', '60', str(CALLS['connect'])], CALLS['connect'], ('+600 ns', lambda off, on: (on - off) * 1e9 <= 600)),
            ('exec', ['/bin/sh', '-c', EXEC_LOOP.format(count=EXECS)], EXECS, ('+40 us', lambda off, on: (on - off) * 1e6 <= 40)),
            (f'tar of {FILES} files', ['/bin/sh', '-c', f'tar -cf - -C {tree} . | cat >/dev/null'], FILES, ('x 1.02', lambda off, on: on / off <= 1.02))]


def row(what, measured, bar, met):
    print(f'{what:<36} {measured:<46} {bar:<12} {"met" if met else "NOT MET"}', flush=True)


def compare(rules):
    with tempfile.TemporaryDirectory(prefix='rwatch-bench-') as folder:
        work = workloads(folder)
        times = {name: ([], []) for name, *_ in work}
        for _ in range(ROUNDS):
            for name, command, units, _ in work:
                times[name][0].append(seconds_of(*command) / units)
            daemon = Daemon(rules)
            try:
                for name, command, units, _ in work:
                    times[name][1].append(seconds_of(*command) / units)
            finally:
                daemon.close()
        for name, _, _, (bar, met) in work:
            off, on = (statistics.median(side) for side in times[name])
            row(name, f'{off * 1e9:,.0f} ns, with rwatchd {on * 1e9:,.0f} (x {on / off:.2f})', bar, met(off, on))


def flood(rules):
    daemon = Daemon(rules)
    try:
        before, begin = cpu_of(daemon.pid), time.monotonic()
        floods = [subprocess.Popen([FLOOD, 'read', str(FLOOD_SECONDS), '1000000000'], stdout=subprocess.PIPE) for _ in range(os.cpu_count())]
        made = sum(int(process.communicate()[0]) for process in floods)
        share = (cpu_of(daemon.pid) - before) / (time.monotonic() - begin) * 100
        lost = sum(daemon.ctl_json('status')['events_lost'].values())
        row('opens on all processors, 30 s', f'{made / FLOOD_SECONDS:,.0f}/s, {lost:,} lost, {share:.0f} % of a core', 'none, 3 %', lost == 0 and share < 3)
        before, begin = cpu_of(daemon.pid), time.monotonic()
        subprocess.run(['/bin/sh', '-c', STEADY_EXECS], check=True, stdin=subprocess.DEVNULL)
        took = time.monotonic() - begin
        share = (cpu_of(daemon.pid) - before) / took * 100
        row('execs', f'{40 * 39 / took:.0f}/s, {share:.1f} % of a core', '388/s, 2 %', share * 388 / (40 * 39 / took) < 2)
    finally:
        daemon.close()


def memory_and_rest(rules):
    daemon = Daemon(rules)
    try:
        time.sleep(3)
        rss = status_kb(daemon.pid, 'VmRSS') / 1024
        row('resident', f'{rss:.0f} MiB, {status_kb(daemon.pid, "RssAnon") / 1024:.0f} of its own', '25 MiB', rss <= 25)
        before, begin = cpu_of(daemon.pid), time.monotonic()
        time.sleep(20)
        share = (cpu_of(daemon.pid) - before) / (time.monotonic() - begin) * 100
        row('processor, idle', f'{share:.2f} % of a core', '0.2 %', share < 0.2)
    finally:
        daemon.close()


def latency():
    with tempfile.TemporaryDirectory(prefix='rwatch-bench-') as folder:
        rule = f'- {{rule: seen, desc: d, condition: evt.is_open_read = true and fd.name startswith {folder}/, output: "%fd.name", priority: info, ' \
               'debounce: {for: 1s, by: [fd.name]}}\n'
        daemon = Daemon({'rule.yaml': rule})
        try:
            waits = []
            for number in range(200):
                path = rwatchtest.write(os.path.join(folder, str(number)), '')
                with open(path, encoding='utf-8'):
                    done = time.monotonic()
                daemon.expect('seen', f'{folder}/{number}"')
                waits.append(next(at for at, alert in daemon.alerts if alert['output'].endswith(f'/{number}')) - done)
        finally:
            daemon.close()
        row('alert after the call', f'{statistics.median(waits) * 1e3:.1f} ms', '5 ms', statistics.median(waits) < 0.005)


def first_alert():
    with tempfile.TemporaryDirectory(prefix='rwatch-bench-') as folder:
        waits = []
        for _ in range(ROUNDS):
            begin = time.monotonic()
            process = subprocess.Popen([RWATCHD, '--console=json', '--bus', 'none', '--rules', RULES, '--state-dir', os.path.join(folder, 'state')],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            deeds = subprocess.Popen(['/bin/sh', '-c', 'while :; do cat /etc/shadow; sleep 0.01; done'], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            process.stdout.readline()
            waits.append(time.monotonic() - begin)
            for child in (deeds, process):
                child.terminate()
            process.stdout.read()
            for child in (deeds, process):
                child.wait()
            process.stdout.close()
        row('first alert after the start', f'{statistics.median(waits) * 1e3:.0f} ms', '200 ms', statistics.median(waits) < 0.2)


def reload():
    made = ''.join(f'- {{rule: made {number}, desc: d, output: "%proc.name", priority: info, '
                   f'condition: "evt.type = execve and proc.exepath = /opt/{number}/bin and user.uid = {number}"}}\n' for number in range(3000))
    daemon = Daemon({'made.yaml': made})
    try:
        waits = []
        for _ in range(ROUNDS):
            begin = time.monotonic()
            daemon.ctl('reload', check=0)
            waits.append(time.monotonic() - begin)
        lost = sum(daemon.ctl_json('status')['events_lost'].values())
        row('reload of 3,000 rules', f'{statistics.median(waits) * 1e3:.0f} ms, {lost} lost', '300 ms, none', statistics.median(waits) < 0.3 and lost == 0)
    finally:
        daemon.close()


def main():
    if os.getuid() != 0:
        raise SystemExit('this loads probes: run it as root')
    rules = with_corpus()
    print(f'{os.uname().release}, {os.cpu_count()} processors, {len(rules)} rule files' + ('' if os.path.isdir(CORPUS) else ', without the corpus'))
    print(f'{"":<36} {"measured":<46} {"bar":<12}')
    compare(rules)
    flood(rules)
    memory_and_rest(rules)
    latency()
    first_alert()
    reload()


if __name__ == '__main__':
    sys.exit(main())
