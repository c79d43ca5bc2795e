/**
 * What must be there after a power cut: what was said to be done before it, unless its removal had begun. Read from what
 * the guest says.
 */
export class Expected {
  readonly #names = new Set<string>();

  /** @param line of the guest, without `power: ` */
  hear(line: string): void {
    const [, moment, verb, name = ''] = /^(begin|done) (\S+) (\S+)$/.exec(line) ?? [];
    const kind = {
      pull: 'image',
      load: 'image',
      commit: 'image',
      create: 'container',
      run: 'container',
    }[verb ?? ''];
    if (moment === 'done' && kind) this.#names.add(`${kind} ${name}`);
    if (moment === 'begin' && verb === 'rmi') this.#names.delete(`image ${name}`);
    if (moment === 'begin' && verb === 'rm') this.#names.delete(`container ${name}`);
  }

  /** @param found such as `image c:latest`, `container made-1` */
  missing(found: ReadonlySet<string>): string[] {
    return [...this.#names].filter((name) => !found.has(name));
  }
}
