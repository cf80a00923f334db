/**
 * SZ3's linear quantiser: steps of twice the bound around a prediction, and a list of the values that do not fit.
 * Here its place in WebAssembly memory; the loops are in kernels/quantize/linear.ts.
 */
import type { KernelModule } from "../wasm/instance.ts";

/** Bytes of the kernel's struct. */
const STRUCT_BYTES = 48;
/** A quantiser in a kernel's memory. */
export class KernelQuantizer {
  readonly address: number;
  readonly radius: number;
  readonly #memory: WebAssembly.Memory;
  readonly #escapes: number;

  /** Codes to or from `indices` (i32); `escapes` holds or has room for the values stored apart. */
  constructor(
    { arena, memory }: KernelModule<unknown>,
    radius: number,
    at: { readonly indices: number; readonly escapes: number; readonly escapesEnd: number; readonly encoding: boolean },
  ) {
    this.#memory = memory;
    this.#escapes = at.escapes;
    this.radius = radius;
    this.address = arena.alloc(STRUCT_BYTES);
    const words = new Int32Array(memory.buffer, this.address, STRUCT_BYTES / 4);
    words.set([at.indices, at.escapes, at.escapesEnd, radius, at.encoding ? 1 : 0, 0], 6);
  }

  setBound(bound: number): void {
    new Float64Array(this.#memory.buffer, this.address, 3).set([bound, 1 / bound, 2 * this.radius - 1]);
  }

  get #words(): Uint32Array {
    return new Uint32Array(this.#memory.buffer, this.address, STRUCT_BYTES / 4);
  }

  /** Address behind the last index. */
  get indicesEnd(): number {
    return this.#words[6]!;
  }

  /** Whether the decoder wanted more escapes than there are. */
  get failed(): boolean {
    return this.#words[11] !== 0;
  }

  /** Whether the decoder has taken all escapes. */
  get spent(): boolean {
    return this.#words[7] === this.#words[8];
  }

  /** What was stored apart; a view. */
  escaped(): Uint8Array {
    return new Uint8Array(this.#memory.buffer, this.#escapes, this.#words[7]! - this.#escapes);
  }
}
