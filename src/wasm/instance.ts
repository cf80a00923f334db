/**
 * One WebAssembly instance a module and thread, with its own memory. Memory is handed out by `Arena`:
 * mark, allocate, release; nothing is freed singly. Only numbers cross into kernels.
 */
import { TempressError } from "../errors.ts";

const PAGE = 65536;
/** 32-bit memories end at 4 GiB; a request beyond that is a typed error, not a trap. */
const MAX_PAGES = 65536;

export interface KernelModule<E> {
  readonly exports: E;
  readonly memory: WebAssembly.Memory;
  readonly arena: Arena;
}

/** Bump allocator over a module's memory. Views made before a later `alloc` may be detached: make views last. */
export class Arena {
  #top: number;
  readonly #memory: WebAssembly.Memory;

  constructor(memory: WebAssembly.Memory, heapBase: number) {
    this.#memory = memory;
    this.#top = (heapBase + 63) & ~63;
  }

  mark(): number {
    return this.#top;
  }

  release(mark: number): void {
    this.#top = mark;
  }

  /** Address of `byteLength` bytes, 64-byte aligned, with 64 spare bytes behind; contents undefined. */
  alloc(byteLength: number): number {
    const at = this.#top;
    const end = at + Math.ceil((byteLength + 64) / 64) * 64;
    if (end > MAX_PAGES * PAGE) {
      throw new TempressError("unsupported", `a chunk needs ${byteLength} more bytes than WebAssembly can address`, {
        where: "memory",
        hint: "use a smaller --window",
      });
    }
    const missing = end - this.#memory.buffer.byteLength;
    if (missing > 0) {
      try {
        this.#memory.grow(Math.ceil(missing / PAGE));
      } catch (cause) {
        throw new TempressError("unsupported", `out of memory: ${end} bytes for one chunk`, {
          where: "memory",
          hint: "use a smaller --window or fewer --threads",
          cause,
        });
      }
    }
    this.#top = end;
    return at;
  }
}

export function base64ToBytes(text: string): Uint8Array<ArrayBuffer> {
  // Node's own decoder takes a twentieth of the time, which counts at every start.
  if (typeof Buffer !== "undefined") return new Uint8Array(Buffer.from(text, "base64"));
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** Compiles and instantiates at once: for modules of at most 4 KB, the limit of browsers' main threads. */
export function instantiateNow<E extends { readonly heapBase: () => number }>(wasmBase64: string): KernelModule<E> {
  const memory = new WebAssembly.Memory({ initial: 16, maximum: MAX_PAGES });
  const module = new WebAssembly.Module(base64ToBytes(wasmBase64));
  const exports = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as E;
  return { exports, memory, arena: new Arena(memory, exports.heapBase()) };
}

/** Compiles and instantiates modules of any size. */
export async function instantiate<E extends { readonly heapBase: () => number }>(
  wasmBase64: string,
): Promise<KernelModule<E>> {
  try {
    // At once takes a tenth of the time: V8 compiles functions when they are first called.
    return instantiateNow<E>(wasmBase64);
  } catch (error) {
    // Browsers' main threads may refuse larger modules.
    if (!(error instanceof RangeError)) throw error;
  }
  const memory = new WebAssembly.Memory({ initial: 16, maximum: MAX_PAGES });
  const { instance } = await WebAssembly.instantiate(base64ToBytes(wasmBase64), { env: { memory } });
  const exports = instance.exports as unknown as E;
  return { exports, memory, arena: new Arena(memory, exports.heapBase()) };
}

/** A loader that instantiates once a thread. */
export function lazyModule<E extends { readonly heapBase: () => number }>(
  load: () => Promise<{ wasmBase64: string }>,
): { ready(): Promise<KernelModule<E>>; isReady(): boolean; get(): KernelModule<E> } {
  let loading: Promise<KernelModule<E>> | undefined;
  let module: KernelModule<E> | undefined;
  return {
    ready() {
      loading ??= load().then(async ({ wasmBase64 }) => {
        module = await instantiate<E>(wasmBase64);
        return module;
      });
      return loading;
    },
    isReady: () => module !== undefined,
    get() {
      if (!module) throw new TempressError("invalid-argument", "kernels are used before prepare()", { where: "wasm" });
      return module;
    },
  };
}
