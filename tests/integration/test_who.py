# SPDX-License-Identifier: MIT OR Apache-2.0
"""Who did it, with the real daemon: hashes of what ran, names of users, ancestors that are gone."""
import hashlib
import os
import subprocess
import time

import rwatchtest
from rwatchtest import Case

HASH_RULE = '''
- rule: Known bad program
  desc: by its hash
  condition: proc.hash.sha256 = {hash}
  output: "%proc.exepath %proc.hash.sha256"
  priority: Critical
'''
# The daemon with a copy of /etc of its own, that a test may change.
OWN_ETC = ('unshare', '--mount', 'sh', '-c', 'mount -t tmpfs tmpfs /mnt && cp -a /etc/. /mnt && mount --move /mnt /etc && exec "$@"', 'own-etc')
NEW_UID = 61234
# Runs $2 after a double fork whose middle is gone: its parent by then is whoever adopts.
ORPHAN = '(sh -c "sh -c \'sleep 0.3; cat /etc/shadow >/dev/null; true\' & exit 0"; true); sleep 0.6'


def digest(path):
    with open(path, 'rb') as file:
        return hashlib.sha256(file.read()).hexdigest()


class Who(Case):
    def program(self, name, tail):
        """A program that nobody has run before."""
        path = self.copy_of('/bin/true', name)
        with open(path, 'ab') as file:
            file.write(tail)
        return path

    def test_a_rule_on_a_hash_knows_a_program_at_its_first_start(self):
        bad = self.program('bad', os.urandom(16))
        daemon = self.start(rules={'a.yaml': HASH_RULE.format(hash=digest(bad))})
        other = self.program('other', os.urandom(16))
        for path in (other, bad):
            subprocess.run([path], check=True)
        alert = daemon.expect('Known bad program', bad)
        self.assertEqual(f'{bad} {digest(bad)}', alert['output'])
        time.sleep(rwatchtest.QUIET_FOR)
        self.assertEqual(1, len(daemon.find('Known bad program')))

    def test_every_alert_has_the_hash_of_what_ran(self):
        daemon = self.start()
        cat = self.copy_of('/bin/cat', 'hashed-cat')
        subprocess.run([cat, '/etc/shadow'], stdout=subprocess.DEVNULL, check=True)
        alert = daemon.expect('Sensitive file read', cat)
        self.assertEqual(digest(cat), alert['output_fields']['proc.hash.sha256'])
        self.assertIn(digest(cat), daemon.ctl('show', alert['id'], check=0).stdout)

    def test_an_account_made_a_moment_ago_has_its_name(self):
        daemon = self.start(prefix=OWN_ETC)
        etc = f'/proc/{daemon.pid}/root/etc'
        with open(f'{etc}/passwd', encoding='utf-8') as old:
            rwatchtest.write(f'{etc}/passwd+', f'{old.read()}intruder:x:{NEW_UID}:{NEW_UID}::/:/bin/sh\n')
        os.rename(f'{etc}/passwd+', f'{etc}/passwd')
        time.sleep(0.2 * rwatchtest.SLOW)
        cat = self.copy_of('/bin/cat', 'new-cat')
        os.chmod(self.dir, 0o755)
        subprocess.run([cat, '/etc/shadow'], stderr=subprocess.DEVNULL, user=NEW_UID, check=False)
        self.assertEqual('intruder', daemon.expect('Sensitive file read', cat)['output_fields']['user.name'])

    def test_ancestors_that_are_gone(self):
        daemon = self.start()
        shell = self.copy_of('/bin/sh', 'old-shell')
        subprocess.run([shell, '-c', ORPHAN], check=True)
        alert = daemon.expect('Sensitive file read', within=5 * rwatchtest.SLOW)
        shown = daemon.ctl_json('show', alert['id'])
        self.assertIn(shell, [process['exe_path'] for process in shown['processes']], shown['processes'])


if __name__ == '__main__':
    rwatchtest.main()
