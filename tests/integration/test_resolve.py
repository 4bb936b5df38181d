# SPDX-License-Identifier: MIT OR Apache-2.0
"""Names of addresses: a name server of the test's own answers the C library's resolver, and connections are told by the name."""
import socket
import sys
import threading
import time

import rwatchtest
from rwatchtest import Case, run

SERVER = '127.0.0.78'
ADDRESSES = {'plain.tunnel.test': '127.0.0.79', 'other.tunnel.test': '127.0.0.80'}
RULES = {
    'tunnel.yml': '''
title: Tunnel
status: test
logsource: {category: network_connection, product: linux}
detection:
  selection: {DestinationHostname|endswith: .tunnel.test}
  condition: selection
level: high
''',
    'name.yaml': '''
- rule: Connection by name
  desc: d
  condition: evt.type = connect and fd.sip.name endswith ".tunnel.test"
  output: "%proc.exepath to %fd.sip.name (%fd.sip)"
  priority: WARNING
''',
}
CONNECT = '''
import socket, sys
with socket.socket() as s:
    try: s.connect((sys.argv[1], 9))
    except OSError: pass
'''
# As systemd-resolved does it for others: asks, and that is all.
ASK = '''
import os, socket, sys
os.setgid(101)
os.setuid(101)
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.settimeout(10)
    labels = b"".join(bytes([len(l)]) + l.encode() for l in sys.argv[2].split("."))
    s.sendto(b"\\0\\1\\1\\0\\0\\1" + bytes(6) + labels + b"\\0\\0\\1\\0\\1", (sys.argv[1], 53))
    s.recvmsg(512)
'''


class NameServer:
    """Knows ADDRESSES."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((SERVER, 53))
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    @staticmethod
    def _answer(query):
        end = query.index(0, 12)
        labels, at = [], 12
        while at < end:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        question = query[12:end + 5]
        address = ADDRESSES.get('.'.join(labels).lower()) if query[end + 1:end + 3] == b'\0\1' else None
        record = b'\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4' + socket.inet_aton(address) if address else b''
        return query[:2] + b'\x81\x80\0\1' + (b'\0\1' if record else b'\0\0') + bytes(4) + question + record

    def _serve(self):
        while True:
            query, client = self.socket.recvfrom(512)
            if not query:
                return
            self.socket.sendto(self._answer(query), client)

    def close(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b'', (SERVER, 53))
        self.thread.join()
        self.socket.close()


class Resolve(Case):
    def setUp(self):
        super().setUp()
        server = NameServer()
        self.addCleanup(server.close)
        self.daemon = self.start(rules=RULES)

    def expect(self, program, name, address):
        self.daemon.expect('^Tunnel$', program)
        alert = self.daemon.expect('^Connection by name$', program)
        self.assertEqual(name, alert['output_fields']['fd.sip.name'])
        self.assertEqual(address, alert['output_fields']['fd.sip'])

    def test_resolver_of_the_c_library(self):
        python = self.copy_of(sys.executable, 'python-resolves')
        servers = rwatchtest.write(self.path('resolv.conf'), f'nameserver {SERVER}\n')
        order = rwatchtest.write(self.path('nsswitch.conf'), 'hosts: dns\n')
        script = (f'mount --bind {servers} /etc/resolv.conf; mount --bind {order} /etc/nsswitch.conf; '
                  f'exec "$0" -c "$1" plain.tunnel.test')
        run('unshare', '--mount', '--propagation', 'private', '/bin/sh', '-ec', script, python, CONNECT)
        self.expect(python, 'plain.tunnel.test', '127.0.0.79')

    def test_service_that_asks_for_others(self):
        run(sys.executable, '-c', ASK, SERVER, 'other.tunnel.test')
        python = self.copy_of(sys.executable, 'python-is-told')
        run(python, '-c', CONNECT, '127.0.0.80')
        self.expect(python, 'other.tunnel.test', '127.0.0.80')

    def test_address_that_nobody_asked_for_has_no_name(self):
        python = self.copy_of(sys.executable, 'python-unnamed')
        run(python, '-c', CONNECT, '127.0.0.79')
        time.sleep(rwatchtest.QUIET_FOR)
        self.assertEqual([], self.daemon.find('.', python))


if __name__ == '__main__':
    rwatchtest.main()
