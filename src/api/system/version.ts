/** `GET /version` */
import { release } from 'node:os';
import { hostPlatform } from '../../image/platform.ts';
import type { Exchange } from '../exchange.ts';
import { apiVersion, apiVersionMin, engineVersion } from '../versions.ts';

/** Clients show it for every engine; this one is written in another language. */
const goVersion = `none (Node ${process.version})`;

export function version(exchange: Exchange): void {
  const { architecture } = hostPlatform;
  exchange.json({
    Platform: { Name: 'Petri' },
    Components: [
      {
        Name: 'Engine',
        Version: engineVersion,
        Details: {
          ApiVersion: apiVersion,
          Arch: architecture,
          BuildTime: '',
          Experimental: 'false',
          GitCommit: '',
          GoVersion: goVersion,
          KernelVersion: release(),
          MinAPIVersion: apiVersionMin,
          NodeVersion: process.version,
          Os: 'linux',
        },
      },
    ],
    Version: engineVersion,
    ApiVersion: apiVersion,
    MinAPIVersion: apiVersionMin,
    GitCommit: '',
    GoVersion: goVersion,
    Os: 'linux',
    Arch: architecture,
    KernelVersion: release(),
    BuildTime: '',
  });
}
