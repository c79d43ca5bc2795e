/** What it means that a port of a container is published, as the record keeps it. */

import { z } from 'zod';

export type PortProtocol = 'tcp' | 'udp' | 'sctp';

export interface PublishedPort {
  protocol: PortProtocol;
  containerPort: number;
  /** An address of the host in its shortest form; `0.0.0.0` and `::` are all of that version. */
  hostIp: string;
  hostPort: number;
}

const number = z.number().int().min(1).max(65535);

export const publishedPortSchema: z.ZodType<PublishedPort> = z.object({
  protocol: z.enum(['tcp', 'udp', 'sctp']),
  containerPort: number,
  hostIp: z.union([z.ipv4(), z.ipv6()]),
  hostPort: number,
});

/** With the addresses of the container that it leads to, of those versions of IP the container speaks. */
export interface PublishedAt extends PublishedPort {
  ipv4?: string;
  ipv6?: string;
}
