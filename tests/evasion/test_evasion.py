# SPDX-License-Identifier: MIT OR Apache-2.0
"""A program per evasion against the real daemon: what must be seen, each time. Names of one file are in tests/integration/test_names.py, other
processes and the daemon's own maps in test_processes.py, floods and a stopped daemon in test_flood.py, probes taken off in test_canary.py, a killed
daemon in test_lifecycle.py. What is not seen is tried too, and stands in docs/threat-model.md."""
import os
import pathlib
import re
import shutil
import stat
import subprocess

import rwatchtest
from evasion import EVADE, EVADE_FILES, URING, EvasionCase, by


def dynamic_loader(program):
    """What the kernel runs to bring the program's libraries."""
    with open(program, 'rb') as file:
        return re.search(rb'\0(/lib[^\0]*/ld[^\0/]*)\0', file.read()).group(1).decode()


class Evasion(EvasionCase):
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

    def test_payload_mapped_by_the_dynamic_loader(self):
        loader = self.own(dynamic_loader(shutil.which('true')))
        payload = self.payload()
        self.do(self.own(EVADE), 'loader', payload, loader)
        mapped = self.seen('^Payload mapped$', by(loader))
        self.assertRegex(mapped['output'], f'maps {payload} .PROT_READ.PROT_EXEC, .* {payload}.$')

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

    def test_read_by_a_descriptor_of_another_process(self):
        self.evade('read-other-descriptor', '^Secret read$', self.secret)

    def test_read_in_a_root_of_its_own(self):
        self.evade('read-other-root', '^Secret read$', self.secret, self.folder('root'))

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

    def make_executable(self, way, *more, target=None):
        target = rwatchtest.write(self.path(target or f'made-{self.name}'), '')
        os.chmod(target, 0o644)
        self.assertIn(target, self.evade(way, '^Executable made$', target, *more)['output'])
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

    def test_chmod_by_a_descriptor_of_another_process(self):
        self.make_executable('chmod-other-descriptor')

    def test_chmod_in_a_root_of_its_own(self):
        # Without a hook on the function the daemon has the file alone, not where on the host it is: only a name that a rule tells whole is known by that.
        hooked = self.has_hook('chmod', 'security_path_chmod')
        self.make_executable('chmod-other-root', self.folder('root'), target=None if hooked else 'watched')

    def swap_and_chmod(self, way):
        """By the link `l`, which leads to the folder of the target, or at other times to that of the decoy."""
        target, decoy = (os.path.join(self.folder(name), 'file') for name in ('real', 'fake'))
        for file in (target, decoy):
            os.chmod(rwatchtest.write(file, ''), 0o644)
        for link, file in (('l', target), ('m', decoy)):
            os.symlink(os.path.dirname(file), self.path(f'{link}-{self.name}'))
        program = self.own(EVADE_FILES)
        self.do(program, way, self.path(f'l-{self.name}'), self.path(f'm-{self.name}'))
        self.assertTrue(os.stat(target).st_mode & stat.S_IXUSR)
        self.seen('^Executable made$', lambda alert: by(program)(alert) and target in alert['output'])

    def test_chmod_by_a_name_that_leads_elsewhere_at_once(self):
        if self.has_hook('chmod', 'security_path_chmod'):
            self.swap_and_chmod('chmod-moved')
        else:
            self.known_blind('the string can be changed by another thread', lambda: self.swap_and_chmod('chmod-moved'))

    def test_chmod_while_another_thread_swaps_the_name(self):
        if not self.has_hook('chmod', 'security_path_chmod'):
            self.skipTest('chance decides what is seen without a hook on the function: see the test before')
        self.swap_and_chmod('chmod-swapped')

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
