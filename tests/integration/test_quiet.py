# SPDX-License-Identifier: MIT OR Apache-2.0
"""What administrators, packages and builds do all day raises no alert of a shipped rule: each chore in a sandbox over this machine."""
import json
import shutil
import time

import rwatchtest
from sandbox import Sandbox

SOURCES = '''
mkdir -p src && cd src
printf 'int twice(int x) { return 2 * x; }\\n' >twice.c
printf '#include <stdio.h>\\nint twice(int);\\nint main(void) { printf("%%d\\\\n", twice(21)); }\\n' >main.c'''

# A package with a service, settings, a program with the set-user-ID bit, and scripts that make an account; made by make, as debian/rules does.
PACKAGE = r'''
cat >rules <<'END'
quiet.deb:
	install -D -m 4755 /bin/true pkg/usr/bin/quiet
	mkdir -p pkg/DEBIAN pkg/usr/lib/systemd/system pkg/etc/cron.d pkg/etc/profile.d pkg/etc/ld.so.conf.d pkg/etc/pam.d
	printf 'Package: quiet\nVersion: $(V)\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n' >pkg/DEBIAN/control
	printf '[Service]\nExecStart=/usr/bin/quiet\n' >pkg/usr/lib/systemd/system/quiet.service
	for f in cron.d/quiet profile.d/quiet.sh ld.so.conf.d/quiet.conf pam.d/quiet; do echo "# $(V)" >pkg/etc/$$f; done
	printf '#!/bin/sh\nset -e\ngetent passwd quiet >/dev/null || useradd -r quiet\nldconfig\n' >pkg/DEBIAN/postinst
	printf '#!/bin/sh\nset -e\n[ "$$1" != purge ] || userdel quiet\n' >pkg/DEBIAN/postrm
	chmod 755 pkg/DEBIAN/postinst pkg/DEBIAN/postrm
	dpkg-deb --root-owner-group -b pkg quiet-$(V).deb
END
build() { make -f rules V=$1; }'''

# A root directory of this machine's own files, then what a runtime does: start, enter once more, end.
CONTAINER = r'''mkdir -p root/usr root/proc root/dev root/sys root/tmp root/etc; for d in bin lib lib64 sbin; do ln -s usr/$d root/$d; done;
mountpoint -q /sys/fs/cgroup || { mount -t sysfs sysfs /sys; mount -t cgroup2 cgroup2 /sys/fs/cgroup; }
RUNTIME spec; python3 - <<'END'
import json
spec = json.load(open('config.json'))
spec['process'].update(terminal=False, args=['/bin/sh', '-c', 'echo in; sleep 1.5'])
spec['root'] = {'path': 'root', 'readonly': False}
spec['mounts'] = [m for m in spec['mounts'] if m['type'] != 'cgroup'] + [{'destination': '/usr', 'type': 'bind', 'source': '/usr', 'options': ['rbind', 'ro']}]
spec['linux'].pop('resources', None)
spec['linux']['cgroupsPath'] = open('/proc/self/cgroup').read().split('0::')[1].strip() + '/box'
json.dump(spec, open('config.json', 'w'))
END
RUNTIME run box >said & sleep 0.8; RUNTIME exec box /bin/true; wait $!; grep -qx in said; rmdir /sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)/box 2>/dev/null || true'''

