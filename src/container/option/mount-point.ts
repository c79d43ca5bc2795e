/** What is mounted into a container, whichever way it was asked for. */
export type Propagation = 'private' | 'rprivate' | 'slave' | 'rslave' | 'shared' | 'rshared';

export interface BindMount {
  type: 'bind';
  source: string;
  target: string;
  /** As it was written after the second colon, for `inspect`. */
  mode: string;
  readOnly: boolean;
  /** Mounts below the source come along. */
  recursive: boolean;
  /** They become read-only too. */
  readOnlyRecursive: boolean;
  propagation: Propagation;
  /** A source that is not there is made (`-v`), not refused (`--mount`). */
  makesSource: boolean;
}

export interface VolumeMount {
  type: 'volume';
  /** Empty as long as it is one without a name that nobody has made yet. */
  name: string;
  target: string;
  mode: string;
  readOnly: boolean;
  /** Relative; empty: all of the volume. */
  subpath: string;
  /** What the image has at the target is copied into it while it is empty. */
  copies: boolean;
  /** It goes with the last container that has it (`rm -v`). */
  isAnonymous: boolean;
  /** How it is made when it is not there. */
  make: {
    driver: string;
    labels: Record<string, string> | null;
    options: Record<string, string> | null;
  };
}

export interface TmpfsMount {
  type: 'tmpfs';
  target: string;
  flags: string[];
  data: string;
  /** By `--mount`: `inspect` lists it among the mounts. */
  listed: boolean;
}

export type MountPoint = BindMount | VolumeMount | TmpfsMount;

export const propagations = ['private', 'rprivate', 'slave', 'rslave', 'shared', 'rshared'];

/** Says what is wrong with one mount, and where it was asked for. */
export type Refuse = (why: string) => Error;
