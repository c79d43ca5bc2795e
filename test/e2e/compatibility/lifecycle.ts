/** The verbs that take a container from one state to another. */
import type { Case } from '../../support/compatibility.ts';
import { newerWords } from './reasons.ts';

const SLEEP = '--network none busybox sleep 1000';
/** Ends by itself at SIGTERM with 3. */
const KIND = `--network none busybox sh -c 'trap "exit 3" TERM; echo ready; while :; do usleep 5000; done'`;
/** Of a container: status and exit code. */
const state = (name = '$N') => `$D inspect -f '{{.State.Status}} {{.State.ExitCode}}' ${name}`;

export const lifecycleCases: readonly Case[] = [
  {
    row: 'start',
    script: `$D create --name $N ${SLEEP} >/dev/null; $D start $N; $D start $N; ${state()}`,
  },
  {
    row: 'start',
    script: `for i in a b; do $D create --name $N-$i ${SLEEP} >/dev/null; done; $D start $N-a nosuch $N-b; echo $?`,
  },
  {
    row: 'start',
    script: `$D create --name $N --network none busybox sh -c 'echo out; echo err >&2; exit 5' >/dev/null; $D start -a $N`,
  },
  {
    row: 'start',
    script: `$D create -i --name $N --network none busybox cat >/dev/null; echo typed | $D start -i $N; echo typed | $D start -ai $N`,
  },
  {
    row: 'start',
    script: `$D create --name $N --network none busybox nosuch >/dev/null; $D start $N; echo $?; $D start -a $N; echo $?; ${state()}; $D inspect -f '{{.State.Error}}' $N`,
  },
  { row: 'start', script: `$D start; $D start -a a b; $D start nosuch` },
  {
    row: 'start',
    script: `$D run --name $N --network none busybox sh -c 'echo x >> /f; wc -l < /f'; $D start -a $N; $D start -a $N`,
  },

  {
    row: 'stop',
    script: `$D run -d --name $N ${KIND} >/dev/null; says $N ready; $D stop $N; ${state()}; $D stop $N; echo $?`,
  },
  { row: 'stop', script: `$D run -d --name $N ${SLEEP} >/dev/null; $D stop -t 0 $N; ${state()}` },
  {
    row: 'stop',
    script: `$D run -d --name $N ${SLEEP} >/dev/null; $D stop -s KILL $N nosuch; echo $?; ${state()}`,
  },
  { row: 'stop', script: '$D stop; $D stop -t x a; $D stop nosuch; $D stop -s NOSUCH nosuch' },
  {
    row: 'restart',
    script: `$D run -d --name $N ${SLEEP} >/dev/null; $D restart -t 0 $N; ${state()}; $D stop -t 0 $N; $D restart $N; ${state()}; $D restart nosuch`,
  },
  {
    row: 'kill',
    script: `$D run -d --name $N ${SLEEP} >/dev/null; $D kill $N; ended $N; ${state()}; $D kill $N`,
    engineDiffers: newerWords(/cannot kill container: \w+: container ID64 is not running/),
  },
  {
    row: 'kill',
    script: `$D run -d --name $N ${KIND} >/dev/null; says $N ready; $D kill -s TERM $N; ended $N; ${state()}`,
  },
  {
    row: 'kill',
    script: `$D run -d --name $N ${SLEEP} >/dev/null; $D kill -s NOSUCH $N; $D kill -s 99 $N; $D kill nosuch; $D kill`,
    engineDiffers: newerWords(
      /Invalid signal: 99\n.*cannot kill container: nosuch: No such container: nosuch/,
    ),
  },
  {
    row: 'pause, unpause',
    script: `$D run -d --name $N ${SLEEP} >/dev/null; $D pause $N; ${state()}; $D pause $N; $D exec $N true; echo $?
      $D ps --filter name=$N --format '{{.Status}}'; $D unpause $N; ${state()}; $D unpause $N`,
    engineDiffers: newerWords(/container ID64 is already paused/),
  },
  {
    row: 'pause, unpause',
    script: `$D create --name $N busybox >/dev/null; $D pause $N; $D unpause $N; $D pause nosuch; $D unpause nosuch; $D pause`,
    engineDiffers: newerWords(/container ID64 is not paused/),
  },
  {
    row: 'pause, unpause',
    script: `$D run -d --name $N ${SLEEP} >/dev/null; $D pause $N; $D stop -t 0 $N; echo $?; ${state()}`,
  },
  {
    row: 'wait',
    script: `$D run -d --name $N --network none busybox sh -c 'exit 6' >/dev/null; $D wait $N; $D wait $N nosuch; echo $?; $D wait`,
  },
  {
    row: 'wait',
    script: `$D run -d --name $N ${SLEEP} >/dev/null; $D wait $N & sleep 0.2; $D kill $N >/dev/null; wait`,
  },
  {
    row: 'rm',
    script: `$D run -d --name $N ${SLEEP} >/dev/null; $D rm $N; echo $?; $D rm -f $N; $D rm $N; $D rm -f $N; echo $?`,
    engineDiffers: newerWords(
      /cannot remove container "\/[\w-]+": container is running: stop the container before removing or force remove/,
    ),
  },
  {
    row: 'rm',
    script: `for i in a b c; do $D create --name $N-$i busybox >/dev/null; done; $D rm $N-a nosuch $N-b; echo $?; $D rm -v $N-c; $D rm`,
  },
  {
    row: 'rm',
    script: `$D run -d --name $N ${SLEEP} >/dev/null; $D pause $N >/dev/null; $D rm $N; $D rm -f $N`,
    engineDiffers: newerWords(/cannot remove container "\/[\w-]+": container is paused/),
  },
  {
    row: 'rename',
    script: `$D create --name $N busybox >/dev/null; $D rename $N $N-new; echo $?; $D inspect -f '{{.Name}}' $N-new; $D rename nosuch x; $D rename $N-new $N-new; $D rename $N-new ''; $D rename $N-new 'a b'; $D rename a`,
  },
  {
    row: 'rename',
    script: `for i in a b; do $D create --name $N-$i busybox >/dev/null; done; $D rename $N-a $N-b`,
  },
  {
    row: 'container prune',
    alone: true,
    script: `for i in a b; do $D create --name $N-$i -l keep=$i busybox >/dev/null; done; $D run -d --name $N-c ${SLEEP} >/dev/null
      $D container prune -f --filter label!=keep=a; $D ps -a --format '{{.Names}}'; echo y | $D container prune; echo n | $D container prune; $D container prune -f`,
    normalise: [[/ID64\n(ID64\n)*/g, 'ID64\n']],
  },
];
