/** `--security-opt` as the API takes it. */
import { readFileSync } from 'node:fs';
import type { CreateBody } from '../../api/client/types.ts';
import type { Flags } from '../flags.ts';

/** As docker's own: `systempaths=unconfined` becomes two empty lists, a profile's file its text. */
export function securityOptions(flags: Flags): Partial<NonNullable<CreateBody['HostConfig']>> {
  const given = flags.list('security-opt');
  const kept = given.filter((option) => option !== 'systempaths=unconfined');
  return {
    SecurityOpt: flags.has('security-opt') ? kept.map(withProfile) : null,
    ...(kept.length < given.length && { MaskedPaths: [], ReadonlyPaths: [] }),
  };
}

function withProfile(option: string): string {
  const [, file] = /^seccomp[=:](.+)$/.exec(option) ?? [];
  if (file === undefined || ['unconfined', 'builtin'].includes(file)) return option;
  try {
    return `seccomp=${JSON.stringify(JSON.parse(readFileSync(file, 'utf8')))}`;
  } catch (error) {
    throw new Error(`opening seccomp profile (${file}) failed: ${(error as Error).message}`);
  }
}
