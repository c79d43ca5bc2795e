import { writeRecord } from '../store/record.ts';
import type { ContainerRecord } from './record.ts';
import type { ContainerState } from './state.ts';
import type { Container } from './table.ts';

/** Stores the record with a new state (and other changes), then makes it true in memory and tells. */
export async function setState(
  container: Container,
  state: ContainerState,
  changes: Partial<ContainerRecord> = {},
): Promise<void> {
  const record = { ...container.record, ...changes, state };
  await writeRecord(container.paths.record, record, state.status === 'running' ? 'whole' : 'new');
  container.record = record;
  container.emit('state');
}
