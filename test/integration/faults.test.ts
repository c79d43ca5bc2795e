/**
 * Fail closed: a failure is injected at every single step in turn. The program never starts, the message names
 * the step, and nothing is left of the attempt.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { CreateRequest } from '../../src/container/config.ts';
import { create } from '../../src/container/create.ts';
import { remove } from '../../src/container/remove.ts';
import { start } from '../../src/container/start.ts';
import type { Container } from '../../src/container/table.ts';
import { StartError } from '../../src/errors/errors.ts';
import { createNetwork } from '../../src/network/create.ts';
import { type Step, slot } from '../../src/step/step.ts';
import { type Census, census, expectNoLeak } from '../support/census.ts';
import { exitOf, openTestEngine, request, type TestEngine } from '../support/engine.ts';

let tested: TestEngine;
beforeAll(async () => {
  tested = await openTestEngine();
  await createNetwork(tested.engine.networks, {
    name: 'users',
    driver: '',
    internal: false,
    attachable: false,
    enableIpv6: false,
    ipam: [],
    options: {},
    labels: {},
  });
});
afterAll(() => tested.close());

const specimens: Record<string, CreateRequest> = {
  'on the bridge': request(['touch', '/started']),
  'on a network of users': request(['touch', '/started'], {}, { NetworkMode: 'users' }),
  'with published ports': request(
    ['touch', '/started'],
    {},
    { PortBindings: { '80/tcp': [{ HostPort: '28231' }], '53/udp': [{ HostPort: '28231' }] } },
  ),
  'with a terminal, as a user': request(['touch', '/tmp/started'], {
    Tty: true,
    OpenStdin: true,
    User: '33',
    WorkingDir: '/srv/app',
  }),
  'with mounts, an init, devices and sysctls': request(
    ['touch', '/started'],
    {},
    {
      NetworkMode: 'none',
      Init: true,
      Binds: ['/usr/share:/data:ro', '/etc/hostname:/etc/name:private'],
      Tmpfs: { '/cache/deep': 'size=1m', '/dev/mine': '' },
      Sysctls: { 'kernel.shmmni': '99' },
      Devices: [
        { PathOnHost: '/dev/null', PathInContainer: '/dev/sub/void', CgroupPermissions: 'rw' },
      ],
      SecurityOpt: ['no-new-privileges'],
    },
  ),
};

test.each(Object.entries(specimens))('a failure at any step: %s', async (_, specimen) => {
  const total = await stepsOf(specimen);
  const before = await count();
  for (let n = 1; n <= total; n++) {
    const { engine } = tested;
    const { id } = await create(engine, specimen);
    const container = engine.containers.find(id);
    let step: Step | undefined;
    engine.alterPlan = (steps) => {
      step = steps[n - 1];
      return failing(steps, n);
    };
    const what = () => `step ${n}: ${step?.call}`;
    await expect(start(engine, container), what()).rejects.toThrow(StartError);
    engine.alterPlan = (steps) => steps;
    expect(container.record.state, what()).toMatchObject({ status: 'created' });
    expect(started(container), what()).toBe(false);
    expect(engine.names.isServing(id), what()).toBe(false);
    await remove(engine, container, { force: false, volumes: true });
  }
  await expectNoLeak(before);
});

test('the detector works: with no failure the program starts', async () => {
  const { engine } = tested;
  const { id } = await create(engine, specimens['on the bridge'] as CreateRequest);
  const container = engine.containers.find(id);
  await start(engine, container);
  await exitOf(tested, container);
  expect(started(container)).toBe(true);
});

/** How many steps its plan has. */
async function stepsOf(specimen: CreateRequest): Promise<number> {
  const { engine } = tested;
  const { id } = await create(engine, specimen);
  const container = engine.containers.find(id);
  await start(engine, container);
  await remove(engine, container, { force: true, volumes: true });
  return container.execution?.steps.length ?? 0;
}

async function count(): Promise<Census> {
  const { engine, options } = tested;
  await vi.waitFor(() => expect(readdirSync(engine.paths.trash)).toEqual([]));
  return census({
    dataRoot: options.dataRoot,
    runRoot: options.execRoot,
    bridge: options.bridge,
    leases: () => engine.networks.bridges().reduce((sum, { pools }) => sum + pools.ipv4.taken, 0),
  });
}

function started({ paths }: Container): boolean {
  return existsSync(join(paths.upper, 'started')) || existsSync(join(paths.upper, 'tmp/started'));
}

/** The same list with step `n` made to fail: as the call that always fails, or in its own way. */
function failing(steps: readonly Step[], n: number): Step[] {
  return steps.map((step) => (step.n === n ? { ...step, ...failure(step) } : step));
}

function failure(step: Step): Pick<Step, 'call' | 'args'> {
  if (step.call === 'clone3')
    return { call: 'clone3', args: { ...step.args, cgroup: slot('netns') } };
  if (step.call === 'execve')
    return { call: 'execve', args: { ...step.args, file: '/no/such/program' } };
  return { call: 'close', args: { fd: step.actor === 'supervisor' ? -1 : null } };
}
