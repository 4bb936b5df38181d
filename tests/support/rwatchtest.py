# SPDX-License-Identifier: MIT OR Apache-2.0
"""A real rwatchd on a bus of its own, for the integration tests: starts both, reads alerts as they come, and stops them.

Binaries come from the environment, as meson sets it: RWATCHD, RWATCHCTL, RWATCH_SOURCE; RWATCH_SLOW multiplies the time limits (sanitizers).
The machine is never quiet: a test judges only the processes and files that it made itself.
"""
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

RWATCHD = os.environ['RWATCHD']
RWATCHCTL = os.environ['RWATCHCTL']
SOURCE = os.environ['RWATCH_SOURCE']
# False: suites that are recorded are not. A recording hears every event: without one the probes pass over opens that no rule can want.
RECORDS = os.environ.get('RWATCH_RECORD', 'yes') == 'yes'
SLOW = float(os.environ.get('RWATCH_SLOW', '1'))
RULES = os.path.join(SOURCE, 'rules.d')

ALERT_WITHIN = 1.0 * SLOW  # what the project promises
START_WITHIN = 20.0 * SLOW
STOP_WITHIN = 10.0 * SLOW
QUIET_FOR = 1.0            # how long a test waits to see that something does not come

BUS_CONFIG = '''<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>private</type><listen>unix:path={path}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_type="method_call"/><allow send_type="signal"/>
<allow send_type="method_return"/><allow send_type="error"/><allow receive_sender="*"/></policy></busconfig>
'''


def write(path, text, mode='w'):
    with open(path, mode, encoding=None if 'b' in mode else 'utf-8') as file:
        file.write(text)
    return path


def wait_until(condition, seconds, what):
    """The first true value of condition(); fails the test after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f'not within {seconds:.1f} s: {what() if callable(what) else what}')
        time.sleep(0.01)


class Bus:
    """A dbus-daemon that everybody may use; the daemon's own checks are what is tested."""

    def __init__(self, folder):
        self.path = os.path.join(folder, 'bus')
        config = write(os.path.join(folder, 'bus.conf'), BUS_CONFIG.format(path=self.path))
        with open(os.path.join(folder, 'bus.log'), 'wb') as log:
            self.process = subprocess.Popen(['dbus-daemon', f'--config-file={config}', '--nofork', '--nopidfile'], stdout=log, stderr=log)
        wait_until(lambda: os.path.exists(self.path), START_WITHIN, 'dbus-daemon listens')
        os.chmod(self.path, 0o777)
        self.address = f'unix:path={self.path}'

    def stop(self):
        self.process.terminate()
        self.process.wait(STOP_WITHIN)


class Notify:
    """The supervisor's end of sd_notify: keeps every message."""

    def __init__(self, path):
        self.path = path
        self.messages = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        with contextlib.suppress(OSError):
            while True:
                self.messages.append(self.socket.recv(65536).decode())

    def seen(self, text):
        return any(text in message for message in self.messages)

    def status(self):
        """The last STATUS=."""
        lines = [line for message in self.messages for line in message.splitlines() if line.startswith('STATUS=')]
        return lines[-1] if lines else ''

    def close(self):
        self.socket.close()


