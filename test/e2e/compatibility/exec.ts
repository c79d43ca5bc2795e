/** exec, attach, update. */
import type { Case } from '../../support/compatibility.ts';
import { newerCode, newerWords } from './reasons.ts';

const SLEEP = '--network none busybox sleep 1000';
const up = `$D run -d --name $N -h box -e A=b ${SLEEP} >/dev/null`;

export const execCases: readonly Case[] = [
  {
    row: 'exec',
    script: `${up}; $D exec $N sh -c 'echo out; echo err >&2; hostname; echo $A; exit 7'; echo $?; $D exec $N nosuch; echo $?; $D exec $N /etc/passwd; echo $?; $D exec $N /etc; echo $?`,
    engineDiffers: newerCode(/^127$/m),
  },
  {
    row: 'exec',
    script: `${up}; $D exec -e X=y -e A=c -w /tmp -u 1:2 $N sh -c 'echo $X $A; pwd; id'; printf 'Q=r\\n' > list; $D exec --env-file list $N sh -c 'echo $Q'; $D exec -w /nosuch $N pwd; echo $?; $D exec -u nosuch $N id; echo $?`,
  },
  {
    row: 'exec',
    script: `${up}; echo typed | $D exec -i $N cat; echo typed | $D exec $N cat; $D exec -d $N sh -c 'touch /made'; until_true docker exec $N test -e /made; $D exec -t $N tty; $D exec -it $N true; echo $?`,
  },
  {
    row: 'exec',
    script: `${up}; $D exec $N grep CapEff /proc/self/status`,
  },
  {
    row: 'exec',
    script: `$D exec nosuch true; echo $?; $D exec; $D exec a; $D create --name $N busybox >/dev/null; $D exec $N true; echo $?; $D exec --nosuch a b`,
    normalise: [[/ID64/g, 'ID']],
  },
  {
    row: 'exec',
    script: `${up}; $D exec $N ''; echo $?; $D exec -d $N nosuch; echo $?; $D exec $N kill -9 1; $D exec $N sh -c 'kill -9 $$'; echo $?; $D inspect -f '{{.State.Running}}' $N`,
    engineDiffers: newerCode(/^127$/m),
  },

  {
    row: 'attach',
    script: `$D create --name $N busybox >/dev/null; $D attach $N; $D attach nosuch; $D attach; $D start -a $N; $D attach $N; echo $?`,
  },
  {
    row: 'attach',
    script: `${up}; $D pause $N >/dev/null; $D attach $N; echo $?; $D attach --detach-keys x $N; echo $?`,
  },
  {
    row: 'attach',
    script: `$D run -d --name $N --network none busybox sh -c 'until [ -e /go ]; do echo tick; usleep 50000; done; echo seen; exit 2' >/dev/null
      $D attach --no-stdin $N > out & until_true grep -q tick out; docker exec $N touch /go; wait $!; echo $?; grep -v tick out`,
  },

  {
    row: 'update',
    script: `$D run -d --name $N -m 64m ${SLEEP} >/dev/null; $D update -m 32m --memory-swap 64m -c 256 --cpus 0.5 --pids-limit 9 --cpuset-cpus 0 $N; $D inspect -f '{{with .HostConfig}}{{.Memory}} {{.MemorySwap}} {{.CpuShares}} {{.NanoCpus}} {{.PidsLimit}} {{.CpusetCpus}}{{end}}' $N; $D exec $N sh -c 'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes pids/pids.max cpu/cpu.shares 2>/dev/null || cat memory.max pids.max cpu.weight'`,
  },
  {
    row: 'update',
    script: `$D create --name $N busybox >/dev/null; $D update --restart always $N; $D inspect -f '{{json .HostConfig.RestartPolicy}}' $N; $D update $N; $D update nosuch -m 32m; $D update; $D update -m x $N; $D update --restart nosuch $N`,
    engineDiffers: newerWords(/unknown policy 'nosuch'/),
  },
  {
    row: 'update',
    script: `$D run -d --name $N -m 64m ${SLEEP} >/dev/null; $D update -m 1g $N; echo $?; $D update -m 1k $N; echo $?; $D update --cpus 1000 $N; echo $?; $D create --rm --name $N-2 busybox >/dev/null; $D update --restart always $N-2`,
  },
];
