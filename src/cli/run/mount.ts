/** `--mount type=bind,src=/a,dst=/b,readonly`, as the API's `Mount`. */
import { parseBytes } from '../units.ts';
import { parseKeyValue } from './values.ts';

export interface Mount {
  Type: string;
  Source?: string;
  Target?: string;
  ReadOnly?: boolean;
  Consistency?: string;
  BindOptions?: {
    Propagation?: string;
    NonRecursive?: boolean;
    ReadOnlyNonRecursive?: boolean;
    ReadOnlyForceRecursive?: boolean;
  };
  VolumeOptions?: {
    NoCopy?: boolean;
    Subpath?: string;
    Labels?: Record<string, string>;
    DriverConfig?: { Name?: string; Options?: Record<string, string> };
  };
  TmpfsOptions?: Record<string, unknown>;
}

type Setter = (mount: Mount, value: string, key: string) => void;

const set =
  (field: 'Type' | 'Source' | 'Target' | 'Consistency'): Setter =>
  (mount, value) => {
    mount[field] = field === 'Type' ? value.toLowerCase() : value;
  };

const readOnly: Setter = (mount, value, key) => {
  mount.ReadOnly = parseSwitch(value, key);
};

const setters: Record<string, Setter> = {
  type: set('Type'),
  source: set('Source'),
  src: set('Source'),
  target: set('Target'),
  dst: set('Target'),
  destination: set('Target'),
  consistency: set('Consistency'),
  readonly: readOnly,
  ro: readOnly,
  'bind-propagation': (mount, value) => {
    mount.BindOptions = { ...mount.BindOptions, Propagation: value.toLowerCase() };
  },
  'bind-nonrecursive': (mount, value, key) => {
    mount.BindOptions = { ...mount.BindOptions, NonRecursive: parseSwitch(value, key) };
  },
  'bind-recursive': (mount, value) => {
    mount.BindOptions = { ...mount.BindOptions, ...recursion(value) };
  },
  'volume-nocopy': (mount, value, key) => {
    mount.VolumeOptions = { ...mount.VolumeOptions, NoCopy: parseSwitch(value, key) };
  },
  'volume-subpath': (mount, value) => {
    mount.VolumeOptions = { ...mount.VolumeOptions, Subpath: value };
  },
  'volume-driver': (mount, value) => setDriver(mount, { Name: value }),
  'volume-opt': (mount, value) => {
    const [key, text] = parseKeyValue(value);
    setDriver(mount, { Options: { ...mount.VolumeOptions?.DriverConfig?.Options, [key]: text } });
  },
  'volume-label': (mount, value) => {
    const Labels = Object.fromEntries([parseKeyValue(value)]);
    mount.VolumeOptions = {
      ...mount.VolumeOptions,
      Labels: { ...mount.VolumeOptions?.Labels, ...Labels },
    };
  },
  'tmpfs-size': (mount, value) => {
    mount.TmpfsOptions = { ...mount.TmpfsOptions, SizeBytes: parseBytes(value) };
  },
  'tmpfs-mode': (mount, value) => {
    mount.TmpfsOptions = { ...mount.TmpfsOptions, Mode: Number.parseInt(value, 8) };
  },
};

function setDriver(mount: Mount, more: { Name?: string; Options?: Record<string, string> }): void {
  const DriverConfig = { ...mount.VolumeOptions?.DriverConfig, ...more };
  mount.VolumeOptions = { ...mount.VolumeOptions, DriverConfig };
}

/** Keys that may stand without a value. */
const switches = new Set(['readonly', 'ro', 'bind-nonrecursive', 'volume-nocopy']);

/** What is mounted below the source: it comes along or not, and is made read-only too or not. */
function recursion(value: string): Record<string, boolean> {
  if (value === 'enabled') return {};
  if (value === 'disabled') return { NonRecursive: true };
  if (value === 'writable') return { ReadOnlyNonRecursive: true };
  if (value === 'readonly') return { ReadOnlyForceRecursive: true };
  throw new Error(
    `invalid value for bind-recursive: ${value} (must be "enabled", "disabled", "writable", or "readonly")`,
  );
}

/** @throws Error with docker's words */
export function parseMount(text: string): Mount {
  const mount: Mount = { Type: 'volume' };
  for (const field of text.split(',')) {
    const at = field.indexOf('=');
    const key = (at < 0 ? field : field.slice(0, at)).toLowerCase();
    if (at < 0 && !switches.has(key))
      throw new Error(`invalid field '${field}' must be a key=value pair`);
    const setter = setters[key];
    if (!setter) throw new Error(`unexpected key '${key}' in '${field}'`);
    setter(mount, at < 0 ? 'true' : field.slice(at + 1), key);
  }
  return checked(mount);
}

function checked(mount: Mount): Mount {
  if (!mount.Target) throw new Error('target is required');
  if (mount.VolumeOptions && mount.Type !== 'volume')
    throw new Error(`cannot mix 'volume-*' options with mount type '${mount.Type}'`);
  if (mount.BindOptions && mount.Type !== 'bind')
    throw new Error(`cannot mix 'bind-*' options with mount type '${mount.Type}'`);
  if (mount.TmpfsOptions && mount.Type !== 'tmpfs')
    throw new Error(`cannot mix 'tmpfs-*' options with mount type '${mount.Type}'`);
  assertReadOnly(mount);
  return mount;
}

/** What is said of a read-only mount says nothing of another. */
function assertReadOnly({ ReadOnly, BindOptions = {} }: Mount): void {
  const { ReadOnlyNonRecursive, ReadOnlyForceRecursive, Propagation } = BindOptions;
  const requires = (value: string, what: string) =>
    new Error(`option 'bind-recursive=${value}' requires '${what}' to be specified in conjunction`);
  if (ReadOnlyNonRecursive && !ReadOnly) throw requires('writable', 'readonly');
  if (ReadOnlyForceRecursive && !ReadOnly) throw requires('readonly', 'readonly');
  if (ReadOnlyForceRecursive && Propagation !== 'rprivate')
    throw requires('readonly', 'bind-propagation=rprivate');
}

function parseSwitch(value: string, key: string): boolean {
  if (value === 'true' || value === '1') return true;
  if (value === 'false' || value === '0') return false;
  throw new Error(`invalid value for ${key}: ${value}`);
}
