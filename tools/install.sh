#!/bin/sh
# Puts the built Petri into PREFIX (default /usr/local), or takes it away again (--remove).
# DESTDIR is put in front of every path, for packagers. Usage: tools/install.sh [--remove]
set -eu
prefix="${PREFIX:-/usr/local}"
root="${DESTDIR:-}"
library="$root$prefix/lib/petri"
command="$root$prefix/bin/petri"
unit="$root/etc/systemd/system/petri.service"

if [ "${1:-}" = --remove ]; then
  rm -rf "$library"
  rm -f "$command" "$unit"
  echo "removed $command; containers and images stay in /var/lib/petri"
  exit 0
fi

rm -rf "$library"
mkdir -p "$library/node_modules" "$root$prefix/bin"
cp -R package.json bin dist "$library/"
mkdir -p "$library/build"
cp build/petri-shim build/petri-init "$library/build/"
# Not in the bundles: koffi brings a native part, undici is loaded only when a registry is asked.
cp -R node_modules/koffi node_modules/undici "$library/node_modules/"
[ ! -d node_modules/@koromix ] || cp -R node_modules/@koromix "$library/node_modules/"
ln -sfn "$prefix/lib/petri/bin/petri" "$command"
echo "installed $command"

# Where systemd runs, the supervisor may be a service of it. KillMode=process: its end must not end the
# containers. Delegate=yes: the control groups below it are Petri's own.
[ -d /run/systemd/system ] || [ -n "$root" ] || exit 0
mkdir -p "$(dirname "$unit")"
cat >"$unit" <<UNIT
[Unit]
Description=Petri container engine
After=network.target

[Service]
ExecStart=$prefix/bin/petri supervisor
Restart=on-failure
KillMode=process
Delegate=yes
LimitNOFILE=1048576
TasksMax=infinity

[Install]
WantedBy=multi-user.target
UNIT
echo "installed $unit; start it by: systemctl daemon-reload && systemctl enable --now petri"
