# SPDX-License-Identifier: MIT OR Apache-2.0
"""rwatch as an admin has it: installed, enabled and started under a real systemd, its five detections provoked by services and read from the journal,
from the bus and through rwatchctl; then restart, reload, watchdog, policy and stop."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import unittest

from nspawn import Container

BUILD = os.environ['RWATCH_BUILD']
UNIT = 'rwatchd.service'
BUS = ('org.rwatch1', '/org/rwatch1', 'org.rwatch1.Manager')
WITHIN = 5  # the way through systemd-run and the journal included

# What each deed is, by the unit that does it: (rule, tag, script).
DEEDS = {
    'rwt-shadow': ('Sensitive file read', 'sensitive_file', 'cat /etc/shadow >/dev/null'),
    'rwt-chmod': ('Execute bit added to unpackaged file', 'chmod_exec', 'touch /tmp/x && cp /bin/ls /tmp/x && chmod +x /tmp/x'),
    'rwt-scan': ('Outbound port scan', 'port_scan', 'for p in {61001..61050}; do (exec 3<>/dev/tcp/127.0.0.1/$p) 2>/dev/null || true; done'),
    'rwt-ransom': ('Ransomware suffix', 'ransomware', 'mkdir /tmp/d && touch /tmp/d/{1..40}.enc'),
    'rwt-rapid': ('Rapid exec', 'rapid_exec', 'for i in {1..300}; do /bin/true; done'),
}

container = None
stage = None


def setUpModule():
    global container, stage
    if os.getuid() != 0:
        raise SystemExit('the system test needs root')
    stage = tempfile.mkdtemp(prefix='rwatch-stage-')
    unittest.addModuleCleanup(shutil.rmtree, stage)
    subprocess.run(['meson', 'install', '-C', BUILD, '--no-rebuild', '--quiet', '--destdir', stage], check=True, stdin=subprocess.DEVNULL)
    container = Container(stage)
    container.start()
    unittest.addModuleCleanup(container.stop)
    container.shell('cp -a /stage/* / && systemctl daemon-reload && systemctl reload dbus && journalctl --update-catalog')
    container.run('systemctl', 'enable', '--now', UNIT)


def wait_until(condition, what, within=WITHIN):
    end = time.monotonic() + within
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            log = container.run('journalctl', '--quiet', '--no-pager', '-n', '60', '-u', UNIT, check=False).stdout
            raise AssertionError(f'not within {within} s: {what}\n{log}')
        time.sleep(0.1)


def do(unit, script, *options):
    """As a service that lives a little longer than the deed: where the unit is gone before the daemon looks, it can't be named."""
    script += '; sleep 0.2'
    container.run('systemd-run', '--quiet', '--wait', '--collect', f'--unit={unit}', *options, '/bin/bash', '-ec', script)


def entries(*matches):
    return container.journal(f'_SYSTEMD_UNIT={UNIT}', *matches)


def alerts_of(unit, rule):
    return entries(f'RWATCH_UNIT={unit}.service', f'RWATCH_RULE={rule}')


def ctl(*arguments, check=0, **options):
    result = container.run('rwatchctl', *arguments, check=False, **options)
    if check is not None and result.returncode != check:
        raise AssertionError(f'rwatchctl {arguments} gave {result.returncode}: {result.stdout}{result.stderr}')
    return result


def ctl_json(*arguments):
    return json.loads(ctl('--json', *arguments).stdout)


def busctl(verb, *arguments, **options):
    return container.run('busctl', '--json=short', verb, *arguments, **options)


def plain(data):
    """What busctl's JSON says without its types."""
    if isinstance(data, dict) and set(data) == {'type', 'data'}:
        return plain(data['data'])
    if isinstance(data, dict):
        return {key: plain(value) for key, value in data.items()}
    if isinstance(data, list):
        return [plain(value) for value in data]
    return data


