# SPDX-License-Identifier: MIT OR Apache-2.0
"""What is done to other processes and in their name, and to the daemon's own maps: what must be seen, each time."""
import contextlib
import os
import re
import shutil
import subprocess

import rwatchtest
from evasion import EVADE, EvasionCase, by
from rwatchtest import Case

RINGBUF = '27'  # BPF_MAP_TYPE_RINGBUF


class Processes(EvasionCase):
    def test_ptrace(self):
        self.evade('ptrace', '^Running process taken hold of$')

    def test_process_vm_writev(self):
        self.evade('writev', '^Running process taken hold of$')

    def test_writing_by_way_of_proc_mem(self):
        self.evade('proc-mem', '^Memory of a process read$')

    def test_number_of_a_process_that_was_seen(self):
        first, second = (shutil.copy(shutil.which('true'), self.path(f'payload-{self.name}-{word}')) for word in ('first', 'second'))
        process = subprocess.Popen([first, 'first'])
        process.wait()
        self.assertIn(' first, parent ', self.seen('^Payload run$', by(first))['output'])
        program = self.own(EVADE)
        self.do(program, 'number', second, str(process.pid))
        alert = self.seen('^Payload run$', by(second))
        self.assertIn(f' second, parent {program},', alert['output'])
        shown = self.daemon.ctl_json('show', alert['id'])
        self.assertEqual([process.pid, second, program], [shown['processes'][0]['pid'], *(p['exe_path'] for p in shown['processes'][:2])])


class Maps(Case):
    def maps(self, daemon, kind='[0-9]+'):
        """Numbers of those that the daemon holds."""
        found = set()
        folder = f'/proc/{daemon.pid}/fdinfo'
        for name in os.listdir(folder):
            # The canary's come and go.
            with contextlib.suppress(FileNotFoundError), open(os.path.join(folder, name), encoding='utf-8') as info:
                found.update(re.findall(rf'^map_type:\t{kind}\n(?:.*\n)*map_id:\t([0-9]+)$', info.read(), re.MULTILINE))
        return found

    def test_ring_emptied_and_maps_edited(self):
        daemon = self.start(config='sensor: {canary_interval: 1h}\n')  # its own: this harms it
        program, cat = self.copy_of(EVADE, 'evade'), self.copy_of('cat', 'cat')
        ring, = self.maps(daemon, RINGBUF)
        thief = subprocess.Popen([program, 'empty-ring', ring])
        self.addCleanup(thief.wait)
        while thief.poll() is None:
            rwatchtest.run('true')
        self.assertEqual(0, thief.returncode)
        daemon.expect('^rwatch events lost$', 'taken away', within=10 * rwatchtest.SLOW)
        maps = self.maps(daemon)
        self.assertGreaterEqual(len(maps), 4)
        for number in maps:
            rwatchtest.run(program, 'edit-map', number)
        daemon.expect('^eBPF object of another program opened$', program)
        rwatchtest.run(cat, '/etc/shadow')
        daemon.expect('^Sensitive file read$', cat)


if __name__ == '__main__':
    rwatchtest.main()
