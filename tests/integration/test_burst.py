# SPDX-License-Identifier: MIT OR Apache-2.0
"""200,000 opens of harmless files in a burst and one of /etc/shadow among them: the alert comes, and what was lost is told."""
import os
import sys

import rwatchtest
from rwatchtest import Case, run

OPENS = 200_000
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
  correlation: {{ type: event_count, group-by: [proc.pid], timespan: 60s, condition: {{ gte: 1000000 }} }}
  output: "%fd.name"
  priority: Notice
'''


class Burst(Case):
    def setUp(self):
        super().setUp()
        for number in range(100):
            rwatchtest.write(self.path(str(number)), 'harmless')

    def burst(self, daemon):
        python = self.copy_of(os.path.realpath(sys.executable), 'python-burst')
        run(python, '-S', '-c', BURST, self.dir, str(OPENS))
        return daemon.expect('Sensitive file read', python, within=5 * rwatchtest.SLOW)

    def test_shipped_rules(self):
        daemon = self.start()
        self.burst(daemon)
        self.assertEqual('running', daemon.ctl_json('status')['state'])

    def test_a_rule_that_looks_at_all(self):
        daemon = self.start()
        rwatchtest.write(os.path.join(daemon.rules, '99-all.yaml'), COUNT_ALL.format(folder=self.dir))
        daemon.ctl('reload', check=0)
        self.burst(daemon)
        detector = next(d for d in daemon.ctl_json('detectors') if d['name'] == 'All opens of the burst')
        lost = sum(daemon.ctl_json('status')['events_lost'].values())
        self.assertGreaterEqual(detector['matched'] + lost, OPENS)
        if lost:
            daemon.expect('^rwatch ', 'lost', within=5 * rwatchtest.SLOW)

    def test_a_small_ring_tells_its_losses(self):
        daemon = self.start(config='sensor: {ring_size: 256k, poll_interval: 1s}\n')
        rwatchtest.write(os.path.join(daemon.rules, '99-all.yaml'), COUNT_ALL.format(folder=self.dir))
        daemon.ctl('reload', check=0)
        python = self.copy_of(os.path.realpath(sys.executable), 'python-small-ring')
        run(python, '-S', '-c', BURST, self.dir, str(OPENS))
        daemon.expect('^rwatch ', 'lost', within=5 * rwatchtest.SLOW)
        status = daemon.ctl_json('status')
        self.assertGreater(status['events_lost']['open'], 0)
        detector = next(d for d in daemon.ctl_json('detectors') if d['name'] == 'All opens of the burst')
        self.assertGreaterEqual(detector['matched'] + status['events_lost']['open'], OPENS)
        self.assertNotIn('lost 0', daemon.ctl('status', check=0).stdout)


if __name__ == '__main__':
    rwatchtest.main()
