# SPDX-License-Identifier: MIT OR Apache-2.0
"""Checks what every source file must have: its licence line, no unfinished work, a size that one reads at once, and no file without its language's form.

check_sources.py TOP
"""
import os
import re
import sys

LICENCE = 'SPDX-License-Identifier: MIT OR Apache-2.0'
BPF_LICENCE = 'SPDX-License-Identifier: GPL-2.0-only OR MIT'
LICENCE_WITHIN = 3  # lines
LINES_MOST = 400

# Longer for a reason.
LONG = {
    'tests/unit/event/every_field_test.cpp',     # a table with a row for each field
    'daemon/event/names.cpp',  # tables with a row for each call, flag and capability
    'daemon/event/fields_process.cpp',  # one part of the table of fields: rows, nothing to tell apart
    'daemon/rules/correlation.cpp',  # one structure: linked entries of groups and the window over them
    'daemon/rules/operands.cpp',  # one function for each kind of comparison
    'daemon/rules/sigma_test.cpp',  # one function for each modifier
    'daemon/rules/sigma_value.cpp',  # one function for each modifier of values
    'daemon/rules/parser.cpp',  # one grammar: a function for each production
    'tests/support/satisfy.cpp',  # one search, with what it knows of operators and fields
    'tests/unit/rules/correlations_test.cpp',  # one engine, fed in many ways
    'tests/unit/event/decode_test.cpp',  # one case for each structure of the wire format
    'tests/system/test_system.py',  # one container is booted for all of them
}

# What is generated, foreign, or has no comments to put a licence in.
SKIPPED_FOLDERS = re.compile(r'^(\.git|\.cache|build[^/]*|tests/data|tests/fuzz/seeds|__pycache__)$')
SKIPPED_FILES = re.compile(r'(^LICENSE|^\.git$|\.md$|\.json$|\.jsonl$|\.gitignore$|^\.clang-)')
SIZED = re.compile(r'\.(cpp|hpp|c|h|py|sh)$')
UNFINISHED = re.compile(r'\b(TO' r'DO|FIX' r'ME|XX' r'X|HA' r'CK|not imple' r'mented|for n' r'ow)\b')


def files(top):
    for folder, folders, names in os.walk(top):
        place = os.path.relpath(folder, top)
        folders[:] = sorted(name for name in folders
                            if not SKIPPED_FOLDERS.match(name) and not SKIPPED_FOLDERS.match(os.path.normpath(os.path.join(place, name))))
        yield from (os.path.normpath(os.path.join(place, name)) for name in sorted(names) if not SKIPPED_FILES.search(name))


def problems(top, path):
    try:
        with open(os.path.join(top, path), encoding='utf-8') as file:
            lines = file.read().splitlines()
    except UnicodeDecodeError:
        yield f'{path}: is not UTF-8'
        return
    licence = BPF_LICENCE if path.startswith('ebpf/') and not path.endswith('meson.build') else LICENCE
    if lines and not any(licence in line for line in lines[:LICENCE_WITHIN]):
        yield f"{path}:1: lacks '{licence}'"
    if SIZED.search(path) and len(lines) > LINES_MOST and path not in LONG:
        yield f'{path}: {len(lines)} lines, more than {LINES_MOST}: split it, or say in check_sources.py why not'
    for number, line in enumerate(lines, 1):
        if UNFINISHED.search(line):
            yield f'{path}:{number}: unfinished: {line.strip()[:100]}'
        if line != line.rstrip():
            yield f'{path}:{number}: blanks at the end of the line'


def main(top):
    checked = list(files(top))
    found = [problem for path in checked for problem in problems(top, path)]
    print('\n'.join([*found, f'{len(checked)} files, {len(found)} problems']))
    return 1 if found or not checked else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1]))
