# SPDX-License-Identifier: MIT OR Apache-2.0
"""Reloading replaces all or nothing: a broken file is named to the column and leaves the old rules at work, a corrected one loses no event."""
import os
import shutil
import signal
import threading
import time

import rwatchtest
from rwatchtest import Case, run, wait_until

GOOD = '''
- rule: Marker opened
  desc: a file of the test was opened
  condition: evt.type in (open, openat) and fd.name startswith {folder}/{word}
  debounce: {{ for: 60s, by: [fd.name] }}
  output: "%fd.name opened by %proc.exepath"
  priority: Notice
  tags: [test]
'''


class Reload(Case):
    def setUp(self):
        super().setUp()
        self.daemon = rwatchtest.Daemon(rules={'10-test.yaml': self.rule('old')})
        self.addCleanup(self.daemon.close)
        self.file = os.path.join(self.daemon.rules, '10-test.yaml')

    def rule(self, word):
        return GOOD.format(folder=self.dir, word=word)

    def generation(self):
        return self.daemon.ctl_json('status')['generation']

    def touch(self, name):
        since = time.monotonic()
        rwatchtest.write(self.path(name), 'x')
        return self.path(name), since

    def expect_opened(self, name):
        path, since = self.touch(name)
        return self.daemon.expect('Marker opened', path, since)

    def test_broken_rules_are_refused_and_the_old_stay(self):
        before = self.generation()
        rwatchtest.write(self.file, self.rule('new').replace('startswith', 'startwith'))
        result = self.daemon.ctl('reload', check=1)
        self.assertRegex(result.stdout + result.stderr, r'10-test\.yaml:4:\d+: error: .*startwith')
        self.assertEqual(before, self.generation())
        self.expect_opened('old-after-broken')

    def test_corrected_rules_take_effect(self):
        rwatchtest.write(self.file, 'broken: [')
        self.daemon.ctl('reload', check=1)
        rwatchtest.write(self.file, self.rule('new'))
        self.daemon.ctl('reload', check=0)
        self.expect_opened('new-one')
        path, since = self.touch('old-one')
        time.sleep(rwatchtest.QUIET_FOR)
        self.assertEqual([], self.daemon.find('Marker opened', path, since))

    def test_a_reload_that_leaves_no_rule_says_so(self):
        os.unlink(self.file)
        self.assertIn('no rule is enabled', self.daemon.ctl('reload', check=0).stdout)
        wait_until(lambda: any('degraded: no rule is active' in line for line in self.daemon.errors), 5 * rwatchtest.SLOW, lambda: self.daemon.errors)

    def test_reload_as_json(self):
        rwatchtest.write(self.file, self.rule('new').replace('priority: Notice', 'priority: Loud'))
        result = self.daemon.ctl('--json', 'reload', check=1)
        self.assertIn('Loud', result.stdout)

    def test_no_event_is_lost_while_reloading(self):
        rwatchtest.write(os.path.join(self.daemon.rules, '20-both.yaml'), self.rule('flow').replace('Marker opened', 'Flow'))
        self.daemon.ctl('reload', check=0)
        opened, done = [], threading.Event()

        def open_all_the_time():
            while not done.is_set():
                opened.append(self.touch(f'flow-{len(opened)}')[0])
                time.sleep(0.0005)

        worker = threading.Thread(target=open_all_the_time)
        worker.start()
        try:
            for number in range(20):
                rwatchtest.write(self.file, self.rule(f'other{number}'))
                self.daemon.ctl('reload', check=0)
        finally:
            done.set()
            worker.join()
        self.assertGreater(len(opened), 100)

        def missing():
            told = ' '.join(alert['output'] for alert in self.daemon.find('Flow')) + ' '
            return [path for path in opened if f'{path} ' not in told]
        wait_until(lambda: not missing(), 5 * rwatchtest.SLOW, lambda: f'{len(missing())} of {len(opened)} never told: {missing()[:5]}')

    def test_hangup_reloads(self):
        rwatchtest.write(self.file, self.rule('new'))
        os.kill(self.daemon.pid, signal.SIGHUP)
        wait_until(lambda: self.daemon.notify.seen('RELOADING=1'), 5 * rwatchtest.SLOW, 'RELOADING=1')
        wait_until(lambda: self.generation() == 2, 5 * rwatchtest.SLOW, 'the next generation')
        self.expect_opened('new-by-signal')

    def test_hangup_with_broken_rules(self):
        rwatchtest.write(self.file, '- rule: [')
        os.kill(self.daemon.pid, signal.SIGHUP)
        wait_until(lambda: any('10-test.yaml:1' in line for line in self.daemon.errors), 5 * rwatchtest.SLOW, lambda: self.daemon.errors)
        self.expect_opened('old-after-signal')

    def test_shipped_rules_reload(self):
        for name in os.listdir(rwatchtest.RULES):
            if name.endswith('.yaml'):
                shutil.copy(os.path.join(rwatchtest.RULES, name), self.daemon.rules)
        self.daemon.ctl('reload', check=0)
        cat = self.copy_of('cat', 'cat-after-reload')
        since = time.monotonic()
        run(cat, '/etc/shadow')
        self.daemon.expect('Sensitive file read', cat, since)


if __name__ == '__main__':
    rwatchtest.main()
