# SPDX-License-Identifier: MIT OR Apache-2.0
"""Writes docs/detections.md from the shipped rules, or compares a file with what it would write.

detections_doc.py RULES_DIR          prints it
detections_doc.py RULES_DIR FILE     exits 1 where FILE differs
"""
import os
import re
import sys

HEAD = '''# Detections

What the shipped rules tell, in the order in which they load. Made from `rules.d` (`tests/lint/detections_doc.py`): do not edit.
`rwatchctl detectors` shows them on a machine, `rwatchctl show ID` says what to do about an alert. Each fires in `tests/integration/test_pack.py`.

| rule | priority | tactic | techniques | what |
|---|---|---|---|---|
'''


def field(text, key):
    """The value of a rule's key: on its line, or folded (">") on the indented lines after it."""
    found = re.search(rf'^  {key}: ?(>-?\n((?:    .*\n)+)|.*\n)', text, re.M)
    value = found.group(2) or found.group(1)
    return ' '.join(value.split())


def rows(folder):
    for name in sorted(os.listdir(folder)):
        if not name.endswith('.yaml'):
            continue
        with open(os.path.join(folder, name), encoding='utf-8') as file:
            for item in re.split(r'^(?=- )', file.read(), flags=re.M):
                if item.startswith('- rule: '):
                    tags = field(item, 'tags').strip('[]').split(', ')
                    tactics = ', '.join(tag.removeprefix('mitre_').replace('_', ' ') for tag in tags if tag.startswith('mitre_'))
                    techniques = ', '.join(tag for tag in tags if re.fullmatch(r'T\d{4}(\.\d{3})?', tag))
                    rule = item.split('\n', 1)[0].removeprefix('- rule: ')
                    yield f"| {rule} | {field(item, 'priority')} | {tactics} | {techniques} | {field(item, 'desc').replace('|', chr(92) + '|')} |\n"


def main(arguments):
    text = HEAD + ''.join(rows(arguments[0]))
    if len(arguments) == 1:
        sys.stdout.write(text)
        return 0
    with open(arguments[1], encoding='utf-8') as file:
        same = file.read() == text
    if not same:
        print(f'{arguments[1]} is not what the rules say: tests/lint/detections_doc.py rules.d >docs/detections.md')
    return 0 if same else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
