# SPDX-License-Identifier: MIT OR Apache-2.0
"""The daemon notices that its probes see no longer: an intruder with root took them off."""
import os
import subprocess
import time

import rwatchtest
from rwatchtest import Case

UNPLUG = os.environ['RWATCH_UNPLUG']
TOLD_WITHIN = 20 * rwatchtest.SLOW


def links_of_calls(pid):
    """The daemon's descriptors that keep programs on tracepoints of system calls."""
    folder = f'/proc/{pid}/fd'
    found = []
    for name in os.listdir(folder):
        with open(f'/proc/{pid}/fdinfo/{name}', encoding='utf-8') as info:
            if 'link_type:\tperf' in info.read() or os.readlink(f'{folder}/{name}') == 'anon_inode:[perf_event]':
                found.append(name)
    return found


class Canary(Case):
    def probe(self, daemon, name):
        return next(p for p in daemon.ctl_json('status')['probes'] if p['name'] == name)

    def test_all_probes_answer_and_rules_see_nothing_of_it(self):
        rule = '- rule: All\n  desc: x\n  condition: proc.name in (rwatchd, canary)\n  output: "%evt.type %proc.cmdline"\n  priority: Notice\n'
        daemon = self.start(rules={'a.yaml': rule}, config='sensor: {canary_interval: 1s}\n')
        time.sleep(8)  # two rounds, and the patience that each has
        own = [a for a in daemon.find('All') if a['output_fields'].get('proc.pid') == daemon.pid or 'version' in a['output']]
        self.assertEqual([], own)
        self.assertEqual([], daemon.find('^rwatch '))
        status = daemon.ctl_json('status')
        self.assertEqual(('running', ''), (status['state'], status['state_reason']))
        for probe in status['probes']:
            self.assertEqual('', probe['blind'], probe)

    def test_probes_taken_off(self):
        daemon = self.start(config='sensor: {canary_interval: 1s}\n', environment={'WATCHDOG_USEC': '3000000'})
        time.sleep(5)  # a round is over and was answered
        links = links_of_calls(daemon.pid)
        self.assertGreater(len(links), 40)
        subprocess.run([UNPLUG, str(daemon.pid), *links], check=True)
        alert = daemon.expect('^rwatch probe silent$', "'open'", within=TOLD_WITHIN)
        self.assertEqual('Critical', alert['priority'])
        self.assertEqual('open', alert['output_fields']['probe'])
        self.assertIn('openat2', alert['output_fields']['probe.hooks'])
        status = daemon.ctl_json('status')
        self.assertEqual('degraded', status['state'])
        self.assertIn("probe 'open' is silent", status['state_reason'])
        self.assertEqual('reading, writing and creating of files', self.probe(daemon, 'open')['blind'])
        self.assertEqual('', self.probe(daemon, 'exec')['blind'])  # hangs elsewhere, and still answers
        self.assertIn('not seen: reading, writing and creating of files', daemon.ctl('status', check=0).stdout)
        # Only a start anew can help: the watchdog sees to it.
        fed = lambda: sum('WATCHDOG=1' in message for message in daemon.notify.messages)
        self.assertTrue(fed())

        def hungry():
            before = fed()
            time.sleep(2.5)
            return fed() == before
        rwatchtest.wait_until(hungry, 60 * rwatchtest.SLOW, 'the watchdog is fed no more')


if __name__ == '__main__':
    rwatchtest.main()
