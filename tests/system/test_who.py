# SPDX-License-Identifier: MIT OR Apache-2.0
"""Who did it, under a real systemd: a service, a user's own service, a login, a job of cron and containers are each named rightly by rwatchctl, also when
all of them are gone."""
import json
import re
import unittest

import test_system as system

setUpModule = system.setUpModule  # installed as there, in a container of its own

# A bundle of this machine's own files. $1: name of the container, $2: what systemd is to call it ("slice:prefix:name").
BUNDLE = r'''set -e; mkdir -p /srv/$1 && cd /srv/$1; mkdir -p root/{usr,proc,dev,sys,tmp,etc}; for d in bin lib lib64 sbin; do ln -sfn usr/$d root/$d; done
rm -f config.json; crun spec; python3 - "$2" <<'END'
import json, sys
spec = json.load(open('config.json'))
spec['process'].update(terminal=False, args=['/bin/sh', '-c', 'touch /tmp/rwt-who-' + sys.argv[1].split(':')[1] + '; sleep 0.3'])
spec['root'] = {'path': 'root', 'readonly': False}
spec['mounts'] = [m for m in spec['mounts'] if m['type'] != 'cgroup'] + [{'destination': '/usr', 'type': 'bind', 'source': '/usr', 'options': ['rbind', 'ro']}]
spec['linux'].pop('resources', None)
spec['linux']['cgroupsPath'] = sys.argv[1]
json.dump(spec, open('config.json', 'w'))
END
crun --systemd-cgroup run $1'''
CONTAINER_ID = 'c0ffee' + 58 * '0'
STORE = [{'id': CONTAINER_ID, 'names': ['web'], 'image': '1f2e', 'metadata': json.dumps({'image-name': 'docker.io/library/alpine:3', 'name': 'web'})}]


class WhoDidIt(unittest.TestCase):
    """Each kind of doer once; asked about when process, unit, session and container are gone."""

    RULE = '''
- rule: Who did it
  desc: d
  condition: evt.type in (open, openat) and fd.nameraw contains /tmp/rwt-who-
  output: "%fd.nameraw"
  priority: Notice
  debounce: { for: 1s, by: [fd.nameraw] }
'''

    @classmethod
    def setUpClass(cls):
        system.container.shell(f"mkdir -p /etc/rwatch/rules.d && cat >/etc/rwatch/rules.d/who.yaml <<'END'{cls.RULE}END\nrwatchctl reload")
        cls.addClassCleanup(system.container.shell, 'rm -f /etc/rwatch/rules.d/who.yaml; rwatchctl reload')
        system.container.shell("id worker 2>/dev/null || useradd -m worker; install -d -o worker /home/worker/.ssh; rm -f /root/who /root/who.pub;"
                        "ssh-keygen -q -t ed25519 -N '' -f /root/who; install -o worker /root/who.pub /home/worker/.ssh/authorized_keys;"
                        "systemctl start ssh cron; loginctl enable-linger worker;"
                        "printf '* * * * * worker touch /tmp/rwt-who-cron; sleep 0.3\\n' >/etc/cron.d/rwt-who")
        cls.addClassCleanup(system.container.shell, 'rm -f /etc/cron.d/rwt-who; loginctl disable-linger worker')

    def told(self, name, within=system.WITHIN):
        """All that is known, by now, of the alert about /tmp/rwt-who-NAME."""
        entry = system.wait_until(lambda: system.entries('RWATCH_RULE=Who did it', f'MESSAGE=/tmp/rwt-who-{name}'), f'alert of {name}', within)[0]
        return system.ctl_json('show', entry['RWATCH_ALERT_ID']), system.ctl('show', entry['RWATCH_ALERT_ID']).stdout

    def check(self, alert, **expected):
        self.assertEqual(expected, {key: alert[key] for key in expected}, alert)

    def test_a_service(self):
        system.do('rwt-who', 'touch /tmp/rwt-who-service')
        alert, text = self.told('service')
        self.check(alert, unit='rwt-who.service', slice='system.slice', session='', container='', login_user='', tty='')
        self.assertIn('Unit: rwt-who.service\n', text)
        self.assertRegex(alert['output_fields']['proc.hash.sha256'], '^[0-9a-f]{64}$')

    def test_a_service_that_is_gone_at_once(self):
        system.container.run('systemd-run', '--quiet', '--wait', '--collect', '--unit=rwt-who-brief', '/bin/touch', '/tmp/rwt-who-brief')
        self.check(self.told('brief')[0], unit='rwt-who-brief.service')

    def test_a_users_own_service(self):
        system.container.run('systemd-run', '--user', '--machine=worker@.host', '--quiet', '--wait', '--collect', '--unit=rwt-own', '/bin/touch', '/tmp/rwt-who-own')
        uid = system.container.run('id', '-u', 'worker').stdout.strip()
        alert, text = self.told('own')
        self.check(alert, unit=f'user@{uid}.service', user_unit='rwt-own.service', slice=f'user-{uid}.slice', session='')
        self.assertIn(f'Unit: user@{uid}.service, user unit rwt-own.service', text)

    def test_a_login_shell(self):
        said = system.container.shell('ssh -q -tt -i /root/who -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null worker@127.0.0.1'
                               " 'touch /tmp/rwt-who-login; echo session=$XDG_SESSION_ID tty=$(tty); sleep 0.3' </dev/null").stdout
        session, tty = re.search(r'session=(\S+) tty=/dev/(\S+)', said).groups()
        system.wait_until(lambda: session not in system.container.run('loginctl', 'list-sessions', '--no-legend').stdout.split(), 'the session is over', 20)
        alert, text = self.told('login')
        self.check(alert, unit=f'session-{session}.scope', session=session, session_user='worker', session_service='sshd', session_host='127.0.0.1', tty=tty,
                   login_user='worker')
        self.assertIn(f'Session: {session}, user worker, by sshd, from 127.0.0.1, terminal {tty}\n', text)

    def test_a_job_of_cron(self):
        alert, text = self.told('cron', 75)
        self.check(alert, unit='cron.service', login_user='worker', container='')
        self.assertEqual('worker', alert['processes'][0]['user'])
        self.assertIn('logged in as worker', text)

    def test_a_container_of_crun(self):
        system.container.run('/bin/bash', '-c', BUNDLE, 'bundle', 'rwt-box', 'system.slice:crun:rwt-box')
        alert, text = self.told('crun')
        self.check(alert, unit='crun-rwt-box.scope', container='rwt-box', container_name='rwt-box', container_type='crun', image='')
        self.assertIn('Container: rwt-box, crun\n', text)

    def test_a_container_as_podman_makes_it(self):
        store = '/var/lib/containers/storage/overlay-containers'
        system.container.shell(f"mkdir -p {store}; cat >{store}/containers.json <<'END'\n{json.dumps(STORE)}\nEND")
        system.container.run('/bin/bash', '-c', BUNDLE, 'bundle', 'rwt-web', f'machine.slice:libpod:{CONTAINER_ID}')
        system.container.shell(f'rm -r {store}')
        alert, text = self.told('libpod')
        self.check(alert, unit=f'libpod-{CONTAINER_ID}.scope', container=CONTAINER_ID[:12], container_name='web', container_type='podman',
                   image='docker.io/library/alpine:3')
        self.assertIn(f'Container: web, {CONTAINER_ID[:12]}, podman, image docker.io/library/alpine:3\n', text)


if __name__ == '__main__':
    unittest.main(verbosity=2)
