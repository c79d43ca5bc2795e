import type { Exchange } from '../exchange.ts';

/** `GET` and `HEAD /_ping`: what a client asks first, to agree on a version. */
export function ping(exchange: Exchange): void {
  exchange.response.setHeader('Cache-Control', 'no-cache, no-store, must-revalidate');
  exchange.response.setHeader('Pragma', 'no-cache');
  exchange.response.setHeader('Swarm', 'inactive');
  exchange.response.setHeader('Builder-Version', '1');
  exchange.send(200, 'text/plain; charset=utf-8', 'OK');
}
