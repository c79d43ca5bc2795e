/**
 * A step as strace(1) would print it: `mount("proc", ".", "proc", MS_NOSUID|MS_NODEV, NULL)`.
 *
 * System calls show their arguments by position, as the manual page has them. Messages (rtnetlink,
 * nftables, bpf) and the calls that take a struct show them by name. A descriptor is shown by the name
 * of its slot, `<netns>`: its number is only known afterwards.
 */
import { type Arg, type Args, type Call, isSlot } from '../step/step.ts';
import { escapeControls, shortenIds } from './text.ts';

/** Arguments that are lists of strings even when they look like names of flags. */
const LISTS = new Set(['argv', 'envp', 'path', 'allow', 'keys']);
/** Arguments that everybody reads in octal. */
const OCTAL = new Set(['mode', 'mask']);
/** Calls whose arguments are one struct. */
const STRUCTS = new Set(['clone3', 'posix_spawn']);
/** Words that are names and not strings. */
const BARE = /^(AT_FDCWD|(AF|NETLINK)_[A-Z0-9_]+)$/;
const CONSTANT = /^[A-Z][A-Z0-9]*_[A-Z0-9_]+$/;

/** The call in one line; control bytes escaped, long ids shortened. */
export function formatCall({ call, args }: Call): string {
  const { out, ...rest } = args;
  const produced = isSlot(out) ? ` → ${formatSlot(out.slot)}` : '';
  return shortenIds(`${escapeControls(call)}${formatArguments(call, rest)}${produced}`);
}

function formatArguments(call: string, args: Args): string {
  if (isMessage(call)) return ` ${formatStruct(args)}`;
  if (STRUCTS.has(call)) return `(${formatStruct(args)})`;
  const entries = Object.entries(args);
  return `(${entries.map(([name, arg]) => formatArg(name, arg)).join(', ')})`;
}

/** `RTM_NEWLINK`, `nft`, `BPF_PROG_ATTACH`: not a function of the C library, but a message to the kernel. */
function isMessage(call: string): boolean {
  return CONSTANT.test(call) || call === 'nft';
}

function formatStruct(args: Args): string {
  const fields = Object.entries(args).filter(([, arg]) => arg !== null);
  return `{${fields.map(([name, arg]) => `${escapeControls(name)}=${formatArg(name, arg)}`).join(', ')}}`;
}

function formatArg(name: string, arg: Arg): string {
  if (arg === null) return 'NULL';
  if (name === 'filter') return `/* ${instructions(arg)} instructions */`;
  if (typeof arg === 'string') return BARE.test(arg) ? arg : quote(arg);
  if (typeof arg === 'number') return formatNumber(name, arg);
  if (typeof arg === 'boolean') return String(arg);
  if (arg instanceof Uint8Array) return `<${arg.length} bytes>`;
  if (isSlot(arg)) return formatSlot(arg.slot);
  if (Array.isArray(arg)) return formatList(name, arg as readonly (string | number)[]);
  return formatStruct(arg as Args);
}

/** A seccomp filter is in base64, each instruction 8 bytes. */
function instructions(arg: Arg): number {
  const bytes = arg instanceof Uint8Array ? arg : Buffer.from(String(arg), 'base64');
  return bytes.length / 8;
}

function formatNumber(name: string, value: number): string {
  if (OCTAL.has(name)) return `0${value === 0 ? '' : value.toString(8)}`;
  if (value === 0xffffffff) return '~0U';
  return String(value);
}

function formatList(name: string, list: readonly (string | number)[]): string {
  // The environment may hold secrets, and is long: strace, too, only counts it.
  if (name === 'envp') return `/* ${list.length} variables */`;
  // In JSON they are long; the shell command says the same.
  if (name === 'commands') return `/* ${list.length} commands */`;
  if (LISTS.has(name) || list.some((item) => typeof item === 'number')) return formatArray(list);
  if (list.length === 0) return '0';
  const names = list.every((item) => CONSTANT.test(String(item)));
  return names ? list.join('|') : formatArray(list);
}

function formatArray(list: readonly (string | number)[]): string {
  return `[${list.map((item) => (typeof item === 'number' ? String(item) : quote(item))).join(', ')}]`;
}

function formatSlot(slot: string): string {
  return `<${escapeControls(slot)}>`;
}

function quote(text: string): string {
  return `"${escapeControls(text.replaceAll('\\', '\\\\').replaceAll('"', '\\"'))}"`;
}
