import type { InfoAnswer } from '../../api/client/types.ts';
import { version } from '../build.ts';
import type { CommandSpec } from '../command.ts';
import { compileOnce, unescapeFormat } from '../template/template.ts';
import { bytesSize } from '../units.ts';

/** `petri info`: the engine, its numbers and its host. `GET /info` */
export const info: CommandSpec = {
  name: 'info',
  usage: '[OPTIONS]',
  summary: 'Show the engine, its numbers and its host',
  operands: [0, 0],
  flags: [{ long: 'format', short: 'f', value: 'string', text: 'json or a TEMPLATE' }],
  async run(session, _operands, flags) {
    const client = await session.client();
    const answer = await client.info();
    const all = { ...answer, ClientInfo: { Version: version } };
    const format = flags.text('format');
    if (format === 'json') session.print(JSON.stringify(all));
    else if (format) session.print(compileOnce(unescapeFormat(format))(all));
    else session.print(formatInfo(answer));
    for (const warning of listOf(answer.Warnings)) session.warn(String(warning));
    return 0;
  },
};

/** Docker's lines, as far as the engine tells. Pure. */
export function formatInfo(answer: InfoAnswer): string {
  const pair = (name: string, key: string): string => ` ${name}: ${text(answer[key])}`;
  const optional = (name: string, key: string): string[] => (answer[key] ? [pair(name, key)] : []);
  return [
    'Client:',
    ` Version:    ${version}`,
    '',
    'Server:',
    pair('Containers', 'Containers'),
    pair(' Running', 'ContainersRunning'),
    pair(' Paused', 'ContainersPaused'),
    pair(' Stopped', 'ContainersStopped'),
    pair('Images', 'Images'),
    pair('Server Version', 'ServerVersion'),
    pair('Storage Driver', 'Driver'),
    ...pairs(answer.DriverStatus).map(([name, value]) => `  ${name}: ${value}`),
    ...optional('Logging Driver', 'LoggingDriver'),
    ...optional('Cgroup Driver', 'CgroupDriver'),
    ...optional('Cgroup Version', 'CgroupVersion'),
    ...plugins(answer.Plugins),
    ...optional('Default Runtime', 'DefaultRuntime'),
    ...security(answer.SecurityOptions),
    pair('Kernel Version', 'KernelVersion'),
    pair('Operating System', 'OperatingSystem'),
    pair('OSType', 'OSType'),
    pair('Architecture', 'Architecture'),
    pair('CPUs', 'NCPU'),
    ` Total Memory: ${bytesSize(Number(answer.MemTotal ?? 0))}`,
    pair('Name', 'Name'),
    pair('ID', 'ID'),
    pair('Docker Root Dir', 'DockerRootDir'),
    pair('Debug Mode', 'Debug'),
    ...(listOf(answer.Labels).length > 0
      ? [' Labels:', ...listOf(answer.Labels).map((label) => `  ${text(label)}`)]
      : []),
    ` Live Restore Enabled: ${text(answer.LiveRestoreEnabled ?? false)}`,
  ].join('\n');
}

function plugins(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const names = Object.entries(value).filter(([, list]) => listOf(list).length > 0);
  if (names.length === 0) return [];
  return [' Plugins:', ...names.map(([name, list]) => `  ${name}: ${listOf(list).join(' ')}`)];
}

/** `name=seccomp,profile=default` is the option and, beneath it, what it is set to. */
function security(value: unknown): string[] {
  const options = listOf(value).map((option) => String(option).split(','));
  if (options.length === 0) return [];
  const lines = options.flatMap(([name = '', ...more]) => [
    `  ${name.replace(/^name=/, '')}`,
    ...more.map((setting) => {
      const [key = '', worth = ''] = setting.split('=');
      return `   ${key.charAt(0).toUpperCase()}${key.slice(1)}: ${worth}`;
    }),
  ]);
  return [' Security Options:', ...lines];
}

function pairs(value: unknown): [string, string][] {
  return listOf(value).map((pair) => {
    const [name, worth] = listOf(pair);
    return [text(name), text(worth)];
  });
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string {
  return Array.isArray(value) ? value.join(' ') : String(value ?? '');
}
