# SPDX-License-Identifier: MIT OR Apache-2.0
"""For packaging/test: asks meson what a suite needs built, and adds up what its test logs say.

testing.py targets BUILD_DIR SUITE|TEST...   ninja targets of the tests of these suites, or of these names, one a line
testing.py summary LOG...                    one line a failure, then 'N passed, N failed[, N skipped]'; exits 1 where none passed, one failed, or a log is missing
"""
import json
import os
import subprocess
import sys

PASSED = {'OK', 'EXPECTEDFAIL'}
SKIPPED = {'SKIP', 'IGNORED'}


def introspect(build_dir, what):
    return json.loads(subprocess.run(['meson', 'introspect', build_dir, what], check=True, stdout=subprocess.PIPE).stdout)


def targets(build_dir, wanted):
    files = {target['id']: target['filename'] for target in introspect(build_dir, '--targets')}
    found = set()
    for test in introspect(build_dir, '--tests'):
        names = {test['name']} | {suite.split(':')[-1] for suite in test['suite']}
        if names & set(wanted):
            found |= {name for target in test['depends'] for name in files[target]}
    print('\n'.join(sorted(os.path.relpath(name, build_dir) for name in found)))


def summary(logs):
    counts = {'passed': 0, 'failed': 0, 'skipped': 0}
    for log in logs:
        if not os.path.exists(log):
            print(f'no test log: {log}')
            counts['failed'] += 1
            continue
        with open(log, encoding='utf-8') as lines:
            results = [json.loads(line) for line in lines]
        for test in results:
            kind = 'passed' if test['result'] in PASSED else 'skipped' if test['result'] in SKIPPED else 'failed'
            counts[kind] += 1
            if kind != 'passed':
                run = os.path.basename(log).removesuffix('.json')
                print(f"{test['result']}: {run}: {test['name']}")
    tail = f", {counts['skipped']} skipped" if counts['skipped'] else ''
    print(f"{counts['passed']} passed, {counts['failed']} failed{tail}")
    return 1 if counts['failed'] or not counts['passed'] else 0


def main(arguments):
    if len(arguments) >= 3 and arguments[0] == 'targets':
        return targets(arguments[1], arguments[2:])
    if len(arguments) >= 2 and arguments[0] == 'summary':
        return summary(arguments[1:])
    sys.exit(__doc__)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
