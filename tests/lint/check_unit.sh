#!/bin/bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# check_unit.sh TOP: the service unit is sound, and no more exposed than 3.0 by systemd's own measure.
set -euo pipefail
unit=$1/systemd/rwatchd.service
systemd-analyze security --offline=true --threshold=30 --no-pager "$unit"
# The binary need not be installed here; anything else that verify says is wrong.
! systemd-analyze verify --man=no "$unit" 2>&1 | grep -v 'Command /usr/sbin/rwatchd is not executable: No such file or directory' | grep .
