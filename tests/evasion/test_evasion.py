# SPDX-License-Identifier: MIT OR Apache-2.0
"""A program per evasion against the real daemon: what must be seen, each time. Names of one file are in tests/integration/test_names.py, floods and a
stopped daemon in test_flood.py, probes taken off in test_canary.py. What is not seen is tried too, and stands in docs/threat-model.md."""
import os
import pathlib
import shutil
import socket
import stat
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
- rule: Executable made
  desc: a file of the test becomes executable
  condition: >
    (evt.type in (chmod, fchmod, fchmodat, fchmodat2) and fs.mode.exec_added = true and fs.path.name startswith {dir}/) or
    (evt.is_open_create = true and fs.mode.exec_added = true and fd.name startswith {dir}/)
  output: "%proc.exepath makes executable %fs.path.name %fd.name"
  priority: Warning
  debounce: {{for: 1s, by: [proc.exepath]}}
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


class Evasion(Case):
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

    def setUp(self):
        self.name = self._testMethodName.removeprefix('test_')

    def path(self, name):
        return os.path.join(self.dir, name)

    def own(self, program):
        """The copy, at a place of this test alone."""
        return shutil.copy(program, self.path(f'{os.path.basename(program)}-{self.name}'))

    def payload(self):
        return shutil.copy(shutil.which('true'), self.path(f'payload-{self.name}'))

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

    # Programs

    def run_payload(self, way, *more):
        payload = self.payload()
        self.do(self.own(EVADE), way, payload, *more)
        return self.seen('^Payload run$', payload)

    def test_memfd(self):
        program = self.own(EVADE)
        self.do(program, 'memfd', self.payload())
        self.seen('^Program run from memory$', lambda alert: 'memfd:x' in alert['output'])

    def test_execveat_of_a_descriptor(self):
        self.assertIn('innocent', self.run_payload('execveat')['output'])

    def test_false_name_and_argument_zero(self):
        self.run_payload('false-name')

    def test_two_megabytes_of_arguments(self):
        self.run_payload('long-arguments')

    def test_vfork(self):
        self.run_payload('vfork')

    def test_orphan_of_an_orphan(self):
        alert = self.run_payload('orphan')
        self.assertIn(self.path('evade-' + self.name), alert['output'])

    def test_clone_parent(self):
        self.run_payload('clone-parent')

    def test_exec_by_another_thread(self):
        self.run_payload('thread')

    def test_user_mount_and_pid_namespace(self):
        self.run_payload('namespaces')

    def test_script_through_its_interpreter(self):
        script = rwatchtest.write(self.path('script'), 'exit 0\n')
        shell = shutil.copy('/bin/sh', self.path(f'payload-{self.name}'))
        self.do(shell, script)
        self.assertIn(script, self.seen('^Payload run$', by(shell))['output'])

    def test_script_with_options_in_its_first_line(self):
        payload = self.payload()
        script = rwatchtest.write(self.path('shebang'), f'#!{payload} -x  y\n')
        os.chmod(script, 0o755)
        self.do(script)
        self.assertIn(script, self.seen('^Payload run$', payload)['output'])

    # Reading

    def test_read_under_a_false_name(self):
        alert = self.evade('read-false-name', '^Secret read$', self.secret)
        self.assertIn('sshd', alert['output'])

    def test_read_by_a_descriptor_of_its_own(self):
        self.evade('read-descriptor', '^Secret read$', self.secret)

    def test_read_with_openat2_in_root(self):
        self.evade('read-in-root', '^Secret read$', self.secret)

    def test_read_with_openat2_beneath(self):
        self.evade('read-beneath', '^Secret read$', self.secret)

    def test_read_while_another_thread_swaps_the_path(self):
        self.evade('read-swapped', '^Secret read$', self.secret, rwatchtest.write(self.path('decoy_'), 'decoy'))

    def test_read_at_the_end_of_a_path_of_4095_bytes(self):
        folder = self.path('long')
        os.mkdir(folder)
        homes = [os.open(folder, os.O_RDONLY)]
        left = 4095 - len(folder) - len('/secret')
        while left > 1:
            name = 'd' * min(200, left - 1)
            os.mkdir(name, dir_fd=homes[-1])
            homes.append(os.open(name, os.O_RDONLY, dir_fd=homes[-1]))
            left -= len(name) + 1
        for home in homes:
            self.addCleanup(os.close, home)
        home = homes[-1]
        program = self.own(EVADE_FILES)
        with open(os.open('secret', os.O_CREAT | os.O_WRONLY, dir_fd=home), 'w', encoding='utf-8') as file:
            file.write('x')
        subprocess.run([program, 'read-long-path', f'/proc/self/fd/{home}', 'secret'], check=True, pass_fds=[home])
        self.seen('^Long read$', by(program))

    def test_read_by_a_32_bit_call(self):
        self.known_blind('32-bit system calls', lambda: self.evade('read-32-bit', '^Secret read$', self.secret))

    # Mode bits

    def make_executable(self, way):
        target = rwatchtest.write(self.path(f'made-{self.name}'), '')
        os.chmod(target, 0o644)
        self.assertIn(target, self.evade(way, '^Executable made$', target)['output'])
        self.assertTrue(os.stat(target).st_mode & stat.S_IXUSR)

    def test_fchmodat(self):
        self.make_executable('chmod-fchmodat')

    def test_fchmod(self):
        self.make_executable('chmod-fchmod')

    def test_fchmodat2(self):
        self.make_executable('chmod-fchmodat2')

    def test_fchmodat2_of_a_descriptor(self):
        self.make_executable('chmod-empty-path')

    def test_chmod_by_way_of_proc(self):
        self.make_executable('chmod-proc')

    def test_created_executable(self):
        self.make_executable('create-executable')

    def test_install(self):
        program, target = self.own(shutil.which('install')), self.path('installed')
        self.do(program, '-m', '755', '/bin/true', target)
        self.assertIn(target, self.seen('^Executable made$', by(program))['output'])

    # Names

    def test_rename_over_a_watched_file(self):
        self.evade('rename-onto', '^Name changed$', self.secret, rwatchtest.write(self.path('other'), 'new'))
        # What stands there now is watched as what stood there before.
        self.do(self.own(shutil.which('cat')), self.secret)
        self.seen('^Secret read$', self.path('cat-' + self.name))

    def test_exchange_with_a_watched_file(self):
        self.evade('exchange', '^Name changed$', self.secret, rwatchtest.write(self.path('another'), 'new'))
        self.do(self.own(shutil.which('cat')), self.secret)
        self.seen('^Secret read$', self.path('cat-' + self.name))

    # Other processes

    def test_ptrace(self):
        self.evade('ptrace', '^Running process taken hold of$')

    # Network

    def test_connect_while_another_thread_swaps_the_address(self):
        self.evade('connect-swapped', '^Peer reached$', '127.0.0.1', self.port)

    def test_connect_by_a_mapped_address(self):
        self.evade('connect-mapped', '^Peer reached$', '127.0.0.1', self.port)

    # io_uring, by its own worker and by the kernel's polling thread

    def uring(self, what, rule, target, more='x', before=lambda: None):
        for mode in ([], ['sqpoll']):
            before()
            program = shutil.copy(URING, self.path(f'uring-{what}{"-".join(mode)}'))
            self.do(program, what, target, more, *mode)
            self.seen(rule, by(program))

    def test_uring_open(self):
        self.uring('open', '^Secret read$', self.secret)

    def test_uring_connect(self):
        self.uring('connect', '^Peer reached$', '127.0.0.1', self.port)

    def test_uring_rename(self):
        third = self.path('third')
        self.uring('rename', '^Name changed$', third, self.secret, before=lambda: rwatchtest.write(third, 'x'))

    def test_uring_unlink(self):
        victim = self.path('victim')
        self.uring('unlink', '^Name removed$', victim, before=lambda: rwatchtest.write(victim, 'x'))

    def test_uring_mkdir(self):
        folder = self.path('folder')
        self.uring('mkdir', '^Folder made$', folder, before=lambda: shutil.rmtree(folder, ignore_errors=True))

    def test_uring_links(self):
        symlink, link = self.path('new-symlink'), self.path('new-link')
        self.uring('symlink', '^Link made$', symlink, self.secret, before=lambda: pathlib.Path(symlink).unlink(missing_ok=True))
        self.uring('link', '^Link made$', self.secret, link, before=lambda: pathlib.Path(link).unlink(missing_ok=True))


if __name__ == '__main__':
    rwatchtest.main()
