#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""rwatchctl where there is no daemon and no need of one: usage, check, test. Argument: the program."""
import json
import os
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        return path

    def run_it(self, status, *arguments):
        """Standard output and error of a run that ends with this status."""
        result = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(status, result.returncode, f'{arguments}: {result.stdout}{result.stderr}')
        return result.stdout, result.stderr


class Usage(Case):
    def test_values_that_are_wrong_whatever_the_daemon_says(self):
        nobody = f'--bus=unix:path={self.folder}/none'
        for arguments, told in (
                (('alerts', '-p', 'bogus'), 'Emergency, Alert, Critical, Error, Warning, Notice, Informational, Debug'),
                (('alerts', '--since', 'bogus'), 'yesterday'),
                (('alerts', '--until', 'bogus'), 'yesterday'),
                (('alerts', '-n', '0'), 'no number above 0'),
                (('pause', 'x', '--for', 'bogus'), '10m'),
                (('stauts',), "did you mean 'status'?"),
                (('alerts', '--sinze', '-1h'), "did you mean '--since'?"),
                (('show',), 'needs ID'),
                (('check',), 'needs FILE-OR-DIR')):
            with self.subTest(arguments):
                self.assertIn(told, self.run_it(2, nobody, *arguments)[1])
        self.run_it(3, nobody, 'alerts', '-p', 'warning')


if __name__ == '__main__':
    unittest.main()
