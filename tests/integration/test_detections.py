# SPDX-License-Identifier: MIT OR Apache-2.0
"""The shipped detections: each deed gives one clear alert within a second, and repeats are counted instead of told again."""
import os
import shutil
import socket
import subprocess
import sys
import time

import rwatchtest
from rwatchtest import SharedDaemon

PORTS = range(61000, 61050)

CONNECT = '''
import socket, sys
kind = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}[sys.argv[2]]
family = socket.AF_INET6 if ":" in sys.argv[3] else socket.AF_INET
for target in sys.argv[3:]:
    host, port = target.rsplit("/", 1)
    with socket.socket(family, kind) as s:
        s.settimeout(0.2)
        try: s.connect((host, int(port)))
        except OSError: pass
'''

# One socket for all, or TCP's fast open: nothing connects.
SEND = '''
import socket, sys
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for target in sys.argv[2:]:
    host, port = target.rsplit("/", 1)
    if sys.argv[1] == "udp":
        one.sendto(b"x", (host, int(port)))
        continue
    with socket.socket() as s:
        try: s.sendto(b"x", socket.MSG_FASTOPEN, (host, int(port)))
        except OSError: pass
'''


class Detections(SharedDaemon):
    def provoke(self, rule, match, deed, rest=0.5):
        """Does the deed; the alert must come within a second of its end, and only one."""
        since = time.monotonic()
        deed()
        alert = self.daemon.expect(rule, match, since)
        time.sleep(rest)
        self.assertEqual(1, len(self.daemon.find(rule, match, since)), self.daemon.told(since))
        self.check_shape(alert)
        return alert

    def check_shape(self, alert):
        for key in ('id', 'time', 'hostname', 'source', 'rule', 'priority', 'output', 'tags', 'output_fields', 'suppressed'):
            self.assertIn(key, alert)
        self.assertEqual('rwatch', alert['source'])
        self.assertRegex(alert['time'], r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$')
        self.assertEqual(os.uname().nodename, alert['hostname'])
        self.assertTrue(alert['output_fields'])
        self.assertNotIn('\n', alert['output'])

    # Sensitive files

    def test_cat_of_shadow(self):
        cat = self.copy_of('cat', 'cat-plain')
        alert = self.provoke('Sensitive file read', cat, lambda: rwatchtest.run(cat, '/etc/shadow'))
        self.assertIn('/etc/shadow', alert['output'])
        self.assertIn('sensitive_file', alert['tags'])

    def test_repeats_are_counted(self):
        cat = self.copy_of('cat', 'cat-again')
        daemon = rwatchtest.Daemon()
        self.addCleanup(daemon.close)
        for _ in range(5):
            rwatchtest.run(cat, '/etc/shadow')
        daemon.expect('Sensitive file read', cat)
        self.assertEqual(0, daemon.stop())
        alerts = daemon.find('Sensitive file read', cat, summary=True)
        self.assertEqual(2, len(alerts), daemon.told())
        self.assertEqual([0, 4], [alert['suppressed'] for alert in alerts])
        self.assertEqual(alerts, [alert for alert in daemon.logged() if cat in str(alert) and alert['rule'] == 'Sensitive file read'])

    def test_harmless_read_is_silent(self):
        since = time.monotonic()
        cat = self.copy_of('cat', 'cat-harmless')
        rwatchtest.run(cat, '/etc/passwd', '/etc/hostname')
        time.sleep(rwatchtest.QUIET_FOR)
        self.assertEqual([], self.daemon.find('Sensitive file', cat, since))

    # Execute bit

    def test_chmod_adds_execute_bit(self):
        target = self.path('x')
        shutil.copyfile('/bin/ls', target)
        os.chmod(target, 0o644)
        alert = self.provoke('Execute bit added', target, lambda: rwatchtest.run('chmod', '+x', target))
        self.assertIn('chmod_exec', alert['tags'])

    def test_fchmod_adds_execute_bit(self):
        target = rwatchtest.write(self.path('by-descriptor'), '#!/bin/sh\n')
        perl = self.copy_of('perl', 'perl-fchmod')
        self.provoke('Execute bit added', target, lambda: rwatchtest.run(perl, '-e', 'open my $f, "<", $ARGV[0] or die; chmod 0755, $f', target))

    def test_created_executable(self):
        target = self.path('born-executable')
        perl = self.copy_of('perl', 'perl-creat')
        self.provoke('Execute bit added', target, lambda: rwatchtest.run(perl, '-MFcntl', '-e', 'sysopen my $f, $ARGV[0], O_CREAT|O_WRONLY, 0755 or die', target))

    def test_created_executable_without_a_name(self):
        perl = self.copy_of('perl', 'perl-tmpfile')
        self.provoke('Execute bit added', f'{perl} made {self.dir}', lambda: rwatchtest.run(perl, '-e', f'sysopen my $f, $ARGV[0], {os.O_TMPFILE | os.O_RDWR}, 0755 or die',
                                                                                            self.dir))

    def test_made_executable_as_a_node(self):
        target = self.path('node')
        python = self.copy_of(os.path.realpath(sys.executable), 'python-mknod')
        self.provoke('Execute bit added', target, lambda: rwatchtest.run(python, '-S', '-c', 'import os, sys; os.mknod(sys.argv[1], 0o100755)', target))

    def test_a_whole_tree_is_one_alert(self):
        chmod = self.copy_of('chmod', 'chmod-tree')
        names = [rwatchtest.write(self.path(f't{number}'), 'x') for number in range(40)]
        self.provoke('Execute bit added', f'{chmod} made', lambda: rwatchtest.run(chmod, '+x', *names))

    def test_chmod_without_execute_bit_is_silent(self):
        target = rwatchtest.write(self.path('plain'), 'text')
        since = time.monotonic()
        os.chmod(target, 0o600)
        time.sleep(rwatchtest.QUIET_FOR)
        self.assertEqual([], self.daemon.find('Execute bit added', target, since))

    # Scans: refused ones count, and each kind of socket

    def scan(self, kind, *targets):
        python = self.copy_of(os.path.realpath(sys.executable), f'python-{self._testMethodName}')
        return python, lambda: rwatchtest.run(python, '-S', '-c', CONNECT, self.dir, kind, *targets)

    def check_port_scan(self, kind, host):
        program, deed = self.scan(kind, *(f'{host}/{port}' for port in PORTS))
        alert = self.provoke('Outbound port scan', program, deed)
        self.assertIn('port_scan', alert['tags'])
        self.assertIn(host, alert['output'])

    def test_port_scan_tcp(self):
        self.check_port_scan('tcp', '127.0.0.1')

    def test_port_scan_udp(self):
        self.check_port_scan('udp', '127.0.0.1')

    def test_port_scan_tcp_ipv6(self):
        self.check_port_scan('tcp', '::1')

    def test_port_scan_udp_ipv6(self):
        self.check_port_scan('udp', '::1')

    def test_port_scan_without_a_connect(self):
        for kind in ('udp', 'fastopen'):
            python = self.copy_of(sys.executable, f'python-{kind}')
            targets = [f'127.0.0.1/{port}' for port in PORTS]
            self.provoke('Outbound port scan', python, lambda python=python, kind=kind, targets=targets: rwatchtest.run(python, '-c', SEND, kind, *targets))

    def test_port_scan_by_children_of_one_parent(self):
        shell = self.copy_of('bash', 'bash-scan')
        script = 'for p in {61000..61049}; do (exec 3<>/dev/tcp/127.0.0.1/$p) 2>/dev/null; done; true'
        self.provoke('Outbound port scan', shell, lambda: rwatchtest.run(shell, '-c', script))

    def test_host_sweep(self):
        program, deed = self.scan('tcp', *(f'127.0.9.{host}/61000' for host in range(1, 60)))
        alert = self.provoke('Outbound host sweep', program, deed)
        self.assertIn('port_scan', alert['tags'])

    def test_one_port_often_is_silent(self):
        with socket.create_server(('127.0.0.1', 0)) as server:
            program, deed = self.scan('tcp', *[f'127.0.0.1/{server.getsockname()[1]}'] * 50)
            since = time.monotonic()
            deed()
            time.sleep(rwatchtest.QUIET_FOR)
            self.assertEqual([], self.daemon.find('Outbound', program, since))

    # Ransomware

    def test_files_with_a_suffix(self):
        touch = self.copy_of('touch', 'touch-enc')
        os.mkdir(self.path('d'))
        names = [self.path(f'd/{number}.enc') for number in range(1, 41)]
        alert = self.provoke('Ransomware suffix', touch, lambda: rwatchtest.run(touch, *names))
        self.assertIn('ransomware', alert['tags'])

    def test_renames_to_a_suffix(self):
        names = [rwatchtest.write(self.path(f'r{number}.txt'), 'x') for number in range(40)]
        perl = self.copy_of('perl', 'perl-rename')
        self.provoke('Ransomware suffix', perl, lambda: rwatchtest.run(perl, '-e', 'rename $_, "$_.locked" for @ARGV', *names))

    def test_rapid_rewriting_without_a_suffix(self):
        names = [rwatchtest.write(self.path(f'w{number}.txt'), 'old text') for number in range(150)]
        perl = self.copy_of('perl', 'perl-rewrite')
        alert = self.provoke('Mass file rewriting', perl, lambda: rwatchtest.run(
            perl, '-e', 'for (@ARGV) { open my $f, "+<", $_ or die; print $f "ciphered" }', *names))
        self.assertIn('ransomware', alert['tags'])

    # Floods of processes

    def test_rapid_exec(self):
        shell = self.copy_of('bash', 'bash-rapid')
        alert = self.provoke('Rapid exec', shell, lambda: rwatchtest.run(shell, '-c', 'for i in {1..300}; do /bin/true; done'))
        self.assertIn('rapid_exec', alert['tags'])

    def test_fork_bomb(self):
        shell = self.copy_of('bash', 'bash-bomb')
        script = 'f() { [ $1 = 0 ] || { f $(($1 - 1)) & f $(($1 - 1)) & wait; }; }; f 8'  # a bounded one: 510 processes in all
        alert = self.provoke('Fork bomb', shell, lambda: rwatchtest.run(shell, '-c', script))
        self.assertIn('fork_bomb', alert['tags'])

    def test_some_execs_are_silent(self):
        shell = self.copy_of('bash', 'bash-slow')
        since = time.monotonic()
        subprocess.run([shell, '-c', 'for i in {1..10}; do /bin/true; done'], check=True)
        time.sleep(rwatchtest.QUIET_FOR)
        self.assertEqual([], self.daemon.find('Rapid exec|Fork bomb', shell, since))


if __name__ == '__main__':
    rwatchtest.main()
