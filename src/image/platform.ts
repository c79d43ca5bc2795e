/**
 * Platforms: what `--platform` says, what this machine is, and which of an index's images fits. Names are Go's, with the
 * spellings that containerd's platforms package takes for the same.
 */
import { InvalidError } from '../errors/errors.ts';
import type { Platform } from './manifest.ts';

/** Node's names to Go's, and other spellings. */
const architectures: Readonly<Record<string, Omit<Platform, 'os'>>> = {
  x64: { architecture: 'amd64' },
  x86_64: { architecture: 'amd64' },
  'x86-64': { architecture: 'amd64' },
  ia32: { architecture: '386' },
  i386: { architecture: '386' },
  aarch64: { architecture: 'arm64' },
  armhf: { architecture: 'arm', variant: 'v7' },
  armel: { architecture: 'arm', variant: 'v6' },
};

/** This machine's. */
export const hostPlatform: Platform = normalized({ os: 'linux', architecture: process.arch });

/**
 * `os[/architecture[/variant]]`, or an architecture alone.
 * @throws InvalidError for what is none, and for another system than linux
 */
export function parsePlatform(text: string): Platform {
  const match = /^([a-z0-9_.-]+)(?:\/([a-z0-9_.-]+)(?:\/([a-z0-9_.-]+))?)?$/i.exec(text);
  if (!match)
    throw new InvalidError(
      `invalid platform ${JSON.stringify(text)}: want os, os/architecture or os/architecture/variant`,
    );
  const [first = '', second, variant] = match.slice(1).map((part) => part?.toLowerCase());
  if (second === undefined && isArchitecture(first))
    return normalized({ os: 'linux', architecture: first });
  if (first !== 'linux') throw new InvalidError(`operating system is not supported: ${first}`);
  if (second === undefined) return hostPlatform;
  return normalized({ os: first, architecture: second, variant });
}

/** `linux/arm/v7` */
export function showPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, variant].filter(Boolean).join('/');
}

/** True when an image of `offered` is one of `wanted`. */
export function isPlatform(offered: Platform, wanted: Platform): boolean {
  return showPlatform(normalized(offered)) === showPlatform(normalized(wanted));
}

/**
 * @param image what it says of itself; a variant that it does not tell is not asked for
 * @returns docker's words when the image is for another platform, undefined when all is well
 */
export function mismatch(reference: string, image: Platform, wanted: Platform): string | undefined {
  if (isPlatform(image, { ...wanted, variant: image.variant && wanted.variant })) return undefined;
  const [asked, actual] = [wanted, image].map(showPlatform);
  return `image with reference ${reference} was found but does not match the specified platform: wanted ${asked}, actual: ${actual}`;
}

/** What runs on a machine that is asked for, the best first: the older variants of its architecture too. */
export function runnableOn(wanted: Platform): Platform[] {
  const { os, architecture, variant } = normalized(wanted);
  const number = Number(/^v(\d+)$/.exec(variant ?? '')?.[1] ?? 0);
  const newest = architecture === 'arm' ? number || 7 : number;
  const oldest = architecture === 'arm' ? 5 : 2;
  const older = Array.from({ length: Math.max(0, newest - oldest + 1) }, (_, i) => newest - i);
  const plain = architecture === 'arm' && number ? [] : [{ os, architecture }];
  return [...older.map((n) => ({ os, architecture, variant: `v${n}` })), ...plain];
}

function isArchitecture(text: string): boolean {
  return (
    text in architectures ||
    /^(amd64|arm64|arm|386|ppc64le|s390x|riscv64|mips64le|loong64)$/.test(text)
  );
}

/** The variant that every machine of the architecture has is not said. */
function normalized({ os, architecture, variant }: Platform): Platform {
  const known = architectures[architecture] ?? { architecture };
  const own = variant?.replace(/^(\d)$/, 'v$1') || known.variant;
  const isBase =
    (known.architecture === 'arm64' && own === 'v8') ||
    (known.architecture === 'amd64' && own === 'v1');
  return { os, architecture: known.architecture, ...(own && !isBase && { variant: own }) };
}
