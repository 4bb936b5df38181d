# SPDX-License-Identifier: MIT OR Apache-2.0
"""An unprivileged flood from one control group and an attack from another in its midst: the alert comes within a second, or an alert about losses
that names the flooder. Never silence. And thousands of short processes leave nothing behind."""
import os
import signal
import subprocess
import time

import rwatchtest
from rwatchtest import Case

FLOOD = os.environ['RWATCH_FLOOD']
SECONDS = 2
MOST = {'write': 4_000_000, 'fork': 200_000, 'connect': 800_000}
NOBODY = 65534
FORKS = 20_000
LATER_FORKS = 60_000
LEAST_LEAK = 50  # bytes a process; what the rest of the machine makes the daemon remember meanwhile is less than so many of them
FORKS_WITHIN = 30
GRACE = 10  # seconds for which the daemon keeps the dead


def memory_of(pid):
    """Resident kilobytes that are its own."""
    with open(f'/proc/{pid}/status', encoding='ascii') as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith('RssAnon:'))


class Group:
    """A control group (v2) of the test's own."""

    def __init__(self, name):
        root = '/sys/fs/cgroup' if os.path.exists('/sys/fs/cgroup/cgroup.procs') else '/sys/fs/cgroup/unified'
        self.name = f'{name}-{os.getpid()}.service'
        self.path = os.path.join(root, self.name)
        os.mkdir(self.path)

    def enter(self):
        rwatchtest.write(os.path.join(self.path, 'cgroup.procs'), '0')

    def close(self):
        os.rmdir(self.path)


class Flood(Case):
    def group(self, name):
        group = Group(name)
        self.addCleanup(group.close)
        return group

    def flood(self, group, kind):
        def become():
            group.enter()
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        process = subprocess.Popen([FLOOD, kind, str(SECONDS), str(MOST[kind])], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, preexec_fn=become)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        return process

    def attack(self, group, program):
        subprocess.run([program, '/etc/shadow'], check=True, stdout=subprocess.DEVNULL, preexec_fn=group.enter)

    def expect_told(self, daemon, program, flooder):
        """The attack itself, or that events were lost and whose."""
        rwatchtest.wait_until(
            lambda: daemon.find('Sensitive file read', program) or daemon.find('^rwatch events lost$', flooder.name), rwatchtest.ALERT_WITHIN,
            lambda: f'attack or loss told; alerts: {daemon.told()}; stderr: {daemon.errors[-20:]}')

    def amid(self, kind):
        daemon = self.start()
        flooder, other = self.group('rwatch-flood'), self.group('rwatch-attack')
        program = self.copy_of('cat', 'cat-' + kind)
        process = self.flood(flooder, kind)
        time.sleep(SECONDS / 2)
        self.attack(other, program)
        self.assertIsNone(process.poll(), 'the flood was over before the attack')
        self.expect_told(daemon, program, flooder)
        made = int(process.stdout.read())
        status = daemon.ctl_json('status')
        print(f'{kind}: {made / SECONDS:.0f}/s, lost {status["events_lost"]}, of {status["events_lost_by"]}', flush=True)

    def test_opens(self):
        self.amid('write')

    def test_forks(self):
        self.amid('fork')

    def test_connects(self):
        self.amid('connect')

    def test_a_daemon_that_can_not_read(self):
        """Stopped, the ring fills: the attack of another group is still in it when the daemon goes on, and the flooder is named."""
        daemon = self.start(config='sensor: {ring_size: 8M}\n')  # a quarter of it is more than the rest of the machine says meanwhile
        flooder, other = self.group('rwatch-flood'), self.group('rwatch-attack')
        program = self.copy_of('cat', 'cat-stopped')
        os.kill(daemon.pid, signal.SIGSTOP)
        try:
            process = self.flood(flooder, 'write')
            time.sleep(SECONDS / 2)
            self.attack(other, program)
        finally:
            os.kill(daemon.pid, signal.SIGCONT)
        daemon.expect('Sensitive file read', program, within=3 * rwatchtest.SLOW)
        alert = daemon.expect('^rwatch events lost$', flooder.name, within=3 * rwatchtest.SLOW)
        self.assertEqual(flooder.name, alert['output_fields']['lost.by'])
        process.wait(30)
        self.assertIn(flooder.name, daemon.ctl('status', check=0).stdout)

    def test_short_processes_leave_nothing_behind(self):
        daemon = self.start()
        sizes = [(daemon.ctl_json('status')['processes_tracked'], memory_of(daemon.pid))]
        for count in (FORKS, LATER_FORKS):
            subprocess.run([FLOOD, 'fork', str(FORKS_WITHIN), str(count)], stdout=subprocess.DEVNULL, check=True)
            time.sleep(GRACE + 1.5)
            subprocess.run(['/bin/true'], check=True)  # the dead are let go when something happens
            time.sleep(2.5)
            sizes.append((daemon.ctl_json('status')['processes_tracked'], memory_of(daemon.pid)))
        (few, before), (_, once), (as_few, twice) = sizes
        self.assertLess(abs(as_few - few), 500, sizes)  # the machine's own
        self.assertLess(once, before + 8192, sizes)  # what such a number of dead ones needs in tables
        self.assertLess(twice, once + LATER_FORKS * LEAST_LEAK // 1024, sizes)


if __name__ == '__main__':
    rwatchtest.main()
