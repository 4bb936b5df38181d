# SPDX-License-Identifier: MIT OR Apache-2.0
"""Checks that every #include "…" goes the way that the layers allow (docs/architecture.md): down, never up."""
import os
import re
import sys

# layer: what it may include beside itself; taken whole, nothing follows from another's permission.
LAYERS = {
    'core': set(),
    'event': {'core', 'abi'},
    'rules': {'event', 'core'},
    'process': {'event', 'core'},
    'alerts': {'rules', 'event', 'core'},
    'config': {'alerts', 'rules', 'event', 'core'},
    'sensor': {'alerts', 'rules', 'event', 'core', 'abi', 'skeleton'},
    'pipeline': {'process', 'alerts', 'rules', 'event', 'core', 'sensor'},
    'bus': {'dbus', 'alerts', 'rules', 'event', 'core'},
    'app': {'bus', 'sensor', 'pipeline', 'config', 'process', 'alerts', 'rules', 'event', 'core', 'dbus'},
    'main': {'app', 'core'},
    'dbus': {'core'},
    'ctl': {'dbus', 'core', 'rules', 'event', 'process', 'pipeline', 'alerts', 'config'},
}
# In the client only these verbs work without a daemon, or write what does; the others know nothing of rules.
CTL_OFFLINE = re.compile(r'^(cmd_(check|test|record|replay)|doctor|rule_files)\.')
CTL_ONLINE = {'dbus', 'core'}
# Pure layers: no clock, no files, no log, no bus, no libbpf.
PURE = {'rules', 'event'}
IMPURE = re.compile(r'<(fstream|filesystem|iostream|chrono|thread|mutex|spdlog/|systemd/|sdbus-c\+\+/|bpf/|curl/)')
ONLY_USER = {'spdlog/': {'core'}, 'bpf/libbpf': {'sensor'}, 'curl/': {'alerts'}, 'sdbus-c++/': {'bus', 'dbus', 'ctl'}, 'yaml-cpp/': {'core'}}
GENERATED = {'rwatch_bpf.skel.h': 'skeleton', 'rwatch1_adaptor.hpp': 'dbus', 'rwatch1_proxy.hpp': 'dbus'}
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<][^">]+)[">]')


def layer_of(path):
    """Layer of a source file, by its path from the top."""
    parts = path.split(os.sep)
    if parts[0] in ('ctl', 'dbus'):
        return parts[0]
    return 'main' if len(parts) == 2 else parts[1]


def layer_of_include(name, own):
    if name in GENERATED:
        return GENERATED[name]
    first = name.split('/')[0]
    if first == 'ebpf' or name == 'rwatch_abi.h':
        return 'abi'
    if '/' not in name:
        return own  # a neighbour
    return first


def wrong_include(path, kind, name):
    """Why this include is not allowed, or None."""
    own = layer_of(path)
    if kind == '<':
        users = next((users for prefix, users in ONLY_USER.items() if name.startswith(prefix)), None)
        if users is not None and own not in users:
            return f'only {", ".join(sorted(users))} may use <{name}>'
        if own in PURE and IMPURE.match('<' + name):
            return f'{own} is pure: no <{name}>'
        return None
    target = layer_of_include(name, own)
    allowed = LAYERS.get(own)
    if allowed is None:
        return f"layer '{own}' is not known"
    if own == 'ctl' and not CTL_OFFLINE.match(os.path.basename(path)):
        allowed = CTL_ONLINE
    return None if target == own or target in allowed else f'{own} may not include {target} ("{name}")'


def sources(top):
    for room in ('daemon', 'ctl', 'dbus'):
        for folder, _, names in os.walk(os.path.join(top, room)):
            yield from (os.path.join(folder, name) for name in sorted(names) if name.endswith(('.cpp', '.hpp')))


def main(top):
    found = 0
    checked = 0
    for source in sources(top):
        path = os.path.relpath(source, top)
        checked += 1
        with open(source, encoding='utf-8') as lines:
            for number, line in enumerate(lines, 1):
                match = INCLUDE.match(line)
                why = match and wrong_include(path, match[1][0], match[1][1:])
                if why:
                    print(f'{path}:{number}: {why}')
                    found += 1
    print(f'{checked} files, {found} wrong includes')
    return 1 if found or not checked else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1]))
