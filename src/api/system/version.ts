/** `GET /version` */
import { arch, release } from 'node:os';
import type { Exchange } from '../exchange.ts';
import { apiVersion, apiVersionMin, engineVersion } from '../versions.ts';

/** Node's names of machines to Go's, which docker shows. */
const architectures: Record<string, string> = { x64: 'amd64', arm64: 'arm64', ia32: '386' };

/** Clients show it for every engine; this one is written in another language. */
const goVersion = `none (Node ${process.version})`;

export function version(exchange: Exchange): void {
  const architecture = architectures[arch()] ?? arch();
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
