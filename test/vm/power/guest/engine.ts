/** What the guest does with the engine, over its API: starting one program for each would take most of the time here. */
import { createReadStream } from 'node:fs';
import { Api } from '../../../support/api-client.ts';

export const socketPath = '/run/petri/petri.sock';

/** A line for those outside. */
export function say(line: string): void {
  process.stdout.write(`power: ${line.replaceAll(/[\r\n]+/g, ' ')}\n`);
}

export function wrong(what: string): void {
  say(`wrong: ${what}`);
}

/** An error in an answer that began well is one too. */
async function call<T>(api: Api, method: string, path: string, body?: object): Promise<T> {
  const answer = await api.call<T>(method, path, body);
  if (typeof answer === 'string' && answer.includes('"error"'))
    throw new Error(answer.slice(answer.indexOf('"error')));
  return answer;
}

export class Guest {
  /** One request after the other. */
  readonly #api = new Api(socketPath);

  get<T>(path: string): Promise<T> {
    return call<T>(this.#api, 'GET', path);
  }

  post<T>(path: string, body?: object): Promise<T> {
    return call<T>(this.#api, 'POST', path, body);
  }

  remove(path: string): Promise<unknown> {
    return call(this.#api, 'DELETE', path);
  }

  load(archive: string): Promise<unknown> {
    return this.post('/images/load', createReadStream(archive));
  }

  create(image: string, name: string, script: string): Promise<{ Id: string }> {
    const host = { NetworkMode: 'none' };
    const body = { Image: image, Cmd: ['sh', '-c', script], HostConfig: host };
    return this.post(`/containers/create?name=${name}`, body);
  }

  /** @returns what it has printed, both streams */
  async start(container: string): Promise<string> {
    await this.post(`/containers/${container}/start`);
    await this.post(`/containers/${container}/wait`);
    const frames = await this.get<unknown>(`/containers/${container}/logs?stdout=1&stderr=1`);
    return String(frames ?? '');
  }
}
