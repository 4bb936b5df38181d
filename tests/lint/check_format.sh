#!/bin/bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# check_format.sh TOP: C++ sources stand as .clang-format has them. The eBPF sources are in kernel style and not touched.
set -euo pipefail
cd "$1"
find daemon ctl dbus tests \( -name "*.cpp" -o -name "*.hpp" \) -exec clang-format --dry-run -Werror {} +