class Daemon:
    """rwatchd in a folder of its own: rules (a copy of the shipped ones unless given), configuration, state, log, alerts."""

    def __init__(self, rules=None, config='', bus='own', options=(), environment=None, prefix=(), wait=True):
        self.folder = tempfile.mkdtemp(prefix='rwatch-daemon-')
        os.chmod(self.folder, 0o755)
        self.rules = os.path.join(self.folder, 'rules.d')
        self.log = os.path.join(self.folder, 'alerts.jsonl')
        self.alerts = []  # (monotonic time of arrival, alert)
        self.errors = []
        self.bus = Bus(self.folder) if bus == 'own' else None
        self.address = self.bus.address if self.bus else bus
        self._make_rules(rules)
        self.config = write(os.path.join(self.folder, 'rwatchd.yaml'), self._configuration(config))
        self.notify = Notify(os.path.join(self.folder, 'notify'))
        self._start(options, environment or {}, prefix)
        if wait:
            self.wait_ready()

    def _make_rules(self, rules):
        if rules is None:
            shutil.copytree(RULES, self.rules)
            return
        os.mkdir(self.rules)
        for name, text in rules.items():
            write(os.path.join(self.rules, name), text, 'wb' if isinstance(text, bytes) else 'w')

    def _configuration(self, config):
        # The machine that runs this may have no journal: the tests of that sink bring their own.
        return config if 'sinks:' in config else f'sinks:\n  file: {{path: "{self.log}"}}\n  journal: {{enabled: false}}\n{config}'

    def _start(self, options, environment, prefix):
        command = [*prefix, RWATCHD, '--console=json', '--bus', self.address, '--rules', self.rules, '--config', self.config,
                   '--state-dir', os.path.join(self.folder, 'state'), *options]
        environment = {**os.environ, 'NOTIFY_SOCKET': self.notify.path, **environment}
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
        self.pid = self.process.pid
        self._readers = [threading.Thread(target=self._read_alerts, daemon=True), threading.Thread(target=self._read_errors, daemon=True)]
        for reader in self._readers:
            reader.start()

    def _read_alerts(self):
        for line in self.process.stdout:
            self.alerts.append((time.monotonic(), json.loads(line)))

    def _read_errors(self):
        for line in self.process.stderr:
            self.errors.append(line.decode(errors='replace').rstrip('\n'))

    def wait_ready(self):
        wait_until(lambda: self.notify.seen('READY=1') or self.process.poll() is not None, START_WITHIN, lambda: f'rwatchd is ready: {self.errors}')
        if self.process.poll() is not None:
            raise AssertionError(f'rwatchd ended with {self.process.returncode}: {self.errors}')

    def find(self, rule=None, match=None, since=0.0, summary=False):
        """Alerts so far of this rule (a regular expression over its name) whose JSON text has `match`; summaries of repeats only where asked."""
        return [alert for at, alert in list(self.alerts)
                if at >= since and (rule is None or re.search(rule, alert['rule'])) and (match is None or matches(alert, match))
                and (summary or not alert.get('summary', False))]

    def expect(self, rule, match=None, since=0.0, within=ALERT_WITHIN, summary=False):
        """The first such alert; fails where none comes in time."""
        return wait_until(lambda: self.find(rule, match, since, summary), within,
                          lambda: f'alert {rule!r} with {match!r}; alerts: {self.told(since)}; stderr: {self.errors[-20:]}')[0]

    def told(self, since=0.0):
        return [f"{alert['rule']}: {alert['output']}" for at, alert in list(self.alerts) if at >= since][-20:]

    def ctl(self, *arguments, check=None, timeout=30 * SLOW, **options):
        """Runs rwatchctl; with `check` its exit status must be this."""
        result = subprocess.run([RWATCHCTL, '--bus', self.address, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                timeout=timeout, **options)
        if check is not None and result.returncode != check:
            raise AssertionError(f'rwatchctl {arguments} gave {result.returncode}, not {check}: {result.stdout}{result.stderr}')
        return result

    def ctl_json(self, *arguments):
        return json.loads(self.ctl('--json', *arguments, check=0).stdout)

    def logged(self):
        """Alerts in the JSON log."""
        with open(self.log, encoding='utf-8') as lines:
            return [json.loads(line) for line in lines]

    def stop(self, number=signal.SIGTERM):
        """Asks it to end and gives back its exit status; a hung one is killed and fails the test."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            status = self.process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f'rwatchd did not stop within {STOP_WITHIN} s') from None
        finally:
            for reader in self._readers:
                reader.join(STOP_WITHIN)
        return status

    def close(self):
        try:
            if self.process.poll() is None:
                status = self.stop()
                if status != 0:
                    raise AssertionError(f'rwatchd ended with {status}: {self.errors[-40:]}')
        finally:
            for pipe in (self.process.stdout, self.process.stderr):
                pipe.close()
            self.notify.close()
            if self.bus:
                self.bus.stop()
            shutil.rmtree(self.folder, ignore_errors=True)


class Recording:
    """All that a daemon sees, into a file from now on; close() ends the daemon and fails where a replay gives other alerts than those it raised.
    Without RECORDS it only ends the daemon."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.process = None
        if not RECORDS:
            return
        self.file = os.path.join(daemon.folder, 'capture')
        self.process = subprocess.Popen([RWATCHCTL, '--bus', daemon.address, 'record', '-o', self.file], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        self.said = self.process.stderr.readline()
        if 'recording to' not in self.said:
            raise AssertionError(f'rwatchctl does not record: {self.said}')
        time.sleep(0.2)  # the pipeline takes it up within milliseconds
        seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
        self.began = time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds)) + f'.{nanoseconds:09}Z'

    def _comparable(self, alerts):
        """But for those of rwatch itself, and of rules that fired before all was recorded: what they count or hold back is not in the capture."""
        before = {alert['rule'] for _, alert in self.daemon.alerts if alert['time'] < self.began}
        return [{key: value for key, value in alert.items() if key != 'id'} for alert in alerts
                if not alert['rule'].startswith('rwatch ') and alert['rule'] not in before]

    def replay(self):
        """Alerts of the daemon's rules over the capture."""
        result = subprocess.run([RWATCHD, '--replay', self.file, '--rules', self.daemon.rules, '--config', self.daemon.config, '--console=json'],
                                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120 * SLOW, check=False)
        if 'it ends before its end was written' not in result.stderr or 'lacks' in result.stderr:
            raise AssertionError(f'the capture of a daemon that ended: {result.returncode}: {result.stderr}')
        return [json.loads(line) for line in result.stdout.splitlines()]

    def close(self):
        status = self.daemon.stop()
        if status != 0:
            raise AssertionError(f'rwatchd ended with {status}: {self.daemon.errors[-40:]}')
        if self.process is None:
            return
        output, errors = self.process.communicate(timeout=60 * SLOW)
        if 'not recorded' in errors or self.process.returncode != 3:
            raise AssertionError(f'rwatchctl record: {self.process.returncode}: {output}{errors}')
        live, replayed = self._comparable([alert for _, alert in self.daemon.alerts]), self._comparable(self.replay())
        for number, (one, other) in enumerate(zip(live, replayed)):
            if one != other:
                raise AssertionError(f'alert {number} of {len(live)} was\n{json.dumps(one)}\nand replayed it is\n{json.dumps(other)}')
        if len(live) != len(replayed) or not live:
            raise AssertionError(f'{len(live)} alerts live, {len(replayed)} replayed: {[alert["output"] for alert in (live + replayed)[min(len(live), len(replayed)):][:5]]}')


def matches(alert, match):
    if callable(match):
        return match(alert)
    return match in json.dumps(alert, ensure_ascii=False)


class Case(unittest.TestCase):
    """A test with a scratch folder of its own, named so that alerts about it are recognised."""

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix='rwatch-test-', dir='/tmp')
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.dir, name)

    def start(self, *arguments, **options):
        daemon = Daemon(*arguments, **options)
        self.addCleanup(daemon.close)
        return daemon

    def copy_of(self, program, name):
        """An own copy of a program: what it does is recognised by its path, and not taken for a repeat of another test's."""
        return shutil.copy(shutil.which(program), self.path(name))


class SharedDaemon(Case):
    """Tests that share one daemon with the shipped rules."""

    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon()
        cls.addClassCleanup(cls.daemon.close)


def run(*command, **options):
    """Runs a deed, in a session of its own: several rules count by session."""
    return subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60 * SLOW,
                          start_new_session=True, **options)


def main():
    if os.getuid() != 0:
        raise SystemExit('these tests load probes: run them as root')
    unittest.main(verbosity=2)
