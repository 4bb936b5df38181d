#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""test_kernel.py PACKAGE PROGRAM: runs the probe tests and the evasions on a Debian kernel, in QEMU without KVM.

PACKAGE is a Debian meta package that depends on the newest kernel of a series. It is downloaded and unpacked below the build folder, once, and never
installed. The guest is an initramfs of busybox, PROGRAM, which runs for each set of hooks, and the daemon, its client and what is done to them, named as
in tests/evasion/meson.build. A kernel that can't be had is a failure. Needs the packages qemu-system-x86, busybox-static and cpio.
"""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import guest
from guest import command

CACHE = os.path.join(os.environ['RWATCH_BUILD'], 'kernels')
MEMORY_MB = 1024
BOOT_AND_RUN_WITHIN = 420
# The kernel patches its own code when tracepoints come and go, by breakpoints that all processors are told of. The emulator, with a thread for each
# processor, seldom lets one meet a breakpoint that is gone (the code printed with the Oops has none). One thread for all would not, but evasions need
# processors that run at the same time.
EMULATOR_FAULT = 'Oops: int3'

# By how many of the best ways of each family are left out: the best, then without fentry, and the oldest; the one between runs natively. Tests that load another set of
# probes take most of the time: of them only the one that asks each hook.
RUNS = {0: '~[loads],sensor: the canary*', 1: '~[loads]', 3: '~[loads]'}

# What the tests run, and what these need of the source.
PROGRAMS = ('/bin/true', '/bin/sh', '/bin/cat', '/usr/bin/install', '/usr/bin/unshare', '/bin/mount', '/usr/sbin/chroot', '/usr/bin/dbus-daemon')
SUITES = ('tests/evasion/test_evasion.py', 'tests/evasion/test_processes.py', 'tests/integration/test_names.py')
SOURCES = ('rules.d', 'tests/support', 'docs/threat-model.md', *SUITES)
BUILT = ('RWATCHD', 'RWATCHCTL', 'RWATCH_EVADE', 'RWATCH_EVADE_FILES', 'RWATCH_URING')
SLOW = 10  # emulated

# pivot_root is not for the initial file system: so everything moves to another one first.
INIT = '''#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /root
/bin/busybox mount -t tmpfs -o mode=755 root /root
/bin/busybox cp -a /bin /etc /guest /lib /lib64 /source /usr /root/ 2>/dev/null
/bin/busybox mkdir -p /root/proc /root/sys /root/dev /root/tmp
exec /bin/busybox switch_root /root /guest
'''
GUEST = '''#!/bin/busybox sh
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sys /sys
$b mount -t devtmpfs dev /dev
$b mkdir -p /dev/pts
$b ln -s /proc/self/fd /dev/fd
$b mount -t devpts devpts /dev/pts
$b mount -t tmpfs -o mode=1777 tmp /tmp
$b mount -t securityfs security /sys/kernel/security
$b mount -t tracefs tracing /sys/kernel/tracing
$b mount -t cgroup2 cgroup /sys/fs/cgroup
$b ip link set lo up
ulimit -n 4096
$b sysctl -q -w kernel.printk='1 1 1 1' kernel.watchdog_thresh=30 kernel.softlockup_panic=1
echo "KERNEL $($b uname -r), LSM $($b cat /sys/kernel/security/lsm)"
%s
echo DONE
$b poweroff -f
'''


RUN = '''
echo RUN {skip} at $(/bin/busybox cat /proc/uptime)
RWATCH_PROBE_BEST=1 RWATCH_PROBE_SKIP={skip} /bin/probe_tests --use-colour no '{tests}'
echo EXIT {skip} $?
'''
SUITE = '''
echo RUN {suite} at $(/bin/busybox cat /proc/uptime)
{environment} RWATCH_SOURCE=/source RWATCH_SLOW={slow} PYTHONPATH=/source/tests/support PYTHONDONTWRITEBYTECODE=1 \\
  PATH=/usr/sbin:/usr/bin:/sbin:/bin {python} /source/{suite} 2>&1
echo EXIT {suite} $?
'''


def download(meta, folder):
    """The package of the kernel that the meta package names, into the folder."""
    found = re.findall(r'Depends: (linux-image-\S+)', command('apt-cache', 'depends', meta))
    if not found:
        sys.exit(f'no kernel for {meta}: its package depends on none')
    command('apt-get', '-qq', '-o', 'APT::Sandbox::User=root', 'download', found[0], cwd=folder)


def kernel(meta):
    """Path of the kernel's image; unpacked where it was not yet."""
    unpacked = os.path.join(CACHE, meta)
    if not glob.glob(unpacked + '/boot/vmlinuz-*'):
        os.makedirs(CACHE, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            download(meta, folder)
            command('dpkg', '-x', *glob.glob(folder + '/*.deb'), folder + '/tree')
            shutil.rmtree(unpacked, ignore_errors=True)
            os.rename(folder + '/tree', unpacked)
    return glob.glob(unpacked + '/boot/vmlinuz-*')[0]


def initramfs(folder, program):
    tree, source = guest.Tree(folder), os.environ['RWATCH_SOURCE']
    built = {name: '/usr/bin/' + os.path.basename(os.environ[name]) for name in BUILT}
    tree.file('/bin/busybox', '/bin/busybox')
    tree.program('/bin/probe_tests', program)
    for name, path in built.items():
        tree.program(path, os.environ[name])
    for binary in PROGRAMS:
        tree.program(binary, binary)
    for name in SOURCES:
        tree.source(os.path.join(source, name), '/source/' + name)
    tree.python(*(os.path.join(source, suite) for suite in SUITES), path=[os.path.join(source, 'tests/support')])
    tree.file('/etc/passwd', text='root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n')
    tree.file('/etc/shadow', text='root:*:19000:0:99999:7:::\n')
    environment = ' '.join(f'{name}={path}' for name, path in built.items())
    runs = [RUN.format(skip=skip, tests=tests) for skip, tests in RUNS.items()]
    runs += [SUITE.format(suite=suite, environment=environment, slow=SLOW, python=guest.PYTHON) for suite in SUITES]
    tree.file('/init', text=INIT)
    tree.file('/guest', text=GUEST % ''.join(runs))
    return tree.pack()


def boot(image, archive, log):
    qemu = ['qemu-system-x86_64', '-M', 'q35', '-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', '2', '-m', str(MEMORY_MB), '-nodefaults',
            '-no-user-config', '-display', 'none', '-no-reboot', '-serial', 'file:' + log, '-device', 'virtio-rng-pci', '-kernel', image,
            '-initrd', archive, '-append', 'console=ttyS0 quiet panic=-1']
    try:
        subprocess.run(qemu, stdin=subprocess.DEVNULL, timeout=BOOT_AND_RUN_WITHIN, check=True)
    except subprocess.TimeoutExpired:
        print(f'not done after {BOOT_AND_RUN_WITHIN} s')
    with open(log, encoding='utf-8', errors='replace') as text:
        return text.read().replace('\r', '')


def told(text):
    """What became of the tests in Python."""
    counts = dict.fromkeys(('ran', 'failures', 'errors', 'skipped'), 0)
    for number in re.findall(r'^Ran (\d+) tests? in', text, re.MULTILINE):
        counts['ran'] += int(number)
    for words in re.findall(r'^(?:OK|FAILED) \((.*)\)$', text, re.MULTILINE):
        for name, number in re.findall(r'(\w+)=(\d+)', words):
            counts[name] = counts.get(name, 0) + int(number)
    return ', '.join(f'{number} {name}' for name, number in counts.items())


def main(meta, program):
    image = kernel(meta)
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix='rwatch-kernel-') as folder:
        archive = initramfs(folder + '/tree', program)
        text = boot(image, archive, folder + '/console')
        if EMULATOR_FAULT in text:
            print(f'{text}\nThe emulator ran an instruction that is no breakpoint any more. Once more, then:')
            text = boot(image, archive, folder + '/console')
    print(text)
    print(f'{os.path.basename(image)}: {time.monotonic() - begin:.0f} s; evasions and names: {told(text)}')
    passed = re.findall(r'^EXIT (\S+) 0$', text, re.MULTILINE)
    return 0 if passed == [*map(str, RUNS), *SUITES] and '\nDONE\n' in text else 1


if __name__ == '__main__':
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
