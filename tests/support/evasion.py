# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the tests of evasions have in common: a daemon with rules about the test's own folder, and a copy of a program for each deed."""
import os
import shutil
import socket
import subprocess

import rwatchtest
from rwatchtest import Case, Daemon

EVADE = os.environ['RWATCH_EVADE']
EVADE_FILES = os.environ['RWATCH_EVADE_FILES']
URING = os.environ['RWATCH_URING']
FILE_WAYS = ('read-', 'chmod-', 'create-', 'rename-', 'exchange')
NOT_ALLOWED = 77  # this kernel has no such way

RULES = '''
- rule: Secret read
  desc: a file of the test is opened for reading
  condition: evt.is_open_read = true and fd.name = {dir}/secret
  output: "%proc.exepath reads %fd.name (%evt.type, %proc.name)"
  priority: Warning
  debounce: {{for: 1s, by: [proc.exepath]}}
- rule: Long read
  desc: the same at the end of a long path
  condition: evt.is_open_read = true and fd.name startswith {dir}/long and fd.name endswith /secret
  output: "%proc.exepath reads %fd.name"
  priority: Warning
- rule: Payload run
  desc: a program of the test runs, whatever it calls itself
  condition: evt.type in (execve, execveat) and proc.exepath startswith {dir}/payload
  output: "%proc.exepath runs (%proc.exe %proc.cmdline, parent %proc.pexepath, before that %proc.aexepath[2])"
  priority: Warning
  debounce: {{for: 1s, by: [proc.exepath]}}
- rule: Payload mapped
  desc: a program of the test is brought into memory to be executed, by another program
  condition: evt.type = mmap and fd.name startswith {dir}/payload and not proc.exepath startswith {dir}/payload
  output: "%proc.exepath maps %fd.name (%evt.arg.prot, %proc.cmdline)"
  priority: Warning
- rule: Executable made
  desc: a file of the test becomes executable
  condition: >
    (evt.type in (chmod, fchmod, fchmodat, fchmodat2) and fs.mode.exec_added = true and (fs.path.name startswith {dir}/ or fs.path.name = {dir}/watched)) or
    (evt.is_open_create = true and fs.mode.exec_added = true and fd.name startswith {dir}/)
  output: "%proc.exepath makes executable %fs.path.name %fd.name"
  priority: Warning
  debounce: {{for: 1s, by: [proc.exepath, fs.path.name]}}
- rule: Name changed
  desc: a watched name of the test gets another file
  condition: evt.type in (rename, renameat, renameat2) and (fs.path.target = {dir}/secret or fs.path.source = {dir}/secret)
  output: "%proc.exepath renames %fs.path.source to %fs.path.target"
  priority: Warning
  debounce: {{for: 1s, by: [proc.exepath]}}
- rule: Name removed
  desc: a file of the test goes
  condition: evt.type in (unlink, unlinkat) and fs.path.name = {dir}/victim
  output: "%proc.exepath removes %fs.path.name"
  priority: Warning
- rule: Folder made
  desc: a folder of the test comes
  condition: evt.type in (mkdir, mkdirat) and fs.path.name = {dir}/folder
  output: "%proc.exepath makes %fs.path.name"
  priority: Warning
- rule: Link made
  desc: a name of the test comes
  condition: evt.type in (link, linkat, symlink, symlinkat) and fs.path.target startswith {dir}/new
  output: "%proc.exepath links %fs.path.source %fs.path.target"
  priority: Warning
- rule: Peer reached
  desc: a connection to the test's own port
  condition: evt.type = connect and fd.rip = 127.0.0.1 and fd.rport = {port}
  output: "%proc.exepath connects to %fd.rip:%fd.rport (%evt.res)"
  priority: Warning
  debounce: {{for: 1s, by: [proc.exepath]}}
'''


def by(program):
    """Matches alerts about what this program did."""
    return lambda alert: alert['output'].startswith(program + ' ')


class EvasionCase(Case):
    """Each test does its deed by an own copy of the program, by which its alert is known."""

    @classmethod
    def setUpClass(cls):
        cls.dir = f'/tmp/rwatch-evasion-{os.getpid()}'
        os.mkdir(cls.dir)
        cls.addClassCleanup(shutil.rmtree, cls.dir, ignore_errors=True)
        cls.listener = socket.create_server(('127.0.0.1', 0), backlog=1000)
        cls.addClassCleanup(cls.listener.close)
        cls.port = str(cls.listener.getsockname()[1])
        cls.secret = rwatchtest.write(f'{cls.dir}/secret', 'secret')
        cls.daemon = Daemon(config='sensor: {canary_interval: 1h}\n')
        cls.addClassCleanup(cls.daemon.close)
        rwatchtest.write(os.path.join(cls.daemon.rules, '99-evasion.yaml'), RULES.format(dir=cls.dir, port=cls.port))
        cls.daemon.ctl('reload', check=0)
        cls.addClassCleanup(rwatchtest.Recording(cls.daemon).close)

    def setUp(self):
        self.name = self._testMethodName.removeprefix('test_')

    def path(self, name):
        return os.path.join(self.dir, name)

    def own(self, program):
        """The copy, at a place of this test alone."""
        return shutil.copy(program, self.path(f'{os.path.basename(program)}-{self.name}'))

    def payload(self):
        return shutil.copy(shutil.which('true'), self.path(f'payload-{self.name}'))

    def folder(self, name):
        os.mkdir(self.path(f'{name}-{self.name}'))
        return self.path(f'{name}-{self.name}')

    def do(self, program, *arguments):
        result = subprocess.run([program, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60 * rwatchtest.SLOW,
                                start_new_session=True)
        if result.returncode == NOT_ALLOWED:
            self.skipTest('this kernel does not allow it')
        self.assertEqual(0, result.returncode, result.stderr)

    def seen(self, rule, match):
        return self.daemon.expect(rule, match, within=2 * rwatchtest.SLOW)

    def evade(self, way, rule, *arguments):
        program = self.own(EVADE_FILES if way.startswith(FILE_WAYS) else EVADE)
        self.do(program, way, *arguments)
        return self.seen(rule, by(program))

    def has_hook(self, family, function):
        """Whether this kernel let the daemon hook a function for these calls."""
        return any(function in probe['attached'] for probe in self.daemon.ctl_json('status')['probes'] if probe['name'] == family)

    def known_blind(self, words, deed):
        """What docs/threat-model.md says is not seen; fails where it is, and where the document does not say so."""
        with open(os.path.join(rwatchtest.SOURCE, 'docs/threat-model.md'), encoding='utf-8') as document:
            spots = document.read().split('## Known blind spots')[1].split('\n## ')[0]
        self.assertIn(words, spots)
        try:
            deed()
        except AssertionError as error:
            if 'not within' not in str(error):
                raise
            return
        self.fail(f'seen by now: "{words}" is no blind spot any more')
