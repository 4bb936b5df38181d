#!/bin/bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# check_shell.sh TOP: shellcheck finds nothing in the shell scripts.
set -euo pipefail
cd "$1"
mapfile -t scripts < <(grep -rlE '^#!/bin/(ba)?sh|^# shellcheck shell=' --exclude-dir='build*' --exclude-dir=.git .)
[ "${#scripts[@]}" -gt 3 ] || { echo "found only: ${scripts[*]}" >&2; exit 1; }
shellcheck -x "${scripts[@]}"
