import { newestVersion } from '../../api/client/transport.ts';
import type { VersionAnswer } from '../../api/client/types.ts';
import { commit, version as ownVersion } from '../build.ts';
import type { CommandSpec } from '../command.ts';
import type { Session } from '../session.ts';
import { compileOnce, unescapeFormat } from '../template/template.ts';

interface ClientVersion {
  Version: string;
  ApiVersion: string;
  DefaultAPIVersion: string;
  GitCommit: string;
  NodeVersion: string;
  Os: string;
  Arch: string;
}

/** `petri version`: of the command and of the engine it talks to. `GET /version` */
export const version: CommandSpec = {
  name: 'version',
  usage: '[OPTIONS]',
  summary: 'Show the versions of the command and of the engine',
  operands: [0, 0],
  flags: [{ long: 'format', short: 'f', value: 'string', text: 'json or a TEMPLATE' }],
  async run(session, _operands, flags) {
    const format = flags.text('format');
    const { server, apiVersion, problem } = await ask(session);
    const client: ClientVersion = {
      Version: ownVersion,
      ApiVersion: apiVersion,
      DefaultAPIVersion: newestVersion,
      GitCommit: commit,
      NodeVersion: process.version,
      Os: process.platform,
      Arch: architecture(),
    };
    const both = { Client: client, Server: server ?? null };
    if (format === 'json') session.print(JSON.stringify(both));
    else if (format) session.print(compileOnce(unescapeFormat(format))(both));
    else
      session.print(
        [clientLines(client), server && serverLines(server)].filter(Boolean).join('\n\n'),
      );
    if (problem === undefined) return 0;
    session.complain(problem);
    return 1;
  },
};

/** Without an engine the command's own version is shown all the same. */
async function ask(
  session: Session,
): Promise<{ server?: VersionAnswer; apiVersion: string; problem?: unknown }> {
  try {
    const client = await session.client();
    return { server: await client.version(), apiVersion: await client.ping() };
  } catch (problem) {
    return { apiVersion: newestVersion, problem };
  }
}

function architecture(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch;
}

function clientLines(client: ClientVersion): string {
  const isOlder = client.ApiVersion !== client.DefaultAPIVersion;
  const api = isOlder
    ? `${client.ApiVersion} (downgraded from ${client.DefaultAPIVersion})`
    : client.ApiVersion;
  return [
    'Client:',
    line(' ', 'Version', client.Version),
    line(' ', 'API version', api),
    line(' ', 'Node version', client.NodeVersion),
    line(' ', 'Git commit', client.GitCommit),
    line(' ', 'OS/Arch', `${client.Os}/${client.Arch}`),
  ].join('\n');
}

function serverLines(server: VersionAnswer): string {
  const lines = [`Server:${server.Platform?.Name ? ` ${server.Platform.Name}` : ''}`];
  const others = (server.Components ?? []).filter((component) => component.Name !== 'Engine');
  lines.push(...engineLines(server));
  for (const { Name, Version, Details } of others) {
    lines.push(` ${Name}:`, line('  ', 'Version', Version));
    if (Details?.GitCommit !== undefined) lines.push(line('  ', 'GitCommit', Details.GitCommit));
  }
  return lines.join('\n');
}

function engineLines(server: VersionAnswer): string[] {
  const api = server.MinAPIVersion
    ? `${server.ApiVersion} (minimum version ${server.MinAPIVersion})`
    : server.ApiVersion;
  return [
    ' Engine:',
    line('  ', 'Version', server.Version),
    line('  ', 'API version', api),
    line(
      '  ',
      server.GoVersion?.startsWith('go') ? 'Go version' : 'Runtime',
      server.GoVersion ?? '',
    ),
    line('  ', 'Git commit', server.GitCommit ?? ''),
    line('  ', 'Built', server.BuildTime ?? ''),
    line('  ', 'OS/Arch', `${server.Os}/${server.Arch}`),
    line('  ', 'Kernel', server.KernelVersion ?? ''),
  ];
}

/** Docker's layout: values stand in one column. */
function line(indent: string, name: string, value: string): string {
  return `${indent}${`${name}:`.padEnd(20 - indent.length)}${value}`;
}
