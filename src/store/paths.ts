/**
 * Every path Petri writes to, in one place (docs/paths.md says who writes each, and when).
 *
 *     DATA  lock · containers/ID/{container.json,steps.json,hostname,hosts,resolv.conf,log,upper,work,rootfs}
 *           networks/ID.json · volumes/NAME/{volume.json,_data}
 *           images/ID/ · layers/DIFFID/ · blobs/DIGEST · staging/ · trash/ · events
 *     RUN   containers/ID/{shim.sock,exit} · containers/ID/exec/EXECID/{shim.sock,exit} · petri.sock · petri.pid
 */
import { join } from 'node:path';

export class Paths {
  /**
   * @param data root of what survives a reboot, e.g. `/var/lib/petri`
   * @param run root of what does not, e.g. `/run/petri`
   */
  constructor(
    readonly data: string,
    readonly run: string,
  ) {}

  get lock(): string {
    return join(this.data, 'lock');
  }
  /** The last events, for those who ask what was before a restart. */
  get events(): string {
    return join(this.data, 'events');
  }
  /** Half-made objects; whatever is here at start is deleted. */
  get staging(): string {
    return join(this.data, 'staging');
  }
  /** Objects renamed out of the way to be deleted; emptied at start. */
  get trash(): string {
    return join(this.data, 'trash');
  }
  get containers(): string {
    return join(this.data, 'containers');
  }
  /** A record for each network that users made. */
  get networks(): string {
    return join(this.data, 'networks');
  }
  get images(): string {
    return join(this.data, 'images');
  }
  get layers(): string {
    return join(this.data, 'layers');
  }
  /** Compressed layers and manifests as they came, by digest. */
  get blobs(): string {
    return join(this.data, 'blobs');
  }
  /** The layer that lies on top of every image: true /dev, /proc, /sys and files under /etc. */
  get initLayer(): string {
    return join(this.layers, 'init', 'diff');
  }
  get volumes(): string {
    return join(this.data, 'volumes');
  }
  /** @param name as src/volume/name.ts allows it: it is a folder's name */
  volume(name: string): VolumePaths {
    return new VolumePaths(join(this.volumes, name));
  }
  container(id: string): ContainerPaths {
    return new ContainerPaths(join(this.containers, id), join(this.run, 'containers', id));
  }
}

export class VolumePaths {
  constructor(
    /** The volume's folder under the data root. */
    readonly dir: string,
  ) {}

  get record(): string {
    return join(this.dir, 'volume.json');
  }
  /** What containers see of it; its device is mounted here while one runs. */
  get data(): string {
    return join(this.dir, '_data');
  }
}

export class ContainerPaths {
  constructor(
    /** The container's folder under the data root. */
    readonly dir: string,
    /** Its folder under the run root. */
    readonly runDir: string,
  ) {}

  get record(): string {
    return join(this.dir, 'container.json');
  }
  /** The executed steps with their results. */
  get steps(): string {
    return join(this.dir, 'steps.json');
  }
  get log(): string {
    return join(this.dir, 'log');
  }
  get upper(): string {
    return join(this.dir, 'upper');
  }
  get work(): string {
    return join(this.dir, 'work');
  }
  /** Empty folder on which init mounts the overlay, in its own mount namespace. */
  get rootfs(): string {
    return join(this.dir, 'rootfs');
  }
  get hostname(): string {
    return join(this.dir, 'hostname');
  }
  get hosts(): string {
    return join(this.dir, 'hosts');
  }
  get resolvConf(): string {
    return join(this.dir, 'resolv.conf');
  }
  /** Run folders of its execs, a folder each by id. */
  get execs(): string {
    return join(this.runDir, 'exec');
  }
  get socket(): string {
    return join(this.runDir, 'shim.sock');
  }
  get exitRecord(): string {
    return join(this.runDir, 'exit');
  }
}
