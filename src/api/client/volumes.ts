/** Calls on volumes. */
import { type Filters, formatFilters } from './containers.ts';
import type { Transport } from './transport.ts';
import type { VolumeAnswer } from './types.ts';

export interface VolumeBody {
  Name?: string;
  Driver?: string;
  DriverOpts?: Record<string, string>;
  Labels?: Record<string, string>;
}

export class Volumes {
  constructor(private readonly transport: Transport) {}

  create(body: VolumeBody): Promise<VolumeAnswer> {
    return this.transport.json('POST', '/volumes/create', { body });
  }

  async list(filters: Filters): Promise<VolumeAnswer[]> {
    const query = { filters: formatFilters(filters) };
    const answer: { Volumes: VolumeAnswer[] | null } = await this.transport.json(
      'GET',
      '/volumes',
      { query },
    );
    return answer.Volumes ?? [];
  }

  remove(name: string, query: { force?: boolean }): Promise<void> {
    return this.transport.json('DELETE', `/volumes/${encodeURIComponent(name)}`, { query });
  }
}
