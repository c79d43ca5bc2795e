import { libc } from './ffi.ts';

let trim: ((keepBytes: number) => number) | undefined | null;

/** Gives free memory of the C library's heap back to the kernel: malloc_trim(3). musl has none: then nothing is done. */
export function mallocTrim(): void {
  if (trim === undefined) trim = find();
  trim?.(0);
}

function find(): ((keepBytes: number) => number) | null {
  try {
    return libc.func('int malloc_trim(size_t keep)') as unknown as (keepBytes: number) => number;
  } catch {
    return null;
  }
}