class Detections(unittest.TestCase):
    """Each deed once, by a service; then what is told of it everywhere."""

    @classmethod
    def setUpClass(cls):
        cls.told = {}
        for unit, (rule, _, script) in DEEDS.items():
            do(unit, script)
            cls.told[unit] = wait_until(lambda unit=unit, rule=rule: alerts_of(unit, rule), f'{rule} by {unit}')

    def each(self):
        return [(unit, rule, tag, self.told[unit][0]) for unit, (rule, tag, _) in DEEDS.items()]

    def test_one_alert_each(self):
        for unit, rule, _, _ in self.each():
            first = [entry for entry in alerts_of(unit, rule) if 'RWATCH_SUPPRESSED' not in entry]
            self.assertEqual(1, len(first), [entry['MESSAGE'] for entry in first])

    def test_journal_has_all_fields_of_the_contract(self):
        for unit, rule, tag, entry in self.each():
            self.assertEqual('rwatchd', entry['SYSLOG_IDENTIFIER'])
            self.assertRegex(entry['MESSAGE_ID'], '^[0-9a-f]{32}$')
            self.assertRegex(entry['PRIORITY'], '^[0-7]$')
            self.assertRegex(entry['RWATCH_ALERT_ID'], '^[0-9a-f]{13}-[0-9a-f]{4}$')
            self.assertIn(tag, entry['RWATCH_TAGS'])
            self.assertEqual(f'{unit}.service', entry['RWATCH_UNIT'])
            self.assertRegex(entry['OBJECT_PID'], r'^\d+$')
            self.assertTrue([name for name in entry if name.startswith('RWATCH_F_')], entry)
            self.assertTrue(entry['MESSAGE'])
            self.assertEqual(rule, entry['RWATCH_RULE'])

    def test_one_message_id_with_an_explanation(self):
        ids = {entry['MESSAGE_ID'] for _, _, _, entry in self.each()}
        self.assertEqual(1, len(ids))
        catalog = container.run('journalctl', '--list-catalog').stdout
        self.assertIn(ids.pop(), catalog)

    def test_json_log(self):
        log = [json.loads(line) for line in container.run('cat', '/var/log/rwatch/alerts.jsonl').stdout.splitlines()]
        by_id = {alert['id']: alert for alert in log}
        for _, rule, _, entry in self.each():
            alert = by_id[entry['RWATCH_ALERT_ID']]
            self.assertEqual((rule, entry['MESSAGE']), (alert['rule'], alert['output']))

    def test_bus(self):
        alerts = plain(json.loads(busctl('call', *BUS, 'ListAlerts', 'a{sv}', '0').stdout))[0]
        by_id = {alert['id']: alert for alert in alerts}
        for _, rule, tag, entry in self.each():
            self.assertEqual(rule, by_id[entry['RWATCH_ALERT_ID']]['rule'])
            alert = plain(json.loads(busctl('call', *BUS, 'GetAlert', 's', entry['RWATCH_ALERT_ID']).stdout))[0]
            self.assertIn(tag, alert['tags'])

    def test_rwatchctl(self):
        listed = {alert['id'] for alert in ctl_json('alerts')}
        for unit, rule, _, entry in self.each():
            self.assertIn(entry['RWATCH_ALERT_ID'], listed)
            self.assertEqual({rule}, {alert['rule'] for alert in ctl_json('alerts', '--unit', f'{unit}.service', '--rule', rule)})
            shown = ctl_json('show', entry['RWATCH_ALERT_ID'])
            self.assertEqual(entry['MESSAGE'], shown['output'])
            self.assertTrue(shown['processes'][0]['exe_path'].startswith('/usr/bin/'), shown['processes'])
            self.assertIn(rule, ctl('show', entry['RWATCH_ALERT_ID']).stdout)


