# SPDX-License-Identifier: MIT OR Apache-2.0
"""Every name that leads to /etc/shadow gives the same alert as its own: what counts is the file that the kernel opened."""
import os
import shutil
import sys
import tempfile
import time

import rwatchtest
from rwatchtest import SharedDaemon, run

SHADOW = '/etc/shadow'
RULE = 'Sensitive file read'

BY_HANDLE = '''
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
class Handle(ctypes.Structure):
    _fields_ = [("bytes", ctypes.c_uint), ("type", ctypes.c_int), ("data", ctypes.c_ubyte * 128)]
handle, mount = Handle(128), ctypes.c_int()
if libc.name_to_handle_at(-100, sys.argv[1].encode(), ctypes.byref(handle), ctypes.byref(mount), 0): sys.exit(os.strerror(ctypes.get_errno()))
directory = os.open(os.path.dirname(sys.argv[1]), os.O_RDONLY)
descriptor = libc.open_by_handle_at(directory, ctypes.byref(handle), os.O_RDONLY)
if descriptor < 0: sys.exit(os.strerror(ctypes.get_errno()))
os.read(descriptor, 1)
'''

BY_OPENAT2 = '''
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
how = (ctypes.c_uint64 * 3)(os.O_RDONLY, 0, 0)
descriptor = libc.syscall(437, os.open("/etc", os.O_PATH), b"shadow", how, 24)
if descriptor < 0: sys.exit(os.strerror(ctypes.get_errno()))
'''


class Names(SharedDaemon):
    def check(self, name, *before, cwd='/', prefix=()):
        """Reads `name` with an own cat; `before` are commands of the same shell, run first."""
        cat = self.copy_of('cat', f'cat-{self._testMethodName}')
        since = time.monotonic()
        run(*prefix, '/bin/sh', '-ec', '; '.join([*before, f'exec {cat} {name} >/dev/null']), cwd=cwd)
        return self.alert_of(cat, since)

    def check_program(self, *arguments):
        python = self.copy_of(os.path.realpath(sys.executable), f'python-{self._testMethodName}')
        since = time.monotonic()
        run(python, '-S', '-c', *arguments)
        return self.alert_of(python, since)

    def alert_of(self, program, since):
        alert = self.daemon.expect(RULE, program, since)
        self.assertIn(SHADOW, alert['output'])
        self.assertIn(SHADOW, alert['output_fields']['fs.path.name'].split(','))
        return alert

    def test_its_own(self):
        self.check(SHADOW)

    def test_symbolic_link(self):
        os.symlink(SHADOW, self.path('link'))
        self.check(self.path('link'))

    def test_chain_of_symbolic_links(self):
        os.symlink('/etc', self.path('first'))
        os.symlink(self.path('first/shadow'), self.path('second'))
        self.check(self.path('second'))

    def test_hard_link(self):
        # A hard link needs the same file system; the folder is closed to others, and gone at the end.
        folder = tempfile.mkdtemp(prefix='.rwatch-test-', dir='/etc')
        self.addCleanup(os.rmdir, folder)
        link = os.path.join(folder, 'link')
        os.link(SHADOW, link)
        self.addCleanup(os.unlink, link)
        self.check(link)

    def test_hard_link_to_a_file_that_a_pattern_means(self):
        os.makedirs('/home', exist_ok=True)
        home = tempfile.mkdtemp(prefix='rwatch-test-', dir='/home')
        self.addCleanup(shutil.rmtree, home)
        os.mkdir(os.path.join(home, '.ssh'))
        key = rwatchtest.write(os.path.join(home, '.ssh/id_ed25519'), 'no key')
        link = os.path.join(home, 'innocent')
        os.link(key, link)
        self.daemon.ctl('reload', check=0)  # looks up what fits
        cat = self.copy_of('cat', 'cat-pattern')
        since = time.monotonic()
        run(cat, link)
        self.assertIn(key, self.daemon.expect(RULE, cat, since)['output'])

    def test_proc_self_root(self):
        self.check('/proc/self/root' + SHADOW)

    def test_dot_dot(self):
        self.check('/etc/../etc/shadow')

    def test_doubled_slashes(self):
        self.check('//etc///./shadow')

    def test_relative(self):
        self.check('shadow', cwd='/etc')

    def test_relative_from_below(self):
        self.check('../../etc/shadow', cwd='/usr/lib')

    def test_bind_mount_of_the_file(self):
        mount_point = rwatchtest.write(self.path('bound'), '')
        self.check(mount_point, f'mount --bind {SHADOW} {mount_point}', prefix=('unshare', '--mount', '--propagation', 'private'))

    def test_bind_mount_of_the_folder(self):
        os.mkdir(self.path('bound'))
        self.check(self.path('bound/shadow'), f'mount --bind /etc {self.path("bound")}', prefix=('unshare', '--mount', '--propagation', 'private'))

    def test_changed_root(self):
        os.mkdir(self.path('root'))
        root = self.path('root')
        cat = self.copy_of('cat', 'cat-changed-root')
        script = f'mount --rbind / {root}; exec chroot {root} {cat} {SHADOW} >/dev/null'
        since = time.monotonic()
        run('unshare', '--mount', '--propagation', 'private', '/bin/sh', '-ec', script)
        self.daemon.expect(RULE, cat, since)

    def test_open_by_handle_at(self):
        self.check_program(BY_HANDLE, SHADOW)

    def test_openat2_relative_to_a_descriptor(self):
        self.check_program(BY_OPENAT2)

    def test_descriptor_of_the_folder(self):
        self.check('/dev/fd/7/shadow', 'exec 7</etc')

    def test_another_file_of_that_name_is_silent(self):
        since = time.monotonic()
        decoy = rwatchtest.write(self.path('shadow'), 'mine')
        cat = self.copy_of('cat', 'cat-decoy')
        run(cat, decoy)
        time.sleep(rwatchtest.QUIET_FOR)
        self.assertEqual([], self.daemon.find(RULE, cat, since))


if __name__ == '__main__':
    rwatchtest.main()