# chore: (programs without which it can't be done, script). A chore whose programs are not all here is named and left out.
CHORES = {
    'a package is built, installed, upgraded, removed': (
        ['dpkg-deb', 'dpkg', 'make', 'useradd'],
        f'{PACKAGE}; build 1; build 2; dpkg -i quiet-1.deb; dpkg -i quiet-2.deb; dpkg --purge quiet; test ! -e /usr/bin/quiet'),
    'apt installs and removes': (
        ['apt-get', 'dpkg-deb', 'make'],
        f'{PACKAGE}; build 3; apt-get -q -y -o Dir::Etc::sourcelist=/dev/null install ./quiet-3.deb; apt-get -q -y remove quiet'),
    'apt installs and upgrades from a repository, then removes': (
        ['apt-get', 'dpkg-deb', 'make', 'dpkg-scanpackages'],
        rf'''{PACKAGE}; build 4; dpkg-scanpackages -m . >Packages 2>/dev/null; echo "deb [trusted=yes] file:$PWD ./" >list
get() {{ apt-get -q -y -o Dir::Etc::sourcelist=$PWD/list -o Dir::Etc::sourceparts=- "$@"; }}
get update; get install quiet; build 5; dpkg-scanpackages -m . >Packages 2>/dev/null; get update; get upgrade quiet
[ "$(dpkg-query -W -f '${{Version}}' quiet)" = 5 ]; get remove quiet; get purge quiet'''),
    'a package is built from its source': (
        ['dpkg-buildpackage', 'make', 'gcc'],
        r'''mkdir -p p-1/debian && cd p-1; printf 'int main(void) { return 0; }
' >main.c
printf 'p (1) unstable; urgency=low

  * x

 -- x <x@example.org>  Thu, 01 Jan 2026 00:00:00 +0000
' >debian/changelog
printf 'Source: p
Maintainer: x <x@example.org>

Package: p
Architecture: any
Description: x
' >debian/control
cat >debian/rules <<'END'
#!/usr/bin/make -f
build build-arch:
	gcc -o p main.c
clean:
	rm -rf p debian/p debian/files
binary binary-arch: build
	install -D p debian/p/usr/bin/p
	strip debian/p/usr/bin/p
	mkdir -p debian/p/DEBIAN
	dpkg-gencontrol -pp -Pdebian/p
	dpkg-deb --root-owner-group -b debian/p ..
binary-indep build-indep:
.PHONY: build clean binary
END
mkdir debian/source; echo '3.0 (native)' >debian/source/format; dpkg-buildpackage -us -uc -d; ls ../p_1_*.deb'''),
    'a login by ssh, a command, a file copied': (
        ['/usr/sbin/sshd', 'ssh', 'ssh-keygen', 'scp'],
        r'''ip link set lo up 2>/dev/null || ifconfig lo up; mkdir -p /run/sshd; ssh-keygen -q -t ed25519 -N '' -f key; ssh-keygen -q -t ed25519 -N '' -f host
(echo 0 >/proc/self/loginuid; useradd -m visitor); mkdir -p keys; cp key.pub keys/visitor; chown -R root keys
/usr/sbin/sshd -f /etc/ssh/sshd_config -h $PWD/host -p 2222 -o ListenAddress=127.0.0.1 -o AuthorizedKeysFile=$PWD/keys/%u -o StrictModes=no -o PidFile=$PWD/pid
there="-F /dev/null -i key -o StrictHostKeyChecking=no -o UserKnownHostsFile=$PWD/known -o LogLevel=ERROR"
ssh $there -p 2222 visitor@127.0.0.1 'id -un; echo x >own' | grep -qx visitor; scp -q $there -P 2222 visitor@127.0.0.1:own there; [ "$(cat there)" = x ]
kill $(cat pid); (echo 0 >/proc/self/loginuid; userdel -r visitor 2>/dev/null)'''),
    'a container of crun': (['crun', 'python3'], CONTAINER.replace('RUNTIME', 'crun --cgroup-manager=disabled')),
    'a container of runc': (['runc', 'python3'], CONTAINER.replace('RUNTIME', 'runc')),
    'gcc by hand': (['gcc'], f'{SOURCES}; gcc -c twice.c main.c && gcc -o prog twice.o main.o && ar rc libtwice.a twice.o'),
    'make': (['gcc', 'make'], f"{SOURCES}; printf 'prog: twice.o main.o\\n\\t$(CC) -o $@ $^\\ninstall: prog\\n\\tinstall -D -m 755 prog $(DESTDIR)/usr/bin/prog\\n"
                              "check: prog\\n\\t./prog\\n' >Makefile; make -j2 check && make install DESTDIR=$PWD/root"),
    'meson and ninja': (['meson', 'ninja', 'gcc'], f"{SOURCES}; printf \"project('p', 'c')\\ntest('t', executable('prog', 'twice.c', 'main.c'))\\n\" >meson.build;"
                                                   'meson setup b && ninja -C b'),
    'a build below /tmp': (['meson', 'ninja', 'gcc'], f"mkdir /tmp/build && cd /tmp/build; {SOURCES}; printf \"project('p', 'c')\\ntest('t', executable('prog', 'twice.c', 'main.c'))\\n\" "
                                                      '>meson.build; meson setup b && ninja -C b'),
    'a configure script': (['gcc'], f'''{SOURCES}
for i in {{1..40}}; do
    printf 'int main(void) {{ return 0; }}\\n' >conftest.c; gcc -o conftest conftest.c && ./conftest
    for j in 1 2 3; do echo $i | sed s/1/2/ | grep -q 2 || true; expr $i + 1; (: $j); cat conftest.c; done
    rm -f conftest conftest.c
done >config.log 2>&1
printf '#!/bin/sh\\n' >config.status; chmod +x config.status; ./config.status'''),
    'git clone of a local repository': (['git'], '''
git init -q one && cd one && git config user.email x@example.org && git config user.name x
for i in {1..60}; do echo $i >file$i; done
git add -A && git update-index --chmod=+x file1 && git commit -q -m x; cd ..; git clone -q one two && test -x two/file1
cd two && git gc -q && git checkout -q -b other && git status'''),
    'log files rotated': (['logrotate'], "mkdir -p /var/log/own; echo x >/var/log/own/own.log; echo x >>/var/log/syslog;"
                                         "printf '/var/log/own/*.log /var/log/syslog {\\nrotate 2\\ncompress\\ncreate\\n}\\n' >/root/own.conf; logrotate -f -s /root/state /root/own.conf"),
    'jobs of cron': (['run-parts'], "run-parts --regex '^(dpkg|logrotate|man-db|passwd|e2scrub_all)$' /etc/cron.daily; run-parts --regex '^man-db$' /etc/cron.weekly"),
    'temporary files': (['systemd-tmpfiles'], 'systemd-tmpfiles --create --remove --clean || true'),
    'accounts in an admin\'s login': (['useradd', 'chpasswd', 'systemd-sysusers'], 'echo 0 >/proc/self/loginuid; systemd-sysusers; useradd -m own; echo own:own | chpasswd; passwd -l own;'
                                                                                   'groupadd ours; usermod -aG ours own; chage -l own; userdel -r own 2>/dev/null; groupdel ours'),
    'manual pages and libraries': (['ldconfig'], 'ldconfig; ! command -v mandb || mandb -q || true'),
    'files copied, packed and compared': (['tar'], 'mkdir a; cp -r /etc/default a; tar cf a.tar a; mkdir b; tar xf a.tar -C b; diff -r a b/a'),
    'the start of something like a container': (['unshare'], 'unshare --mount --pid --fork --uts sh -c "mount -t proc proc /proc; hostname box; ps"'),
    'an admin looks': ([], 'uptime; df -h; free; ps aux >ps.txt; wc -l /etc/passwd; find /var/log -name "*.log"; grep -r localhost /etc/hosts || true; date'),
    'an admin works': ([], 'mkdir site; for i in {1..80}; do echo $i >site/$i.html; done; sed -i s/1/2/ site/*.html; rm -r site; seq 300 | xargs -n1 true'),
}


class Quiet(rwatchtest.Case):
    def test_chores_raise_no_alert(self):
        daemon = self.start()
        sandbox = Sandbox()
        self.addCleanup(sandbox.stop)
        for number, (chore, (programs, script)) in enumerate(CHORES.items()):
            missing = [program for program in programs if shutil.which(program) is None]
            if missing:
                print(f'left out: {chore}: no {", ".join(missing)}')
                continue
            with self.subTest(chore):
                since = time.monotonic()
                # Not below /tmp: that programs start there is what a rule is about.
                said = sandbox.run(f'set -e -o pipefail; mkdir -p /home/admin/{number} && cd /home/admin/{number}; {script}; echo done')
                self.assertTrue(said.endswith('done\n'), said)
                time.sleep(rwatchtest.QUIET_FOR / 2)
                alerts = [alert['rule'] + ': ' + alert['output'] for at, alert in list(daemon.alerts) if at >= since and sandbox.unit in json.dumps(alert)]
                self.assertEqual([], alerts)
        # It would have been seen: the same way, something that is no chore.
        sandbox.run('cat /etc/shadow >/dev/null')
        daemon.expect('Sensitive file read', sandbox.unit)


if __name__ == '__main__':
    rwatchtest.main()
