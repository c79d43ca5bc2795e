import { describe, expect, test } from 'vitest';
import type { CommandSpec } from '../../src/cli/command.ts';
import { type CommandTree, candidates } from '../../src/cli/completion/candidates.ts';

const spec = (name: string, usage: string, more: Partial<CommandSpec> = {}): CommandSpec => ({
  name,
  usage,
  summary: '',
  operands: [0],
  run: async () => 0,
  ...more,
});

const tree: CommandTree = {
  commands: [
    spec('run', '[OPTIONS] IMAGE [COMMAND] [ARG...]', {
      endsAtOperand: true,
      flags: [
        { long: 'network', value: 'string', text: '' },
        { long: 'rm', text: '' },
        { long: 'env', short: 'e', value: 'list', text: '' },
      ],
    }),
    spec('stop', '[OPTIONS] CONTAINER [CONTAINER...]', {
      flags: [{ long: 'signal', short: 's', value: 'string', text: '' }],
    }),
  ],
  groups: {
    image: [spec('rm', '[OPTIONS] IMAGE [IMAGE...]')],
    network: [
      spec('connect', '[OPTIONS] NETWORK CONTAINER', {
        flags: [{ long: 'ip', value: 'string', text: '' }],
      }),
    ],
    volume: [spec('rm', '[OPTIONS] VOLUME [VOLUME...]')],
  },
};

const words = (...list: string[]) => ({ kind: 'words', words: list });

describe('what may stand next', () => {
  test.each([
    [[''], words('image', 'network', 'run', 'stop', 'volume')],
    [['image', ''], words('rm')],
    [['run', '--'], words('--network', '--rm', '--env')],
    [['run', '--network', ''], { kind: 'networks' }],
    [['run', '--rm', ''], { kind: 'images' }],
    [['run', '-e', ''], { kind: 'files' }],
    [['run', '-e', 'A=b', ''], { kind: 'images' }],
    [['run', 'busybox', ''], { kind: 'files' }],
    [['stop', ''], { kind: 'containers' }],
    [['stop', 'one', ''], { kind: 'containers' }],
    [['image', 'rm', ''], { kind: 'images' }],
    [['network', 'connect', ''], { kind: 'networks' }],
    [['network', 'connect', '--ip', '10.0.0.9', 'net', ''], { kind: 'containers' }],
    [['volume', 'rm', ''], { kind: 'volumes' }],
    [['nonsense', ''], words()],
  ])('%j', (typed, expected) => {
    expect(candidates(tree, typed)).toEqual(expected);
  });
});
