import type { Endpoint } from '../network/endpoint.ts';
import type { Network } from '../network/network.ts';
import type { Engine } from './engine.ts';
import { isVolume, mountsOf } from './option/mount-points.ts';
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

/** Publishes that a container came onto its networks, or left them. */
export function emitNetworks(
  engine: Engine,
  container: Container,
  endpoints: Readonly<Record<string, Endpoint>>,
  action: 'connect' | 'disconnect',
): void {
  for (const [name, { networkId }] of Object.entries(endpoints))
    engine.events.emit({
      type: 'network',
      action,
      id: networkId,
      attributes: { container: container.id, name, type: 'bridge' },
      timeNs: BigInt(Date.now()) * 1_000_000n,
    });
}

/** Publishes an event of a volume. */
export function emitVolume(
  engine: Engine,
  name: string,
  action: string,
  more: Record<string, string> = {},
): void {
  engine.events.emit({
    type: 'volume',
    action,
    id: name,
    attributes: { driver: 'local', ...more },
    timeNs: BigInt(Date.now()) * 1_000_000n,
  });
}

/** Publishes that a network has come or gone. */
export function emitNetwork(engine: Engine, network: Network, action: 'create' | 'destroy'): void {
  engine.events.emit({
    type: 'network',
    action,
    id: network.id,
    attributes: { name: network.name, type: network.driver },
    timeNs: BigInt(Date.now()) * 1_000_000n,
  });
}

/** Publishes that a container has its volumes, or has them no more. */
export function emitVolumes(
  engine: Engine,
  { id: container, record }: Container,
  action: 'mount' | 'unmount',
): void {
  for (const { name, target, readOnly } of mountsOf(record).filter(isVolume)) {
    const place = { destination: target, propagation: '', 'read/write': String(!readOnly) };
    emitVolume(engine, name, action, { container, ...(action === 'mount' ? place : {}) });
  }
}

/** Publishes an event of an image, with its labels, as docker does. */
export function emitImage(engine: Engine, action: string, id: string, name: string): void {
  const image = engine.images.list().find((one) => one.id === id);
  engine.events.emit({
    type: 'image',
    action,
    id,
    attributes: { ...image?.config.Labels, name },
    timeNs: BigInt(Date.now()) * 1_000_000n,
  });
}
