# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the daemon costs and how fast it is, on this machine, beside the bars of docs/performance.md: one table. Each ratio is of rounds with and without
the daemon, in turn; medians. Where auditd's auditctl or bpftrace are installed, they watch the same calls in rounds of their own. Needs root; asserts nothing:
machines are noisy."""
import contextlib
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
from rwatchtest import RULES, RWATCHCTL, RWATCHD, Daemon

FLOOD = os.environ['RWATCH_FLOOD']
ENGINE = os.environ['RWATCH_BENCH_ENGINE']
EMPTY_HOOKS = os.environ['RWATCH_EMPTY_HOOKS']
CORPUS = os.path.join(rwatchtest.SOURCE, '../shared/corpus')
ROUNDS = 7
EXECS = 500
FILES = 8000
TARS = 4
SETTLE = 2  # seconds: the kernel takes programs off on its own time
FLOOD_SECONDS = 30
EXEC_LOOP = 'i=0; while [ $i -lt {count} ]; do /bin/true; i=$((i+1)); done'  # of a shell that forks
STEADY_EXECS = 'for n in $(seq 40); do for m in $(seq 39); do /bin/true; done; sleep 0.06; done'
COMPILE = 'for n in $(seq {count}); do cc -O2 -o /dev/null {source}; done'
COMPILES = 12


def with_corpus():
    """The shipped rules, and all of the corpus where it is there; None where it is not."""
    rules = {os.path.basename(path): open(path, encoding='utf-8').read() for path in glob.glob(f'{RULES}/*.yaml')}
    others = glob.glob(f'{CORPUS}/**/*.yaml', recursive=True) + glob.glob(f'{CORPUS}/**/*.yml', recursive=True)
    return {**rules, **{f'90-{number}.yaml': open(path, encoding='utf-8').read() for number, path in enumerate(sorted(others))}}


def cpu_of(pid):
    """Seconds of its threads."""
    total = 0
    for path in glob.glob(f'/proc/{pid}/task/*/schedstat'):
        with open(path, encoding='ascii') as stat:
            total += int(stat.read().split()[0])
    return total / 1e9


def status_kb(pid, name):
    with open(f'/proc/{pid}/status', encoding='ascii', errors='replace') as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(name + ':'))


def seconds_of(*command):
    """Processor time of a command and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


class Work:
    """What is done with and without who watches: a command, how many units of work it is, and the bar: a text, and what (without, with) must be."""

    def __init__(self, name, command, units, bar='', met=lambda off, on: None):
        self.name, self.command, self.units, self.bar, self.met = name, command, units, bar, met
        self.floor = name.startswith(('open + close', 'tar', 'getpid'))  # also measured with programs at opens that do nothing

    def measure(self):
        return seconds_of(*self.command) / self.units

    @classmethod
    def calls(cls, name, kind, times, bar='', most=None):
        return cls(name, [FLOOD, kind, '60', str(times)], times, bar, (lambda off, on: (on - off) * 1e9 <= most) if most else lambda off, on: None)


def workloads(folder):
    tree = os.path.join(folder, 'tree')
    for number in range(FILES):
        path = os.path.join(tree, str(number % 100))
        os.makedirs(path, exist_ok=True)
        rwatchtest.write(os.path.join(path, str(number)), 'text\n')
    source = os.path.join(rwatchtest.SOURCE, 'tests/support/flood.c')
    return [Work.calls('getpid: not watched', 'getpid', 3_000_000, '+20 ns', 20),
            Work.calls('open + close', 'read', 300_000, '+350 ns', 350),
            Work.calls('open to write + close: rules count', 'write', 150_000),
            Work.calls('open that fails', 'missing', 300_000),
            Work.calls('fchmod', 'chmod', 300_000),
            Work.calls('connect, refused', 'connect', 60_000, '+600 ns', 600),
            Work('exec', ['/bin/sh', '-c', EXEC_LOOP.format(count=EXECS)], EXECS, '+40 us', lambda off, on: (on - off) * 1e6 <= 40),
            Work(f'tar of {FILES} files, each', ['/bin/sh', '-c', f'for n in $(seq {TARS}); do tar -cf - -C {tree} . | cat >/dev/null; done'], FILES * TARS, 'x 1.02',
                 lambda off, on: on / off <= 1.02),
            Work('compile', ['/bin/sh', '-c', COMPILE.format(count=COMPILES, source=source)], COMPILES)]


def row(what, measured, bar='', met=None):
    print(f'{what:<36} {measured:<46} {bar:<14} {"" if met is None else "met" if met else "NOT MET"}'.rstrip(), flush=True)


