/** What the client of registries can be told, and what it keeps to when it is told nothing. */

/** Times in milliseconds. */
export interface Limits {
  /** From the first packet to a connection with TLS. */
  connectMs: number;
  /** From the end of a request to the head of its answer. */
  headersMs: number;
  /** So long a transfer may move less than `stallBytes`. */
  stallMs: number;
  stallBytes: number;
  /** A small answer (manifest, token, error) has come whole by then. */
  smallAnswerMs: number;
  /** How often one thing is tried. */
  attempts: number;
  /** The pause before the second attempt; it doubles from one to the next. */
  pauseMs: number;
  pauseMaxMs: number;
  /** A registry that asks for a longer pause is not waited for. */
  retryAfterMaxMs: number;
  /** How long an idle connection is kept. */
  keepAliveMs: number;
}

export const defaultLimits: Limits = {
  connectMs: 15_000,
  headersMs: 60_000,
  stallMs: 30_000,
  stallBytes: 1024,
  smallAnswerMs: 60_000,
  attempts: 5,
  pauseMs: 500,
  pauseMaxMs: 10_000,
  retryAfterMaxMs: 60_000,
  keepAliveMs: 4_000,
};

export interface RegistryOptions {
  /** `--insecure-registry`: HOST, HOST:PORT or CIDR. */
  insecureRegistries?: readonly string[];
  /** `--registry-mirror`: where docker.io's images are looked for first. */
  mirrors?: readonly string[];
  /** A folder `HOST:PORT` of it holds that registry's `*.crt`, and `*.cert` with `*.key` of ours. */
  certificatesFolder?: string;
  /** `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`, `SSL_CERT_FILE`. */
  environment?: NodeJS.ProcessEnv;
  limits?: Partial<Limits>;
}
