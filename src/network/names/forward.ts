/** Questions that others are to answer: their servers are asked in turn, and never too many questions at once. */
import { ask } from './ask.ts';
import { type Query, RCODE, reply } from './message.ts';

/** How many questions may be on their way; a part counts in the whole too. */
export class Budget {
  private taken = 0;

  constructor(
    private readonly limit: number,
    private readonly whole?: Budget,
  ) {}

  take(): boolean {
    if (this.taken >= this.limit || this.whole?.take() === false) return false;
    this.taken++;
    return true;
  }

  give(): void {
    this.taken--;
    this.whole?.give();
  }
}

/** Whoever asked waits five seconds, resolv.conf(5): within them all servers have had their turn. */
const PATIENCE_MS = 4_500;
/** More are not asked, as by the C library. */
const MAX_SERVERS = 3;
/** Codes by which a server says that another one may know. */
const UNHELPFUL: readonly number[] = [RCODE.SERVFAIL, RCODE.NOTIMP, RCODE.REFUSED];

/**
 * @param servers IP addresses, as the host reaches them
 * @returns the first helpful reply as it came; SERVFAIL when there is none, or too much is asked already
 */
export async function forward(
  query: Query,
  servers: readonly string[],
  budget: Budget,
): Promise<Buffer> {
  if (!budget.take()) return reply(query, RCODE.SERVFAIL);
  try {
    return (await askInTurn(query, servers.slice(0, MAX_SERVERS))) ?? reply(query, RCODE.SERVFAIL);
  } finally {
    budget.give();
  }
}

async function askInTurn(
  { bytes, transport }: Query,
  servers: readonly string[],
): Promise<Buffer | undefined> {
  let unhelpful: Buffer | undefined;
  for (const server of servers) {
    const replied = await ask[transport](server, bytes, PATIENCE_MS / servers.length);
    if (replied && !UNHELPFUL.includes(replied.readUInt8(3) & 0xf)) return replied;
    unhelpful ??= replied;
  }
  return unhelpful;
}
