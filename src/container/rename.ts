import { ConflictError, InvalidError } from '../errors/errors.ts';
import type { Engine } from './engine.ts';
import { emit } from './events.ts';
import { assertName } from './names.ts';
import { renamed } from './network/names.ts';
import { keepRecord } from './set-state.ts';
import type { Container } from './table.ts';

/** @throws InvalidError for a bad name, ConflictError when it is in use */
export async function rename(engine: Engine, container: Container, newName: string): Promise<void> {
  await container.lock.run(async () => {
    const oldName = container.name;
    if (newName.replace(/^\//, '') === oldName)
      throw new InvalidError('Renaming a container with the same name as its current name');
    const name = claim(engine, newName, container.id);
    try {
      await keepRecord(container, renamed(container.record, name));
      engine.containers.rename(container, oldName);
      for (const endpoint of Object.values(container.record.endpoints)) engine.names.add(endpoint);
      emit(engine, container, 'rename', { oldName: `/${oldName}` });
    } finally {
      engine.containers.unclaim(name);
    }
  });
}

/** With the words that docker puts before the reason. */
function claim(engine: Engine, newName: string, id: string): string {
  const context = 'Error when allocating new name: ';
  try {
    return engine.containers.claim(assertName(newName.replace(/^\/?/, '/')), id);
  } catch (error) {
    if (error instanceof ConflictError) throw new ConflictError(`${context}${error.message}`);
    if (error instanceof InvalidError) throw new InvalidError(`${context}${error.message}`);
    throw error;
  }
}
