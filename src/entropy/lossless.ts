/**
 * General byte compressors. Decoders are told how many bytes to expect and give a typed error when the stream says
 * anything else, before they allocate.
 */
import { TempressError } from "../errors.ts";
import { base64ToBytes } from "../wasm/instance.ts";

interface Zstd {
  readonly memory: WebAssembly.Memory;
  readonly isError: (code: number) => number;
  readonly compressBound: (length: number) => number;
  readonly compress: (to: number, room: number, from: number, length: number, level: number) => number;
  /** The low 32 bits of what the first frame says. */
  readonly contentSize: (from: number, length: number) => number;
  readonly decompress: (to: number, room: number, from: number, length: number) => number;
  readonly malloc: (length: number) => number;
  readonly free: (at: number) => void;
}

let zstd: Zstd | undefined;
let loading: Promise<void> | undefined;

export function isZstdReady(): boolean {
  return zstd !== undefined;
}

/** Loads zstd; awaited once before `zstdCompress` and `zstdDecompress`. */
export function prepareZstd(): Promise<void> {
  loading ??= loadZstd();
  return loading;
}

/** One zstd frame; `level` 1 (fast) to 22 (small). */
export function zstdCompress(bytes: Uint8Array, level: number): Uint8Array {
  const { compress, compressBound } = ready();
  const room = compressBound(bytes.length);
  return withMemory(bytes, room, (from, to) => compress(to, room, from, bytes.length, level));
}

/** How many bytes a zstd frame says it holds; for streams whose length nothing else tells. Not to be believed unchecked. */
export function zstdContentSize(bytes: Uint8Array, where = "zstd stream"): number {
  const { malloc, free, memory, contentSize } = ready();
  const from = take(malloc, bytes.length);
  try {
    new Uint8Array(memory.buffer, from, bytes.length).set(bytes);
    const size = contentSize(from, bytes.length) >>> 0;
    // The two largest numbers mean "not said" and "no frame".
    if (size >= 0xfffffffe) throw wrong(where, "it does not say its length");
    return size;
  } finally {
    free(from);
  }
}

/** The `expected` bytes that one zstd frame holds. */
export function zstdDecompress(bytes: Uint8Array, expected: number, where = "zstd stream"): Uint8Array {
  const { contentSize, decompress } = ready();
  return withMemory(
    bytes,
    expected,
    (from, to) => decompress(to, expected, from, bytes.length),
    (from) => {
      const size = contentSize(from, bytes.length) >>> 0;
      if (size !== expected) throw wrong(where, `it says ${size} bytes, ${expected} are expected`);
    },
    (length) => {
      if (length !== expected) throw wrong(where, `it does not decode to ${expected} bytes`);
    },
  );
}

let deflate: typeof import("fflate") | undefined;

/** Loads gzip, whose tables take time; awaited once before `gzipCompress` and `gzipDecompress`. */
export async function prepareGzip(): Promise<void> {
  deflate ??= await import("fflate");
}

/** A gzip member without name and time; `level` 1 to 9. */
export function gzipCompress(bytes: Uint8Array, level: number): Uint8Array {
  return readyGzip().gzipSync(bytes, { level: level as 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9, mtime: 0 });
}

/** Deflate makes at most 258 bytes from two bits. */
const DEFLATE_MOST = 1032;

export function gzipDecompress(bytes: Uint8Array, expected: number, where = "gzip stream"): Uint8Array {
  const size = bytes.length < 18 ? -1 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 4, true);
  if (size !== expected || expected > bytes.length * DEFLATE_MOST) {
    throw wrong(where, `it says ${size} bytes, ${expected} are expected`);
  }
  const { gunzipSync } = readyGzip();
  let out: Uint8Array;
  try {
    out = gunzipSync(bytes, { out: new Uint8Array(expected) });
  } catch (cause) {
    throw wrong(where, "it is not a gzip stream", cause);
  }
  if (out.length !== expected) throw wrong(where, `it does not decode to ${expected} bytes`);
  return out;
}

function readyGzip(): typeof import("fflate") {
  if (!deflate) throw new TempressError("invalid-argument", "gzip is used before prepareGzip()", { where: "gzip" });
  return deflate;
}

function ready(): Zstd {
  if (!zstd) throw new TempressError("invalid-argument", "zstd is used before prepareZstd()", { where: "zstd" });
  return zstd;
}

function wrong(where: string, why: string, cause?: unknown): TempressError {
  return new TempressError("corrupt", `the stream is damaged: ${why}`, { where, cause });
}

/** Puts `bytes` into zstd's memory with `room` bytes for the result, and takes as many of them out as `run` says. */
function withMemory(
  bytes: Uint8Array,
  room: number,
  run: (from: number, to: number) => number,
  before?: (from: number) => void,
  after?: (length: number) => void,
): Uint8Array {
  const { memory, malloc, free, isError } = ready();
  const from = take(malloc, bytes.length);
  let to = 0;
  try {
    new Uint8Array(memory.buffer, from, bytes.length).set(bytes);
    before?.(from);
    to = take(malloc, room);
    const length = run(from, to);
    const failed = isError(length) !== 0;
    after?.(failed ? -1 : length);
    if (failed) throw new TempressError("unsupported", `zstd gives error ${-length}`, { where: "zstd" });
    return new Uint8Array(memory.buffer, to, length).slice();
  } finally {
    if (to !== 0) free(to);
    free(from);
  }
}

function take(malloc: Zstd["malloc"], length: number): number {
  // malloc(0) may give 0, which means "none left".
  const at = malloc(Math.max(1, length));
  if (at !== 0) return at >>> 0;
  throw new TempressError("unsupported", `zstd has no memory for ${length} bytes`, {
    where: "memory",
    hint: "use a smaller --window",
  });
}

async function loadZstd(): Promise<void> {
  const { wasmBase64, exported, imported } = await import("../wasm/zstd.generated.ts");
  let memory: WebAssembly.Memory | undefined;
  const fail = () => {
    throw new TempressError("unsupported", "zstd stopped", { where: "zstd" });
  };
  const imports = {
    [imported.resize]: (wanted: number) => {
      const missing = Math.ceil(((wanted >>> 0) - memory!.buffer.byteLength) / 65536);
      try {
        memory!.grow(Math.max(0, missing));
        return 1;
      } catch {
        return 0;
      }
    },
    [imported.abort]: fail,
    [imported.exit]: fail,
    [imported.keepalive]: () => undefined,
    [imported.timer]: () => 0,
  };
  const { instance } = await WebAssembly.instantiate(base64ToBytes(wasmBase64), { a: imports });
  const by = <F>(name: keyof typeof exported): F => instance.exports[exported[name]] as F;
  memory = by<WebAssembly.Memory>("memory");
  by<() => void>("start")();
  zstd = {
    memory,
    isError: by("ZSTD_isError"),
    compressBound: by("ZSTD_compressBound"),
    compress: by("ZSTD_compress"),
    contentSize: by("ZSTD_getFrameContentSize"),
    decompress: by("ZSTD_decompress"),
    malloc: by("malloc"),
    free: by("free"),
  };
}
