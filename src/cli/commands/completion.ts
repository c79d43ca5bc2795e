/** `petri completion bash|zsh|fish`, and the hidden `petri __complete` that those scripts ask. */
import type { CommandSpec } from '../command.ts';
import { type Candidates, type CommandTree, candidates } from '../completion/candidates.ts';
import { scripts } from '../completion/scripts.ts';
import { clientOf } from '../connect.ts';
import { CommandError } from '../errors.ts';
import type { Session } from '../session.ts';

export const completion: CommandSpec = {
  name: 'completion',
  usage: 'bash|zsh|fish',
  summary: 'Print the completion script for a shell',
  operands: [1, 1],
  async run(session, [shell = '']) {
    const script = scripts[shell];
    if (!script)
      throw new CommandError(`no completion for ${shell}: there is one for bash, zsh and fish`, 1);
    session.streams.stdout.write(script);
    return 0;
  },
};

/** Prints one candidate a line, or `:files`. An engine that does not run is not started for it. */
export function completer(tree: () => CommandTree): CommandSpec {
  return {
    name: '__complete',
    usage: '[WORD...]',
    summary: 'Print what may come next (for shells)',
    operands: [0],
    passesAll: true,
    async run(session, words) {
      const found = candidates(tree(), words);
      const lines = found.kind === 'words' ? found.words : await namesOf(session, found.kind);
      const current = words.at(-1) ?? '';
      for (const line of lines.filter((each) => each.startsWith(current) || each === ':files'))
        session.streams.stdout.write(`${line}\n`);
      return 0;
    },
  };
}

async function namesOf(
  session: Session,
  kind: Exclude<Candidates['kind'], 'words'>,
): Promise<string[]> {
  if (kind === 'files') return [':files'];
  const client = clientOf(session.environment);
  if (kind === 'containers')
    return (await client.containers.list({ all: true })).flatMap(({ Names }) =>
      (Names ?? []).map((name: string) => name.replace(/^\//, '')),
    );
  if (kind === 'networks') return (await client.networks.list({})).map(({ Name }) => Name);
  if (kind === 'volumes') return (await client.volumes.list({})).map(({ Name }) => Name);
  return (await client.images.list({})).flatMap(({ RepoTags }) => RepoTags ?? []);
}
