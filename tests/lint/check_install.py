# SPDX-License-Identifier: MIT OR Apache-2.0
"""`meson install` with DESTDIR puts every file where users, systemd and the bus look for it, and nothing elsewhere.

check_install.py BUILD_DIR SOURCE_DIR
"""
import os
import stat
import subprocess
import sys
import tempfile

PROGRAM, DATA = 0o755, 0o644
FILES = {
    'etc/rwatch/rwatchd.yaml': DATA,
    'usr/bin/rwatchctl': PROGRAM,
    'usr/lib/systemd/catalog/rwatch.catalog': DATA,
    'usr/lib/systemd/system/rwatchd.service': DATA,
    'usr/sbin/rwatchd': PROGRAM,
    'usr/share/dbus-1/interfaces/org.rwatch1.xml': DATA,
    'usr/share/dbus-1/system-services/org.rwatch1.service': DATA,
    'usr/share/dbus-1/system.d/org.rwatch1.conf': DATA,
    'usr/share/man/man1/rwatchctl.1': DATA,
    'usr/share/man/man8/rwatchd.8': DATA,
    'usr/share/polkit-1/actions/org.rwatch1.policy': DATA,
}
FOLDERS = ('etc/rwatch/rules.d', 'etc/rwatch/rwatchd.conf.d')
RULES = 'usr/lib/rwatch/rules.d'


def expected(source):
    rules = [name for name in os.listdir(os.path.join(source, 'rules.d')) if name.endswith('.yaml')]
    return {**FILES, **{os.path.join(RULES, name): DATA for name in rules}}


def found(stage):
    for folder, _, names in os.walk(stage):
        for name in names:
            path = os.path.join(folder, name)
            yield os.path.relpath(path, stage), stat.S_IMODE(os.lstat(path).st_mode)


def main(build, source):
    with tempfile.TemporaryDirectory() as stage:
        subprocess.run(['meson', 'install', '-C', build, '--no-rebuild', '--quiet', '--destdir', stage], check=True, stdin=subprocess.DEVNULL)
        want, have = expected(source), dict(found(stage))
        problems = [f'missing: /{path}' for path in sorted(want.keys() - have.keys())]
        problems += [f'not expected: /{path}' for path in sorted(have.keys() - want.keys())]
        problems += [f'mode {have[path]:o}, not {want[path]:o}: /{path}' for path in sorted(want.keys() & have.keys()) if want[path] != have[path]]
        problems += [f'missing folder: /{path}' for path in FOLDERS if not os.path.isdir(os.path.join(stage, path))]
        version = subprocess.run([os.path.join(stage, 'usr/sbin/rwatchd'), '--version'], stdout=subprocess.PIPE, check=False)
        if version.returncode != 0:
            problems.append('the installed rwatchd does not run')
    print('\n'.join([*problems, f'{len(want)} files, {len(problems)} problems']))
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
