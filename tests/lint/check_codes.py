#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Checks that docs/rules.md tells the code of each diagnostic in the source, and no other.

check_codes.py TOP
"""
import os
import re
import sys

ROOMS = ('daemon/core', 'daemon/rules', 'daemon/config', 'daemon/app', 'ctl')
# Two words and a hyphen are a code, but for these files and words.
HYPHENED = re.compile(r'"([a-z]+(?:-[a-z0-9]+)+)"')
NO_CODES = {'skip-if-unknown-filter', 'group-by', 'no-pager'}
NO_CODES_IN = {'daemon/rules/services.cpp', 'ctl/main.cpp', 'ctl/terminal.cpp'}
# A single word is one where it stands as the code of a diagnostic, or begins a lint.
SINGLE = re.compile(r'(?:Severity::\w+,\s*|Lint\{|\b(?:error|fail|report|skip|warn|complain)\((?:[\w:.>-]+,\s*){1,2})"([a-z]+)",')
COMMENT = re.compile(r'^\s*//.*', re.MULTILINE)
ROW = re.compile(r'^\| `([a-z0-9-]+)` \| [^|]+ \|$', re.MULTILINE)


def in_source(top):
    for room in ROOMS:
        for folder, _, names in os.walk(os.path.join(top, room)):
            for name in sorted(names):
                path = os.path.join(folder, name)
                if name.endswith('.cpp') and os.path.relpath(path, top) not in NO_CODES_IN:
                    with open(path, encoding='utf-8') as file:
                        text = COMMENT.sub('', file.read())
                    yield from HYPHENED.findall(text)
                    yield from SINGLE.findall(text)


def main(top):
    with open(os.path.join(top, 'docs/rules.md'), encoding='utf-8') as file:
        section = file.read().partition('\n## Diagnostics\n')[2].partition('\n## ')[0]
    told = ROW.findall(section)
    used = set(in_source(top)) - NO_CODES
    problems = [f'docs/rules.md lacks the code {code}' for code in sorted(used - set(told))]
    problems += [f'docs/rules.md has the code {code}, which nothing uses' for code in sorted(set(told) - used)]
    if told != sorted(set(told)):
        problems.append('docs/rules.md: the codes are not in order, or one stands twice')
    print('\n'.join([*problems, f'{len(used)} codes, {len(problems)} problems']))
    return 1 if problems or not used else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1]))
