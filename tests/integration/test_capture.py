# SPDX-License-Identifier: MIT OR Apache-2.0
"""rwatchctl record and replay, rwatchd --replay: what they print, how they end, and what they say of a file that is not what it should be."""
import json
import os
import signal
import subprocess
import time

import rwatchtest
from rwatchtest import RWATCHCTL, RWATCHD, SharedDaemon, run, wait_until

NOBODY = 65534
RULE = '''
- rule: Program of the test
  desc: a program of the test starts
  condition: evt.type = execve and proc.exepath startswith {dir}/
  output: "%proc.exepath started below %proc.pexepath"
  priority: Warning
'''


class Capture(SharedDaemon):
    def record(self, *arguments):
        """rwatchctl record that has begun."""
        process = subprocess.Popen([RWATCHCTL, '--bus', self.daemon.address, 'record', '-o', self.path('capture'), *arguments], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        self.assertIn('recording to', process.stderr.readline())
        return process

    def recorded(self, number=signal.SIGINT):
        """A file with one program of the test."""
        process = self.record()
        program = self.copy_of('true', 'recorded')
        run(program)
        process.send_signal(number)
        output, errors = process.communicate(timeout=20 * rwatchtest.SLOW)
        self.assertEqual((0, ''), (process.returncode, errors))
        self.assertRegex(output, r'^Recorded [\d,]+ events, [\d,]+ bytes in ')
        return self.path('capture'), program

    def rules(self):
        return rwatchtest.write(self.path('rules.yaml'), RULE.format(dir=self.dir))

    def replay(self, file, *arguments, check=0):
        result = subprocess.run([RWATCHCTL, 'replay', file, '--rules', self.rules(), *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                timeout=60 * rwatchtest.SLOW, check=False)
        self.assertEqual(check, result.returncode, result.stderr)
        return result

    def test_until_interrupted(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            file, program = self.recorded(number)
            self.assertEqual(0o600, os.stat(file).st_mode & 0o777)
            result = self.replay(file)
            self.assertEqual(1, len(result.stdout.splitlines()), result.stdout)
            self.assertIn(f'Program of the test: {program} started below ', result.stdout)
            self.assertRegex(result.stderr, r"events of '.*' from .* on: 1 alert\n")

    def test_json(self):
        file, program = self.recorded()
        alert = json.loads(self.replay(file, '--json').stdout)
        self.assertEqual(program, alert['output_fields']['proc.exepath'])
        self.assertIn('processes', alert)

    def test_for_a_time(self):
        began = time.monotonic()
        told = self.daemon.ctl_json('record', '-o', self.path('timed'), '--for', '1s')
        self.assertLess(0.9, time.monotonic() - began)
        self.assertEqual(self.path('timed'), told['file'])
        self.assertEqual(0, told['lost'])
        self.assertEqual(os.stat(told['file']).st_size, told['bytes'])
        self.replay(told['file'])

    def test_by_the_daemon_itself(self):
        file, program = self.recorded()
        result = subprocess.run([RWATCHD, '--replay', file, '--rules', self.rules(), '--console=json'], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                timeout=60 * rwatchtest.SLOW, check=False)
        self.assertEqual(0, result.returncode, result.stderr)
        alert = json.loads(result.stdout)
        self.assertEqual('rwatch', alert['source'])
        self.assertEqual(program, alert['output_fields']['proc.exepath'])
        result = subprocess.run([RWATCHD, '--replay', file + '-none', '--rules', self.rules()], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                check=False)
        self.assertEqual(1, result.returncode)
        self.assertIn('No such file', result.stderr)

    def test_needs_no_rights_to_replay(self):
        file, _ = self.recorded()
        os.chmod(self.dir, 0o755)
        os.chmod(file, 0o644)
        rules = self.rules()
        result = subprocess.run([RWATCHCTL, 'replay', file, '--rules', rules], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                                user=NOBODY, group=NOBODY, extra_groups=[])
        self.assertEqual(0, result.returncode, result.stderr)

    def test_only_root_may_record(self):
        result = self.daemon.ctl('record', '-o', self.path('capture'), check=4, user=NOBODY, group=NOBODY, extra_groups=[])
        self.assertIn('not authorised', result.stderr)
        self.assertFalse(os.path.exists(self.path('capture')))

    def test_what_is_refused(self):
        self.assertIn('--output', self.daemon.ctl('record', check=2).stderr)
        self.assertIn('Is a directory', self.daemon.ctl('record', '-o', self.dir, check=1).stderr)
        self.assertIn('No such file', self.replay(self.path('none'), check=1).stderr)
        self.assertIn('no capture', self.replay(self.rules(), check=1).stderr)
        wrong = rwatchtest.write(self.path('wrong.yaml'), '- rule: x\n  condition: proc.nme = y\n')
        result = subprocess.run([RWATCHCTL, 'replay', self.path('none'), '--rules', wrong], capture_output=True, text=True, check=False)
        self.assertEqual(1, result.returncode)
        self.assertIn("'proc.name'", result.stderr)

    def test_nowhere_to_tell(self):
        file, _ = self.recorded()
        rules = self.rules()
        for command in ([RWATCHCTL, 'replay', file, '--rules', rules], [RWATCHD, '--replay', file, '--rules', rules]):
            with open('/dev/full', 'wb') as full:
                result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
            self.assertEqual(1, result.returncode, command)
            self.assertIn('No space left', result.stderr)

    def test_full_disk(self):
        result = self.daemon.ctl('record', '-o', '/dev/full', '--for', '1s', check=1)
        self.assertIn('No space left', result.stderr)

    def test_damaged_and_cut_off(self):
        file, _ = self.recorded()
        with open(file, 'rb') as old:
            content = old.read()
        cut = rwatchtest.write(self.path('cut'), content[:-3], 'wb')
        self.assertIn('cut off; read up to there', self.replay(cut, check=1).stderr)
        damaged = rwatchtest.write(self.path('damaged'), content[:-9] + b'XYZ' + content[-6:], 'wb')
        self.assertRegex(self.replay(damaged, check=1).stderr, r'(damaged|cut off); read up to there')

    def test_the_end_of_the_daemon(self):
        daemon = self.start()
        process = subprocess.Popen([RWATCHCTL, '--bus', daemon.address, 'record', '-o', self.path('capture')], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        self.assertIn('recording to', process.stderr.readline())
        program = self.copy_of('true', 'before-the-end')
        run(program)
        self.assertEqual(0, daemon.stop())
        output, errors = process.communicate(timeout=20 * rwatchtest.SLOW)
        self.assertEqual(3, process.returncode)
        self.assertIn('rwatchd stopped; what came before is recorded', errors)
        self.assertIn('Recorded', output)
        result = self.replay(self.path('capture'), check=1)
        self.assertIn(program, result.stdout)
        self.assertIn('it ends before its end was written', result.stderr)

    def test_a_killed_recorder_leaves_what_came_before(self):
        process = self.record()
        program = self.copy_of('true', 'recorded')
        run(program)
        size = os.stat(self.path('capture')).st_size
        wait_until(lambda: os.stat(self.path('capture')).st_size > size, 10 * rwatchtest.SLOW, 'the file grows')
        process.kill()
        process.wait()
        self.assertIn(program, self.replay(self.path('capture'), check=1).stdout)

    def test_a_stopped_recorder_holds_nobody_up(self):
        process = self.record()
        process.send_signal(signal.SIGSTOP)
        program = self.copy_of('cat', 'cat-beside')
        for _ in range(3):
            run(program, '/etc/shadow')
        self.daemon.expect('Sensitive file read', program)
        process.send_signal(signal.SIGCONT)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20 * rwatchtest.SLOW)
        self.assertEqual(0, process.returncode)


if __name__ == '__main__':
    rwatchtest.main()
