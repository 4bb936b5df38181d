# SPDX-License-Identifier: MIT OR Apache-2.0
"""rwatchctl and the daemon together, over a real bus: what is asked is told, pausing stops one detector and only that."""
import json
import os
import subprocess
import time

import rwatchtest
from rwatchtest import Case, SharedDaemon, run, wait_until

READ = 'Sensitive file read'
CHMOD = 'Execute bit added to unpackaged file'
SHIPPED = {'Execute bit added to unpackaged file', 'Outbound port scan', 'Outbound host sweep', 'Sensitive file read', 'Sensitive file changed',
           'Ransomware suffix', 'Mass file rewriting', 'Fork bomb', 'Rapid exec'}


class Deeds(SharedDaemon):
    """The same deeds for all tests; each by a program of its own, so that none is taken for a repeat."""

    def read_shadow(self, name):
        cat = self.copy_of('cat', name)
        since = time.monotonic()
        run(cat, '/etc/shadow')
        return cat, since

    def add_execute_bit(self, name):
        target = rwatchtest.write(self.path(name), 'x')
        since = time.monotonic()
        run('chmod', '755', target)  # in a session of its own: repeats in one session are counted
        return target, since

    def detector(self, name):
        return next(detector for detector in self.daemon.ctl_json('detectors') if detector['name'] == name)

    def resume_all(self):
        for name in (READ, CHMOD):
            self.daemon.ctl('resume', name)


class Pausing(Deeds):
    def setUp(self):
        super().setUp()
        self.addCleanup(self.resume_all)

    def test_pause_stops_one_and_only_one(self):
        self.daemon.ctl('pause', READ, '--reason', 'a test of pausing', check=0)
        paused, since = self.read_shadow('cat-paused')
        target, _ = self.add_execute_bit('while-paused')
        self.daemon.expect(CHMOD, target, since)
        time.sleep(rwatchtest.QUIET_FOR)
        self.assertEqual([], self.daemon.find(READ, paused, since))
        states = {detector['name']: detector['state'] for detector in self.daemon.ctl_json('detectors')}
        self.assertEqual([READ], [name for name, state in states.items() if state == 'paused'])
        self.daemon.ctl('resume', READ, check=0)
        resumed, since = self.read_shadow('cat-resumed')
        self.daemon.expect(READ, resumed, since)

    def test_who_and_why_is_told_and_alerted(self):
        since = time.monotonic()
        self.daemon.ctl('pause', READ, '--for', '10m', '--reason', 'maintenance window 7', check=0)
        pause = self.detector(READ)['pause']
        self.assertEqual('maintenance window 7', pause['reason'])
        self.assertEqual(0, pause['uid'])
        self.assertIn('maintenance window 7', self.daemon.ctl('detectors', check=0).stdout)
        self.daemon.expect('^rwatch ', 'maintenance window 7', since)

    def test_pause_ends_by_itself(self):
        self.daemon.ctl('pause', READ, '--for', '1s', check=0)
        self.assertEqual('paused', self.detector(READ)['state'])
        wait_until(lambda: self.detector(READ)['state'] == 'active', 5 * rwatchtest.SLOW, 'the pause ends')
        cat, since = self.read_shadow('cat-after-pause')
        self.daemon.expect(READ, cat, since)

    def test_pause_by_tag(self):
        self.daemon.ctl('pause', 'chmod_exec', check=0)
        self.addCleanup(self.daemon.ctl, 'resume', 'chmod_exec')
        target, since = self.add_execute_bit('paused-by-tag')
        cat, _ = self.read_shadow('cat-beside-tag')
        self.daemon.expect(READ, cat, since)
        time.sleep(rwatchtest.QUIET_FOR)
        self.assertEqual([], self.daemon.find(CHMOD, target, since))

    def test_unknown_detector(self):
        result = self.daemon.ctl('pause', 'Sensitive file raed', check=1)
        self.assertIn('Sensitive file raed', result.stderr)


