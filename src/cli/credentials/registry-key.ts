/** Under which name a registry's credentials are kept: docker's, so that both commands find the other's. */

/** docker.io has kept the address of its first version. */
export const indexServer = 'https://index.docker.io/v1/';

/** @param reference `busybox`, `localhost:5000/app:1`. @returns the key of the registry it names */
export function keyOfReference(reference: string): string {
  const slash = reference.indexOf('/');
  const first = slash < 0 ? '' : reference.slice(0, slash);
  const isDomain = first === 'localhost' || /[.:]/.test(first) || first.toLowerCase() !== first;
  return keyOfServer(isDomain ? first : '');
}

/** @param server as given to `login`: a host, a URL of it, or nothing for docker.io */
export function keyOfServer(server: string): string {
  if (server === '' || server === indexServer) return indexServer;
  const host = hostnameOf(server);
  return host === 'docker.io' || host === 'index.docker.io' ? indexServer : host;
}

/** Older versions of docker kept whole URLs: `https://host/v1/` means `host`. */
export function hostnameOf(address: string): string {
  return address.replace(/^https?:\/\//, '').split('/', 1)[0] ?? '';
}
