/** All commands, and docker's two ways to say many of them: `petri ps` is `petri container ls`. */
import type { Help, Option } from 'commander';
import { version } from './build.ts';
import { type CommandSpec, FlagCommand, toCommander } from './command.ts';
import { load, save } from './commands/archive.ts';
import { attach } from './commands/attach.ts';
import { completer, completion } from './commands/completion.ts';
import { cp } from './commands/cp.ts';
import { create } from './commands/create.ts';
import { df } from './commands/df.ts';
import { events } from './commands/events.ts';
import { exec } from './commands/exec.ts';
import { explain } from './commands/explain.ts';
import { commit, diff, exportContainer } from './commands/files.ts';
import { history } from './commands/history.ts';
import { importImage, rmi, tag } from './commands/image.ts';
import { images } from './commands/images.ts';
import { info } from './commands/info.ts';
import { inspect, inspectOnly } from './commands/inspect.ts';
import { login, logout } from './commands/login.ts';
import { logs } from './commands/logs.ts';
import {
  connectNetwork,
  createNetwork,
  disconnectNetwork,
  networks,
  removeNetwork,
} from './commands/network.ts';
import { port } from './commands/port.ts';
import {
  pruneContainers,
  pruneImages,
  pruneNetworks,
  pruneSystem,
  pruneVolumes,
} from './commands/prune.ts';
import { ps } from './commands/ps.ts';
import { pull } from './commands/pull.ts';
import { push } from './commands/push.ts';
import { run } from './commands/run.ts';
import { start } from './commands/start.ts';
import { stats } from './commands/stats.ts';
import { top } from './commands/top.ts';
import { update } from './commands/update.ts';
import { kill, pause, rename, restart, rm, stop, unpause, wait } from './commands/verbs.ts';
import { version as versionCommand } from './commands/version.ts';
import { createVolume, listVolumes, removeVolumes } from './commands/volume.ts';
import type { CommandTree } from './completion/candidates.ts';
import type { Session } from './session.ts';
import { supervisor } from './supervisor.ts';

const containers = [
  attach,
  commit,
  cp,
  create,
  diff,
  exec,
  exportContainer,
  kill,
  logs,
  pause,
  port,
  rename,
  restart,
  rm,
  run,
  start,
  stats,
  stop,
  top,
  unpause,
  update,
  wait,
];

const topLevel: readonly CommandSpec[] = [
  ...[
    ...containers,
    ps,
    inspect,
    history,
    images,
    importImage,
    load,
    pull,
    push,
    rmi,
    save,
    tag,
    explain,
    info,
    events,
    login,
    logout,
  ].map(withoutAliases),
  versionCommand,
  completion,
  completer(() => commandTree()),
  supervisor,
];

const groups: Readonly<Record<string, { summary: string; specs: readonly CommandSpec[] }>> = {
  container: {
    summary: 'Commands on containers',
    specs: [
      ...containers,
      { ...ps, name: 'ls', aliases: ['list', 'ps'] },
      inspectOnly('container'),
      pruneContainers,
      explain,
    ],
  },
  image: {
    summary: 'Commands on images',
    specs: [
      history,
      importImage,
      inspectOnly('image'),
      load,
      { ...images, name: 'ls', aliases: ['list'] },
      pruneImages,
      pull,
      push,
      { ...rmi, name: 'rm', aliases: ['remove'] },
      save,
      tag,
    ],
  },
  network: {
    summary: 'Commands on networks',
    specs: [
      connectNetwork,
      createNetwork,
      disconnectNetwork,
      inspectOnly('network'),
      networks,
      pruneNetworks,
      removeNetwork,
    ],
  },
  system: { summary: 'Commands on the engine', specs: [df, events, info, pruneSystem] },
  volume: {
    summary: 'Commands on volumes',
    specs: [createVolume, inspectOnly('volume'), listVolumes, pruneVolumes, removeVolumes],
  },
};

/** @param done is given the exit code of the command that ran */
export function createProgram(session: Session, done: (code: number) => void): FlagCommand {
  const program = new FlagCommand('petri');
  program
    .usage('[OPTIONS] COMMAND [ARG...]')
    .description('A container engine you can see through')
    .version(`petri ${version}`, '-v, --version', 'print the version')
    .enablePositionalOptions()
    .exitOverride()
    .helpOption('--help', 'print usage')
    .helpCommand(false)
    .configureHelp({ optionTerm, subcommandTerm: (command) => command.name(), commandUsage })
    .configureOutput({ writeErr: () => undefined });
  for (const spec of topLevel) addTo(program, toCommander(spec, session, done));
  for (const [name, { summary, specs }] of Object.entries(groups)) {
    const group = new FlagCommand(name).usage('COMMAND').description(summary);
    addTo(program, group.helpOption('--help', 'print usage').helpCommand(false));
    for (const spec of specs) addTo(group, toCommander(spec, session, done));
  }
  return program;
}

/** What completion chooses from; hidden commands are left out. */
function commandTree(): CommandTree {
  return {
    commands: topLevel.filter(({ name }) => !name.startsWith('_')),
    groups: Object.fromEntries(Object.entries(groups).map(([name, { specs }]) => [name, specs])),
  };
}

/** `petri remove` is none of docker's: only `petri container remove` is. */
function withoutAliases(spec: CommandSpec): CommandSpec {
  return { ...spec, aliases: [] };
}

function addTo(parent: FlagCommand, command: FlagCommand): void {
  parent.addCommand(command, { hidden: command.name().startsWith('_') });
  command.copyInheritedSettings(parent);
}

/** Switches show no value, other flags the word for it: `-e, --env list`. */
function optionTerm(option: Option): string {
  const term = option.flags.replace(/ \[bool\]$/, '').replace(/ \[(.*)\]$/, ' $1');
  return option.short ? term : `    ${term}`;
}

function commandUsage(command: Parameters<Help['commandUsage']>[0]): string {
  let name = command.name();
  for (let parent = command.parent; parent; parent = parent.parent)
    name = `${parent.name()} ${name}`;
  return ` ${name} ${command.usage()}`;
}
