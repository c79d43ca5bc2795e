/** The C library's heap: what it keeps, and what it gives back to the kernel. musl has neither call and needs none: then nothing is done. */
import { libc } from './ffi.ts';

/** Of malloc.h. */
const M_MMAP_THRESHOLD = -3;

/** Gives free memory back to the kernel: malloc_trim(3). */
export function mallocTrim(): void {
  call('int malloc_trim(size_t keep)', 0);
}

/**
 * Blocks of so many bytes or more go back when they are freed. Left alone, glibc takes the largest that was freed for small, and
 * keeps such blocks for later in the heap of the thread that had them: mallopt(3)
 */
export function mallocReturnFrom(bytes: number): void {
  call('int mallopt(int parameter, int value)', M_MMAP_THRESHOLD, bytes);
}

const found = new Map<string, ((...values: number[]) => number) | undefined>();

function call(prototype: string, ...values: number[]): void {
  if (!found.has(prototype)) found.set(prototype, find(prototype));
  found.get(prototype)?.(...values);
}

function find(prototype: string): ((...values: number[]) => number) | undefined {
  try {
    return libc.func(prototype) as unknown as (...values: number[]) => number;
  } catch {
    return undefined;
  }
}
