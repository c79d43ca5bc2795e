/**
 * `petri supervisor`: becomes the engine. It is a bundle of its own, so that no other command loads
 * what only the engine needs; its flags are its own too.
 */
import type { main } from '../supervisor/main.ts';
import type { CommandSpec } from './command.ts';

export const supervisor: CommandSpec = {
  name: 'supervisor',
  usage: '[OPTIONS]',
  summary: 'Run the engine in the foreground',
  operands: [0],
  passesAll: true,
  async run(_session, argv) {
    const bundle = new URL('./supervisor.mjs', import.meta.url).href;
    const engine = (await import(bundle)) as { main: typeof main };
    await engine.main(argv);
    return new Promise(() => undefined); // it ends the process itself
  },
};
