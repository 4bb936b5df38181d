# SPDX-License-Identifier: MIT OR Apache-2.0
"""Each verb, option and exit status that --help tells stands in the manual page, and nothing else; pages have no
warnings.

check_man.py RWATCHD RWATCHCTL MAN_DIR
"""
import os
import re
import shutil
import subprocess
import sys

VERB = re.compile(r'^Usage: rwatchctl ([a-z].*?)(?: \[OPTIONS\])?$', re.M)
ROFF = ((r'\\f.', ''), (r'\\-', '-'), (r'"', ''))


def help_of(*command):
    return subprocess.run([*command, '--help'], stdout=subprocess.PIPE, check=True, text=True).stdout


def options_of(text):
    """As --help has them: '-n, --lines N'."""
    return {match.strip() for match in re.findall(r'^  ( *-.*?)  ', text, re.M)}


def statuses_of(text):
    return set(re.findall(r'(?:: |; )(\d+)', re.search(r'^Exit status: .*', text, re.M).group(0)))


def page_of(path):
    """Section -> what its .TP name; a .SS is a section."""
    sections, term = {}, False
    with open(path, encoding='utf-8') as page:
        for line in page:
            for pattern, plain in ROFF:
                line = re.sub(pattern, plain, line)
            macro, _, rest = line.strip().partition(' ')
            if macro in ('.SH', '.SS'):
                terms = sections.setdefault(rest, set())
            elif term and macro == '.B':
                terms.add(rest)
            term = macro == '.TP'
    return sections


def expected_of_rwatchctl(program):
    general = help_of(program)
    want = {'OPTIONS': options_of(general), 'EXIT STATUS': statuses_of(general)}
    for verb in re.findall(r'^  ([a-z]+)', general.split('\nOptions:\n')[0], re.M):
        text = help_of(program, verb)
        want[VERB.search(text).group(1)] = options_of(text.split('\nOptions of every verb:\n')[0])
    return want


def differences(path, want, is_ours):
    have = {name: terms for name, terms in page_of(path).items() if name in want or is_ours(name)}
    for name in sorted(want.keys() | have.keys()):
        if name not in have:
            yield f'{path}: no section {name}'
        elif name not in want:
            yield f'{path}: no such verb: {name}'
        else:
            yield from (f'{path}: {name}: not in the page: {term}' for term in sorted(want[name] - have[name]))
            yield from (f'{path}: {name}: not in --help: {term}' for term in sorted(have[name] - want[name]))


def warnings(path):
    run = subprocess.run(['groff', '-man', '-ww', '-Tutf8', '-Z', path], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False, text=True)
    return run.stderr.splitlines()


def main(rwatchd, rwatchctl, folder):
    daemon, client = (os.path.join(folder, name) for name in ('rwatchd.8', 'rwatchctl.1'))
    text = help_of(rwatchd)
    problems = [*differences(daemon, {'OPTIONS': options_of(text), 'EXIT STATUS': statuses_of(text)}, lambda name: False),
                *differences(client, expected_of_rwatchctl(rwatchctl), lambda name: name[0].islower())]
    if shutil.which('groff'):
        problems += [*warnings(daemon), *warnings(client)]
    else:
        print('groff is absent: the pages are NOT tried for warnings')
    print('\n'.join([*problems, f'{len(problems)} problems']))
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