class Service(unittest.TestCase):
    def tearDown(self):
        container.run('systemctl', 'reset-failed', UNIT, check=False)
        container.run('systemctl', 'start', UNIT)

    def detects(self, unit):
        """A detection by a service of this name, which no test uses twice."""
        do(unit, f'touch /tmp/{unit} && chmod +x /tmp/{unit}')
        wait_until(lambda: alerts_of(unit, DEEDS['rwt-chmod'][0]), f'alert of {unit}')

    def test_enabled_running_and_whole(self):
        shown = container.show(UNIT, 'ActiveState', 'UnitFileState', 'Type', 'StatusText', 'NRestarts')
        self.assertEqual(('active', 'enabled', 'notify', '0'), tuple(shown[key] for key in ('ActiveState', 'UnitFileState', 'Type', 'NRestarts')))
        self.assertRegex(shown['StatusText'], r'\d+ rules')
        status = ctl_json('status')
        # By then a probe that does not hear the canary in this sandbox would have been told.
        time.sleep(max(0, status['started_realtime_usec'] / 1e6 + 15 - time.time()))
        status = ctl_json('status')
        self.assertEqual('running', status['state'], status)
        self.assertTrue(all(probe['attached'] for probe in status['probes']), status['probes'])

    def test_another_users_service(self):
        do('rwt-user', 'touch /tmp/rwt-user; chmod +x /tmp/rwt-user', '--uid=nobody')
        entry = wait_until(lambda: alerts_of('rwt-user', DEEDS['rwt-chmod'][0]), 'alert of rwt-user')[0]
        process = ctl_json('show', entry['RWATCH_ALERT_ID'])['processes'][0]
        self.assertEqual(('/usr/bin/chmod', 'nobody'), (process['exe_path'], process['user']))

    def test_other_names_from_within_other_services(self):
        # The daemon's own mounts (ProtectSystem and the like) differ from the service's: the name must be the machine's all the same.
        for unit, option, name in (('rwt-bind', '--property=BindReadOnlyPaths=/etc/shadow:/srv/decoy', '/srv/decoy'),
                                   ('rwt-bind-folder', '--property=BindReadOnlyPaths=/etc:/srv/folder', '/srv/folder/shadow'),
                                   ('rwt-protected', '--property=ProtectSystem=strict', '/etc/../etc/shadow')):
            with self.subTest(unit):
                do(unit, f'cat {name} >/dev/null', option)
                entry = wait_until(lambda unit=unit: alerts_of(unit, DEEDS['rwt-shadow'][0]), f'alert of {unit}')[0]
                self.assertIn('/etc/shadow', entry['RWATCH_F_FS_PATH_NAME'])

    def test_a_hard_link_is_the_file_that_rules_name(self):
        # Written anew: a link to what lies in the lower layer of an overlay is another file.
        container.shell('cp -p /etc/shadow /etc/shadow.new; mv /etc/shadow.new /etc/shadow; ln -f /etc/shadow /etc/rwt-hard; rwatchctl reload')
        self.addCleanup(container.shell, 'rm -f /etc/rwt-hard')
        do('rwt-hard', 'cat /etc/rwt-hard >/dev/null')
        entry = wait_until(lambda: alerts_of('rwt-hard', DEEDS['rwt-shadow'][0]), 'alert of rwt-hard')[0]
        self.assertIn('/etc/shadow', entry['RWATCH_F_FS_PATH_NAME'])

    def test_private_tmp_of_another_service_is_seen(self):
        do('rwt-private', 'touch /tmp/private && chmod +x /tmp/private', '--property=PrivateTmp=yes')
        wait_until(lambda: alerts_of('rwt-private', DEEDS['rwt-chmod'][0]), 'alert from within PrivateTmp')

    def test_pause_and_resume(self):
        rule = DEEDS['rwt-chmod'][0]
        ctl('pause', rule, '--reason', 'system test')
        self.addCleanup(ctl, 'resume', rule, check=None)
        do('rwt-paused', 'touch /tmp/paused && chmod +x /tmp/paused; cat /etc/shadow >/dev/null')
        states = {detector['name']: detector['state'] for detector in ctl_json('detectors')}
        self.assertEqual([rule], [name for name, state in states.items() if state == 'paused'])
        time.sleep(2)
        self.assertEqual([], alerts_of('rwt-paused', rule))
        ctl('resume', rule)
        self.detects('rwt-resumed')

    def test_reload_by_client(self):
        generation = ctl_json('status')['generation']
        container.shell("mkdir -p /etc/rwatch/rules.d && printf -- '- rule: Mine\\n  condtion: x\\n' >/etc/rwatch/rules.d/mine.yaml")
        self.addCleanup(container.shell, 'rm -f /etc/rwatch/rules.d/mine.yaml; rwatchctl reload')
        result = ctl('reload', check=1)
        self.assertRegex(result.stdout + result.stderr, '/etc/rwatch/rules.d/mine.yaml:2:3: .*condtion')
        self.assertEqual(generation, ctl_json('status')['generation'])
        self.detects('rwt-after-broken')
        container.shell('rm /etc/rwatch/rules.d/mine.yaml')
        ctl('reload')
        self.assertEqual(generation + 1, ctl_json('status')['generation'])

    def test_reload_by_systemctl(self):
        before = container.show(UNIT, 'MainPID')['MainPID']
        generation = ctl_json('status')['generation']
        container.run('systemctl', 'reload', UNIT)
        wait_until(lambda: ctl_json('status')['generation'] == generation + 1, 'the next generation')
        self.assertEqual(before, container.show(UNIT, 'MainPID')['MainPID'])

    def test_services_that_start_and_stop(self):
        rules = '/etc/rwatch/rules.d/60-services.yaml'
        for what in ('start', 'stop'):
            container.shell(f"""cat >>{rules} <<'E'
- rule: A service {what}s
  desc: of this test
  condition: evt.type = service_{what} and evt.arg.unit startswith rwt-told
  output: "%evt.arg.unit is %evt.arg.state (%proc.exepath, %proc.pid)"
  priority: Notice
E""")
        self.addCleanup(container.shell, f'rm -f {rules} && rwatchctl reload')
        ctl('reload')
        do('rwt-told', 'true')
        container.run('systemd-run', '--quiet', '--wait', '--unit=rwt-told-failed', '/bin/false', check=False)
        said = {}
        for what in ('start', 'stop'):
            wait_until(lambda: len(entries(f'RWATCH_RULE=A service {what}s')) == 2, f'two services {what}')
            said[what] = sorted(entry['MESSAGE'] for entry in entries(f'RWATCH_RULE=A service {what}s'))
        self.assertRegex(said['start'][0], r'^rwt-told-failed\.service is (activating|active) \(.*/systemd, 1\)$')
        self.assertRegex(said['start'][1], r'^rwt-told\.service is (activating|active) ')
        self.assertRegex(said['stop'][0], r'^rwt-told-failed\.service is failed ')
        self.assertRegex(said['stop'][1], r'^rwt-told\.service is inactive ')

    def test_masked_rules_file(self):
        name = sorted(os.listdir(os.path.join(stage, 'usr/lib/rwatch/rules.d')))[-1]  # the first holds what all others use
        count = len(ctl_json('detectors'))
        container.shell(f'mkdir -p /etc/rwatch/rules.d && ln -s /dev/null /etc/rwatch/rules.d/{name}')
        self.addCleanup(container.shell, f'rm -f /etc/rwatch/rules.d/{name}; rwatchctl reload')
        ctl('reload')
        self.assertLess(len(ctl_json('detectors')), count)

    def test_restart_by_admin_keeps_rules_in_run(self):
        container.shell('mkdir -p /run/rwatch/rules.d && touch /run/rwatch/rules.d/90-empty.yaml')
        self.addCleanup(container.shell, 'rm -f /run/rwatch/rules.d/90-empty.yaml')
        container.run('systemctl', 'restart', UNIT)
        container.run('test', '-e', '/run/rwatch/rules.d/90-empty.yaml')
        self.detects('rwt-restarted')

    def test_restart_after_a_crash(self):
        before = container.show(UNIT, 'MainPID')['MainPID']
        container.run('systemctl', 'kill', '--signal=KILL', UNIT)
        wait_until(lambda: container.show(UNIT, 'MainPID')['MainPID'] not in (before, '0')
                   and container.show(UNIT, 'ActiveState')['ActiveState'] == 'active', 'rwatchd is started again', 15)
        self.detects('rwt-after-crash')

    def test_no_restart_for_a_wrong_configuration(self):
        container.shell('mkdir -p /etc/rwatch/rwatchd.conf.d && echo "sinkz: {}" >/etc/rwatch/rwatchd.conf.d/bad.yaml')
        self.addCleanup(container.shell, 'rm -f /etc/rwatch/rwatchd.conf.d/bad.yaml; systemctl reset-failed rwatchd; systemctl start rwatchd')
        container.run('systemctl', 'restart', UNIT, check=False)
        time.sleep(3)
        shown = container.show(UNIT, 'ActiveState', 'ExecMainStatus', 'NRestarts')
        self.assertEqual(('failed', '78', '0'), (shown['ActiveState'], shown['ExecMainStatus'], shown['NRestarts']))
        container.shell('rm /etc/rwatch/rwatchd.conf.d/bad.yaml')

    def test_stop_is_clean(self):
        container.run('systemctl', 'stop', UNIT)
        shown = container.show(UNIT, 'ActiveState', 'Result', 'ExecMainStatus')
        self.assertEqual(('inactive', 'success', '0'), (shown['ActiveState'], shown['Result'], shown['ExecMainStatus']))
        self.assertEqual(3, ctl('status', check=None).returncode)
        self.assertEqual('inactive', container.show(UNIT, 'ActiveState')['ActiveState'])  # asking started nothing

    def test_a_call_on_the_bus_starts_it(self):
        container.run('systemctl', 'stop', UNIT)
        version = plain(json.loads(busctl('get-property', *BUS, 'Version').stdout))
        self.assertRegex(version, r'^\d+\.\d+')


