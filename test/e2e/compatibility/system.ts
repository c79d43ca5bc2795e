/** info, version, system df and prune; help and unknown commands. */
import type { Case } from '../../support/compatibility.ts';
import { newerWords, ownCommand, ownEngine, ownTemplates } from './reasons.ts';

export const systemCases: readonly Case[] = [
  {
    row: 'info',
    alone: true,
    script: `$D info --format '{{.Containers}} {{.ContainersRunning}} {{.Images}} {{.OSType}} {{.Architecture}} {{.NCPU}} {{.MemTotal}} {{.CgroupDriver}} {{.CgroupVersion}} {{.Driver}} {{.LoggingDriver}} {{.MemoryLimit}}'; $D info -f '{{json .Nosuch}}'; $D info --format '{{'`,
    clientDiffers: ownTemplates(/there is no field Nosuch/),
  },
  {
    row: 'info',
    alone: true,
    script: `$D info | grep -E '^ (Containers|  Running|  Paused|  Stopped|Images|Storage Driver|Logging Driver|Cgroup Driver|Cgroup Version|Kernel Version|OSType|Architecture|CPUs|Total Memory)'; $D system info -f '{{.Name}}'`,
  },
  {
    row: 'version',
    script: `$D version --format '{{.Server.Os}} {{.Server.Arch}} {{.Client.Os}} {{.Server.KernelVersion}}'; $D version -f '{{json .Nosuch}}'; $D version --format '{{'; $D version x`,
    clientDiffers: ownTemplates(/there is no field Nosuch/),
  },
  {
    row: 'version',
    script: '$D version',
    engineDiffers: ownEngine(/Server: Petri/),
    clientDiffers: ownCommand(/Client:/),
  },
  {
    row: 'system df',
    alone: true,
    script: `$D run -d --name $N --network none busybox sleep 1000 >/dev/null; $D system df; $D system df --format '{{.Type}} {{.TotalCount}} {{.Active}}'`,
    normalise: [[/[\d.]+[kM]?B/g, 'SIZE']],
  },
  {
    row: 'system df',
    alone: true,
    script: `$D create --name $N --network none busybox true >/dev/null; $D system df -v; $D system df --format json; $D system df x`,
    normalise: [[/[\d.]+[kM]?B/g, 'SIZE']],
  },
  {
    row: 'system prune',
    alone: true,
    script: `$D create --name $N busybox true >/dev/null; echo n | $D system prune; $D system prune -f; $D system prune -f --filter nosuch=x; $D system prune x`,
    normalise: [[/[\d.]+[kM]?B/g, 'SIZE']],
    engineDiffers: newerWords(/invalid filter 'nosuch'/),
  },
  {
    row: 'unknown commands and flags',
    script:
      '$D nosuch; echo $?; $D container nosuch; echo $?; $D ps --nosuch; echo $?; $D -nosuch ps',
  },
];
