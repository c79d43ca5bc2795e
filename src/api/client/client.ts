/** An engine's API, grouped by resource: `client.containers.start(id)`. */
import { Containers } from './containers.ts';
import type { Endpoint } from './endpoint.ts';
import { Execs } from './execs.ts';
import { Files } from './files.ts';
import { Images } from './images.ts';
import { Networks } from './networks.ts';
import { Registry } from './registry.ts';
import { System } from './system.ts';
import { Transport } from './transport.ts';
import type { InfoAnswer, VersionAnswer } from './types.ts';
import { Volumes } from './volumes.ts';

export class Client {
  readonly transport: Transport;
  readonly containers: Containers;
  readonly execs: Execs;
  readonly images: Images;
  readonly files: Files;
  readonly networks: Networks;
  readonly registry: Registry;
  readonly system: System;
  readonly volumes: Volumes;

  constructor(readonly endpoint: Endpoint) {
    this.transport = new Transport(endpoint);
    this.containers = new Containers(this.transport);
    this.execs = new Execs(this.transport);
    this.images = new Images(this.transport);
    this.files = new Files(this.transport);
    this.networks = new Networks(this.transport);
    this.registry = new Registry(this.transport);
    this.system = new System(this.transport);
    this.volumes = new Volumes(this.transport);
  }

  /** The agreed version of the API. @throws ConnectionError when nobody answers */
  ping(): Promise<string> {
    return this.transport.version();
  }

  version(): Promise<VersionAnswer> {
    return this.transport.json('GET', '/version');
  }

  info(): Promise<InfoAnswer> {
    return this.transport.json('GET', '/info');
  }

  /** Lets the process end: closes idle connections. */
  close(): void {
    this.transport.close();
  }
}
