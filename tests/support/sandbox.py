# SPDX-License-Identifier: MIT OR Apache-2.0
"""A private copy of this machine to misbehave in: an overlay of `/` in mount, network, IPC and UTS namespaces of its own, with its own /dev and /run.

Paths look as on the machine, so rules that name /etc/shadow or /usr/sbin/nginx fire; what is written is gone at the end, and no packet leaves.
Everything runs in a cgroup of its own, which rwatch reads as a unit: so a test knows its own alerts.
"""
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time

MAKE = '''
set -e
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
cd "$1/root"
mount --rbind /proc proc
mount -t tmpfs tmpfs dev
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mknod -m 666 dev/null c 1 3
mknod -m 666 dev/zero c 1 5
mknod -m 666 dev/urandom c 1 9
ln -s /proc/self/fd dev/fd
mkdir dev/shm
pivot_root . mnt
umount -l /mnt
touch /run/ready
exec sleep 100000
'''


class Sandbox:
    """start() on making; run() as often as wanted; stop()."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix='rwatch-sandbox-')
        self.unit = f'rwatch-sandbox-{os.getpid()}.service'
        self.cgroups = [os.path.join(root, self.unit) for root in self._cgroup_roots()]
        for cgroup in self.cgroups:
            os.mkdir(cgroup)
        self.holder = subprocess.Popen(['unshare', '--mount', '--net', '--ipc', '--uts', '--propagation', 'private', 'bash', '-c', MAKE, 'make', self.folder],
                                       stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
        end = time.monotonic() + 20
        while not os.path.exists(f'/proc/{self.holder.pid}/root/run/ready'):
            if self.holder.poll() is not None or time.monotonic() > end:
                self.holder.kill()
                said = self.holder.stderr.read().decode()
                self.stop()
                raise AssertionError(f'no sandbox: {said}')
            time.sleep(0.02)

    @staticmethod
    def _cgroup_roots():
        if os.path.exists('/sys/fs/cgroup/cgroup.controllers'):
            return ['/sys/fs/cgroup']
        return [root for root in ('/sys/fs/cgroup/unified', '/sys/fs/cgroup/systemd') if os.path.isdir(root)]

    def _enter(self):
        for cgroup in self.cgroups:
            with open(os.path.join(cgroup, 'cgroup.procs'), 'w', encoding='ascii') as file:
                file.write(str(os.getpid()))

    def run(self, script, timeout=60):
        """Runs a bash script inside, in a session of its own; gives back what it printed. Its exit status is its own affair: attacks may fail."""
        command = ['nsenter', f'--target={self.holder.pid}', '--mount', '--net', '--ipc', '--uts', 'bash', '-c', script]
        result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout, check=False,
                                start_new_session=True, preexec_fn=self._enter)
        return result.stdout.decode(errors='replace')

    @staticmethod
    def _kill_all(cgroup):
        """What a script that took too long left running."""
        with open(os.path.join(cgroup, 'cgroup.procs'), encoding='ascii') as file:
            for pid in file.read().split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)

    def stop(self):
        if self.holder.poll() is None:
            os.killpg(self.holder.pid, signal.SIGKILL)
        self.holder.wait()
        self.holder.stderr.close()
        for cgroup in self.cgroups:
            end = time.monotonic() + 5
            while os.path.isdir(cgroup) and time.monotonic() < end:
                self._kill_all(cgroup)
                try:
                    os.rmdir(cgroup)
                except OSError:
                    time.sleep(0.05)  # its processes are still on their way out
        shutil.rmtree(self.folder, ignore_errors=True)
