/**
 * nftables through libnftables: commands go in and rules come out as JSON, never as script text, so
 * that no value can become syntax. libnftables(3), libnftables-json(5), nft(8).
 *
 * A context is made for each call and freed after it: its netlink socket belongs to the namespace the
 * thread is in then, and no descriptor is left to be inherited.
 */
import koffi from 'koffi';
import { SystemError } from '../errors/errors.ts';
import { withLowDescriptor } from './low-descriptors.ts';

/** A command such as `{ add: { table: { family: 'inet', name: 'petri' } } }`. */
export type NftCommand = Readonly<Record<string, unknown>>;
/** A listed object such as `{ rule: { … } }`. */
export type NftObject = Readonly<Record<string, unknown>>;

interface Library {
  open: (flags: number) => unknown;
  free: (context: unknown) => void;
  setOutputFlags: (context: unknown, flags: number) => void;
  bufferOutput: (context: unknown) => number;
  bufferError: (context: unknown) => number;
  output: (context: unknown) => string;
  error: (context: unknown) => string;
  run: (context: unknown, command: string) => number;
}

const OUTPUT_HANDLE = 1 << 3;
const OUTPUT_JSON = 1 << 4;

let loaded: Library | undefined;

/**
 * Runs commands as one transaction: all of them take effect, or none.
 * @throws SystemError with libnftables' own text
 */
export function nft(commands: readonly NftCommand[]): void {
  run(commands);
}

/**
 * Lists objects, each with its handle.
 * @param what e.g. `{ chain: { family: 'ip', table: 'filter', name: 'FORWARD' } }` or `{ chains: null }`
 */
export function nftList(what: NftCommand): NftObject[] {
  const text = run([{ list: what }]);
  if (text === '') return [];
  const { nftables } = JSON.parse(text) as { nftables: NftObject[] };
  return nftables.filter((object) => !('metainfo' in object));
}

/** @throws SystemError when the library is not installed */
export function loadNftables(): void {
  loaded ??= load();
}

function run(commands: readonly NftCommand[]): string {
  loaded ??= load();
  const library = loaded;
  return withLowDescriptor(() => runWith(library, commands));
}

function runWith(library: Library, commands: readonly NftCommand[]): string {
  const context = library.open(0);
  if (!context)
    throw new SystemError('cannot open nftables: nft_ctx_new failed (is the engine root?)');
  try {
    library.setOutputFlags(context, OUTPUT_JSON | OUTPUT_HANDLE);
    library.bufferOutput(context);
    library.bufferError(context);
    const failed = library.run(context, JSON.stringify({ nftables: commands })) !== 0;
    if (failed)
      throw new SystemError(`nftables refused the rules: ${firstLine(library.error(context))}`);
    return library.output(context);
  } finally {
    library.free(context);
  }
}

/** The rest repeats the whole JSON. */
function firstLine(text: string): string {
  return text.trim().split('\n')[0] || 'no reason given';
}

function load(): Library {
  const library = loadShared();
  koffi.opaque('nft_ctx');
  const declare = <F>(prototype: string) => library.func(prototype) as unknown as F;
  return {
    open: declare('nft_ctx *nft_ctx_new(uint32_t)'),
    free: declare('void nft_ctx_free(nft_ctx *)'),
    setOutputFlags: declare('void nft_ctx_output_set_flags(nft_ctx *, unsigned int)'),
    bufferOutput: declare('int nft_ctx_buffer_output(nft_ctx *)'),
    bufferError: declare('int nft_ctx_buffer_error(nft_ctx *)'),
    output: declare('const char *nft_ctx_get_output_buffer(nft_ctx *)'),
    error: declare('const char *nft_ctx_get_error_buffer(nft_ctx *)'),
    run: declare('int nft_run_cmd_from_buffer(nft_ctx *, const char *)'),
  };
}

function loadShared(): ReturnType<typeof koffi.load> {
  try {
    return koffi.load('libnftables.so.1');
  } catch (cause) {
    throw new SystemError(
      'cannot load libnftables.so.1, which is needed for bridge networks: install the package libnftables1',
      { cause },
    );
  }
}
