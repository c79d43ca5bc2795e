/** A short container, written by hand after the manual pages: enough of each phase to render it. */
import {
  type Actor,
  numberSteps,
  type Phase,
  type Result,
  type StepDraft,
  slot,
} from '../../src/step/step.ts';

const ID = '4f1d0c9be2a7'.padEnd(64, '0');
const HOME = `/var/lib/petri/containers/${ID}`;

function draft(
  actor: Actor,
  phase: Phase,
  call: string,
  args: StepDraft['args'],
  why: string,
  sh: string,
  see = `${call}(2)`,
): StepDraft {
  return { actor, phase, call, args, why, see, sh };
}

export const steps = numberSteps([
  draft(
    'supervisor',
    'cgroup',
    'mkdir',
    { path: `/sys/fs/cgroup/petri/${ID}`, mode: 0o755 },
    'a control group of its own, by which the kernel counts and limits what the container uses',
    `mkdir /sys/fs/cgroup/petri/${ID}`,
    'cgroups(7)',
  ),
  draft(
    'supervisor',
    'cgroup',
    'write',
    { path: `/sys/fs/cgroup/petri/${ID}/memory.max`, data: '67108864' },
    'more memory than this it cannot have',
    `echo 67108864 > /sys/fs/cgroup/petri/${ID}/memory.max`,
    'cgroups(7)',
  ),
  draft(
    'supervisor',
    'network',
    'unshare',
    { flags: ['CLONE_NEWNET'], out: slot('netns') },
    'a network stack with nothing in it but a loopback that is down',
    'ip netns add c',
    'network_namespaces(7)',
  ),
  draft(
    'supervisor',
    'network',
    'RTM_NEWLINK',
    {
      kind: 'veth',
      name: 'veth4f1d0c9',
      mtu: 1500,
      master: 'petri0',
      up: true,
      peer: { name: 'eth0', netns: slot('netns'), address: null },
    },
    'a virtual cable: one end on the bridge, the other inside',
    'ip link add veth4f1d0c9 master petri0 type veth peer name eth0 netns c',
    'veth(4)',
  ),
  draft(
    'supervisor',
    'network',
    'RTM_NEWADDR',
    { netns: slot('netns'), device: 'eth0', address: '172.28.0.2/16' },
    'its address',
    'ip -n c addr add 172.28.0.2/16 dev eth0',
    'rtnetlink(7)',
  ),
  draft(
    'shim',
    'stdio',
    'pipe2',
    { read: slot('stdout_read'), write: slot('stdout_write'), flags: ['O_CLOEXEC'] },
    'the shim reads what the program prints, logs it and hands it on',
    'mkfifo stdout',
  ),
  draft(
    'shim',
    'namespaces',
    'clone3',
    {
      flags: [
        'CLONE_NEWNS',
        'CLONE_NEWPID',
        'CLONE_NEWUTS',
        'CLONE_NEWIPC',
        'CLONE_INTO_CGROUP',
        'CLONE_PIDFD',
        'CLONE_VFORK',
      ],
      cgroup: slot('cgroup'),
      pidfd: slot('pidfd'),
    },
    'the moment the container begins: a child that sees its own mounts, processes and names',
    'unshare --mount --pid --ipc --uts --fork',
    'clone(2)',
  ),
  draft(
    'init',
    'namespaces',
    'setns',
    { fd: slot('netns'), nstype: ['CLONE_NEWNET'] },
    'enter the network namespace the supervisor prepared',
    'nsenter --net="$NETNS"',
  ),
  draft(
    'init',
    'namespaces',
    'sethostname',
    { name: 'c\u001b]0;owned\u0007' },
    'its name, seen only inside',
    "hostname 'c\u001b]0;owned\u0007'",
  ),
  draft(
    'init',
    'rootfs',
    'fsopen',
    { fstype: 'overlay', flags: ['FSOPEN_CLOEXEC'], out: slot('overlay') },
    'overlay shows several folders as one: the layers of the image, and one to write in',
    '# the root: mount -t overlay',
  ),
  draft(
    'init',
    'rootfs',
    'fsconfig',
    {
      fs: slot('overlay'),
      cmd: ['FSCONFIG_SET_STRING'],
      key: 'lowerdir+',
      value: '/var/lib/petri/layers/init/diff',
    },
    'on top, true folders for /dev, /proc and /sys: links of those names in an image do not count',
    '# -o lowerdir+=/var/lib/petri/layers/init/diff',
  ),
  draft(
    'init',
    'rootfs',
    'fsconfig',
    { fs: slot('overlay'), cmd: ['FSCONFIG_SET_STRING'], key: 'upperdir', value: `${HOME}/upper` },
    'what the container writes lands here; the layers stay as they are',
    `# -o upperdir=${HOME}/upper`,
  ),
  draft(
    'init',
    'rootfs',
    'pivot_root',
    { new_root: '.', put_old: '.' },
    "the new root becomes /, the host's lies hidden on top of it",
    'pivot_root . .',
  ),
  draft(
    'init',
    'mounts',
    'openat2',
    {
      dir: 'AT_FDCWD',
      path: '/proc',
      flags: ['O_PATH', 'O_DIRECTORY', 'O_NOFOLLOW', 'O_CLOEXEC'],
      resolve: ['RESOLVE_NO_SYMLINKS', 'RESOLVE_NO_MAGICLINKS'],
      out: slot('at /proc'),
    },
    '/proc must be a true folder: a link that an image put there is refused',
    '[ -d /proc ] && [ ! -L /proc ]',
  ),
  draft(
    'init',
    'mounts',
    'mount',
    {
      source: 'proc',
      target: '.',
      fstype: 'proc',
      flags: ['MS_NOSUID', 'MS_NODEV', 'MS_NOEXEC'],
      data: null,
    },
    'processes of this pid namespace, and no others',
    'mount -t proc -o nosuid,nodev,noexec proc /proc',
  ),
  draft(
    'init',
    'devices',
    'mknod',
    { path: '/dev/null', flags: ['S_IFCHR'], mode: 0o666, major: 1, minor: 3 },
    'swallows what is written, reads as empty',
    'mknod -m 666 /dev/null c 1 3',
  ),
  draft(
    'init',
    'identity',
    'setgroups',
    { groups: [0, 10] },
    'exactly these groups: those of the engine are gone',
    '# --groups 0,10',
  ),
  draft(
    'init',
    'identity',
    'setresuid',
    { ruid: 0, euid: 0, suid: 0 },
    'root, but with few capabilities',
    '# setpriv --reuid 0',
  ),
  draft(
    'init',
    'identity',
    'capset',
    { effective: ['CAP_CHOWN', 'CAP_KILL'], permitted: ['CAP_CHOWN', 'CAP_KILL'], inheritable: [] },
    'and nothing is inheritable: a program file cannot bring more',
    "capsh --caps='cap_chown,cap_kill=ep'",
  ),
  draft(
    'init',
    'program',
    'execve',
    {
      file: 'sh',
      argv: ['sh', '-c', 'echo "hello"\nexit 3'],
      envp: ['PATH=/bin', 'TOKEN=secret'],
      path: ['/bin'],
    },
    "the container's first process becomes the user's program",
    'exec env -i PATH=/bin TOKEN=secret sh -c \'echo "hello"\nexit 3\'',
  ),
]);

const CLONE3 = 7;
const MICROSECOND = 1000;

/** One step after the other, 20 µs each and 10 µs apart; clone3 lasts until execve. */
export const results: Result[] = steps.map(({ n }) => ({
  n,
  ret: n % 3 === 0 ? n : 0,
  errno: 0,
  startNs: n * 30 * MICROSECOND,
  durationNs: (n === CLONE3 ? (steps.length - CLONE3) * 30 + 25 : 20) * MICROSECOND,
}));

/** The first `count` results, the last of which failed. */
export function failedAt(count: number, errno: number): Result[] {
  return results
    .slice(0, count)
    .map((result) => (result.n === count ? { ...result, ret: -1, errno } : result));
}
