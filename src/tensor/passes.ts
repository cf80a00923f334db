import { instantiateNow, type KernelModule } from "../wasm/instance.ts";
import { type PassesExports, wasmBase64 } from "../wasm/passes.generated.ts";

/** Bytes of values looked at in one call: two such blocks stay in the processor's second cache. */
const BLOCK = 1 << 16;
/** Six vectors: four as the kernels say, two for their constants. */
const STATE = 96;

/** A small piece of kernel memory through which arrays of any size pass. */
export interface Window {
  readonly exports: PassesExports;
  readonly a: number;
  readonly b: number;
  readonly mask: number;
  readonly state: number;
  /** The state as numbers: vectors of 16 bytes as the kernel says. */
  readonly f64: Float64Array;
  readonly f32: Float32Array;
  readonly i32: Int32Array;
}

interface Views extends Window {
  readonly aBytes: Uint8Array;
  readonly bBytes: Uint8Array;
  readonly maskBytes: Uint8Array;
}

let views: Views | undefined;

function make(): Views {
  const module: KernelModule<PassesExports> = instantiateNow(wasmBase64);
  const { arena, memory, exports } = module;
  const a = arena.alloc(BLOCK);
  const b = arena.alloc(BLOCK);
  const mask = arena.alloc(BLOCK / 4);
  const state = arena.alloc(STATE);
  return {
    exports,
    a,
    b,
    mask,
    state,
    f64: new Float64Array(memory.buffer, state, STATE / 8),
    f32: new Float32Array(memory.buffer, state, STATE / 4),
    i32: new Int32Array(memory.buffer, state, STATE / 4),
    aBytes: new Uint8Array(memory.buffer, a, BLOCK),
    bBytes: new Uint8Array(memory.buffer, b, BLOCK),
    maskBytes: new Uint8Array(memory.buffer, mask, BLOCK / 4),
  };
}

export function passWindow(): Window {
  views ??= make();
  return views;
}

/**
 * Brings `a` (and `b` of the same length, and a mask of one byte a value) through the window block by block.
 * `visit` gets the length of a block in bytes, a multiple of 16: the last vector is filled up with bytes 255,
 * which are NaN as floats and equal in both blocks.
 */
export function throughWindow(
  a: ArrayBufferView,
  b: ArrayBufferView | undefined,
  mask: Uint8Array | undefined,
  width: number,
  visit: (byteLength: number) => void,
): void {
  views ??= make();
  const { aBytes, bBytes, maskBytes } = views;
  const total = a.byteLength;
  for (let at = 0; at < total; at += BLOCK) {
    const length = Math.min(BLOCK, total - at);
    const whole = (length + 15) & ~15;
    aBytes.set(new Uint8Array(a.buffer, a.byteOffset + at, length));
    if (whole > length) aBytes.fill(255, length, whole);
    if (b) {
      bBytes.set(new Uint8Array(b.buffer, b.byteOffset + at, length));
      if (whole > length) bBytes.fill(255, length, whole);
    }
    if (mask) maskBytes.set(mask.subarray(at / width, (at + length) / width));
    visit(whole);
  }
}
