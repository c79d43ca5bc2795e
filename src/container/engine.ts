/**
 * What every verb works with: one value, made by the supervisor at start (src/supervisor/open.ts) and
 * handed down, so that no verb reaches for a global.
 */
import type { Logger } from 'pino';
import type { Transfers } from '../image/pull/transfers.ts';
import type { Registries } from '../image/registry/repository.ts';
import type { ImageStore } from '../image/store.ts';
import type { NameService } from '../network/names/service.ts';
import type { Networks } from '../network/networks.ts';
import type { PortTable } from '../network/ports/table.ts';
import type { Step } from '../step/step.ts';
import type { Paths } from '../store/paths.ts';
import type { VolumeStore } from '../volume/store.ts';
import type { HostFacts } from './plan/facts.ts';
import type { Container, ContainerTable } from './table.ts';

export interface Engine {
  readonly paths: Paths;
  readonly facts: HostFacts;
  readonly images: ImageStore;
  readonly registries: Registries;
  /** The layers that are being pulled. */
  readonly transfers: Transfers;
  readonly containers: ContainerTable;
  readonly volumes: VolumeStore;
  readonly networks: Networks;
  /** Those of the host that containers have published. */
  readonly ports: PortTable;
  readonly names: NameService;
  readonly events: Events;
  /** The shim's program in a sealed memfd. */
  readonly shimFd: number;
  /** The program of `--init`, likewise. */
  readonly initFd: number;
  readonly log: Logger;
  /** For tests: changes a plan before it is executed, to make a step fail. */
  alterPlan?: (steps: readonly Step[]) => readonly Step[];
}

/** Publishes what happened, for `GET /events` and for waiters inside the engine. */
export interface Events {
  emit(event: EngineEvent): void;
  /** The last events, oldest first. */
  history(): readonly EngineEvent[];
  /** Calls back for each event from now on; the result stops it. */
  subscribe(listener: (event: EngineEvent) => void): () => void;
}

export interface EngineEvent {
  type: 'container' | 'image' | 'network' | 'volume' | 'daemon';
  /** `create`, `start`, `die`, `destroy`, … */
  action: string;
  id: string;
  attributes: Record<string, string>;
  timeNs: bigint;
}

export type { Container };
