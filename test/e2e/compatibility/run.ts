/** `run` and `create`: what each flag does, seen from inside and by `inspect`. */
import type { Case } from '../../support/compatibility.ts';
import { newerFile, newerWords, ownReason } from './reasons.ts';

/** A shell's line in a container that is gone afterwards, with these flags. */
const inside = (row: string, flags: string, line: string): Case => ({
  row,
  script: `$D run --rm --network none ${flags} busybox sh -c '${line}'`,
});
/** What `inspect` says of a container made with these flags. */
const told = (row: string, flags: string, format: string): Case => ({
  row,
  script: `$D create --name $N ${flags} busybox true >/dev/null; $D inspect -f '${format}' $N`,
});

const program = 'run: program and its environment';
const streams = 'run: streams, terminal, exit codes';
const naming = 'run, create: names, labels, ids';
const limits = 'run, create: limits';
const files = 'run: files and mounts';
const walls = 'run: rights and namespaces';
const network = 'run: network, hosts, name servers';
const policies = 'run, create: restart, stop, health';
const words = 'run, create: what is refused';

export const runCases: readonly Case[] = [
  inside(program, "-e A=b -e 'C=d e' -e EMPTY=", 'echo "$A|$C|$EMPTY"; env | grep -c EMPTY'),
  {
    row: program,
    script: `printf 'A=file\\n# no\\nB=two words\\nX\\n' > list
      X=outside $D run --rm --network none --env-file list -e A=flag busybox sh -c 'echo $A $B $X'`,
  },
  inside(program, '-w /some/where -u 12:34 --group-add 56', 'pwd; id'),
  inside(program, '-u nobody', 'id; echo $HOME; grep CapEff /proc/self/status'),
  inside(program, '-h web --domainname example.com', 'hostname; cat /etc/hostname; hostname -d'),
  { row: program, script: '$D run --rm --network none --entrypoint echo busybox -n a b' },
  inside(
    program,
    '--init',
    'cat /proc/1/comm | tr -d "\\n" | wc -c | grep -vx 0 >/dev/null; echo $$ | grep -vqx 1; echo $?',
  ),
  inside(
    program,
    '',
    'umask; env | cut -d= -f1 | sort | tr "\\n" " "; ls /; cat /proc/self/limits | grep processes | wc -l',
  ),

  {
    row: streams,
    script: "$D run --rm --network none busybox sh -c 'echo out; echo err >&2; exit 7'",
  },
  { row: streams, script: '$D run --rm --network none busybox nosuch' },
  { row: streams, script: '$D run --rm --network none busybox /etc/passwd' },
  { row: streams, script: '$D run --rm --network none busybox /etc' },
  { row: streams, script: "$D run --rm --network none busybox ''" },
  {
    row: streams,
    script: '$D run --rm --network none -w /etc/passwd busybox true',
    engineDiffers: ownReason(/working directory \/etc\/passwd: not a directory/),
  },
  { row: streams, script: '$D run --rm --network none busybox sh -c "kill -9 \\$\\$"' },
  { row: streams, script: 'echo typed | $D run --rm -i --network none busybox cat' },
  { row: streams, script: 'echo typed | $D run --rm --network none busybox cat' },
  { row: streams, script: 'echo typed | $D run --rm -it --network none busybox cat' },
  {
    row: streams,
    script: '$D run --rm -t --network none busybox sh -c "tty; echo \\$TERM; echo err >&2"',
  },
  {
    row: streams,
    script: "$D run --rm -a stderr --network none busybox sh -c 'echo out; echo err >&2'",
  },
  {
    row: streams,
    script:
      "echo in | $D run --rm -i -a stdin -a stdout --network none busybox sh -c 'cat; echo err >&2'",
  },
  { row: streams, script: '$D run --rm -d -a stdout --network none busybox true' },
  {
    row: streams,
    script: "$D run -d --name $N --network none busybox sh -c 'echo hi'; ended $N; $D logs $N",
  },

  {
    row: naming,
    script: '$D create --name $N busybox; $D create --name $N busybox true',
    normalise: [[/"ID64"/g, '"ID"']],
  },
  { row: naming, script: '$D create --name -bad busybox; $D create --name a/b busybox' },
  {
    row: naming,
    script: `id=$($D create busybox); $D inspect -f '{{.Name}}' $id | grep -cE '^/[a-z]+_[a-z]+[0-9]*$'; $D rm $id`,
  },
  {
    row: naming,
    script: `printf 'from=file\\nb\\n' > labels
      $D create --name $N -l a=1 --label c --label-file labels busybox >/dev/null
      $D inspect -f '{{json .Config.Labels}}' $N`,
  },
  {
    row: naming,
    script: `$D create --name $N --cidfile cid busybox > out; cmp -n 64 cid out && echo same
      $D create --cidfile cid busybox; echo $?; wc -c < cid`,
  },
  {
    row: naming,
    script:
      '$D create --name $N --pull never busybox >/dev/null; $D create --name $N-2 --pull never nosuch:1',
  },
  told(naming, '--expose 80 --expose 90-91/udp', '{{json .Config.ExposedPorts}}'),

  told(
    limits,
    '-m 64m --memory-swap 128m --memory-reservation 32m -c 512 --cpus 1.5',
    '{{with .HostConfig}}{{.Memory}} {{.MemorySwap}} {{.MemoryReservation}} {{.CpuShares}} {{.NanoCpus}}{{end}}',
  ),
  told(
    limits,
    '-m 64m --cpuset-cpus 0 --pids-limit 20 --oom-score-adj 100 --shm-size 1m',
    '{{with .HostConfig}}{{.MemorySwap}} {{.CpusetCpus}} {{.PidsLimit}} {{.OomScoreAdj}} {{.ShmSize}}{{end}}',
  ),
  told(
    limits,
    '',
    '{{with .HostConfig}}{{.Memory}} {{.MemorySwap}} {{.PidsLimit}} {{.ShmSize}} {{.OomKillDisable}}{{end}}',
  ),
  inside(limits, '--ulimit nofile=100:200 --ulimit core=0', 'ulimit -n; ulimit -Hn; ulimit -c'),
  {
    ...inside(limits, '--ulimit nofile=9', 'ulimit -n'),
    engineDiffers: ownReason(/exit 126|exit 12[57]/),
  },
  inside(
    limits,
    '--oom-score-adj 500 --pids-limit 50 --shm-size 2m',
    'cat /proc/self/oom_score_adj; df -k /dev/shm | tail -1',
  ),
  inside(
    limits,
    '-m 32m --cpuset-cpus 0',
    'grep Cpus_allowed_list /proc/self/status; cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max',
  ),
  inside(
    limits,
    '--sysctl net.ipv4.ip_forward=0 --sysctl kernel.msgmax=9999',
    'cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax',
  ),
  { row: limits, script: '$D run --rm --network none -m 1k busybox true' },
  { row: limits, script: '$D create --cpus 1000 busybox' },
  { row: limits, script: '$D create --memory-swap 1g busybox' },
  { row: limits, script: '$D create -m 64m --memory-swap 32m busybox' },

  inside(files, '--read-only', 'touch /x; echo $?; touch /dev/shm/x; echo $?'),
  inside(
    files,
    '--tmpfs /t:size=1m,mode=700 --tmpfs /u',
    'stat -c "%a %n" /t /u; df -k /t | tail -1; grep " /u " /proc/mounts',
  ),
  {
    row: files,
    script: `mkdir d; echo host > d/f; $D run --rm --network none -v $PWD/d:/in:ro busybox sh -c 'cat /in/f; touch /in/x'`,
  },
  {
    row: files,
    script: `mkdir d; $D run --rm --network none -v ./d:/in busybox touch /in/made; ls d`,
  },
  {
    row: files,
    script: `mkdir d; $D run --rm --network none --mount type=bind,src=$PWD/d,dst=/in busybox touch /in/made; ls d`,
  },
  {
    row: files,
    script: '$D run --rm --network none --mount type=bind,src=/no/such,dst=/in busybox true',
  },
  {
    row: files,
    script: '$D run --rm --network none --mount type=tmpfs,dst=/t,tmpfs-size=1m busybox df -k /t',
  },
  { row: files, script: '$D run --rm --network none -v /here:relative busybox true' },
  {
    row: files,
    script: `mkdir d; $D create --name $N -v $PWD/d:/in:ro --tmpfs /t busybox >/dev/null; $D inspect -f '{{json .HostConfig.Binds}} {{json .HostConfig.Tmpfs}} {{range .Mounts}}{{.Type}} {{.Source}} {{.Destination}} {{.Mode}} {{.RW}} {{.Propagation}}{{end}}' $N`,
  },

  inside(
    walls,
    '',
    'grep -E "Cap(Eff|Bnd)|Seccomp:|NoNewPrivs" /proc/self/status; ls /dev | grep -vx core',
  ),
  inside(walls, '--cap-drop ALL --cap-add chown', 'grep CapEff /proc/self/status'),
  inside(
    walls,
    '--cap-add NET_ADMIN --security-opt no-new-privileges',
    'grep -E "CapEff|NoNewPrivs" /proc/self/status',
  ),
  inside(
    walls,
    '--device /dev/null:/dev/mine:r',
    'ls -l /dev/mine | cut -c1-10; cat /dev/mine; echo x > /dev/mine',
  ),
  { row: walls, script: '$D run --rm --network none --cap-add nosuch busybox true' },
  inside(walls, '--pid host --uts host --ipc host', 'test $$ -gt 1 && echo of the host'),
  {
    row: walls,
    script: `$D run -d --name $N --network none -h joined busybox sleep 1000 >/dev/null
      $D run --rm --network container:$N --pid container:$N busybox sh -c 'hostname; cat /proc/1/comm'`,
  },
  { row: walls, script: '$D run --rm --network none --pid container:nosuch busybox true' },

  {
    ...inside(
      network,
      '',
      'ip -o addr | grep -v inet6; cat /etc/hosts; cat /etc/resolv.conf | grep -c nameserver',
    ),
    engineDiffers: newerFile(/^ff00::\tip6-mcastprefix$/m),
  },
  {
    ...inside(
      network,
      '--add-host db:10.1.2.3 --dns 9.9.9.9 --dns-search example.com --dns-option ndots:2',
      'grep db /etc/hosts; cat /etc/resolv.conf',
    ),
    engineDiffers: newerFile(/nameserver 9.9.9.9\nsearch example.com\noptions ndots:2/),
  },
  {
    row: network,
    script: `$D run --rm --name $N -h web busybox sh -c 'ip route | cut -d" " -f1-2; ip -4 -o addr show eth0 | wc -l; tail -1 /etc/hosts'`,
    normalise: [[/\b(\d+\.){3}\d+/g, 'ADDRESS']],
  },
  { row: network, script: '$D run --rm --network host busybox true' },
  told(
    network,
    '--network none',
    '{{json .NetworkSettings.Ports}} {{.HostConfig.NetworkMode}} {{range $k, $v := .NetworkSettings.Networks}}{{$k}}{{end}}',
  ),

  told(
    policies,
    '--restart on-failure:3 --stop-signal INT --stop-timeout 5',
    '{{json .HostConfig.RestartPolicy}} {{.Config.StopSignal}} {{.Config.StopTimeout}}',
  ),
  told(
    policies,
    "--health-cmd 'true' --health-interval 5s --health-timeout 1s --health-retries 2 --health-start-period 1m",
    '{{json .Config.Healthcheck}}',
  ),
  told(policies, '--no-healthcheck', '{{json .Config.Healthcheck}}'),
  { row: policies, script: '$D run --rm --restart always busybox true' },
  {
    row: policies,
    script: '$D create --restart sometimes busybox',
    engineDiffers: newerWords(/unknown policy 'sometimes'/),
  },
  {
    row: policies,
    script: '$D create --restart always:3 busybox',
    engineDiffers: newerWords(/maximum retry count can only be used with 'on-failure'/),
  },
  {
    row: policies,
    script:
      '$D create --no-healthcheck --health-cmd x busybox; $D create --health-interval -1s busybox',
  },
  {
    row: policies,
    script: `$D run -d --name $N --network none --health-cmd 'test -e /ok' --health-interval 100ms --health-retries 1 busybox sleep 1000 >/dev/null
      until_true sh -c "docker inspect -f '{{.State.Health.Status}}' $N | grep -qx unhealthy"
      $D ps --filter name=$N --format '{{.Status}}'; $D ps -q --filter health=unhealthy --filter name=$N | wc -l
      $D exec $N touch /ok; until_true sh -c "docker inspect -f '{{.State.Health.Status}}' $N | grep -qx healthy"
      $D ps --filter name=$N --format '{{.Status}}'; $D inspect -f '{{.State.Health.FailingStreak}}' $N`,
  },
  {
    row: policies,
    script: `$D run -d --name $N --network none --restart on-failure:2 busybox false >/dev/null
      until_true sh -c "docker inspect -f '{{.RestartCount}} {{.State.Status}}' $N | grep -qx '2 exited'"
      $D inspect -f '{{.RestartCount}} {{.State.ExitCode}} {{.State.Restarting}}' $N`,
  },

  { row: words, script: '$D run' },
  { row: words, script: '$D run --nosuch busybox' },
  { row: words, script: '$D run -m many busybox' },
  { row: words, script: '$D run -m 1m busybox true; $D run --cpus x busybox' },
  { row: words, script: '$D run --rm=maybe busybox' },
  { row: words, script: '$D create -p 1:2:3:4:5 busybox' },
  { row: words, script: '$D create --stop-signal NOSUCH busybox' },
  { row: words, script: '$D create -e =x busybox' },
  { row: words, script: '$D create -l =x busybox; $D create --env-file nosuch busybox' },
  { row: words, script: '$D create BAD' },
  {
    row: words,
    script: '$D create --ulimit nosuch=1 busybox; $D create --ulimit nofile=x busybox',
  },
  {
    row: words,
    script:
      '$D create --sysctl kernel.hostname=x busybox; $D create -u nosuch --name $N busybox >/dev/null; $D start $N',
  },
  {
    row: words,
    script:
      '$D create --mount type=nosuch,dst=/x busybox; $D create --mount dst=relative busybox; $D create --mount bad busybox',
  },
  { row: words, script: '$D create --add-host x busybox; $D create --dns nosuch busybox' },
];
