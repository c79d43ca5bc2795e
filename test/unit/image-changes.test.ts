/** Dockerfile instructions of `import -c`. */
import { describe, expect, test } from 'vitest';
import { InvalidError } from '../../src/errors/errors.ts';
import { applyChanges } from '../../src/image/changes.ts';
import type { ImageConfig } from '../../src/image/image.ts';

describe('a change', () => {
  test.each<[string, ImageConfig]>([
    ['CMD ["sh", "-c", "a b"]', { Cmd: ['sh', '-c', 'a b'] }],
    ['CMD echo $HOME', { Cmd: ['/bin/sh', '-c', 'echo $HOME'] }],
    ['CMD ["a", 1]', { Cmd: ['/bin/sh', '-c', '["a", 1]'] }],
    ['CMD []', { Cmd: [] }],
    ['cmd ["sh"]', { Cmd: ['sh'] }],
    ['ENTRYPOINT ["/x"]', { Entrypoint: ['/x'] }],
    ['ENV A=1 B="2 3" C=\'4\' D=a\\ b', { Env: ['A=1', 'B=2 3', 'C=4', 'D=a b'] }],
    ['ENV A b c', { Env: ['A=b c'] }],
    ['ENV A=', { Env: ['A='] }],
    ['LABEL a=b "c d"="e f"', { Labels: { a: 'b', 'c d': 'e f' } }],
    ['EXPOSE 80 53/udp', { ExposedPorts: { '80/tcp': {}, '53/udp': {} } }],
    ['EXPOSE 1-3', { ExposedPorts: { '1/tcp': {}, '2/tcp': {}, '3/tcp': {} } }],
    ['USER 1:2', { User: '1:2' }],
    ['VOLUME /a /b', { Volumes: { '/a': {}, '/b': {} } }],
    ['VOLUME ["/a b"]', { Volumes: { '/a b': {} } }],
    ['WORKDIR /a/../b', { WorkingDir: '/b' }],
    ['STOPSIGNAL SIGUSR1', { StopSignal: 'SIGUSR1' }],
    ['ONBUILD RUN make', { OnBuild: ['RUN make'] }],
    ['# nothing', {}],
  ])('%s', (change, config) => {
    expect(applyChanges({}, [change])).toEqual(config);
  });

  test('builds on what is there and does not alter it', () => {
    const before: ImageConfig = { Env: ['A=1', 'B=2'], WorkingDir: '/a' };
    const after = applyChanges(before, ['ENV A=3\nWORKDIR b', 'WORKDIR c']);
    expect(after).toEqual({ Env: ['B=2', 'A=3'], WorkingDir: '/a/b/c' });
    expect(before).toEqual({ Env: ['A=1', 'B=2'], WorkingDir: '/a' });
  });

  test.each([
    ['RUN make', 'run is not a valid change command'],
    ['toString x', 'tostring is not a valid change command'],
    ['CMD', 'invalid change: CMD requires an argument'],
    ['ENV A', 'invalid change: ENV must have two arguments'],
    ['ENV A=1 B', 'invalid change: ENV: can\'t find = in "B"'],
    ['USER a b', 'invalid change: USER requires exactly one argument'],
    ['EXPOSE 0', 'invalid containerPort: 0'],
    ['EXPOSE 70000', 'invalid containerPort: 70000'],
    ['EXPOSE 1/x', 'invalid containerPort: 1/x'],
  ])('%s is refused: %s', (change, message) => {
    expect(() => applyChanges({}, [change])).toThrow(new InvalidError(message));
  });

  test('with a key called __proto__ sets that key', () => {
    const { Labels } = applyChanges({}, ['LABEL __proto__=x']);
    expect(Object.entries(Labels ?? {})).toEqual([['__proto__', 'x']]);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });
});
