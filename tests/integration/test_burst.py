# SPDX-License-Identifier: MIT OR Apache-2.0
"""200,000 opens of harmless files in a burst and one of /etc/shadow among them: the alert comes, and what was lost is told."""
import os
import sys

import rwatchtest
from rwatchtest import Case, run

OPENS = int(200_000 / rwatchtest.SLOW**2)  # with sanitizers no more than the ring holds: the daemon is slower, those that open are not
BURST = '''
import os, sys
folder, count = sys.argv[1], int(sys.argv[2])
names = [f"{folder}/{number}" for number in range(100)]
for number in range(count):
    if number == count // 2:
        os.close(os.open("/etc/shadow", os.O_RDONLY))
    os.close(os.open(names[number % 100], os.O_RDONLY))
'''
COUNT_ALL = '''
- rule: All opens of the burst
  desc: makes the daemon look at every single open
  condition: evt.type in (open, openat) and fd.name startswith {folder}
  correlation: {{ type: event_count, group-by: [proc.pid], timespan: 60s, condition: {{ gte: 100000 }} }}
  output: "%fd.name"
  priority: Notice
'''


class Burst(Case):
    def setUp(self):
        super().setUp()
        for number in range(100):
            rwatchtest.write(self.path(str(number)), 'harmless')

    def burst(self, daemon):
        """Gives back the program that did it."""
        python = self.copy_of(os.path.realpath(sys.executable), 'python-burst')
        run(python, '-S', '-c', BURST, self.dir, str(OPENS))
        return python

    def look_at_all(self, daemon):
        rwatchtest.write(os.path.join(daemon.rules, '99-all.yaml'), COUNT_ALL.format(folder=self.dir))
        daemon.ctl('reload', check=0)

    def seen_and_lost(self, daemon):
        detector = next(d for d in daemon.ctl_json('detectors') if d['name'] == 'All opens of the burst')
        return detector['matched'], sum(daemon.ctl_json('status')['events_lost'].values())

    def expect_all_accounted_for(self, daemon):
        rwatchtest.wait_until(lambda: sum(self.seen_and_lost(daemon)) >= OPENS, 5 * rwatchtest.SLOW, lambda: self.seen_and_lost(daemon))

    def test_shipped_rules(self):
        daemon = self.start()
        daemon.expect('Sensitive file read', self.burst(daemon), within=5 * rwatchtest.SLOW)

    def test_a_rule_that_looks_at_all(self):
        daemon = self.start()
        self.look_at_all(daemon)
        daemon.expect('Sensitive file read', self.burst(daemon), within=5 * rwatchtest.SLOW)
        self.expect_all_accounted_for(daemon)
        if self.seen_and_lost(daemon)[1]:
            daemon.expect('^rwatch ', 'lost', within=5 * rwatchtest.SLOW)

    def test_a_small_ring_tells_its_losses(self):
        daemon = self.start(config='sensor: {ring_size: 256k, poll_interval: 1s}\n')
        self.look_at_all(daemon)
        self.burst(daemon)
        daemon.expect('^rwatch ', 'lost', within=5 * rwatchtest.SLOW)
        self.expect_all_accounted_for(daemon)
        self.assertEqual('degraded', daemon.ctl_json('status')['state'])
        self.assertIn('lost', daemon.ctl('status', check=0).stdout)


if __name__ == '__main__':
    rwatchtest.main()
