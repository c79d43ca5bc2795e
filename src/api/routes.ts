/** Every endpoint of the Engine API that is known here, and who answers it. docs/API.md is made from this. */
import { NotBuiltError } from '../errors/errors.ts';
import * as archive from './containers/archive.ts';
import { attach, attachWebsocket } from './containers/attach.ts';
import { listChanges } from './containers/changes.ts';
import { create } from './containers/create.ts';
import { exportContainer } from './containers/export.ts';
import { inspect } from './containers/inspect.ts';
import { list } from './containers/list.ts';
import { logs } from './containers/logs.ts';
import { stats } from './containers/stats.ts';
import { steps } from './containers/steps.ts';
import { top } from './containers/top.ts';
import { update } from './containers/update.ts';
import * as verbs from './containers/verbs.ts';
import { wait } from './containers/wait.ts';
import * as exec from './exec/exec.ts';
import { start as startExec } from './exec/start.ts';
import { steps as execSteps } from './exec/steps.ts';
import { commitContainer } from './images/commit.ts';
import { create as createImage } from './images/create.ts';
import { distribution } from './images/distribution.ts';
import * as image from './images/inspect.ts';
import { list as listImages } from './images/list.ts';
import { load } from './images/load.ts';
import { push } from './images/push.ts';
import { remove as removeImage } from './images/remove.ts';
import { saveOne, saveSeveral } from './images/save.ts';
import { tag } from './images/tag.ts';
import { list as listNetworks } from './networks/list.ts';
import { pruneNetworks } from './networks/prune.ts';
import * as networks from './networks/verbs.ts';
import type { Handler, Method, Route } from './router.ts';
import { auth } from './system/auth.ts';
import { df } from './system/df.ts';
import { events } from './system/events.ts';
import { info } from './system/info.ts';
import { ping } from './system/ping.ts';
import * as prune from './system/prune.ts';
import { version } from './system/version.ts';
import * as volumes from './volumes/volumes.ts';

const system: Route[] = [
  built('GET', '/_ping', ping),
  built('HEAD', '/_ping', ping),
  built('GET', '/version', version, 'GoVersion names Node'),
  built(
    'GET',
    '/info',
    info,
    'Counts, host and limits are true; fields of what Petri lacks have their zero',
  ),
  built(
    'GET',
    '/events',
    events,
    '`since` reaches back over the last 256 events, also those before a restart of the engine',
  ),
  built(
    'POST',
    '/auth',
    auth,
    'Credentials that are refused are 401 whichever way the registry asks for them',
  ),
  built(
    'GET',
    '/system/df',
    df,
    'No build cache; the size of a volume that a server has is not known (-1)',
  ),
  built('POST', '/containers/prune', prune.containers),
  built('POST', '/images/prune', prune.images),
  built('POST', '/networks/prune', pruneNetworks),
  built('POST', '/volumes/prune', prune.volumes),
  partial('POST', '/build/prune', prune.buildCache, 'There is none to remove'),
];

const containers: Route[] = [
  built(
    'GET',
    '/containers/json',
    list,
    'Filters: id, name, label, status, exited, ancestor, before, since, network, health, volume',
  ),
  partial(
    'POST',
    '/containers/create',
    create,
    'Options that are not built are refused with 501, see below',
  ),
  built('GET', '/containers/{id}/json', inspect),
  built('GET', '/containers/{id}/logs', logs, '`details` adds no attributes'),
  built(
    'GET',
    '/containers/{id}/steps',
    steps,
    "Petri's own: the steps that built it, their results, and its execs; `follow=1` streams the steps",
  ),
  built('GET', '/containers/{id}/top', top),
  built('GET', '/containers/{id}/stats', stats),
  built('POST', '/containers/{id}/start', verbs.start),
  built('POST', '/containers/{id}/stop', verbs.stop),
  built('POST', '/containers/{id}/restart', verbs.restart),
  built('POST', '/containers/{id}/kill', verbs.kill),
  built('POST', '/containers/{id}/pause', verbs.pause),
  built('POST', '/containers/{id}/unpause', verbs.unpause),
  built(
    'POST',
    '/containers/{id}/update',
    update,
    'What the kernel refuses is 409 and nothing has changed; memory without a limit before implies as much swap',
  ),
  built('POST', '/containers/{id}/rename', verbs.rename),
  built(
    'POST',
    '/containers/{id}/resize',
    verbs.resize,
    'Before the start the size is kept for it',
  ),
  built('POST', '/containers/{id}/wait', wait, 'An unknown condition is refused'),
  { ...built('POST', '/containers/{id}/attach', attach), hijack: true },
  { ...built('GET', '/containers/{id}/attach/ws', attachWebsocket), hijack: true },
  built('HEAD', '/containers/{id}/archive', archive.stat),
  built('GET', '/containers/{id}/archive', archive.get, 'Times have nanoseconds'),
  built('PUT', '/containers/{id}/archive', archive.put),
  built('GET', '/containers/{id}/export', exportContainer),
  built('GET', '/containers/{id}/changes', listChanges, 'In the order of the paths'),
  built('POST', '/commit', commitContainer),
  built('DELETE', '/containers/{id}', verbs.remove, 'There are no links that `link` could remove'),
];

