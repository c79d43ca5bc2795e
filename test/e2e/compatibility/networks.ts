/** Networks of one's own, and how containers find each other. */
import type { Case } from '../../support/compatibility.ts';
import { newerWords, noPlugins } from './reasons.ts';

const SLEEP = 'busybox sleep 1000';
/** A web server. */
const HTTP = `busybox sh -c 'mkdir /www; echo hello > /www/index.html; exec httpd -f -p 80 -h /www'`;
/** Tries until it answers. */
const fetch = (url: string) =>
  `$D run --rm --network $N -e URL=${url} busybox sh -c 'for i in $(seq 100); do wget -qO- $URL 2>/dev/null && exit; usleep 50000; done; echo in vain'`;
/** Its IPv4 addresses but for 127.0.0.1; dockerd makes them in any order. */
const links = `ip -o -4 addr | grep -v " lo " | sed "s/.*inet //; s/ .*//" | sort`;
const about = (format: string, name = '$N') => `$D network inspect -f '${format}' ${name}`;
const IPAM =
  '{{range .IPAM.Config}}{{.Subnet}} {{.Gateway}} {{.IPRange}} {{.AuxiliaryAddresses}};{{end}}';

const create = 'network create';
const list = 'network ls';
const join = 'network connect, disconnect';
const own = 'run: networks of one’s own';
const named = 'run: names of other containers';
const ports = 'run: published ports';

