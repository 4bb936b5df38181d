# SPDX-License-Identifier: MIT OR Apache-2.0
"""Starting and ending: exit statuses, what the supervisor is told, and that nothing which was an alert is lost at the end."""
import os
import signal
import subprocess
import time

import rwatchtest
from rwatchtest import Case, wait_until, write

RULE = '''
- rule: Marker opened
  desc: a file of the test was opened
  condition: evt.type in (open, openat) and fd.name startswith {folder}/marker
  debounce: {{ for: {window}, by: [{by}] }}
  output: "%fd.name opened by %proc.exepath"
  priority: Notice
'''


class ExitStatus(Case):
    def rwatchd(self, *arguments, **options):
        return subprocess.run([rwatchtest.RWATCHD, *arguments], capture_output=True, text=True, timeout=60, check=False, **options)

    def assert_status(self, status, *arguments, told=None, **options):
        result = self.rwatchd(*arguments, **options)
        self.assertEqual(status, result.returncode, f'{arguments}: {result.stderr}')
        if told:
            self.assertIn(told, result.stdout + result.stderr)

    def test_version_and_help(self):
        self.assert_status(0, '--version', told='rwatchd')
        self.assert_status(0, '--help', told='--rules')

    def test_usage(self):
        self.assert_status(2, '--no-such-option', told='--no-such-option')
        self.assert_status(2, 'word')
        self.assert_status(2, '--rules')
        self.assert_status(2, '--console=xml', told='xml')

    def test_no_permission(self):
        self.assert_status(77, '--bus', 'none', '--rules', rwatchtest.RULES, '--state-dir', self.dir, user='nobody')

    def test_wrong_configuration(self):
        config = write(self.path('rwatchd.yaml'), 'sinks:\n  file: {pth: /x}\nsensor: {ring_size: many}\n')
        for extra in ((), ('--check',)):
            result = self.rwatchd('--bus', 'none', '--rules', rwatchtest.RULES, '--config', config, *extra)
            self.assertEqual(1 if extra else 78, result.returncode, result.stderr)
            told = result.stdout + result.stderr
            self.assertRegex(told, r"rwatchd\.yaml:2:10: .*pth")
            self.assertIn("'path'", told)
            self.assertRegex(told, r'rwatchd\.yaml:3:\d+: .*many')

    def test_missing_configuration(self):
        self.assert_status(78, '--bus', 'none', '--rules', rwatchtest.RULES, '--config', self.path('none.yaml'), told='none.yaml')

    def test_check(self):
        config = write(self.path('rwatchd.yaml'), '')
        self.assert_status(0, '--check', '--rules', rwatchtest.RULES, '--config', config)
        os.mkdir(self.path('rules'))
        write(self.path('rules/bad.yaml'), '- rule: x\n')
        self.assert_status(1, '--check', '--rules', self.path('rules'), '--config', config, told='bad.yaml:1')


class Supervised(Case):
    def rules(self, window='60s', by='fd.name'):
        return {'10-test.yaml': RULE.format(folder=self.dir, window=window, by=by)}

    def test_notifications(self):
        daemon = self.start(environment={'WATCHDOG_USEC': '1000000'})
        wait_until(lambda: daemon.notify.seen('STATUS='), 5, 'STATUS')
        self.assertRegex(daemon.notify.status(), r'rules')
        count = lambda: sum('WATCHDOG=1' in message for message in daemon.notify.messages)
        before = count()
        time.sleep(2)
        self.assertGreaterEqual(count() - before, 2)
        self.assertEqual(0, daemon.stop())
        self.assertTrue(daemon.notify.seen('STOPPING=1'))

    def check_end(self, number):
        daemon = self.start(rules=self.rules())
        for index in range(200):
            write(self.path(f'marker-{index:03}'), 'x')
        self.assertEqual(0, daemon.stop(number))
        told = str(daemon.logged())
        self.assertEqual([], [index for index in range(200) if f'marker-{index:03}' not in told])

    def test_terminate_flushes(self):
        self.check_end(signal.SIGTERM)

    def test_interrupt_flushes(self):
        self.check_end(signal.SIGINT)

    def test_a_killed_daemon_is_told_by_the_next(self):
        state = ('--state-dir', self.path('state'))
        killed = self.start(rules={}, options=state)
        self.assertEqual([], killed.find('not stopped in order'))
        killed.process.kill()
        killed.process.wait()
        killed.stop = lambda: 0
        after = self.start(rules={}, options=state)
        alert = after.expect('^rwatch was not stopped in order$', 'was killed or crashed')
        self.assertEqual('Critical', alert['priority'])
        after.stop()
        last = self.start(rules={}, options=state)
        time.sleep(rwatchtest.QUIET_FOR)
        self.assertEqual([], last.find('not stopped in order'))

    def test_repeats_are_told_at_the_end_of_the_window(self):
        daemon = self.start(rules=self.rules(window='1s', by='proc.exepath'))
        python = self.copy_of('touch', 'touch-repeats')
        for index in range(10):
            rwatchtest.run(python, self.path(f'marker-{index}'))
        first = daemon.expect('Marker opened', python)
        self.assertEqual(0, first['suppressed'])
        summary = wait_until(lambda: [a for a in daemon.find('Marker opened', python, summary=True) if a['suppressed']], 5 * rwatchtest.SLOW,
                             daemon.told)[0]
        self.assertEqual(9, summary['suppressed'])

    def test_own_process_makes_no_events(self):
        rules = {'10-own.yaml': RULE.format(folder='/', window='1ms', by='fd.name').replace('/marker', '')
                 .replace('condition: ', 'condition: proc.name = rwatchd and ')}
        daemon = self.start(rules=rules)
        for _ in range(5):
            daemon.ctl('reload', check=0)
        self.assertEqual([], daemon.find('Marker opened', lambda alert: f'by {rwatchtest.RWATCHD}' in alert['output']))

    def check_what_ran_before(self, user=None, **options):
        """A shell that waits since before the daemon's start opens the marker: binary and ancestors are read from /proc."""
        shell = self.copy_of('bash', 'bash-before')
        os.chmod(self.dir, 0o755)
        os.mkfifo(self.path('go'))
        write(self.path('marker'), 'x')
        process = subprocess.Popen([shell, '-c', f'read line <{self.path("go")}; exec 3<{self.path("marker")}'], user=user)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        daemon = self.start(rules=self.rules(), **options)
        write(self.path('go'), 'now\n')
        alert = daemon.expect('Marker opened', shell)
        shown = daemon.ctl_json('show', alert['id'])
        self.assertEqual(shell, shown['processes'][0]['exe_path'])
        self.assertEqual(user or 'root', shown['processes'][0]['user'])
        self.assertEqual(os.path.realpath('/proc/self/exe'), shown['processes'][1]['exe_path'])

    def test_what_ran_before_is_known(self):
        self.check_what_ran_before()

    def test_capabilities_of_the_unit_suffice(self):
        with open(os.path.join(rwatchtest.SOURCE, 'systemd/rwatchd.service'), encoding='utf-8') as unit:
            line = next(line for line in unit if line.startswith('CapabilityBoundingSet='))
        kept = ','.join('+' + name.removeprefix('CAP_').lower() for name in line.strip().split('=')[1].split())
        self.check_what_ran_before(user='nobody', prefix=('setpriv', '--no-new-privs', '--inh-caps', '-all', '--bounding-set', f'-all,{kept}'))


if __name__ == '__main__':
    rwatchtest.main()
