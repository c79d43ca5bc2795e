/** The one record of a user's network, stored as `networks/ID.json` under the data root. */
import { z } from 'zod';

/** The addresses of one family. */
export interface Ipam {
  /** `10.89.0.0/24`, `fd00:1::/64` */
  subnet: string;
  /** The bridge's own address. */
  gateway: string;
  /** Part of the subnet that addresses are given out of. */
  ipRange?: string | undefined;
  /** Held for hosts that are no containers, by their names. */
  auxAddresses: Record<string, string>;
  /** The user chose the subnet: only then may a container ask for an address. */
  isChosen: boolean;
}

export interface NetworkRecord {
  schema: 1;
  /** 64 hex digits. */
  id: string;
  name: string;
  /** RFC 3339 with nanoseconds. */
  createdAt: string;
  driver: 'bridge';
  /** Name of the link. */
  bridgeName: string;
  ipv4: Ipam;
  ipv6?: Ipam | undefined;
  /** Nothing leaves it. */
  internal: boolean;
  attachable: boolean;
  labels: Record<string, string>;
  /** Of the driver, as they were given. */
  options: Record<string, string>;
}

const cidr = z.string().regex(/^[0-9a-fA-F.:]+\/\d{1,3}$/);
const texts = z.record(z.string(), z.string());

const ipam = z.object({
  subnet: cidr,
  gateway: z.string().regex(/^[0-9a-fA-F.:]+$/),
  ipRange: cidr.optional(),
  auxAddresses: texts,
  isChosen: z.boolean(),
});

export const networkRecordSchema: z.ZodType<NetworkRecord> = z.object({
  schema: z.literal(1),
  id: z.string().regex(/^[0-9a-f]{64}$/),
  name: z.string().min(1),
  createdAt: z.string(),
  driver: z.literal('bridge'),
  bridgeName: z.string().regex(/^[^\s/:]{1,15}$/),
  ipv4: ipam,
  ipv6: ipam.optional(),
  internal: z.boolean(),
  attachable: z.boolean(),
  labels: texts,
  options: texts,
});
