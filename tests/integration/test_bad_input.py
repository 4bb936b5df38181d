# SPDX-License-Identifier: MIT OR Apache-2.0
"""What is wrong around the daemon is told or counted, and the daemon lives: bad rules, no bus, a journal that does not answer, a full disk.

The tests run in a mount namespace of their own, so that what they mount over /run and their scratch folder is theirs alone.
"""
import contextlib
import ctypes
import os
import random
import shutil
import socket
import subprocess
import tempfile
import time

import rwatchtest
from rwatchtest import Case, run, wait_until, write

CLONE_NEWNS = 0x20000
RULE = 'Marker opened'
GOOD = '''
- rule: Marker opened
  desc: a file of the test was opened
  condition: evt.type in (open, openat) and fd.name startswith {folder}/marker
  debounce: {{ for: 60s, by: [fd.name] }}
  output: "%fd.name opened"
  priority: Notice
'''


def setUpModule():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), 'unshare')
    run('mount', '--make-rprivate', '/')


class BadRules(Case):
    """Each bad file first by reload of a healthy daemon, the same for all, then at start."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix='rwatch-test-', dir='/tmp')
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.daemon = rwatchtest.Daemon(rules={'10-good.yaml': GOOD.format(folder=cls.folder)})
        cls.addClassCleanup(cls.daemon.close)

    def check(self, name, text, told):
        daemon = self.daemon
        bad = os.path.join(daemon.rules, name)
        write(bad, text, 'wb')
        self.addCleanup(os.unlink, bad)
        begin = time.monotonic()
        result = daemon.ctl('reload', check=1)
        self.assertLess(time.monotonic() - begin, 10 * rwatchtest.SLOW)
        self.assertRegex(result.stdout + result.stderr, told)
        self.assert_detects(daemon, self.folder)
        at_start = subprocess.run([rwatchtest.RWATCHD, '--bus', 'none', '--rules', daemon.rules, '--config', daemon.config,
                                   '--state-dir', self.path('state')], capture_output=True, timeout=60 * rwatchtest.SLOW, check=False)
        self.assertEqual(78, at_start.returncode, at_start.stderr[-2000:])
        self.assertRegex(at_start.stderr.decode(errors='replace'), told)

    def test_what_is_mended_loads(self):
        bad = os.path.join(self.daemon.rules, '20-bad.yaml')
        write(bad, 'bad')
        self.addCleanup(os.unlink, bad)
        self.daemon.ctl('reload', check=1)
        write(bad, GOOD.format(folder=self.dir).replace(RULE, 'Mended'))
        self.daemon.ctl('reload', check=0)
        self.assert_detects(self.daemon, self.dir, 'Mended')

    def assert_detects(self, daemon, folder, rule=RULE):
        marker, since = os.path.join(folder, f'marker-{time.monotonic_ns()}'), time.monotonic()
        write(marker, 'x')
        daemon.expect(rule, marker, since)

    def test_garbage(self):
        self.check('20-garbage.yaml', random.Random(7).randbytes(100_000), r'20-garbage\.yaml')

    def test_garbage_of_printable_text(self):
        text = ''.join(random.Random(8).choices('-: {}[]"\'#&*!|>%@`\nabc', k=50_000))
        self.check('20-text.yaml', text.encode(), r'20-text\.yaml:\d+:\d+')

    def test_100_megabytes(self):
        self.check('20-large.yaml', b'- list: many\n  items: [a]\n' * 4_000_000, r'20-large\.yaml.*(large|limit|size|MiB|bytes)')

    def test_deep_parentheses(self):
        text = f"- rule: Deep\n  desc: d\n  condition: {'(' * 100_000}evt.type = open{')' * 100_000}\n  output: x\n  priority: Notice\n"
        self.check('20-deep.yaml', text.encode(), r'20-deep\.yaml:3:\d+: .*(deep|nest)')

    def test_deep_negations(self):
        # An even number of them means nothing, and costs nothing: it is taken.
        daemon = self.start(rules={'10-good.yaml': GOOD.format(folder=self.dir).replace('condition: ', f"condition: {'not ' * 100_000}(").replace('marker\n', 'marker)\n')})
        self.assert_detects(daemon, self.dir)

    def test_deep_yaml(self):
        self.check('20-nested.yaml', b'[' * 200_000, r'20-nested\.yaml')

    def test_yaml_aliases_that_multiply(self):
        lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
        lines += [f'a{n}: &a{n} [{", ".join([f"*a{n - 1}"] * 10)}]' for n in range(1, 12)]
        self.check('20-laughs.yaml', '\n'.join(lines).encode(), r'20-laughs\.yaml')

    def test_macro_that_names_itself(self):
        text = b'- macro: m\n  condition: m or evt.type = open\n- rule: R\n  desc: d\n  condition: m\n  output: x\n  priority: Notice\n'
        self.check('20-circle.yaml', text, r'20-circle\.yaml:\d+:\d+')

    def test_nul_bytes(self):
        self.check('20-nul.yaml', b'- rule: a\0b\n', r'20-nul\.yaml')

    def test_unreadable_folder(self):
        # Root reads all: take away what lets it.
        daemon = self.start(rules={'10-good.yaml': GOOD.format(folder=self.dir)},
                            prefix=('setpriv', '--bounding-set', '-dac_override,-dac_read_search', '--inh-caps', '-all'))
        run('chown', 'nobody', daemon.rules)
        os.chmod(daemon.rules, 0o700)
        result = daemon.ctl('reload', check=1)
        self.assertIn(daemon.rules, result.stdout + result.stderr)
        self.assertIn('Permission denied', result.stdout + result.stderr)
        self.assert_detects(daemon, self.dir)

    def test_unreadable_folder_at_start(self):
        result = subprocess.run([rwatchtest.RWATCHD, '--bus', 'none', '--rules', self.path('none')], capture_output=True, text=True,
                                timeout=60, check=False)
        self.assertEqual(78, result.returncode, result.stderr)
        self.assertIn(self.path('none'), result.stderr)


class BadSurroundings(Case):
    def marker(self, daemon, word):
        path, since = self.path(f'marker-{word}'), time.monotonic()
        write(path, 'x')
        return daemon.expect(RULE, path, since)

    def flood(self, daemon, word, count):
        """So many alerts, not faster than the console takes them."""
        for number in range(count):
            write(self.path(f'marker-{word}-{number}'), 'x')
            time.sleep(0.001)
        wait_until(lambda: len(daemon.find(RULE, f'marker-{word}')) == count, 5 * rwatchtest.SLOW,
                   lambda: f"{len(daemon.find(RULE, f'marker-{word}'))} of {count} on the console")

    def rules(self):
        return {'10-good.yaml': GOOD.format(folder=self.dir)}

    def sink(self, daemon, name):
        return next(sink for sink in daemon.ctl_json('status')['sinks'] if sink['name'] == name)

    def mount_tmpfs(self, folder, size):
        os.makedirs(folder, exist_ok=True)
        run('mount', '-t', 'tmpfs', '-o', f'size={size},mode=0755', 'rwatch-test', folder)
        self.addCleanup(run, 'umount', '-l', folder)

    def test_missing_bus(self):
        daemon = self.start(rules=self.rules(), bus=f'unix:path={self.path("no-bus")}')
        self.marker(daemon, 'no-bus')
        self.assertTrue(any('bus' in line for line in daemon.errors), daemon.errors)

    def test_no_bus_asked_for(self):
        daemon = self.start(rules=self.rules(), bus='none')
        self.marker(daemon, 'none')

    def test_bus_that_goes_away(self):
        daemon = self.start(rules=self.rules())
        daemon.bus.stop()
        self.marker(daemon, 'bus-gone')
        self.assertIsNone(daemon.process.poll())

    def test_journal_that_does_not_answer(self):
        self.mount_tmpfs('/run/systemd/journal', '1m')
        silent = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)  # nobody ever reads it: full after some messages
        silent.bind('/run/systemd/journal/socket')
        self.addCleanup(silent.close)
        daemon = self.start(rules=self.rules(), config=f'sinks:\n  file: {{path: "{self.path("log")}"}}\nalerts: {{queue: 1000}}\n')
        daemon.log = self.path('log')
        self.flood(daemon, 'silent', 1500)
        self.marker(daemon, 'after-flood')
        self.assertGreaterEqual(len(daemon.logged()), 1500)
        journal = self.sink(daemon, 'journal')
        self.assertGreater(journal['dropped'], 0, journal)
        daemon.expect('^rwatch ', 'journal', within=5 * rwatchtest.SLOW)
        begin = time.monotonic()
        self.assertEqual(0, daemon.stop())
        self.assertLess(time.monotonic() - begin, rwatchtest.STOP_WITHIN)

    def test_missing_journal(self):
        self.mount_tmpfs('/run/systemd/journal', '1m')
        daemon = self.start(rules=self.rules(), config=f'sinks:\n  file: {{path: "{self.path("log")}"}}\n')
        self.marker(daemon, 'no-journal')
        wait_until(lambda: self.sink(daemon, 'journal')['state'] != 'ok', 5 * rwatchtest.SLOW, lambda: self.sink(daemon, 'journal'))

    def test_full_disk(self):
        disk = self.path('disk')
        self.mount_tmpfs(disk, '64k')
        log = os.path.join(disk, 'alerts.jsonl')
        daemon = self.start(rules=self.rules(), config=f'sinks:\n  file: {{path: "{log}"}}\n  journal: {{enabled: false}}\n')
        with open(os.path.join(disk, 'ballast'), 'wb', buffering=0) as ballast, contextlib.suppress(OSError):
            while ballast.write(b'x' * 1024):
                pass
        self.marker(daemon, 'full')
        self.marker(daemon, 'full-again')
        wait_until(lambda: 'No space left' in self.sink(daemon, 'file')['state'], 5 * rwatchtest.SLOW, lambda: self.sink(daemon, 'file'))
        wait_until(lambda: daemon.ctl_json('status')['state'] == 'degraded', 5 * rwatchtest.SLOW, 'status says degraded')
        self.assertIn('No space left', daemon.ctl('status', check=0).stdout)
        os.unlink(os.path.join(disk, 'ballast'))
        alert = self.marker(daemon, 'room-again')
        daemon.log = log
        wait_until(lambda: alert in daemon.logged(), 10 * rwatchtest.SLOW, lambda: daemon.logged())
        wait_until(lambda: self.sink(daemon, 'file')['state'] == 'ok', 10 * rwatchtest.SLOW, lambda: self.sink(daemon, 'file'))

    def test_log_that_cannot_be_made(self):
        write(self.path('file'), '')
        daemon = self.start(rules=self.rules(), config=f'sinks:\n  file: {{path: "{self.path("file/alerts.jsonl")}"}}\n')
        self.marker(daemon, 'no-log')
        wait_until(lambda: 'Not a directory' in self.sink(daemon, 'file')['state'], 5 * rwatchtest.SLOW, lambda: self.sink(daemon, 'file'))

    def test_rotation(self):
        log = self.path('rotated.jsonl')
        config = f'sinks:\n  file: {{path: "{log}", max_size: 64k, max_files: 3}}\n'
        daemon = self.start(rules=self.rules(), config=config)
        self.flood(daemon, 'rotated', 1000)
        daemon.stop()
        kept = sorted(name for name in os.listdir(self.dir) if name.startswith('rotated.jsonl'))
        self.assertEqual(['rotated.jsonl', 'rotated.jsonl.1', 'rotated.jsonl.2', 'rotated.jsonl.3'], kept)
        for name in kept:
            self.assertLessEqual(os.path.getsize(self.path(name)), 64 * 1024)
        daemon.log = log
        self.assertIn('marker-rotated-999', str(daemon.logged()))


class Hostile(Case):
    """Names that programs choose are shown, never obeyed."""

    def test_control_characters_in_a_name(self):
        daemon = self.start(rules={'10-good.yaml': GOOD.format(folder=self.dir)})
        name = self.path('marker-\x1b[31m\n\x07\u202e"\\')
        write(name, 'x')
        alert = daemon.expect(RULE, 'marker-')
        for character in '\x1b\n\x07\u202e':
            self.assertNotIn(character, alert['output'])
        shown = daemon.ctl('show', alert['id'], check=0).stdout
        for character in '\x1b\x07\u202e':
            self.assertNotIn(character, shown)

    def test_bytes_that_are_no_text(self):
        daemon = self.start(rules={'10-good.yaml': GOOD.format(folder=self.dir)})
        with open(self.path('marker-').encode() + b'\xff\xfe', 'w', encoding='utf-8'):
            pass
        alert = daemon.expect(RULE, 'marker-')
        daemon.ctl('show', alert['id'], check=0)
        self.assertTrue(daemon.logged())


if __name__ == '__main__':
    rwatchtest.main()
