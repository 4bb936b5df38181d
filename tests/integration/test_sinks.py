# SPDX-License-Identifier: MIT OR Apache-2.0
"""Sinks over a reload: one that stays the same goes on, one that changes keeps what it could not deliver, and what is given up is said."""
import http.server
import os
import threading

import rwatchtest
from rwatchtest import Case, wait_until

RULES = {'10-test.yaml': '''
- rule: Marker opened
  desc: a file of the test was opened
  condition: evt.type in (open, openat) and fd.name startswith /tmp/rwatch-test- and fd.name contains /marker
  output: "%fd.name opened"
  priority: Notice
'''}
CONFIG = '''sinks:
  journal: {{enabled: false}}
  file: {{enabled: {file}, path: "{log}", max_files: {keep}}}
  webhook: {{enabled: {webhook}, url: "{url}", retries: 100, backoff: 100ms, backoff_max: 200ms, timeout: 1s}}
'''


class Receiver:
    """Takes posted alerts."""

    def __init__(self):
        received = self.received = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                received.append(self.rfile.read(int(self.headers['Content-Length'])).decode())
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.HTTPServer(('127.0.0.1', 0), Handler)
        self.url = f'http://127.0.0.1:{self.server.server_port}/'
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Sinks(Case):
    def start(self, **settings):
        self.log = self.path('alerts.jsonl')
        self.daemon = rwatchtest.Daemon(rules=RULES, config=self.config(**settings))
        self.daemon.log = self.log
        self.addCleanup(self.daemon.close)

    def config(self, file='true', webhook='false', url='http://127.0.0.1:9/', keep=3):
        return CONFIG.format(log=self.log, file=file, webhook=webhook, url=url, keep=keep)

    def change(self, **settings):
        rwatchtest.write(self.daemon.config, self.config(**settings))
        self.daemon.ctl('reload', check=0)

    def mark(self, name):
        rwatchtest.write(self.path(name), 'x')
        return self.daemon.expect('Marker opened', self.path(name))

    def sink(self, name):
        return next((sink for sink in self.daemon.ctl_json('status')['sinks'] if sink['name'] == name), None)

    def expect_logged(self, name):
        wait_until(lambda: any(self.path(name) in alert['output'] for alert in self.daemon.logged()), 3 * rwatchtest.SLOW,
                   lambda: f'{name} in the log; {self.sink("file")}')

    def test_the_log_goes_on(self):
        self.start()
        self.mark('marker-before')
        self.change(keep=4)
        self.mark('marker-after')
        self.expect_logged('marker-after')
        self.expect_logged('marker-before')
        self.assertEqual((2, 0, 'ok'), tuple(self.sink('file')[key] for key in ('delivered', 'failed', 'state')))

    def test_an_unchanged_log_is_not_touched_when_a_webhook_comes(self):
        self.start()
        self.mark('marker-before')
        receiver = Receiver()
        self.addCleanup(receiver.close)
        self.change(webhook='true', url=receiver.url)
        self.mark('marker-after')
        self.expect_logged('marker-after')
        self.assertEqual(2, self.sink('file')['delivered'])
        wait_until(lambda: any(self.path('marker-after') in text for text in receiver.received), 3 * rwatchtest.SLOW, lambda: receiver.received)

    def test_what_a_dead_receiver_did_not_get_goes_to_the_next(self):
        self.start(webhook='true')
        for number in range(3):
            self.mark(f'marker-{number}')
        wait_until(lambda: self.sink('webhook')['failed'] > 0, 3 * rwatchtest.SLOW, 'a failed attempt')
        receiver = Receiver()
        self.addCleanup(receiver.close)
        self.change(webhook='true', url=receiver.url)
        for number in range(3):
            wait_until(lambda: any(self.path(f'marker-{number}') in text for text in receiver.received), 3 * rwatchtest.SLOW,
                       lambda: (receiver.received, self.sink('webhook')))
        self.assertEqual(0, self.sink('webhook')['dropped'])

    def test_what_a_sink_that_is_taken_away_still_had_is_said(self):
        self.start(webhook='true')
        self.mark('marker')
        wait_until(lambda: self.sink('webhook')['failed'] > 0, 3 * rwatchtest.SLOW, 'a failed attempt')
        self.change()
        self.assertIsNone(self.sink('webhook'))
        wait_until(lambda: any("sink 'webhook': 1 alert undelivered" in line for line in self.daemon.errors), 3 * rwatchtest.SLOW,
                   lambda: self.daemon.errors)

    def test_trouble_and_its_end_are_logged_once_without_a_bus(self):
        self.log = self.path('alerts.jsonl')
        os.mkdir(self.log)
        daemon = rwatchtest.Daemon(rules=RULES, config=self.config(), bus='none')
        self.addCleanup(daemon.close)

        def lines(text):
            return [line for line in daemon.errors if text in line]
        wait_until(lambda: lines("degraded: sink 'file'"), 5 * rwatchtest.SLOW, lambda: daemon.errors)
        os.rmdir(self.log)
        rwatchtest.write(self.path('marker'), 'x')
        wait_until(lambda: lines('running again'), 10 * rwatchtest.SLOW, lambda: daemon.errors)
        self.assertEqual(1, len(lines('degraded: ')), daemon.errors)


if __name__ == '__main__':
    rwatchtest.main()
