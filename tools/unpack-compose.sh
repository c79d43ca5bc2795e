#!/bin/sh
# Unpacks compose 2, docker's plugin in Go, into a folder: from Ubuntu's package, or from Debian 13's, which runs on Debian 12
# as well and is looked up in lists of its own, so that this machine's apt hears nothing of it.
# Usage: tools/unpack-compose.sh DIR
set -eu
[ $# -eq 1 ] || { echo 'usage: unpack-compose.sh DIR' >&2; exit 1; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' INT TERM HUP

mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' | grep -v security | head -n 1)
mkdir -p "$scratch/lists/partial" "$scratch/cache/archives/partial"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >"$scratch/sources"
: >"$scratch/status"
newer() { # apt-get, with Debian 13 as all it knows
  apt-get -qq -o APT::Sandbox::User=root -o Dir::Etc::sourcelist="$scratch/sources" -o Dir::Etc::sourceparts=- \
    -o Dir::State::lists="$scratch/lists" -o Dir::State::status="$scratch/status" -o Dir::Cache="$scratch/cache" "$@"
}
cd "$scratch"
apt-get download -qq docker-compose-v2 2>/dev/null || { newer update && newer download docker-compose; }
cd "$OLDPWD"
dpkg -x "$scratch"/docker-compose*.deb "$1"
# Debian's other docker-compose keeps this name.
rm -f "$1/usr/bin/docker-compose"
