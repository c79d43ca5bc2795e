/**
 * Which system calls a container may make. All that the kernel has but these; each has its reason, and some a
 * capability that opens it again. What is not known when a filter is made is refused as unknown (ENOSYS), so that
 * new C libraries fall back to older calls. Pure; `src/kernel/seccomp.ts` makes the filter. seccomp(2).
 *
 * The list was drawn up from the documented effect of docker's default profile
 * (docs.docker.com/engine/security/seccomp, "Significant syscalls blocked by the default profile").
 */

export interface Refused {
  why: string;
  calls: readonly string[];
  /** With one of these capabilities they are allowed. */
  unless?: readonly string[];
}

export const refused: readonly Refused[] = [
  {
    why: 'mounting: another view of files could undo what is masked or read-only',
    calls: [
      ...[
        'mount',
        'umount',
        'umount2',
        'mount_setattr',
        'move_mount',
        'open_tree',
        'open_tree_attr',
      ],
      ...['fsconfig', 'fsmount', 'fsopen', 'fspick'],
    ],
    unless: ['CAP_SYS_ADMIN'],
  },
  {
    why: 'new namespaces: in a user namespace a program has all capabilities over parts of the kernel that few have tested',
    calls: ['setns', 'unshare'],
    unless: ['CAP_SYS_ADMIN'],
  },
  {
    why: 'administration of the host: names, quotas, events of all its files',
    calls: [
      ...[
        'fanotify_init',
        'lookup_dcookie',
        'quotactl',
        'quotactl_fd',
        'setdomainname',
        'sethostname',
      ],
    ],
    unless: ['CAP_SYS_ADMIN'],
  },
  {
    why: 'programs run by the kernel itself',
    calls: ['bpf'],
    unless: ['CAP_SYS_ADMIN', 'CAP_BPF'],
  },
  {
    why: 'counters that show what others on the machine do',
    calls: ['perf_event_open'],
    unless: ['CAP_SYS_ADMIN', 'CAP_PERFMON'],
  },
  {
    why: 'a file by its number on the disk, past every path: out of the container',
    calls: ['open_by_handle_at'],
    unless: ['CAP_DAC_READ_SEARCH'],
  },
  { why: 'the host would restart', calls: ['reboot'], unless: ['CAP_SYS_BOOT'] },
  { why: 'another root folder', calls: ['chroot'], unless: ['CAP_SYS_CHROOT'] },
  {
    why: 'code for the kernel',
    calls: ['delete_module', 'init_module', 'finit_module'],
    unless: ['CAP_SYS_MODULE'],
  },
  { why: 'accounting of the whole host', calls: ['acct'], unless: ['CAP_SYS_PACCT'] },
  {
    why: 'looking into other processes; tracing one’s own is allowed',
    calls: ['kcmp', 'pidfd_getfd', 'process_madvise'],
    unless: ['CAP_SYS_PTRACE'],
  },
  { why: 'the ports of the hardware', calls: ['iopl', 'ioperm'], unless: ['CAP_SYS_RAWIO'] },
  {
    why: 'the clock of the host',
    calls: ['settimeofday', 'stime', 'clock_settime', 'clock_settime64'],
    unless: ['CAP_SYS_TIME'],
  },
  { why: 'hangs up somebody’s terminal', calls: ['vhangup'], unless: ['CAP_SYS_TTY_CONFIG'] },
  {
    why: 'where memory lies, for all on the machine',
    calls: ['get_mempolicy', 'mbind', 'set_mempolicy', 'set_mempolicy_home_node'],
    unless: ['CAP_SYS_NICE'],
  },
  { why: 'the messages of the kernel', calls: ['syslog'], unless: ['CAP_SYSLOG', 'CAP_SYS_ADMIN'] },
  {
    why: 'keys are not kept apart between containers',
    calls: ['add_key', 'keyctl', 'request_key'],
  },
  {
    why: 'another way to make nearly every call, past this filter',
    calls: ['io_uring_setup', 'io_uring_enter', 'io_uring_register'],
  },
  {
    why: 'holds the kernel up in the middle of its work: the tool of many attacks',
    calls: ['userfaultfd'],
  },
  { why: 'another kernel in place of this one', calls: ['kexec_load', 'kexec_file_load'] },
  { why: 'where the host swaps to', calls: ['swapon', 'swapoff'] },
  { why: 'moves the memory of other processes', calls: ['migrate_pages', 'move_pages'] },
  { why: 'another root for all, made by the engine once', calls: ['pivot_root'] },
  {
    why: 'old, seldom used, seldom tested',
    calls: [
      ...[
        '_sysctl',
        'afs_syscall',
        'bdflush',
        'break',
        'create_module',
        'ftime',
        'get_kernel_syms',
        'getpmsg',
      ],
      ...[
        'gtty',
        'idle',
        'lock',
        'mpx',
        'nfsservctl',
        'prof',
        'profil',
        'putpmsg',
        'query_module',
        'security',
      ],
      ...['stty', 'sysfs', 'tuxcall', 'ulimit', 'uselib', 'ustat', 'vm86', 'vm86old', 'vserver'],
    ],
  },
];

/** Calls that are looked at more closely than by name; see src/kernel/seccomp.ts. */
export const byArgument = ['clone', 'clone3', 'personality', 'socket'] as const;

/** Bits of clone's flags that ask for a namespace (all but CLONE_NEWTIME, which clone cannot ask for). */
export const CLONE_NAMESPACES = 0x7e020000;

/** Linux, and what uname and address layout of old programs need. personality(2) */
export const PERSONALITIES = [0x0, 0x0008, 0x20000, 0x20008, 0xffffffff];

/** Families that reach past the network namespace: the kernel's own ciphers, and the hypervisor. */
export const REFUSED_FAMILIES = { AF_ALG: 38, AF_VSOCK: 40 } as const;

/** The names a container with these capabilities may not call. */
export function refusedCalls(capabilities: readonly string[]): Set<string> {
  const open = (unless: readonly string[] = []) =>
    unless.some((name) => capabilities.includes(name));
  return new Set(refused.flatMap(({ calls, unless }) => (open(unless) ? [] : calls)));
}
