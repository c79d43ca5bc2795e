/** The commands that look at containers: ps, inspect, logs, top, stats, port, diff, events. */
import type { Case } from '../../support/compatibility.ts';
import { newerField, newerWords, ownEngine, ownJson, ownTemplates } from './reasons.ts';

const SLEEP = '--network none busybox sleep 1000';
/** Three containers: made, ended with 3, running. */
const three = `$D create --name $N-made -l tier=web --expose 80 busybox sh -c 'echo a very long command' >/dev/null
  $D run --name $N-ended --network none busybox sh -c 'exit 3'; $D run -d --name $N-runs -l tier=db ${SLEEP} >/dev/null`;
const talk = `$D run --name $N --network none -l a=b -e C=d busybox sh -c 'for i in 1 2 3 4; do echo out $i; done; usleep 50000; echo err >&2' >/dev/null 2>&1`;
const filtered = (...filters: string[]): Case => ({
  row: 'ps: --filter',
  script: `${three}; for each in ${filters.join(' ')}
      do echo "$each" | cut -d= -f1; $D ps -a --filter name=$N --filter "$each" --format '{{.Names}}'; done`,
});

export const lookCases: readonly Case[] = [
  {
    row: 'ps',
    script: `${three}; $D ps --filter name=$N; $D ps -a --filter name=$N; $D container ls -aq --filter name=$N; $D ps -a --no-trunc --filter name=$N`,
  },
  {
    row: 'ps',
    alone: true,
    script: `${three}; $D ps -l --format '{{.Names}}'; $D ps -n 2 --format '{{.Names}}'; $D ps -aq | wc -l; $D ps --format '{{.Names}}'`,
  },
  {
    row: 'ps',
    script: `$D run --name $N --network none busybox sh -c 'echo 12345 > /f'; $D ps -as --filter name=$N; $D ps -a --size --format '{{.Size}}' --filter name=$N`,
    normalise: [[/virtual [\d.]+MB/g, 'virtual SIZE']],
  },
  {
    row: 'ps',
    alone: true,
    script: '$D ps; $D ps -q; $D ps --format json; $D ps x; $D ps --nosuch',
  },
  {
    row: 'ps: --format',
    exact: true,
    script: `${three}; $D ps -a --filter name=$N --format 'table {{.Names}}\\t{{.Image}}\\t{{.State}}\\t{{.Ports}}|{{.Label "tier"}}'`,
  },
  {
    row: 'ps: --format',
    script: `${three}; $D ps -a --filter name=$N --format '{{json .Names}} {{.Command}} {{upper .State}} {{.Labels}} {{.Networks}} {{.LocalVolumes}} {{.Mounts}} {{.Size}} {{len .ID}}'`,
    normalise: [[/[\d.]+M?B/g, 'SIZE']],
  },
  {
    row: 'ps: --format',
    script: `${three}; $D ps -a --filter name=$N-made --format json; $D ps -a --filter name=$N-made --format '{{json .}}'`,
    normalise: [[/[\d.]+M?B/g, 'SIZE']],
  },
  {
    row: 'ps: --format',
    script: `${three}; $D ps -a --filter name=$N --format '{{if eq .State "exited"}}gone{{else}}{{.State}}{{end}} {{.RunningFor}} {{printf "%-5s|" .State}} {{split .Names "-" | len}} {{title .State}} {{truncate .State 2}} {{pad .State 1 2}} {{index (split .Names "-") 0 | println}}'`,
  },
  {
    row: 'ps: --format',
    script: `$D create --name $N busybox >/dev/null; for each in '{{.Nosuch}}' '{{' '{{nosuch .ID}}' 'table {{.ID}} {{.Nosuch}}'; do $D ps -af name=$N --format "$each"; done`,
    clientDiffers: ownTemplates(/there is no field Nosuch/),
  },
  filtered(
    'status=exited',
    'status=created',
    'status=running',
    'label=tier',
    'label=tier=db',
    'exited=3',
  ),
  filtered(
    'ancestor=busybox',
    'ancestor=busybox:none',
    'network=none',
    'network=bridge',
    'before=$N-runs',
    'since=$N-ended',
  ),
  filtered(
    'expose=80',
    'publish=80',
    'health=none',
    'is-task=false',
    'is-task=true',
    'volume=/x',
    'id=$($D ps -aqf name=$N-made)',
  ),
  {
    row: 'ps: --filter',
    script:
      '$D ps --filter status=nosuch; $D ps --filter nosuch=x; $D ps --filter exited=x; $D ps --filter bad; $D ps --filter before=nosuch; $D ps --filter health=nosuch; $D ps --filter is-task=x',
    engineDiffers: newerWords(/invalid filter 'health=nosuch'/),
  },

  {
    row: 'logs',
    script: `${talk}; $D logs $N 2>&1 >/dev/null; $D logs $N 2>/dev/null; $D logs -n 2 $N 2>/dev/null; $D logs --tail 0 $N; $D logs --tail all $N 2>/dev/null | wc -l; $D logs --tail x $N | wc -l`,
  },
  {
    row: 'logs',
    script: `${talk}; $D logs -t $N 2>/dev/null; $D logs -f $N 2>/dev/null; $D logs --details $N 2>/dev/null; $D logs --since 1h $N 2>/dev/null | wc -l; $D logs --until 1h $N; $D logs --since 2099-01-01 $N`,
  },
  {
    row: 'logs',
    script:
      '$D logs nosuch; $D logs; $D logs --since yesterday nosuch; $D create --name $N busybox >/dev/null; $D logs $N; echo $?; $D logs --since yesterday $N',
  },
  {
    row: 'logs',
    script: `$D run -t --name $N --network none busybox echo x >/dev/null; $D logs $N; $D logs -t $N`,
  },
  {
    row: 'logs',
    script: `$D create --name $N --log-driver none --network none busybox echo x >/dev/null; $D start -a $N; $D logs $N`,
  },

  {
    row: 'top',
    script: `$D run -d --name $N ${SLEEP} >/dev/null; $D top $N -o comm,args; $D top $N o pid,comm | tail -1 | cut -c 8-`,
    normalise: [[/\d+/g, 'N']],
  },
  {
    row: 'top',
    script: `$D run -d --name $N ${SLEEP} >/dev/null; $D top $N`,
    normalise: [[/\d\d:\d\d(:\d\d)?|\b\d+\b/g, 'N']],
  },
  {
    row: 'top',
    script: `$D run -d --name $N ${SLEEP} >/dev/null; $D top $N aux | head -1; $D top $N -nosuch >/dev/null 2>&1; echo $?; $D top nosuch; $D create --name $N-2 busybox >/dev/null; $D top $N-2; $D top`,
    engineDiffers: newerWords(/container ID64 is not running/),
  },
  {
    row: 'stats',
    script: `$D run -d --name $N -m 64m ${SLEEP} >/dev/null; $D stats --no-stream $N; $D stats --no-stream --format '{{.Name}} {{.MemUsage}} {{.PIDs}} {{.NetIO}}' $N`,
    normalise: [[/\d+(\.\d+)?(%|[kKMG]?i?B)/g, 'N']],
  },
  {
    row: 'stats',
    script: `$D create --name $N busybox >/dev/null; $D stats --no-stream $N; $D stats --no-stream --format json $N; $D stats --no-stream nosuch; $D stats --no-stream --no-trunc --all $N | tail -1`,
  },
  {
    row: 'port',
    script: `$D create --name $N busybox >/dev/null; $D port $N; $D port $N 80; $D port $N 80/udp; $D port nosuch; $D port; $D port $N x`,
  },

  {
    row: 'inspect',
    script: `$D create --name $N busybox >/dev/null; $D inspect -f '{{.Name}} {{.Config.Image}} {{json .Config.Cmd}} {{.State.Status}} {{len .Mounts}}' $N; $D inspect --type container -f '{{.Path}}' $N; $D inspect --type image $N; $D inspect -s -f '{{.SizeRw}}' $N; $D container inspect -f '{{.Name}}' $N`,
    engineDiffers: newerWords(/No such image: \w+:latest/),
  },
  {
    row: 'inspect',
    script: `$D inspect nosuch; echo $?; $D inspect; $D inspect -f '{{.Nosuch}}' busybox; $D inspect -f '{{' busybox; $D inspect --type nosuch busybox; $D container inspect nosuch; $D image inspect nosuch`,
    engineDiffers: newerWords(/No such image: nosuch:latest/),
    clientDiffers: ownTemplates(/there is no field Nosuch/),
  },
  {
    row: 'inspect',
    script: `$D create --name $N -l a=b busybox echo '<a&b>' >/dev/null; $D inspect -f '{{json .Args}} {{.Args}} {{.Config.Labels}} {{index .Config.Labels "a"}} {{range $i, $e := .Args}}{{$i}}={{$e}}{{end}} {{.State.Running}} {{.RestartCount}} {{join .Args ","}} {{println .State.ExitCode}}' $N nosuch`,
  },
  {
    row: 'inspect',
    script: `$D create --name $N busybox true >/dev/null; $D inspect $N | grep -oE '^ {4}"[A-Za-z]+": ("[^"]*",?$|[\\[{0-9]|null|true|false)' | grep -vE 'Path|Created|"Id"|"Image"'`,
  },
  {
    row: 'inspect',
    script: `$D create --name $N busybox true >/dev/null; $D inspect -f '{{json .HostConfig}}' $N`,
    engineDiffers: ownEngine(/"Runtime":"petri"/),
    clientDiffers: ownJson(/"CgroupnsMode":"private"/),
  },
  {
    row: 'inspect',
    script: `$D create --name $N busybox true >/dev/null; $D inspect -f '{{json .Config}}' $N; $D inspect -f '{{json .State}}' $N`,
  },
  {
    row: 'inspect',
    script: `$D create --name $N busybox true >/dev/null
      $D inspect -f '{{.HostConfig.Binds}} {{.HostConfig.PidsLimit}} {{.Config.Volumes}} {{.Config.Env}} {{json .HostConfig.Binds}} {{json .Config.Volumes}} {{len .HostConfig.CapAdd}} {{if .Config.Env}}some{{else}}none{{end}} {{range .HostConfig.Links}}{{end}}{{.Config.Entrypoint}} {{.ExecIDs}} {{.HostConfig.MemorySwappiness}}' $N`,
  },
  {
    row: 'diff',
    script: `$D run --name $N --network none busybox sh -c 'echo x > /new; mkdir /dir; touch /dir/a; rm /etc/group; echo y >> /etc/passwd'; $D diff $N | sort; $D diff nosuch; $D diff`,
  },
  {
    row: 'events',
    script: `from=$(date +%s.%N); $D create --name $N --network none -l who=$N busybox true >/dev/null; $D start -a $N; $D rename $N $N-2; $D rm $N-2 >/dev/null
      $D events --since $from --until $(date +%s.%N) --filter label=who=$N --format '{{.Type}} {{.Action}} {{.Actor.Attributes.name}} {{index .Actor.Attributes "exitCode"}}'`,
  },
  {
    row: 'events',
    script: `from=$(date +%s.%N); $D run --rm --name $N --network none -l who=$N busybox true; sleep 0.2
      to=$(date +%s.%N); $D events --since $from --until $to --filter container=$N --filter event=die; $D events --since $from --until $to --filter label=who=$N --filter event=create --format json; $D events --since $from --until $to --filter label=who=$N --filter event=destroy --format '{{json .}}'`,
    normalise: [[/"time(Nano)?":\d+/g, '"time":N']],
    engineDiffers: newerField(/execDuration=0/),
  },
  {
    row: 'events',
    script:
      '$D events --since nosuch --until 0s; $D events --since 0 --until 1 --filter bad; $D events --format "{{" --until 0s',
    clientDiffers: ownTemplates(/unclosed action/),
  },
];
