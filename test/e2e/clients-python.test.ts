/** Debian's docker-py, unchanged: a script for each thing that its users lean on. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run, Supervisor } from '../support/supervisor.ts';

/** Where Debian's package belongs; another python3 may come first in the path. */
const PYTHON = '/usr/bin/python3';
const hasDocker = (await run(PYTHON, ['-c', 'import docker'])).code === 0;

let petri: Supervisor;
beforeAll(async () => {
  petri = await Supervisor.start();
});
afterAll(() => petri.remove());

const PRELUDE = `
import docker, io, json, tarfile, time
from docker.errors import APIError, ContainerError, ImageNotFound, NotFound
client = docker.from_env()
def up(**options):
    return client.containers.run('busybox', 'sleep 1000', detach=True, **options)
def code(status, act):
    try:
        act()
    except APIError as error:
        assert error.response.status_code == status, error
        return error
    raise SystemExit(f'no error, {status} was expected')
def packed(**files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w') as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()
`;

const scripts: Record<string, string> = {
  'codes and words of what cannot be': `
code(404, lambda: client.containers.get('nosuch'))
code(404, lambda: client.containers.create('nosuch'))
one = client.containers.create('busybox', 'true', name='one')
assert 'is already in use by container' in str(code(409, lambda: client.containers.create('busybox', name='one')))
assert code(400, client.containers.create('busybox', 'nosuch', name='two').start)
one.start(); one.wait(); one.stop()
code(409, one.kill)
for each in ('one', 'two'): client.containers.get(each).remove()
code(404, one.remove)
`,
  'names, full ids and prefixes': `
one = up(name='named')
for ref in ('named', one.id, one.short_id, one.id[:5]):
    assert client.containers.get(ref).id == one.id, ref
one.rename('other')
assert client.containers.get('other').name == 'other'
one.remove(force=True)
`,
  'streams: attach with the log first, logs that follow, framed and raw': `
one = client.containers.run('busybox', ['sh', '-c', 'echo out; echo err >&2; until [ -e /go ]; do usleep 5000; done; echo late'], detach=True)
follow = one.logs(stream=True, follow=True, stderr=False)
assert next(follow) == b'out\\n'
attached = one.attach(stream=True, logs=True, stdout=True, stderr=False)
one.exec_run('touch /go')
assert b''.join(attached) == b'out\\nlate\\n'
assert b''.join(follow) == b'late\\n'
assert one.wait()['StatusCode'] == 0
assert one.logs(stdout=False) == b'err\\n'
assert one.logs(stderr=False, tail=1) == b'late\\n'
assert one.logs(timestamps=True, stderr=False).startswith(b'20')
one.remove()
`,
  'a socket to stdin, half-closed': `
import socket
one = client.containers.create('busybox', ['sh', '-c', 'cat; echo end'], stdin_open=True)
connection = one.attach_socket(params={'stdin': 1, 'stdout': 1, 'stream': 1})
one.start()
connection._sock.sendall(b'typed\\n')
connection._sock.shutdown(socket.SHUT_WR)
output = b''
while True:
    chunk = connection._sock.recv(4096)
    if not chunk: break
    output += chunk
assert b'typed\\n' in output and b'end\\n' in output, output
one.remove(force=True)
`,
  'exec: code, output apart, user, folder, environment, its record': `
one = up()
ran = one.exec_run(['sh', '-c', 'echo out $A $(pwd) $(id -u); echo err >&2; exit 3'], demux=True, environment={'A': 'b'}, workdir='/tmp', user='12')
assert ran.exit_code == 3 and ran.output == (b'out b /tmp 12\\n', b'err\\n'), ran
made = client.api.exec_create(one.id, 'sleep 1000')
client.api.exec_start(made, detach=True)
while client.api.exec_inspect(made)['Pid'] == 0: pass
told = client.api.exec_inspect(made)
assert told['Running'] and told['ExitCode'] is None and told['ContainerID'] == one.id, told
assert one.exec_run('nosuch').exit_code == 127
assert b'executable file not found' in one.exec_run('nosuch').output
one.remove(force=True)
`,
  'archives in and out, of one that runs and of one that does not': `
for one in (up(), client.containers.create('busybox')):
    assert one.put_archive('/tmp', packed(file=b'content'))
    stream, stat = one.get_archive('/tmp/file')
    assert stat['name'] == 'file' and stat['size'] == 7, stat
    with tarfile.open(fileobj=io.BytesIO(b''.join(stream))) as tar:
        assert tar.extractfile('file').read() == b'content'
    code(404, lambda: one.get_archive('/nosuch'))
    assert {'Path': '/tmp/file', 'Kind': 1} in one.diff(), one.diff()
    with tarfile.open(fileobj=io.BytesIO(b''.join(one.export()))) as tar:
        assert 'tmp/file' in tar.getnames()
    one.remove(force=True)
`,
  'images: import, tag, history, commit, prune': `
client.api.import_image_from_data(packed(hello=b'x'), repository='py', tag='one')
image = client.images.get('py:one')
assert image.tag('py', 'two') and sorted(client.images.get('py:two').tags) == ['py:one', 'py:two']
assert len(image.history()) == 1
assert [each.id for each in client.images.list(name='py')] == [image.id]
one = up()
made = one.commit('py', 'made', message='why', changes='CMD ["echo","hi"]')
assert client.containers.run('py:made', remove=True) == b'hi\\n'
one.remove(force=True)
for name in ('py:one', 'py:two', 'py:made'): client.images.remove(name)
try: client.images.get('py:one')
except ImageNotFound: pass
else: raise SystemExit('it is still there')
assert set(client.images.prune()) == {'ImagesDeleted', 'SpaceReclaimed'}
`,
  'State.Health': `
one = client.api.create_container('busybox', 'sleep 1000', healthcheck={'test': 'test -e /ok', 'interval': 50000000, 'retries': 1})['Id']
client.api.start(one)
health = lambda: client.api.inspect_container(one)['State']['Health']
while health()['Status'] != 'unhealthy': pass
assert health()['FailingStreak'] >= 1 and health()['Log'][0]['ExitCode'] == 1, health()
client.containers.get(one).exec_run('touch /ok')
while health()['Status'] != 'healthy': pass
client.api.remove_container(one, force=True)
`,
  'stats once and streamed, top, update, pause': `
one = up(mem_limit='64m')
assert one.stats(stream=False)['memory_stats']['limit'] == 64 << 20
stream = one.stats(decode=True)
assert next(stream)['pids_stats']['current'] == 1
stream.close()
assert one.top(ps_args='-o pid,comm')['Titles'] == ['PID', 'COMMAND']
one.update(mem_limit='32m', memswap_limit='64m', cpu_shares=256)
one.reload()
assert one.attrs['HostConfig']['Memory'] == 32 << 20
one.pause(); one.reload(); assert one.status == 'paused', one.status
one.unpause(); one.restart(timeout=0); one.reload(); assert one.status == 'running'
one.remove(force=True)
`,
  'filters, prunes, events, info, disk usage': `
since = time.time() - 1
one = client.containers.create('busybox', labels={'who': 'py'})
assert [each.id for each in client.containers.list(all=True, filters={'label': 'who=py', 'status': ['created']})] == [one.id]
assert client.containers.list(filters={'label': ['who=py']}) == []
assert client.containers.prune(filters={'label': 'who=py'})['ContainersDeleted'] == [one.id]
nothing = client.containers.prune()
assert nothing == {'ContainersDeleted': None, 'SpaceReclaimed': 0}, nothing
events = client.events(since=since, until=time.time() + 1, filters={'label': 'who=py'}, decode=True)
seen = [each['Action'] for each in events]
assert seen == ['create', 'destroy'], seen
assert client.info()['ServerVersion'] and client.version()['ApiVersion'] == '1.47'
assert set(client.df()) >= {'LayersSize', 'Images', 'Containers', 'Volumes'}, client.df()
code(501, lambda: client.swarm)
`,
};

describe.skipIf(!hasDocker)('docker-py (skipped without the package python3-docker)', () => {
  test.each(Object.keys(scripts))('%s', async (name) => {
    const script = `${PRELUDE}${scripts[name]}\nprint('good')`;
    const ran = await run(PYTHON, ['-c', script], { DOCKER_HOST: `unix://${petri.socket}` });
    expect(ran).toMatchObject({ code: 0, stdout: 'good\n', stderr: '' });
  });
});
