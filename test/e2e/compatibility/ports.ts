/** Published ports: where they lead, and how they are told. */
import type { Case } from '../../support/compatibility.ts';

const SLEEP = 'busybox sleep 1000';
/** A web server. */
const HTTP = `busybox sh -c 'mkdir /www; echo hello > /www/index.html; exec httpd -f -p 80 -h /www'`;
/** Tries until it answers. */
const fetch = (url: string) =>
  `$D run --rm --network host -e URL=${url} busybox sh -c 'for i in $(seq 100); do wget -qO- $URL 2>/dev/null && exit; usleep 50000; done; echo in vain'`;

const ports = 'run: published ports';

export const portCases: readonly Case[] = [
  {
    row: ports,
    script: `$D run -d --name $N -p 18080:80 ${HTTP} >/dev/null; $D port $N; $D port $N 80; $D port $N 81; $D ps --filter name=$N --format '{{.Ports}}'; ${fetch('127.0.0.1:18080')}; $D stop -t 0 $N >/dev/null; $D port $N; $D ps -a --filter name=$N --format '{{.Ports}}'`,
  },
  {
    row: ports,
    script: `$D run -d --name $N -p 18100-18102:90-92/udp -p 127.0.0.1:18103:80 -p 18104-18104:81 --expose 70-72 ${SLEEP} >/dev/null; $D port $N; $D ps --filter name=$N --format '{{.Ports}}'; $D inspect -f '{{range $port, $at := .NetworkSettings.Ports}}{{$port}} {{$at}};{{end}}' $N; $D inspect -f '{{range $port, $at := .HostConfig.PortBindings}}{{$port}} {{$at}};{{end}} {{range $port, $x := .Config.ExposedPorts}}{{$port}} {{end}}' $N`,
  },
  {
    row: ports,
    script: `$D run -d --name $N -P --expose 80 --expose 53/udp ${SLEEP} >/dev/null; $D port $N; $D ps --filter name=$N --format '{{.Ports}}'; $D run -d --name $N-2 -p 80 -p 127.0.0.1::81 ${SLEEP} >/dev/null; $D port $N-2`,
    normalise: [[/:\d{5}\b/g, ':PORT']],
  },
  {
    row: ports,
    script: `$D run -d --name $N -p 18110:80 ${SLEEP} >/dev/null; $D run -d --name $N-2 -p 18110:80 ${SLEEP} >/dev/null; echo $?; $D inspect -f '{{.State.Status}}' $N-2; $D rm -f $N >/dev/null; $D start $N-2; $D port $N-2`,
  },
  {
    row: ports,
    script: `$D run -d --name $N --network none -p 18120:80 ${SLEEP} >/dev/null; $D port $N; $D run -d --name $N-2 --network host -p 18121:80 ${SLEEP} >/dev/null; $D port $N-2; $D ps --filter name=$N --format '{{.Names}} {{.Ports}}'`,
  },
  {
    row: ports,
    script: `$D run -d --name $N ${SLEEP} >/dev/null; $D run --rm --network container:$N -p 80 busybox true; $D run --rm --network container:$N -P busybox true; $D run --rm --network container:$N --expose 80 busybox true`,
  },
];
