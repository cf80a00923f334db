/** Values to the bits of a zfp stream, slab by slab, so that arrays of any size pass. */
import { TempressError } from "../errors.ts";
import { type Arrays, DTYPES } from "../tensor/dtype.ts";
import { formatShape } from "../tensor/shape.ts";
import {
  blockCount,
  frameValues,
  kernelArray,
  parameterList,
  slabFrames,
  type ZfpLayout,
  type ZfpValues,
} from "./zfp-array.ts";
import { writeZfpHeader } from "./zfp-header.ts";
import { zfpKernel } from "./zfp-kernel.ts";
import { MOST_BLOCK_BITS } from "./zfp-parameters.ts";

/** Bytes of output that are fetched at once, and room behind them for one more block. */
const WINDOW = 1 << 20;
const RESERVE = MOST_BLOCK_BITS / 8 + 64;

export interface ZfpEncoder {
  /** Frames in order, a multiple of 4 of them but for the last time; gives the bytes that are complete. */
  write(values: ZfpValues): Uint8Array[];
  /** What is written but not handed out yet: the bits at the start of these bytes. */
  pending(): { readonly bytes: Uint8Array; readonly bits: number };
  /** The last word, filled up with zeros. */
  finish(): Uint8Array;
}

/** `prepareZfp` must have been awaited. */
export function zfpEncoder(layout: ZfpLayout, header: boolean): ZfpEncoder {
  const { type, shape, parameters } = layout;
  const frame = frameValues(shape);
  let frames = 0;
  // What is written but not yet handed out: whole words but for the last.
  let { bytes: carry, bits: carryBits } = header
    ? writeZfpHeader(type, shape, parameters)
    : { bytes: new Uint8Array(0), bits: 0 };

  return {
    write(values) {
      const count = values.length / frame;
      const whole = count % 4 === 0 || frames + count === shape[0];
      if (!Number.isInteger(count) || !whole || frames + count > shape[0]! || !(values instanceof DTYPES[type].Array)) {
        throw new TempressError(
          "invalid-argument",
          `${values.length} values are no slab of ${formatShape(shape)} ${type}`,
          {
            where: "zfp encoder",
          },
        );
      }
      frames += count;
      const { exports, memory, arena } = zfpKernel();
      const mark = arena.mark();
      try {
        const input = arena.alloc(values.byteLength);
        const output = arena.alloc(WINDOW + RESERVE);
        const all = new Uint8Array(memory.buffer);
        all.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), input);
        exports.setParameters(...parameterList(parameters));
        const slab = [count, ...shape.slice(1)];
        const array = kernelArray(type, input, slab);
        const blocks = blockCount(slab);
        const pieces: Uint8Array[] = [];
        for (let block = 0; block < blocks; ) {
          all.set(carry, output);
          exports.startWriting(output + (carryBits >>> 6) * 8, carryBits & 63);
          block = exports.encodeBlocks(...array, block, blocks, output + WINDOW) >>> 0;
          const last = exports.writingAt() >>> 0;
          carryBits = exports.pauseWriting();
          carry = all.slice(last, last + 8);
          pieces.push(all.slice(output, last));
        }
        return pieces;
      } finally {
        arena.release(mark);
      }
    },
    pending: () => ({ bytes: carry, bits: carryBits }),
    finish() {
      if (frames !== shape[0]) {
        throw new TempressError("truncated", `${shape[0]! - frames} frames never came`, { where: "zfp encoder" });
      }
      return carry.subarray(0, Math.ceil(carryBits / 64) * 8);
    },
  };
}

/**
 * A whole array as one stream, the same bytes as native zfp writes.
 * @throws TempressError "unsupported" where a header is wanted that cannot say the shape.
 */
export function encodeZfp(layout: ZfpLayout, values: ZfpValues, header: boolean): Uint8Array {
  const encoder = zfpEncoder(layout, header);
  const step = slabFrames(layout) * frameValues(layout.shape);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < values.length; at += step) {
    pieces.push(...encoder.write(values.subarray(at, at + step) as Arrays[typeof layout.type]));
  }
  pieces.push(encoder.finish());
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
