#!/bin/bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# check_packages.sh TOP: where no package of the list was ever heard of, all of them are missing; where one is installed, the others are. What
# meson looks for comes with the group of packages that packaging/run installs, which makes the folder.
set -euo pipefail
# shellcheck source=packaging/setup
source "$1/packaging/setup"

known=
dpkg-query() { # as the real one: what it knows on standard output, and 1 where it knows not all
    [ -z "$known" ] || printf 'installed %s\n' "$known"
    return 1
}

# As install_packages asks: in a process of its own, which any failure would end in silence.
mapfile -t missing < <(missing_packages build test)
[ "${missing[*]}" = "$(packages build test | sort -u | paste -sd ' ')" ] || die "nothing known: not all packages are missing"
known=meson
mapfile -t missing < <(missing_packages build)
[ "${missing[*]}" = "$(packages build | sort -u | grep -vx meson | paste -sd ' ')" ] || die "one installed: not all others are missing"

mapfile -t names < <(grep -rhoE --include=meson.build "(^|[^_])dependency\('[^']+'" "$1" | sed "s/.*'\(.*\)'/\1/" | sort -u | grep -vx threads)
[ "${#names[@]}" -gt 5 ] || die 'the libraries that meson looks for were not found'
for name in "${names[@]}"; do
    owner=$(command dpkg-query -S "*/pkgconfig/$name.pc" | cut -d : -f 1)
    packages build | grep -qx "$owner" || die "$name: no package of the group 'build' has it (it is in $owner)"
done
