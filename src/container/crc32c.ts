import type { ContainerExports } from "../wasm/container.generated.ts";
import { type KernelModule, lazyModule } from "../wasm/instance.ts";

const module = lazyModule<ContainerExports>(() => import("../wasm/container.generated.ts"));

/** Bytes copied into the kernel's memory at a time: small enough to stay in the processor's cache. */
const PIECE = 1 << 17;
const TABLES = 16 * 256 * 4;
let kernel: { readonly of: KernelModule<ContainerExports>; readonly at: number; readonly view: Uint8Array } | undefined;

/** Loads the kernel; awaited once before `crc32c`, which is synchronous. */
export async function prepareCrc(): Promise<void> {
  const of = await module.ready();
  if (kernel) return;
  of.exports.crcTables(of.arena.alloc(TABLES));
  const at = of.arena.alloc(PIECE);
  kernel = { of, at, view: new Uint8Array(of.memory.buffer, at, PIECE) };
}

/** CRC-32C of `bytes`, continuing from `crc` (that of the bytes before them; 0 at the start). */
export function crc32c(bytes: Uint8Array, crc = 0): number {
  const { exports } = module.get();
  const { at, view } = kernel!;
  let state = crc;
  for (let from = 0; from < bytes.length; from += PIECE) {
    const piece = bytes.length - from <= PIECE && from === 0 ? bytes : bytes.subarray(from, from + PIECE);
    view.set(piece);
    state = exports.crc32c(at, piece.length, state);
  }
  return state >>> 0;
}