class Quiet(unittest.TestCase):
    """What systemd does by itself raises no alert of a shipped rule: timers' jobs, a login with its session and user manager, reloads, restarts."""

    JOBS = ('logrotate.service', 'man-db.service', 'dpkg-db-backup.service', 'systemd-tmpfiles-clean.service', 'fstrim.service', 'e2scrub_reap.service',
            'systemd-update-utmp.service', 'systemd-sysusers.service', 'systemd-journal-flush.service', 'systemd-logind.service', 'systemd-resolved.service',
            'cron.service', 'ssh.service', 'dbus.service')
    OF_LOGINS = re.compile(r'session-.*\.scope|user@\d+\.service|user-runtime-dir@\d+\.service|rwt-login\.service|init\.scope|systemd-.*\.service')

    def test_a_round_of_all_that(self):
        begin = container.run('date', '+@%s').stdout.strip()
        there = [unit for unit in self.JOBS if container.run('systemctl', 'cat', unit, check=False).returncode == 0]
        self.assertIn('systemd-tmpfiles-clean.service', there)
        for unit in there:
            verb = 'start' if unit == 'dbus.service' else 'restart'  # who loses the bus is not quiet
            container.run('systemctl', verb, unit, check=False, timeout=120)
        container.run('systemctl', 'daemon-reload')
        container.run('systemctl', 'daemon-reexec')
        container.shell("useradd -m visitor; install -d -o visitor /home/visitor/.ssh; ssh-keygen -q -t ed25519 -N '' -f /root/rwt;"
                        "install -o visitor /root/rwt.pub /home/visitor/.ssh/authorized_keys; ssh -q -tt -i /root/rwt -o StrictHostKeyChecking=no"
                        " -o UserKnownHostsFile=/dev/null visitor@127.0.0.1 'test -n \"$XDG_SESSION_ID\"; loginctl --no-pager' </dev/null")
        do('rwt-login', 'loginctl --no-pager list-sessions', '--property=PAMName=login', '--uid=root')
        time.sleep(2)
        alerts = [entry for entry in entries(f'--since={begin}') if entry.get('RWATCH_UNIT') in there or self.OF_LOGINS.fullmatch(entry.get('RWATCH_UNIT', ''))]
        self.assertEqual([], [f"{entry['RWATCH_RULE']}: {entry['MESSAGE']}" for entry in alerts])


