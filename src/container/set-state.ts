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

/** The same for changes that are none of its state. A reader sees them once they are on the disk. */
export async function keepRecord(
  container: Container,
  changes: Partial<ContainerRecord>,
): Promise<void> {
  const record = { ...container.record, ...changes };
  await writeRecord(container.paths.record, record);
  container.record = record;
}
