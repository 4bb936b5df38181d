# SPDX-License-Identifier: MIT OR Apache-2.0
"""A real systemd, with bus and journal, in a container over this machine's own root file system.

Nothing has to be built for it: systemd-nspawn boots `/` under a tmpfs overlay, so the machine is not changed. The machine's own PID 1 need not be
systemd. Needs root and the packages systemd-container, systemd-sysv, dbus and util-linux.
"""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time

BOOT_WITHIN = 60
STOP_WITHIN = 30

# Services of the machine that a test does not want to see started in the container.
MASKED = ('apt-daily.timer', 'apt-daily-upgrade.timer', 'dpkg-db-backup.timer', 'e2scrub_all.timer', 'fstrim.timer', 'man-db.timer', 'logrotate.timer',
          'systemd-networkd-wait-online.service', 'docker.service', 'containerd.service', 'postgresql.service', 'redis-server.service',
          'packagekit.service', 'networking.service', 'systemd-timesyncd.service', 'console-getty.service')

# Runs in a mount namespace of its own. A cgroup of its own: nspawn makes payload/ and supervisor/ below the one that it is started in. A tmpfs over
# nspawn's folder in /run: otherwise it leaves files in the machine's. `/` cannot be given as a folder: a bind mount of it can.
LAUNCH = '''
for cgroup in $CGROUPS; do echo $$ >"$cgroup/cgroup.procs"; done
mkdir -p /run/systemd/nspawn
mount -t tmpfs tmpfs /run/systemd/nspawn
mkdir /run/systemd/nspawn/root
mount --bind / /run/systemd/nspawn/root
exec systemd-nspawn -D /run/systemd/nspawn/root "$@"
'''


class Container:
    """One booted container. start(), run() as often as wanted, stop()."""

    def __init__(self, stage):
        """`stage`: a folder that the container sees, read-only, as /stage."""
        self.stage = stage
        self.state = tempfile.mkdtemp(prefix='rwatch-nspawn-')
        self.name = f'rwatch-{os.getpid()}'
        self.console = os.path.join(self.state, 'console.log')
        unified = os.path.exists('/sys/fs/cgroup/cgroup.controllers')
        roots = ['/sys/fs/cgroup'] if unified else ['/sys/fs/cgroup/systemd', '/sys/fs/cgroup/unified']
        self.cgroups = [os.path.join(root, self.name) for root in roots]
        self.process = None
        self.leader = None

    def start(self):
        for cgroup in self.cgroups:
            os.makedirs(cgroup, exist_ok=True)
        # nspawn's own filter refuses these even with all capabilities.
        options = ['--machine', self.name, '--boot', '--volatile=overlay', '--register=no', '--keep-unit', '--private-network', '--console=pipe',
                   '--capability=all', '--system-call-filter=bpf perf_event_open open_by_handle_at', f'--bind-ro={self.stage}:/stage', '--',
                   'systemd.unit=multi-user.target', *(f'systemd.mask={unit}' for unit in MASKED)]
        environment = {**os.environ, 'SYSTEMD_NSPAWN_UNIFIED_HIERARCHY': '1', 'CGROUPS': ' '.join(self.cgroups)}
        with open(self.console, 'wb') as console:
            self.process = subprocess.Popen(['unshare', '--mount', 'bash', '-ec', LAUNCH, 'launch', *options], stdin=subprocess.DEVNULL,
                                            stdout=console, stderr=console, env=environment, start_new_session=True)
        end = time.monotonic() + BOOT_WITHIN
        while self._booting():
            if self.process.poll() is not None or time.monotonic() > end:
                log = self.console_text()
                self.stop()
                raise AssertionError(f'the container did not boot:\n{log}')
            time.sleep(0.1)

    def _booting(self):
        found = subprocess.run(['pgrep', '-o', '-P', str(self.process.pid)], capture_output=True, text=True, check=False).stdout.strip()
        if not found:
            return True
        self.leader = found
        state = self.run('systemctl', 'is-system-running', check=False).stdout.strip()
        return state not in ('running', 'degraded')

    def console_text(self):
        with open(self.console, encoding='utf-8', errors='replace') as console:
            return console.read()[-5000:]

    def run(self, *command, check=True, user=None, timeout=60):
        """Runs a command inside, as root or another user; outside of nspawn's system-call filter, but with the container's view of all."""
        prefix = ['nsenter', '--target', self.leader, '--all', '--']
        if user:
            prefix += ['setpriv', '--reuid', user, '--regid', 'nogroup', '--clear-groups', '--']
        result = subprocess.run([*prefix, *command], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, check=False)
        if check and result.returncode != 0:
            raise AssertionError(f'{command} gave {result.returncode}: {result.stdout}{result.stderr}')
        return result

    def shell(self, script, **options):
        return self.run('/bin/bash', '-ec', script, **options)

    def journal(self, *matches):
        """Entries of the journal, oldest first."""
        lines = self.run('journalctl', '--quiet', '--output=json', '--all', *matches).stdout
        return [json.loads(line) for line in lines.splitlines()]

    def show(self, unit, *properties):
        lines = self.run('systemctl', 'show', unit, *(f'--property={name}' for name in properties)).stdout
        return dict(line.split('=', 1) for line in lines.splitlines())

    def stop(self):
        """Powers off, and leaves nothing behind."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)  # nspawn turns it into a clean shutdown
            try:
                self.process.wait(STOP_WITHIN)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        for cgroup in self.cgroups:
            for folder, _, _ in os.walk(cgroup, topdown=False):
                try:
                    os.rmdir(folder)
                except OSError as error:
                    print(f'left behind: {error}')
        shutil.rmtree(self.state, ignore_errors=True)