class Telling(Deeds):
    def test_status(self):
        text = self.daemon.ctl('status', check=0).stdout
        for word in ('running', 'open', 'exec', 'connect', 'file'):
            self.assertIn(word, text)
        status = self.daemon.ctl_json('status')
        self.assertEqual('running', status['state'], status)
        probes = {probe['name']: probe['attached'] for probe in status['probes']}
        self.assertTrue(probes and all(probes.values()), probes)

    def test_detectors_are_the_shipped_ones(self):
        detectors = self.daemon.ctl_json('detectors')
        self.assertLessEqual(SHIPPED, {detector['name'] for detector in detectors})
        self.assertEqual({'active', 'counted'}, {detector['state'] for detector in detectors})
        self.assertEqual({'active'}, {detector['state'] for detector in detectors if detector['name'] in SHIPPED})

    def test_hits_are_counted(self):
        before = self.detector(CHMOD)['hits']
        target, since = self.add_execute_bit('counted')
        self.daemon.expect(CHMOD, target, since)
        self.assertGreater(self.detector(CHMOD)['hits'], before)

    def test_alerts_and_show(self):
        cat, since = self.read_shadow('cat-listed')
        told = self.daemon.expect(READ, cat, since)
        listed = [alert for alert in self.daemon.ctl_json('alerts', '--rule', READ) if alert['id'] == told['id']]
        self.assertEqual(1, len(listed))
        self.assertEqual(told['output'], listed[0]['output'])
        self.assertIn(told['id'], self.daemon.ctl('alerts', check=0).stdout)
        shown = self.daemon.ctl_json('show', told['id'])
        self.assertEqual(cat, shown['processes'][0]['exe_path'])
        self.assertIn('python', json.dumps(shown['processes'][1:]))
        text = self.daemon.ctl('show', told['id'], check=0).stdout
        for part in (told['output'], cat, READ):
            self.assertIn(part, text)

    def test_show_of_nothing(self):
        self.assertIn('0000', self.daemon.ctl('show', '0000', check=1).stderr)

    def test_filters(self):
        target, since = self.add_execute_bit('filtered')
        self.daemon.expect(CHMOD, target, since)
        self.assertEqual({CHMOD}, {alert['rule'] for alert in self.daemon.ctl_json('alerts', '--rule', CHMOD)})
        self.assertEqual(1, len(self.daemon.ctl_json('alerts', '-n', '1')))
        self.assertEqual([], self.daemon.ctl_json('alerts', '--since', '2099-01-01'))

    def test_watch(self):
        command = [rwatchtest.RWATCHCTL, '--bus', self.daemon.address, '--json', 'watch']
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watcher:
            self.addCleanup(watcher.kill)
            time.sleep(1)  # it has no way to say that it listens
            target, since = self.add_execute_bit('watched')
            told = self.daemon.expect(CHMOD, target, since)
            line = next(line for line in watcher.stdout if told['id'] in line)
            watcher.terminate()
        self.assertEqual(CHMOD, json.loads(line)['rule'])


class Refusals(Case):
    def test_daemon_not_running(self):
        bus = rwatchtest.Bus(self.dir)
        self.addCleanup(bus.stop)
        for verb in ('status', 'alerts', 'reload'):
            result = subprocess.run([rwatchtest.RWATCHCTL, '--bus', bus.address, verb], capture_output=True, text=True, timeout=30, check=False)
            self.assertEqual(3, result.returncode, result.stderr)
            self.assertIn('not running', result.stdout + result.stderr)

    def test_usage(self):
        for arguments in (['no-such-verb'], ['show'], ['status', '--no-such-option'], []):
            result = subprocess.run([rwatchtest.RWATCHCTL, *arguments], capture_output=True, text=True, timeout=30, check=False)
            self.assertEqual(2, result.returncode, f'{arguments}: {result.stderr}')

    def test_another_user(self):
        daemon = self.start()
        target = rwatchtest.write(self.path('seen'), 'x')
        os.chmod(target, 0o755)
        alert = daemon.expect(CHMOD, target)
        self.assertEqual(0, daemon.ctl('status', user='nobody').returncode)
        for arguments in (('alerts',), ('show', alert['id']), ('pause', READ), ('resume', READ), ('reload',)):
            result = daemon.ctl(*arguments, user='nobody')
            self.assertEqual(4, result.returncode, f'{arguments}: {result.stdout}{result.stderr}')
            self.assertNotIn(target, result.stdout + result.stderr)
        self.assertEqual('active', next(d['state'] for d in daemon.ctl_json('detectors') if d['name'] == READ))


class Checking(Case):
    """rwatchctl check needs no daemon."""

    def check(self, text, status):
        file = rwatchtest.write(self.path('rule.yaml'), text)
        result = subprocess.run([rwatchtest.RWATCHCTL, 'check', file], capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(status, result.returncode, result.stdout + result.stderr)
        return result.stdout + result.stderr

    def test_shipped_rules(self):
        result = subprocess.run([rwatchtest.RWATCHCTL, 'check', rwatchtest.RULES], capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(0, result.returncode, result.stdout + result.stderr)

    def test_tests_beside_the_shipped_rules(self):
        result = subprocess.run([rwatchtest.RWATCHCTL, 'test', rwatchtest.RULES], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(0, result.returncode, result.stdout + result.stderr)
        self.assertIn('all passed', result.stdout)

    def test_good_rule(self):
        self.check('- rule: Mine\n  desc: d\n  condition: evt.type = open\n  output: "%fd.name"\n  priority: Notice\n', 0)

    def test_all_errors_in_one_go_with_place_and_hint(self):
        told = self.check('- rule: Mine\n  desc: d\n  conditon: evt.type = open\n  output: "%fd.nme"\n  priority: Notce\n', 1)
        self.assertRegex(told, r"rule\.yaml:3:3: .*conditon")
        self.assertIn("'condition'", told)
        self.assertRegex(told, r"rule\.yaml:4:\d+: .*fd\.nme")
        self.assertRegex(told, r"rule\.yaml:5:\d+: .*Notce")


if __name__ == '__main__':
    rwatchtest.main()
