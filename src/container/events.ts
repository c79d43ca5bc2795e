import type { Engine } from './engine.ts';
import type { Container } from './table.ts';

/** Publishes an event of a container with the attributes docker gives. */
export function emit(
  engine: Engine,
  container: Container,
  action: string,
  more: Record<string, string> = {},
): void {
  const { config } = container.record;
  engine.events.emit({
    type: 'container',
    action,
    id: container.id,
    attributes: { ...config.Labels, image: config.Image, name: container.name, ...more },
    timeNs: BigInt(Date.now()) * 1_000_000n,
  });
}
