/** The bits of a zfp stream to values, slab by slab; the stream is asked for by ranges. */
import { TempressError } from "../errors.ts";
import { DTYPES } from "../tensor/dtype.ts";
import { elementCount, formatShape, type Shape } from "../tensor/shape.ts";
import type { ByteSource } from "../tensor/source.ts";
import {
  blockCount,
  frameValues,
  kernelArray,
  parameterList,
  slabFrames,
  type ZfpLayout,
  type ZfpValues,
} from "./zfp-array.ts";
import { zfpKernel } from "./zfp-kernel.ts";
import { MOST_BLOCK_BITS } from "./zfp-parameters.ts";

/** Bytes of the stream that the kernel sees at once. */
const WINDOW = 1 << 20;
/** Zero bytes behind them, for a block that starts inside and ends outside. */
const RESERVE = MOST_BLOCK_BITS / 8 + 64;

/** Blocks [from, to) of an array of `shape`, from bit `bit` of a stream of `byteLength` bytes. */
export interface BlockRun {
  readonly layout: ZfpLayout;
  readonly shape: Shape;
  readonly bit: number;
  readonly byteLength: number;
}

/** A range of the stream's bytes that a step needs. */
export interface Wanted {
  readonly start: number;
  readonly end: number;
}

/**
 * Decodes a whole array of `run.shape` into `out`; gives the bit behind it. Asks for bytes by yielding their range,
 * so that one loop serves sources that answer at once and those that take time.
 * @throws TempressError "truncated" where the stream ends before the array.
 */
export function* decodeRun(run: BlockRun, out: ZfpValues): Generator<Wanted, number, Uint8Array> {
  const { layout, shape, byteLength } = run;
  const blocks = blockCount(shape);
  let { bit } = run;
  for (let block = 0; block < blocks; ) {
    const start = Math.floor(bit / 8);
    const end = Math.min(byteLength, start + WINDOW);
    if (start >= end) throw truncated(layout);
    const bytes = yield { start, end };
    if (bytes.length !== end - start) throw truncated(layout);
    const { exports, memory, arena } = zfpKernel();
    const mark = arena.mark();
    try {
      const values = arena.alloc(out.byteLength);
      const stream = arena.alloc(WINDOW + RESERVE);
      const all = new Uint8Array(memory.buffer);
      const outBytes = new Uint8Array(out.buffer, out.byteOffset, out.byteLength);
      // Blocks of an earlier step lie between those of this one.
      if (block > 0) all.set(outBytes, values);
      all.set(bytes, stream);
      all.fill(0, stream + bytes.length, stream + bytes.length + RESERVE);
      exports.setParameters(...parameterList(layout.parameters));
      const bits = bytes.length * 8;
      exports.startReading(stream, bit - 8 * start);
      const limit = end === byteLength ? bits : bits - MOST_BLOCK_BITS;
      block = exports.decodeBlocks(...kernelArray(layout.type, values, shape), block, blocks, limit) >>> 0;
      const reached = exports.readingAt() >>> 0;
      if (reached > bits || (block < blocks && end === byteLength)) throw truncated(layout);
      bit = 8 * start + reached;
      outBytes.set(all.subarray(values, values + out.byteLength));
    } finally {
      arena.release(mark);
    }
  }
  return bit;
}

function truncated({ shape, type }: ZfpLayout): TempressError {
  return new TempressError("truncated", `the stream ends before the last block of ${formatShape(shape)} ${type}`, {
    where: "zfp stream",
    hint: "check shape, dtype and mode where the stream has no header; else copy or download it again",
  });
}

/**
 * Refuses shapes that the stream cannot hold, before anything is allocated.
 * @param bits of the stream behind its header.
 */
export function checkRoom(layout: ZfpLayout, bits: number): void {
  elementCount(layout.shape, "zfp stream");
  if (blockCount(layout.shape) * Math.max(1, layout.parameters.minbits) > bits) throw truncated(layout);
}

export function newValues(layout: ZfpLayout, count: number): ZfpValues {
  try {
    return new DTYPES[layout.type].Array(count);
  } catch (cause) {
    throw new TempressError("unsupported", `${count} ${layout.type} values do not fit into memory`, {
      where: "zfp stream",
      hint: "read a part of the frames",
      cause,
    });
  }
}

/** Runs `decodeRun` on bytes in memory. */
export function decodeNow(run: BlockRun, stream: Uint8Array, out: ZfpValues): number {
  const steps = decodeRun(run, out);
  let step = steps.next();
  while (!step.done) step = steps.next(stream.subarray(step.value.start, step.value.end));
  return step.value;
}

/** Runs `decodeRun` on bytes that are read by range. */
export async function decodeFrom(run: BlockRun, source: ByteSource, out: ZfpValues): Promise<number> {
  const steps = decodeRun(run, out);
  let step = steps.next();
  while (!step.done) step = steps.next(await source.read(step.value.start, step.value.end));
  return step.value;
}

/**
 * A whole stream from memory.
 * @param bit where the blocks start: behind the header, or 0.
 * @param into memory of as many values, which is then what is returned.
 */
export function decodeZfp(layout: ZfpLayout, stream: Uint8Array, bit: number, into?: ZfpValues): ZfpValues {
  checkRoom(layout, stream.length * 8 - bit);
  const { shape } = layout;
  const values = into ?? newValues(layout, elementCount(shape));
  const frames = slabFrames(layout);
  let at = bit;
  for (let t = 0; t < shape[0]!; t += frames) {
    const slab = [Math.min(frames, shape[0]! - t), ...shape.slice(1)];
    const out = values.subarray(t * frameValues(shape), (t + slab[0]!) * frameValues(shape)) as ZfpValues;
    at = decodeNow({ layout, shape: slab, bit: at, byteLength: stream.length }, stream, out);
  }
  return values;
}
