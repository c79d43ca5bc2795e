import { describe, expect, it } from 'vitest';
import { encodePlan } from '../../src/step/encode.ts';
import { type Args, numberSteps, slot } from '../../src/step/step.ts';

/** The bytes of docs/shim.md, written out by hand: a change of the format is a change of this test. */
const golden = [
  '50545249 01000000 06000000 01000000 05000000', // PTRI, version 1, 6 slots, 1 inherited, 5 records
  '05000000 09000000', // slot 5 is descriptor 9
  '54000000 0000 0000 01 00 0000', // plan
  '02000000 6964 00 00000000 00', // id "id", no log
  '0000000000000000 0100000000000000 0200000000000000', // log_max_bytes, log_max_files, clients
  '0000000000000000 0100000000000000 0000000000000000', // terminal, stdin_open, stdin_once
  '1800000000000000 5000000000000000', // 24 rows, 80 columns
  '18000000 3000 0200 01 00 0000', // clone3, step 2
  '0000002000000000 ffffffff 04000000', // CLONE_NEWPID, no cgroup, pidfd into slot 4
  '22000000 2000 0300 02 00 1000', // mount, step 3, EBUSY accepted
  'ffffffff 01000000 2f 00 ffffffff 0010000000000000 ffffffff', // null, "/", null, MS_BIND, null
  '14000000 0500 0400 02 00 0000 05000000 0100000000000000', // dup2, step 4: slot 5 to 1
  '27000000 5000 0500 02 00 0000', // execve, step 5
  '01000000 61 00', // file "a"
  '01000000 01000000 61 00', // argv
  '00000000', // envp
  '01000000 02000000 2f62 00', // path
]
  .join('')
  .replaceAll(' ', '');

describe('the wire format', () => {
  it('is byte for byte what docs/shim.md says', () => {
    const draft = (actor: 'supervisor' | 'shim' | 'init', call: string, args: Args = {}) => ({
      actor,
      phase: 'program' as const,
      call,
      args,
      why: '',
      see: '',
      sh: '',
    });
    const steps = numberSteps([
      draft('supervisor', 'RTM_NEWLINK'),
      draft('shim', 'clone3', { flags: ['CLONE_NEWPID'], pidfd: slot('pidfd') }),
      { ...draft('init', 'mount', { target: '/', flags: ['MS_BIND'] }), accept: 'EBUSY' },
      draft('init', 'dup2', { fd: slot('tty'), to: 1 }),
      draft('init', 'execve', { file: 'a', argv: ['a'], envp: [], path: ['/b'] }),
    ]);
    const plan = {
      id: 'id',
      logPath: '',
      logMaxBytes: 0,
      logMaxFiles: 1,
      clients: 2,
      terminal: false,
      stdinOpen: true,
      stdinOnce: false,
      rows: 24,
      columns: 80,
    };
    const bytes = Buffer.from(encodePlan(plan, steps, new Map([['tty', 9]]))).toString('hex');
    expect(bytes).toBe(golden);
  });
});
