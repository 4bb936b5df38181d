#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""test_kernel.py PACKAGE PROGRAM: runs the probe tests on a Debian kernel, in QEMU without KVM.

PACKAGE is a Debian meta package that depends on the newest kernel of a series. It is downloaded and unpacked below the build folder, once, and never
installed. The guest is an initramfs of busybox, PROGRAM and the libraries that it needs; PROGRAM runs for each set of hooks. A kernel that
can't be had is a failure. Needs the packages qemu-system-x86, busybox-static and cpio.
"""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

CACHE = os.path.join(os.environ['RWATCH_BUILD'], 'kernels')
MEMORY_MB = 1024
BOOT_AND_RUN_WITHIN = 240

# By how many of the best ways of each family are left out: the best, then without fentry, and the oldest; the one between runs natively. Tests that load another set of
# probes take most of the time: of them only the one that asks each hook.
RUNS = {0: '~[loads],sensor: the canary*', 1: '~[loads]', 3: '~[loads]'}

# What the probe tests run.
PROGRAMS = ('/bin/true', '/bin/sh')

# pivot_root is not for the initial file system: so everything moves to another one first.
INIT = '''#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /root
/bin/busybox mount -t tmpfs -o mode=755 root /root
/bin/busybox cp -a /bin /etc /guest /lib /lib64 /usr /root/ 2>/dev/null
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
$b sysctl -q -w kernel.printk='1 1 1 1'
echo "KERNEL $($b uname -r), LSM $($b cat /sys/kernel/security/lsm)"
%s
echo DONE
$b poweroff -f
'''


RUN = '''
echo RUN {skip}
RWATCH_PROBE_BEST=1 RWATCH_PROBE_SKIP={skip} /bin/probe_tests --use-colour no '{tests}'
echo EXIT {skip} $?
'''


def command(*words, cwd=None):
    done = subprocess.run(words, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f'{" ".join(words)} gave {done.returncode}:\n{done.stdout}{done.stderr}')
    return done.stdout


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


def put(tree, path, source=None, text=None):
    target = tree + path
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if source:
        shutil.copy(source, target)
        return
    with open(target, 'w', encoding='utf-8') as file:
        file.write(text)
    os.chmod(target, 0o755)


def initramfs(tree, program):
    put(tree, '/bin/busybox', '/bin/busybox')
    put(tree, '/bin/probe_tests', program)
    for binary in (program, *PROGRAMS):
        for library in re.findall(r'(/\S+) \(0x', command('ldd', binary)):
            put(tree, library, library)
    for binary in PROGRAMS:
        put(tree, binary, binary)
    put(tree, '/etc/passwd', text='root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n')
    os.makedirs(tree + '/usr', exist_ok=True)
    put(tree, '/init', text=INIT)
    put(tree, '/guest', text=GUEST % ''.join(RUN.format(skip=skip, tests=tests) for skip, tests in RUNS.items()))
    archive = tree + '.cpio'
    with open(archive, 'wb') as out:
        names = subprocess.run(['find', '.', '-print0'], cwd=tree, stdout=subprocess.PIPE, check=True).stdout
        subprocess.run(['cpio', '--quiet', '-0', '-o', '-H', 'newc'], cwd=tree, input=names, stdout=out, check=True)
    return archive


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


def main(meta, program):
    image = kernel(meta)
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix='rwatch-kernel-') as folder:
        os.mkdir(folder + '/tree')
        text = boot(image, initramfs(folder + '/tree', program), folder + '/console')
    print(text)
    print(f'{os.path.basename(image)}: {time.monotonic() - begin:.0f} s')
    passed = [int(skip) for skip in re.findall(r'^EXIT (\d+) 0$', text, re.MULTILINE)]
    return 0 if passed == list(RUNS) and '\nDONE\n' in text else 1


if __name__ == '__main__':
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