const execs: Route[] = [
  built('POST', '/containers/{id}/exec', exec.create),
  { ...built('POST', '/exec/{id}/start', startExec), hijack: true },
  built('POST', '/exec/{id}/resize', exec.resize, 'Before the start the size is kept for it'),
  built(
    'GET',
    '/exec/{id}/json',
    exec.inspect,
    'Of execs that an earlier supervisor started only those that run are known',
  ),
  built(
    'GET',
    '/exec/{id}/steps',
    execSteps,
    "Petri's own: the steps that made it and their results; `follow=1` streams them; those of an earlier supervisor are gone",
  ),
];

const savedForm = 'An OCI layout and docker’s archive in one; blobs as they came, of no date';

const images: Route[] = [
  built('GET', '/images/json', listImages),
  built('GET', '/images/get', saveSeveral, savedForm),
  built('POST', '/images/load', load, 'Also OCI layouts, compressed or not'),
  built('POST', '/images/create', createImage),
  built('GET', '/distribution/{name*}/json', distribution, 'A malformed X-Registry-Auth is 400'),
  built('GET', '/images/{name*}/json', image.inspect),
  built('GET', '/images/{name*}/history', image.history),
  built('GET', '/images/{name*}/get', saveOne, savedForm),
  built('POST', '/images/{name*}/push', push),
  built('POST', '/images/{name*}/tag', tag),
  built(
    'DELETE',
    '/images/{name*}',
    removeImage,
    'An image in use is never deleted, with force it loses its references',
  ),
];

const others: Route[] = [
  built('GET', '/networks', listNetworks),
  built(
    'POST',
    '/networks/create',
    networks.create,
    'The driver is bridge; a name is of [a-zA-Z0-9][a-zA-Z0-9_.-]',
  ),
  built('GET', '/networks/{id}', networks.inspect),
  built('DELETE', '/networks/{id}', networks.remove),
  built('POST', '/networks/{id}/connect', networks.connect),
  built('POST', '/networks/{id}/disconnect', networks.disconnect, '`Force` changes nothing'),
  built(
    'POST',
    '/volumes/create',
    volumes.create,
    'Driver `local` alone; other options than the volume of that name has are 409',
  ),
  built('GET', '/volumes', volumes.list, 'By their names'),
  built('GET', '/volumes/{name}', volumes.inspect),
  built('DELETE', '/volumes/{name}', volumes.remove),
];

/** Docker has these; Petri answers 501 and names what is missing. */
const missing: Route[] = [
  ...absent(
    'build',
    ['POST', '/build'],
    ['POST', '/build/cancel'],
    ['POST', '/session'],
    ['POST', '/grpc'],
  ),
  ...absent('search', ['GET', '/images/search']),
  ...absent('swarm', ['PUT', '/volumes/{name}']),
  ...absent(
    'plugins',
    ['GET', '/plugins'],
    ['GET', '/plugins/privileges'],
    ['POST', '/plugins/pull'],
    ['POST', '/plugins/create'],
  ),
  ...absent(
    'swarm',
    ['GET', '/swarm'],
    ['POST', '/swarm/init'],
    ['POST', '/swarm/join'],
    ['POST', '/swarm/leave'],
    ['POST', '/swarm/update'],
    ['GET', '/swarm/unlockkey'],
    ['POST', '/swarm/unlock'],
  ),
  ...absent(
    'swarm',
    ['GET', '/nodes'],
    ['GET', '/services'],
    ['POST', '/services/create'],
    ['GET', '/tasks'],
    ['GET', '/secrets'],
    ['POST', '/secrets/create'],
    ['GET', '/configs'],
    ['POST', '/configs/create'],
  ),
];

/** Fixed paths come before patterns that would take them as a name. */
export const routes: readonly Route[] = [
  ...system,
  ...missing.filter(({ pattern }) => !pattern.includes('{')),
  ...containers,
  ...execs,
  ...images,
  ...others,
  ...missing.filter(({ pattern }) => pattern.includes('{')),
];

function built(method: Method, pattern: string, handler: Handler, deviation = ''): Route {
  return { method, pattern, handler, deviation, state: 'built' };
}

function partial(method: Method, pattern: string, handler: Handler, deviation: string): Route {
  return { method, pattern, handler, deviation, state: 'partial' };
}

function absent(what: string, ...endpoints: [Method, string][]): Route[] {
  const handler = () => {
    throw new NotBuiltError(`${what}: this part of Docker is not built in Petri yet`);
  };
  return endpoints.map(([method, pattern]) => ({
    method,
    pattern,
    handler,
    deviation: what,
    state: 'missing',
  }));
}