class Watchdog(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        container.shell("mkdir -p /run/systemd/system/rwatchd.service.d; printf '[Service]\\nWatchdogSec=2\\n' "
                        '>/run/systemd/system/rwatchd.service.d/watchdog.conf; systemctl daemon-reload; systemctl restart rwatchd')
        cls.addClassCleanup(container.shell, 'rm -r /run/systemd/system/rwatchd.service.d; systemctl daemon-reload; systemctl restart rwatchd')

    def test_it_is_fed(self):
        first, before = (container.show(UNIT, name)[name] for name in ('WatchdogTimestampMonotonic', 'MainPID'))
        self.assertNotEqual('0', first)
        time.sleep(5)
        shown = container.show(UNIT, 'WatchdogTimestampMonotonic', 'MainPID')
        self.assertNotEqual(first, shown['WatchdogTimestampMonotonic'])
        self.assertEqual(before, shown['MainPID'])

    def test_it_bites(self):
        before = container.show(UNIT, 'NRestarts')['NRestarts']
        container.run('systemctl', 'kill', '--signal=STOP', UNIT)
        wait_until(lambda: container.show(UNIT, 'NRestarts')['NRestarts'] != before, 'a hung daemon is replaced', 20)
        wait_until(lambda: container.show(UNIT, 'ActiveState')['ActiveState'] == 'active', 'active again', 15)


class Policy(unittest.TestCase):
    """What another user may see and do over the system bus."""

    @classmethod
    def setUpClass(cls):
        do('rwt-secret', 'touch /tmp/secret-name && chmod +x /tmp/secret-name')
        cls.entry = wait_until(lambda: alerts_of('rwt-secret', DEEDS['rwt-chmod'][0]), 'alert of rwt-secret')[0]

    def test_properties_are_open(self):
        self.assertEqual('running', plain(json.loads(busctl('get-property', *BUS, 'State', user='nobody').stdout)))
        ctl('status', user='nobody')
        ctl('detectors', user='nobody')

    def test_alerts_are_not(self):
        for method in (('GetAlert', 's', self.entry['RWATCH_ALERT_ID']), ('ListAlerts', 'a{sv}', '0'), ('Reload',), ('Pause', 'sts', 'Rapid exec', '0', '')):
            result = busctl('call', *BUS, *method, user='nobody', check=False)
            self.assertNotEqual(0, result.returncode, method)
            self.assertRegex(result.stderr, '(?i)access ?denied|permission denied', method)
            self.assertNotIn('secret-name', result.stdout + result.stderr)
        self.assertEqual(4, ctl('alerts', user='nobody', check=None).returncode)

    def test_whom_polkit_allows(self):
        container.shell("""cat >/etc/polkit-1/rules.d/50-rwatch.rules <<'E'
polkit.addRule(function(action, subject) {
    if (action.id == "org.rwatch1.read-alerts" && subject.user == "nobody")
        return polkit.Result.YES;
});
E""")
        self.addCleanup(container.run, 'rm', '/etc/polkit-1/rules.d/50-rwatch.rules')
        wait_until(lambda: ctl('alerts', user='nobody', check=None).returncode == 0, 'polkit has read its rule')
        do('rwt-allowed', 'touch /tmp/told-to-nobody && chmod +x /tmp/told-to-nobody')
        wait_until(lambda: 'told-to-nobody' in ctl('alerts', user='nobody').stdout, 'the alert')
        self.assertEqual(4, ctl('reload', user='nobody', check=None).returncode)
        self.assertEqual(4, ctl('pause', 'Rapid exec', user='nobody', check=None).returncode)

    def test_files_are_closed(self):
        for path in ('/var/log/rwatch/alerts.jsonl', '/var/lib/rwatch/.'):
            self.assertNotEqual(0, container.run('ls', path, user='nobody', check=False).returncode, path)

    def test_another_user_cannot_own_the_name(self):
        container.run('systemctl', 'stop', UNIT)
        self.addCleanup(container.run, 'systemctl', 'start', UNIT)
        result = container.run('busctl', 'call', 'org.freedesktop.DBus', '/', 'org.freedesktop.DBus', 'RequestName', 'su', 'org.rwatch1', '4',
                               user='nobody', check=False)
        self.assertNotEqual(0, result.returncode)


if __name__ == '__main__':
    unittest.main(verbosity=2)
