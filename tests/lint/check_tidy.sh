#!/bin/bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# check_tidy.sh BUILD_DIR TOP: clang-tidy finds nothing in daemon, client and bus code (checks: .clang-tidy at the top).
set -euo pipefail
log=$1/meson-logs/tidy.txt
status=0
# clang 14 takes gcc's warning switches that it does not know for errors.
run-clang-tidy -quiet -p "$1" -extra-arg=-Wno-unknown-warning-option "^($1|$2)/(daemon|ctl|dbus)/.*\\.cpp\$" >"$log" 2>&1 || status=$?
sed -i 's/\x1b\[[0-9;]*m//g' "$log" # it colours whatever it is told
grep -E ': (error|warning): ' "$log" | sort -u || [ "$status" = 0 ] || tail -n 20 "$log"
exit "$status"
