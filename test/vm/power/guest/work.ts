/** Makes and removes images and containers until the power goes, and says before and after each what it does. */
import { Guest, say, wrong } from './engine.ts';

const host = '127.0.0.1:5000';
const archive = '/petri/power/c.tar';
/** Files of the container's own, and their digests. */
const writeOwn = 'cd / && cp -r small own && find own -type f | xargs sha256sum >sums-own';

/** Without a cut, whatever fails is wrong. */
async function act(name: string, work: () => Promise<unknown>): Promise<void> {
  say(`begin ${name}`);
  await work().catch((error: Error) => wrong(`${name}: ${error.message}`));
  say(`done ${name}`);
}

/** @param random at least 0, below 1 */
export async function work(random: () => number): Promise<never> {
  for (let turn = 1; ; turn++) {
    await makeImages(random);
    await useImages(new Guest(), turn);
  }
}

/** In any order, one after the other or some at once. */
async function makeImages(random: () => number): Promise<void> {
  const pull = (name: string) => () =>
    act(`pull ${host}/${name}:latest`, () =>
      new Guest().post(`/images/create?fromImage=${host}/${name}&tag=latest`),
    );
  const load = () => act('load c:latest', () => new Guest().load(archive));
  const ways = [pull('a'), pull('b'), load].sort(() => random() - 0.5);
  const running: Promise<void>[] = [];
  for (const way of ways) {
    const one = way();
    running.push(one);
    if (random() < 0.5) await one;
  }
  await Promise.all(running);
}

async function useImages(guest: Guest, turn: number): Promise<void> {
  const [made, ran, own] = [`made-${turn}`, `ran-${turn}`, `run-${turn}`];
  const remove = (verb: 'rm' | 'rmi', name: string) => {
    const folder = verb === 'rm' ? 'containers' : 'images';
    return act(`${verb} ${name}`, () => guest.remove(`/${folder}/${name}`));
  };
  const run = (name: string, image: string, script: string) =>
    act(`run ${name}`, async () => {
      await guest.create(image, name, script);
      await guest.start(name);
    });
  await act(`create ${made}`, () => guest.create(`${host}/a`, made, 'echo hi'));
  await run(ran, 'c', writeOwn);
  await act(`commit own:${turn}`, () =>
    guest.post(`/commit?container=${ran}&repo=own&tag=${turn}`, {}),
  );
  await remove('rmi', `${host}/b:latest`);
  await run(own, `own:${turn}`, 'true');
  for (const name of [made, ran, own]) await remove('rm', name);
  for (const name of [`own:${turn}`, `${host}/a:latest`, 'c:latest']) await remove('rmi', name);
}
