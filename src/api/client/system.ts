/** Calls on the engine as a whole: events, what disk it takes, and giving that back. */
import type { IncomingMessage } from 'node:http';
import { type Filters, formatFilters } from './containers.ts';
import type { Query, Transport } from './transport.ts';
import type { DiskUsage } from './types.ts';

/** What can be pruned, and the field of the answer that lists what is gone. */
export const prunable = {
  containers: 'ContainersDeleted',
  images: 'ImagesDeleted',
  networks: 'NetworksDeleted',
  volumes: 'VolumesDeleted',
  build: 'CachesDeleted',
} as const;

export interface Pruned {
  /** Ids, names, or for images docker's `{Untagged}` and `{Deleted}`. */
  deleted: (string | { Untagged?: string; Deleted?: string })[];
  reclaimedBytes: number;
}

export class System {
  constructor(private readonly transport: Transport) {}

  /** `GET /events`: one JSON object a line. */
  events(query: Query, filters: Filters, signal?: AbortSignal): Promise<IncomingMessage> {
    return this.transport.open('GET', '/events', {
      query: { ...query, filters: formatFilters(filters) },
      ...(signal && { signal }),
    });
  }

  /** `GET /system/df` */
  diskUsage(): Promise<DiskUsage> {
    return this.transport.json('GET', '/system/df');
  }

  /** `POST /containers/prune` and its like */
  async prune(what: keyof typeof prunable, filters: Filters, query: Query = {}): Promise<Pruned> {
    const answer: Record<string, unknown> = await this.transport.json('POST', `/${what}/prune`, {
      query: { ...query, filters: formatFilters(filters) },
    });
    return {
      deleted: (answer[prunable[what]] as Pruned['deleted'] | null) ?? [],
      reclaimedBytes: Number(answer.SpaceReclaimed ?? 0),
    };
  }
}
