import { type ContainerExports, wasmBase64 } from "../wasm/container.generated.ts";
import { instantiateNow } from "../wasm/instance.ts";

/** Bytes copied into the kernel's memory at a time: small enough to stay in the processor's cache. */
const PIECE = 1 << 17;
const TABLES = 16 * 256 * 4;

function load() {
  const { exports, memory, arena } = instantiateNow<ContainerExports>(wasmBase64);
  exports.crcTables(arena.alloc(TABLES));
  const at = arena.alloc(PIECE);
  return { exports, at, view: new Uint8Array(memory.buffer, at, PIECE) };
}

let kernel: ReturnType<typeof load> | undefined;

/** CRC-32C of `bytes`, continuing from `crc` (that of the bytes before them; 0 at the start). */
export function crc32c(bytes: Uint8Array, crc = 0): number {
  kernel ??= load();
  const { exports, at, view } = kernel;
  let state = crc;
  for (let from = 0; from < bytes.length; from += PIECE) {
    const piece = bytes.length <= PIECE ? bytes : bytes.subarray(from, from + PIECE);
    view.set(piece);
    state = exports.crc32c(at, piece.length, state);
  }
  return state >>> 0;
}
