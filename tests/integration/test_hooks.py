# SPDX-License-Identifier: MIT OR Apache-2.0
"""Calls that no rule asks for are not hooked, and cost nothing; a rule, or somebody who follows events, hooks them before it counts."""
import contextlib
import socket
import subprocess
import time

import rwatchtest
from rwatchtest import RWATCHCTL, Case

rwatchtest.RECORDS = False  # a recording wants all calls

EXECS = '- {rule: Marker run, desc: d, condition: evt.type = execve and proc.name = marker, output: o, priority: info}\n'
CONNECTS = '- {{rule: Marker called, desc: d, condition: evt.type = connect and fd.rport = {port}, output: "%fd.rport", priority: info}}\n'
NEVER = '- {rule: Never, desc: d, condition: fd.rport = 1 and proc.name = nobody, output: o, priority: info}\n'


class Hooks(Case):
    def start(self, rules):
        return super().start(rules={'10-test.yaml': rules}, config='sensor: {canary_interval: 1s}\n')

    def await_hooked(self, daemon, family, count):
        rwatchtest.wait_until(lambda: self.hooked(daemon, family)[0] == count, 10 * rwatchtest.SLOW, f'{count} hooks of {family}')

    @contextlib.contextmanager
    def follower(self, daemon, condition):
        process = subprocess.Popen([RWATCHCTL, '--bus', daemon.address, 'events', condition], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        try:
            yield process.stdout
        finally:
            process.terminate()
            process.wait()
            process.stdout.close()

    def hooked(self, daemon, family):
        """How many calls of a family are, of how many."""
        attached = next(probe['attached'] for probe in daemon.ctl_json('status')['probes'] if probe['name'] == family)
        return tuple(int(number) for number in attached.rsplit('(', 1)[1].split(';')[0].rstrip(')').split(' of '))

    def refused_port(self):
        with socket.socket() as one:
            one.bind(('127.0.0.1', 0))
            return one.getsockname()[1]

    def connect(self, port):
        with socket.socket() as one:
            one.connect_ex(('127.0.0.1', port))

    def test_only_what_rules_need(self):
        daemon = self.start(EXECS)
        for family in ('open', 'connect', 'signal', 'memory', 'resolve'):
            self.assertEqual(0, self.hooked(daemon, family)[0], family)
        for family in ('rename', 'mount', 'chmod'):  # on which the names of programs rest
            hooked, offered = self.hooked(daemon, family)
            self.assertEqual(offered, hooked, family)
        self.assertNotIn('degraded', daemon.ctl('status', check=0).stdout)

    def test_a_rule_that_comes_is_hooked_before_the_reload_is_answered(self):
        daemon = self.start(EXECS)
        for _ in range(5):
            port = self.refused_port()  # another one: repeats are held back
            rwatchtest.write(f'{daemon.rules}/20-more.yaml', CONNECTS.format(port=port))
            daemon.ctl('reload', check=0)
            since = time.monotonic()
            self.connect(port)
            daemon.expect('Marker called', str(port), since)
            self.assertEqual((1, 1), self.hooked(daemon, 'connect'))
            rwatchtest.write(f'{daemon.rules}/20-more.yaml', '')
            daemon.ctl('reload', check=0)
            self.await_hooked(daemon, 'connect', 0)

    def test_a_paused_rule_needs_none(self):
        port = self.refused_port()
        daemon = self.start(EXECS + CONNECTS.format(port=port))
        daemon.ctl('pause', 'Marker called', check=0)
        self.await_hooked(daemon, 'connect', 0)
        daemon.ctl('resume', 'Marker called', check=0)
        since = time.monotonic()
        self.connect(port)
        daemon.expect('Marker called', str(port), since)

    def test_who_follows_events_sees_all_of_them(self):
        daemon = self.start(EXECS)
        port = self.refused_port()
        with self.follower(daemon, f'evt.type = connect and fd.rport = {port}') as lines:
            self.await_hooked(daemon, 'connect', 1)
            self.connect(port)
            self.assertIn(str(port), lines.readline())
        self.await_hooked(daemon, 'connect', 0)

    def test_the_canary_does_not_miss_what_is_not_hooked(self):
        daemon = self.start(EXECS + NEVER)
        for rules in (EXECS, EXECS + NEVER) * 3:
            rwatchtest.write(f'{daemon.rules}/10-test.yaml', rules)
            daemon.ctl('reload', check=0)
            time.sleep(1.5)  # a round or two
            self.assertNotIn('degraded', daemon.ctl('status', check=0).stdout)


if __name__ == '__main__':
    rwatchtest.main()
