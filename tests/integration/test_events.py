# SPDX-License-Identifier: MIT OR Apache-2.0
"""The live stream: rwatchctl events prints what a condition wants as it happens, and says what is wrong with a condition."""
import json
import os
import subprocess
import threading

import rwatchtest
from rwatchtest import RWATCHCTL, SharedDaemon, run, wait_until


MOST_STREAMS = 16


def descriptors(pid):
    """Number and name of each that is open now."""
    found = []
    for number in os.listdir(f'/proc/{pid}/fd'):
        try:
            found.append((int(number), os.readlink(f'/proc/{pid}/fd/{number}')))
        except FileNotFoundError:
            pass  # closed meanwhile
    return found


class Events(SharedDaemon):
    def reader(self, *arguments):
        """rwatchctl events beside the test, and the lines that it has printed."""
        process = subprocess.Popen([RWATCHCTL, '--bus', self.daemon.address, 'events', *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        lines = []
        thread = threading.Thread(target=lambda: [lines.append(line) for line in process.stdout])
        thread.start()

        def end():
            process.terminate()
            process.wait()
            thread.join()
            process.stdout.close()
        self.addCleanup(end)
        return process, lines

    def await_reader(self, lines, program):
        """Does it until the first line comes: the stream may open a moment later."""
        wait_until(lambda: run(program) and lines, 10 * rwatchtest.SLOW, lambda: f'a line about {program}: {lines}')

    def test_condition(self):
        program = self.copy_of('true', 'true-streamed')
        _, lines = self.reader('--json', f'evt.type = execve and proc.exepath = {program}')
        self.await_reader(lines, program)
        run(self.copy_of('true', 'true-other'))
        event = json.loads(lines[0])
        self.assertEqual('rwatch', event['source'])
        self.assertEqual('execve', event['output_fields']['evt.type'])
        self.assertEqual(program, event['output_fields']['proc.exepath'])
        self.assertEqual([], [line for line in lines if program not in line])

    def test_all_events_for_people(self):
        program = self.copy_of('true', 'true-shown')
        _, lines = self.reader()
        self.await_reader(lines, program)
        wait_until(lambda: any(program in line for line in lines), 10 * rwatchtest.SLOW, 'the program among all events')
        line = next(line for line in lines if program in line and 'execve' in line)
        self.assertRegex(line, r'^\d\d:\d\d:\d\d\.\d{3} execve  true-shown\[\d+\] \(')

    def sifted(self):
        return self.daemon.ctl_json('status')['events_sifted']

    def test_opens_that_no_rule_wants(self):
        """They are passed over and counted, but while somebody follows all events."""
        harmless = rwatchtest.write(self.path('harmless'), 'x')

        def passed_over():
            already = self.sifted()
            run('cat', *[harmless] * 200)
            return self.sifted() - already >= 200
        wait_until(passed_over, 10 * rwatchtest.SLOW, 'opens are passed over')
        self.assertIn('passed over in the kernel', self.daemon.ctl('status', check=0).stdout)
        reader, lines = self.reader('--json', f'evt.is_open_read = true and fd.name = {harmless}')
        wait_until(lambda: run('cat', harmless) and lines, 10 * rwatchtest.SLOW, 'the open in the stream')
        reader.terminate()
        reader.wait()
        wait_until(passed_over, 10 * rwatchtest.SLOW, 'opens are passed over once nobody follows')

    def test_wrong_condition(self):
        result = self.daemon.ctl('events', 'fd.nme = x and proc.nme = y', check=1)
        self.assertIn("unknown field 'fd.nme'", result.stderr)
        self.assertIn("unknown field 'proc.nme'", result.stderr)
        self.assertIn("'fd.name'", result.stderr)

    def test_streams_are_bounded_and_given_back(self):
        for _ in range(2):
            readers = [self.reader('proc.pid = 0')[0] for _ in range(MOST_STREAMS)]
            for reader in readers:  # else who only asks whether there is room takes it from one of them
                self.await_stream(reader)
            self.assertTrue(self.full())
            for reader in readers:
                reader.terminate()
                reader.wait()
            wait_until(lambda: not self.full(), 10 * rwatchtest.SLOW, 'room again')

    def full(self):
        """Whether one stream more is refused."""
        process = subprocess.Popen([RWATCHCTL, '--bus', self.daemon.address, 'events', 'proc.pid = 0'], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True)
        try:
            _, text = process.communicate(timeout=0.5 * rwatchtest.SLOW)
            self.assertIn('too many streams', text)
            return True
        except subprocess.TimeoutExpired:
            process.terminate()
            process.communicate()
            return False

    def test_the_end_of_the_daemon(self):
        daemon = self.start()
        process = subprocess.Popen([RWATCHCTL, '--bus', daemon.address, 'events', 'proc.pid = 0'], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.await_stream(process)
        self.assertEqual(0, daemon.stop())
        self.assertEqual(3, process.wait(10 * rwatchtest.SLOW))
        self.assertIn('rwatchd stopped', process.stderr.read())

    def await_stream(self, process):
        """Until the daemon has given it the pipe of its stream."""
        wait_until(lambda: any(name.startswith('pipe:') for number, name in descriptors(process.pid) if number > 2), 10 * rwatchtest.SLOW, 'the stream is open')


if __name__ == '__main__':
    rwatchtest.main()
