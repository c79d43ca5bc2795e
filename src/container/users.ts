/**
 * `--user` and `--group-add` against the container's own /etc/passwd and /etc/group: passwd(5), group(5).
 * Both files are untrusted text. A number is always an id, never a name, so no entry of the file can
 * turn it into another user.
 */
import { InvalidError } from '../errors/errors.ts';
import type { Identity } from './plan/input.ts';

/** 2³²−1 means "unchanged" to the kernel and is refused. */
const MAX_ID = 2 ** 32 - 2;

interface PasswdEntry {
  name: string;
  uid: number;
  gid: number;
  home: string;
}

interface GroupEntry {
  name: string;
  gid: number;
  members: string[];
}

/**
 * @param user `name`, `uid`, either with `:group` or `:gid`; empty is root
 * @param passwd text of the container's /etc/passwd, empty when it has none
 * @param group likewise /etc/group
 * @throws InvalidError with docker's words for an unknown name or an id out of range
 */
export function lookUpIdentity(
  user: string,
  groupAdd: readonly string[],
  passwd: string,
  group: string,
): Identity {
  const [name = '', groupName = ''] = user.split(/:(.*)/s);
  const groups = parseGroup(group);
  const entry = findUser(name || '0', parsePasswd(passwd));
  const gid = groupName ? findGroup(groupName, groups) : entry.gid;
  const member = groupName ? [] : groups.filter(({ members }) => members.includes(entry.name));
  const extra = groupAdd.map((wanted) => findGroup(wanted, groups));
  return {
    uid: entry.uid,
    gid,
    groups: [...new Set([gid, ...member.map((found) => found.gid), ...extra])],
    home: entry.home || '/',
  };
}

function findUser(wanted: string, entries: readonly PasswdEntry[]): PasswdEntry {
  if (/^[+-]?\d+$/.test(wanted)) {
    const uid = parseId(wanted, 'user');
    return entries.find((entry) => entry.uid === uid) ?? { name: '', uid, gid: 0, home: '/' };
  }
  const found = entries.find((entry) => entry.name === wanted);
  if (!found)
    throw new InvalidError(`unable to find user ${wanted}: no matching entries in passwd file`);
  return found;
}

function findGroup(wanted: string, entries: readonly GroupEntry[]): number {
  if (/^[+-]?\d+$/.test(wanted)) return parseId(wanted, 'group');
  const found = entries.find((entry) => entry.name === wanted);
  if (!found)
    throw new InvalidError(`unable to find group ${wanted}: no matching entries in group file`);
  return found.gid;
}

function parseId(text: string, what: string): number {
  const id = Number(text);
  if (!/^\d{1,10}$/.test(text) || id > MAX_ID)
    throw new InvalidError(`invalid ${what} id ${text}: it must be a number from 0 to ${MAX_ID}`);
  return id;
}

function parsePasswd(text: string): PasswdEntry[] {
  return lines(text).flatMap((line) => {
    const [name = '', , uid = '', gid = '', , home = ''] = line.split(':');
    return isId(uid) && isId(gid) ? [{ name, uid: Number(uid), gid: Number(gid), home }] : [];
  });
}

function parseGroup(text: string): GroupEntry[] {
  return lines(text).flatMap((line) => {
    const [name = '', , gid = '', members = ''] = line.split(':');
    return isId(gid)
      ? [{ name, gid: Number(gid), members: members.split(',').filter(Boolean) }]
      : [];
  });
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line && !line.startsWith('#'));
}

function isId(text: string): boolean {
  return /^\d{1,10}$/.test(text) && Number(text) <= MAX_ID;
}
