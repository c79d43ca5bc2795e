/** Calls about registries. */
import type { Transport } from './transport.ts';

/** As the API wants it; which fields there are depends on how one logs in. */
export interface AuthBody {
  username?: string | undefined;
  password?: string | undefined;
  identitytoken?: string | undefined;
  serveraddress: string;
}

export class Registry {
  constructor(private readonly transport: Transport) {}

  /** `POST /auth`. @throws ApiError 401 when the registry does not take them */
  login(body: AuthBody): Promise<{ Status?: string; IdentityToken?: string }> {
    return this.transport.json('POST', '/auth', { body });
  }
}
