/** The engine's way to registries: what is the same for all of them, and for all callers. */
import { Authority } from './authority.ts';
import { defaultCertificatesFolder } from './certificates.ts';
import { candidatesFor, findEndpoint } from './endpoint.ts';
import { InsecureRegistries } from './insecure.ts';
import { login } from './login.ts';
import { mirrorOrigins } from './mirrors.ts';
import { defaultLimits, type RegistryOptions } from './options.ts';
import { RemoteRepository } from './remote-repository.ts';
import type { Registries, RegistryAuth } from './repository.ts';
import { Session } from './session.ts';
import { Shared } from './shared.ts';
import { Transport } from './transport.ts';

export interface OpenRegistries extends Registries {
  /** Ends all connections. */
  close(): Promise<void>;
}

/**
 * Nothing is contacted before something is asked.
 * @throws InvalidError for an insecure registry or a mirror that is none
 */
export function openRegistries(options: RegistryOptions = {}): OpenRegistries {
  const insecure = new InsecureRegistries(options.insecureRegistries ?? []);
  const mirrors = mirrorOrigins(options.mirrors ?? []);
  const transport = new Transport({
    insecure,
    certificatesFolder: options.certificatesFolder ?? defaultCertificatesFolder,
    environment: options.environment ?? process.env,
    limits: { ...defaultLimits, ...options.limits },
  });
  return {
    insecure: insecure.named,
    mirrors,
    repository({ domain, path }, auth) {
      const upstream = sessionOn(transport, () => candidatesFor(domain, insecure), auth ?? {});
      // Credentials are for the registry itself, never for a mirror of it.
      const first = domain === 'docker.io' ? mirrors : [];
      const sessions = first.map((origin) => sessionOn(transport, async () => [origin], {}));
      return new RemoteRepository(domain, path, upstream, sessions, transport.options.limits);
    },
    login: (auth, signal) => login(transport, auth, signal),
    close: () => transport.close(),
  };
}

function sessionOn(
  transport: Transport,
  candidates: () => Promise<string[]>,
  auth: RegistryAuth,
): Shared<Session> {
  return new Shared(async (signal) => {
    const endpoint = await findEndpoint(transport, await candidates(), signal);
    return new Session(transport, endpoint, new Authority(transport, endpoint.challenges, auth));
  });
}