@contextlib.contextmanager
def beside(*command, ready=None):
    """A program that watches meanwhile; it ends with its standard input, or when it is asked to."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        if ready and ready not in process.stdout.readline():
            raise SystemExit(f'{command[0]} does not start')
        yield
    finally:
        process.stdin.close()
        process.terminate()
        process.wait()
        process.stdout.close()


@contextlib.contextmanager
def audited():
    """All opens, connects and starts of programs, as usual rules of auditd have them."""
    rule = ['always,exit', '-F', 'arch=b64', '-S', 'open,openat,openat2,creat,connect,execve,execveat,chmod,fchmod,fchmodat']
    subprocess.run(['auditctl', '-a', *rule], check=True, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        subprocess.run(['auditctl', '-d', *rule], check=False, stdout=subprocess.DEVNULL)


def others():
    """Who else watches the same calls, where it is installed and may."""
    out = {}
    if shutil.which('bpftrace'):
        probes = ','.join(f'tracepoint:syscalls:sys_exit_{call}' for call in ('open', 'openat', 'openat2', 'creat', 'connect', 'execve', 'fchmod'))
        out['bpftrace'] = lambda: beside('bpftrace', '-e', f'{probes} {{ @[comm] = count(); }}', ready='Attaching')
    if shutil.which('auditctl') and 'enabled 1' in subprocess.run(['auditctl', '-s'], capture_output=True, text=True, check=False).stdout:
        out['auditd'] = audited
    return out


@contextlib.contextmanager
def watched_by_rwatch(rules):
    daemon = Daemon(rules)
    try:
        yield
    finally:
        daemon.close()


def compare(rules):
    with tempfile.TemporaryDirectory(prefix='rwatch-bench-') as folder:
        work = workloads(folder)
        watchers = {'without': contextlib.nullcontext, 'rwatchd': lambda: watched_by_rwatch(rules), 'empty': lambda: beside(EMPTY_HOOKS, ready='ready'), **others()}
        times = {(one.name, watcher): [] for one in work for watcher in watchers}
        for _ in range(ROUNDS):
            for watcher, watch in watchers.items():
                with watch():
                    for one in work:
                        if watcher != 'empty' or one.floor:
                            times[one.name, watcher].append(one.measure())
                time.sleep(SETTLE)
        for one in work:
            medians = {watcher: statistics.median(times[one.name, watcher]) for watcher in watchers if times[one.name, watcher]}
            off, on = medians.pop('without'), medians.pop('rwatchd')
            empty = medians.pop('empty', None)
            row(one.name, f'{off * 1e9:,.0f} ns, rwatchd {(on - off) * 1e9:+,.0f} (x {on / off:.3f})', one.bar, one.met(off, on))
            if empty:
                row('  with empty programs at opens', f'{(empty - off) * 1e9:+,.0f} (x {empty / off:.3f}); rwatchd x {on / empty:.2f} of that', 'x 1.3', on / empty <= 1.3)
            for watcher, time_taken in medians.items():
                row(f'  {watcher}', f'{(time_taken - off) * 1e9:+,.0f} (x {time_taken / off:.3f})')


def engine(rules):
    """Through rules, an event of a capture of a compile, admin work and connections, with nothing passed over."""
    sets = {"Falco's stable set": glob.glob(f'{CORPUS}/falco/*.yaml'), "Sigma's set": glob.glob(f'{CORPUS}/sigma/**/*.yml', recursive=True)}
    bars = {('made', 25): 120, ('made', 1000): 250, ('made', 3000): 400}
    with tempfile.TemporaryDirectory(prefix='rwatch-bench-') as folder:
        capture = os.path.join(folder, 'capture')
        daemon = Daemon(rules)
        try:
            with subprocess.Popen([RWATCHCTL, '--bus', daemon.address, 'record', '-o', capture], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, text=True) as recorder:
                recorder.stderr.readline()
                time.sleep(0.3)
                for one in workloads(folder)[-2:]:
                    one.measure()
                for command in ('find / -xdev -name "*.conf" -type f -print0 2>/dev/null | head -zn 3000 | xargs -0 cat >/dev/null', EXEC_LOOP.format(count=1000), f'{FLOOD} connect 5 3000'):
                    subprocess.run(['/bin/sh', '-c', command], check=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
                recorder.terminate()
        finally:
            daemon.close()
        arguments = [word for name, files in sets.items() if files for word in ('--set', name, *files)]
        result = subprocess.run([ENGINE, '--capture', capture, *arguments], check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        for line in result.stdout.splitlines():
            name, count, cost = line.split('\t')
            bar = bars.get((name, int(count)))
            row(f'engine, {name}', f'{count} rules: {cost} ns an event', f'{bar} ns' if bar else '', float(cost) <= bar if bar else None)


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
        row('resident after it', f'{status_kb(daemon.pid, "VmRSS") / 1024:.0f} MiB', '40 MiB', status_kb(daemon.pid, 'VmRSS') / 1024 <= 40)
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
    print(f'{"":<36} {"measured":<46} {"bar":<14}')
    compare(rules)
    engine(rules)
    flood(rules)
    memory_and_rest(rules)
    latency()
    first_alert()
    reload()


if __name__ == '__main__':
    sys.exit(main())