export const networkCases: readonly Case[] = [
  {
    row: create,
    script: `$D network create $N; $D network create $N; echo $?; ${about('{{.Name}} {{.Driver}} {{.Scope}} {{.Internal}} {{.Attachable}} {{.EnableIPv6}} {{len .Containers}} {{.IPAM.Driver}} {{len .ID}} {{.ConfigOnly}} {{.Ingress}}')}`,
  },
  {
    row: create,
    script: `$D network create --subnet 10.60.0.0/16 --gateway 10.60.0.9 --ip-range 10.60.8.0/24 --aux-address router=10.60.8.2 --label a=b --label c -o com.docker.network.driver.mtu=1400 $N >/dev/null
      ${about(`${IPAM} {{.Options}} {{.Labels}}`)}; $D run --rm --network $N busybox sh -c '${links}; cat /sys/class/net/eth0/mtu; ip route | head -1'`,
  },
  {
    row: create,
    script: `$D network create --internal --subnet 10.61.0.0/24 $N >/dev/null; ${about(`{{.Internal}} {{range .IPAM.Config}}{{.Subnet}}{{end}}`)}; $D run --rm --network $N busybox sh -c '${links}'`,
  },
  {
    row: create,
    script: `$D network create --ipv6 --subnet fd00:61::/64 --subnet 10.62.0.0/24 $N >/dev/null; ${about('{{.EnableIPv6}}')}; $D run --rm --network $N busybox sh -c '${links}; ip -o -6 addr show dev eth0 | grep -o "fd00:[^ ]*"'`,
  },
  {
    row: create,
    script: `for each in bridge host none; do $D network create $each; done; $D network create -d nosuch $N; echo $?`,
    engineDiffers: noPlugins(/network driver "nosuch"/),
  },
  {
    row: create,
    script: `$D network create; $D network create a b; $D network create --subnet 10.60.0.0/16 --gateway 10.1.0.1 a; $D network create --subnet 10.60.0.0/16,10.60.1.0/24 a; $D network create --gateway 10.1.0.1 a; $D network create --label =a b; $D network create --nosuch a`,
  },
  {
    row: create,
    script: `$D network create --subnet 10.63.0.0/24 $N >/dev/null; $D network create --subnet 10.63.0.128/25 $N-2; $D network create --subnet x $N-3; $D network create --subnet 10.63.1.0/33 $N-4; echo $?`,
    engineDiffers: newerWords(/invalid subnet "x": invalid CIDR block notation/),
  },

  {
    row: list,
    script: `$D network create --label a=b $N-2 >/dev/null; $D network create --internal $N-10 >/dev/null; $D network ls --filter name=$N; $D network list -q --filter name=$N; $D network ls -q --no-trunc --filter name=$N
      for each in driver=bridge driver=host label=a label=a=b label=a=x type=custom type=builtin scope=local scope=swarm dangling=true; do echo "$each"; $D network ls --filter name=$N --filter $each --format '{{.Name}} {{.Driver}} {{.Scope}} {{.Internal}} {{.IPv6}} {{.Labels}} {{.Label "a"}}'; done`,
  },
  {
    row: list,
    alone: true,
    script: `$D network ls; $D network ls --format raw; $D network ls --format 'table {{.ID}}\\t{{.Internal}}\\t{{.CreatedAt}}' | head -1; $D network ls --filter type=builtin -q --format '{{.Name}}'`,
  },
  {
    row: list,
    script: `$D network ls x; $D network ls --filter type=x; $D network ls --filter dangling=x; $D network ls --filter nosuch=x; $D network ls --filter x`,
    engineDiffers: newerWords(/invalid filter 'type=x'/),
  },
  {
    row: 'network inspect',
    script: `$D network create --subnet 10.64.0.0/24 $N >/dev/null; $D run -d --name $N-a --network $N ${SLEEP} >/dev/null; ${about('{{range .Containers}}{{.Name}} {{.IPv4Address}} {{len .EndpointID}}{{end}}')}
      $D inspect -f '{{range $name, $net := .NetworkSettings.Networks}}{{$name}} {{.IPAddress}}/{{.IPPrefixLen}} {{.Gateway}} {{len .NetworkID}}{{end}}' $N-a; $D inspect --type network -f '{{.Name}}' $N; $D inspect -f '{{.Driver}}' $N nosuch`,
  },
  {
    row: 'network inspect',
    script:
      '$D network inspect; $D network inspect nosuch; echo $?; $D network inspect -f "{{.Name}}" bridge nosuch none; $D network inspect -v -f "{{.Driver}}" host',
  },
  {
    row: 'network rm',
    script: `$D network create $N >/dev/null; $D network create $N-2 >/dev/null; $D network rm $N nosuch $N-2; echo $?; $D network remove -f nosuch; echo $?; for each in bridge host none; do $D network rm $each; done; $D network rm`,
  },
  {
    row: 'network rm',
    script: `$D network create $N >/dev/null; $D run -d --name $N-a --network $N ${SLEEP} >/dev/null; $D network rm $N; echo $?; $D rm -f $N-a; $D network rm $N`,
    engineDiffers: newerWords(/network \w+ has active endpoints/),
  },
  {
    row: 'network prune',
    alone: true,
    script: `$D network create --label who=$N $N >/dev/null; $D network create --label who=$N $N-used >/dev/null; $D run -d --name $N-a --network $N-used ${SLEEP} >/dev/null
      echo n | $D network prune; $D network prune -f --filter label=nosuch; $D network prune -f --filter label=who=$N; $D network ls -q --filter name=$N --format '{{.Name}}'; $D network prune x`,
  },
  {
    row: 'system prune',
    alone: true,
    script: `$D network create $N >/dev/null; $D create --name $N-a --network $N busybox >/dev/null; $D system prune -f; $D system prune -f --volumes --filter until=1h; echo n | $D system prune --volumes --filter label=b --filter label=a`,
    normalise: [[/[\d.]+[kM]?B/g, 'SIZE']],
  },

  {
    row: join,
    script: `$D network create --subnet 10.65.1.0/24 $N >/dev/null; $D network create --subnet 10.65.2.0/24 $N-2 >/dev/null; $D run -d --name $N-a --network $N ${SLEEP} >/dev/null; look() { $D exec $N-a sh -c '${links}'; }
      look; $D network connect $N-2 $N-a; look; $D network disconnect $N $N-a; look; $D network connect --ip 10.65.1.77 $N $N-a; look; $D inspect -f '{{range $name, $net := .NetworkSettings.Networks}}{{$name}} {{.IPAddress}} {{end}}' $N-a`,
  },
  {
    row: join,
    script: `$D network create --subnet 10.66.1.0/24 $N >/dev/null; $D network create --subnet 10.66.2.0/24 $N-2 >/dev/null; $D create --name $N-a --network $N busybox sh -c '${links}' >/dev/null; $D network connect --ip 10.66.2.9 --alias x $N-2 $N-a; $D start -a $N-a; $D network disconnect $N $N-a; $D start -a $N-a`,
  },
  {
    row: join,
    script: `$D network create --subnet 10.67.0.0/24 $N >/dev/null; $D run -d --name $N-a --network $N ${SLEEP} >/dev/null; $D run -d --name $N-h --network host ${SLEEP} >/dev/null
      $D network connect nosuch $N-a; $D network connect $N nosuch; $D network disconnect nosuch $N-a; $D network disconnect $N nosuch; $D network connect host $N-a; $D network connect $N $N-h; $D network disconnect host $N-h; $D network disconnect bridge $N-a; $D network connect $N; $D network disconnect; $D network connect --driver-opt a $N $N-a`,
  },
  {
    row: join,
    script: `$D network create --subnet 10.68.0.0/24 $N >/dev/null; $D create --name $N-a ${SLEEP} >/dev/null; $D network connect --ip 10.1.0.1 $N $N-a; $D start $N-a`,
    engineDiffers: newerWords(/no configured subnet contains IP address 10.1.0.1/),
  },

  {
    row: own,
    script: `$D network create --subnet 10.69.0.0/24 $N >/dev/null; $D run --rm --network $N --ip 10.69.0.77 busybox sh -c '${links}'; $D run --rm --network name=$N,ip=10.69.0.78,alias=x busybox sh -c '${links}'; $D run --rm --network-alias x busybox true; $D run --rm --network $N --network host busybox true`,
  },
  {
    row: own,
    script: `$D run --name $N --network nosuch busybox true; echo $?; $D inspect -f '{{.State.Status}} {{.HostConfig.NetworkMode}}' $N; $D create --name $N-2 --network nosuch busybox >/dev/null; $D start $N-2; echo $?`,
    engineDiffers: newerWords(/failed to set up container networking: network nosuch not found/),
  },
  {
    row: own,
    script: `$D run -d --name $N -h inside ${SLEEP} >/dev/null; $D run --rm --network container:$N busybox sh -c 'hostname; ls /sys/class/net | grep -v lo'; $D run --rm --network container:nosuch busybox true; echo $?; $D run --rm --network container:$N -h x busybox true`,
  },
  {
    row: own,
    script: `$D network create --subnet 10.70.0.0/24 $N >/dev/null; $D create --name $N-a --network $N -l who=$N busybox >/dev/null; $D create --name $N-b -l who=$N busybox >/dev/null; $D ps -a --filter network=$N --format '{{.Names}} {{.Networks}}'; $D ps -a --filter label=who=$N --filter network=bridge --format '{{.Names}} {{.Networks}}'; $D ps -a --filter label=who=$N --filter network=nosuch -q`,
  },
  {
    row: 'events: networks',
    script: `from=$(date +%s.%N); $D network create $N-net >/dev/null; $D run --rm --name $N-a --network $N-net busybox true; $D network rm $N-net >/dev/null; sleep 0.2; $D events --since $from --until $(date +%s.%N) --filter network=$N-net --format '{{.Type}} {{.Action}} {{.Actor.Attributes.name}} {{.Actor.Attributes.type}} {{len (index .Actor.Attributes "container")}}'`,
  },

  {
    row: named,
    script: `$D network create $N >/dev/null; $D run -d --name $N-web --network $N --network-alias www ${HTTP} >/dev/null; ${fetch('http://$N-web')}; ${fetch('http://www')}; $D run --rm --network $N busybox grep nameserver /etc/resolv.conf; $D run --rm busybox wget -qO- http://$N-web; echo $?`,
  },
  {
    row: named,
    script: `$D run -d --name $N-db --expose 5432 -e PASS=word ${SLEEP} >/dev/null; $D run --rm --name $N --link $N-db:db busybox sh -c 'grep -cw db /etc/hosts; env | grep ^DB_ | sed "s/[0-9]*[.][0-9.]*/ADDRESS/g" | sort'; $D run --rm --link nosuch:x busybox true; echo $?`,
  },

  {
    row: ports,
    script:
      '$D create -p 65536 busybox; $D create -p 1-3:80-81 busybox; $D create -p 1.2.3:80:80 busybox; $D create -p 80/foo busybox; $D create -p x:80 busybox; $D create --expose x busybox; $D create -p target=80,x busybox; $D run -p 80: busybox; echo $?',
  },
];
