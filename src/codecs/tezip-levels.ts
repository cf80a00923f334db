/**
 * tezip's `levels` method: a chunk's planes in planned order, each predicted coarse to fine by fitted filters,
 * quantised in the closed loop and coded in mixed contexts. Here the stages are put in order; the loops are in
 * kernels/codecs/levels.ts. The slow twin, tezip-levels.reference.ts, is the shortest way to understand the method.
 */
import { TempressError } from "../errors.ts";
import { inPhase } from "../phases.ts";
import type { Filter } from "../predict/filters.ts";
import type { Order, Planes } from "../predict/plan.ts";
import type { Floats } from "../quantize/working.ts";
import { decodeFilters, encodeFilters, fitFilters, forEachFilter } from "./tezip-levels-filters.ts";
import { levelsKernels, type Mode, Workspace } from "./tezip-levels-workspace.ts";

export { levelsKernels, type Mode } from "./tezip-levels-workspace.ts";

/** Columns that the kernel takes at once; it stops that much before the end of its room. */
const MOST_AT_ONCE = 8192;

export interface Quantizer {
  readonly step: number;
  readonly bound: number;
  readonly whole: boolean;
  /** Lossless by patterns: how many low bits of their differences follow uncoded. Absent: values are quantised. */
  readonly exactShift?: number;
}

export interface LevelsStream {
  /** As it was used: lossless streams find their own scale. */
  readonly quantizer: Quantizer;
  readonly mode: Mode;
  /** Filters. */
  readonly side: Uint8Array;
  /** Codes of the first plane's share and of all the others: one stream, cut for `inspect`. */
  readonly codes: Uint8Array;
  readonly keyLength: number;
  readonly escapes: Uint8Array;
  /** Working values as the decoder will have them. */
  readonly decoded: Floats;
}

export interface LevelsSearch {
  /** Orders to compare by estimated bits; the first is taken without a look when it is alone. */
  readonly orders: readonly Order[];
  /** Whether filters learn; several are compared by coding. */
  readonly learning: readonly boolean[];
  /** Points summed for one filter. */
  readonly samples: number;
  /**
   * Bytes that another method takes, asked for once with the bits that this one expects: coding stops where it is
   * clear that it takes more, and does not begin where they are 0.
   */
  readonly rival?: (bits: number) => number;
}

/** Undefined when the values do not compress this way (the stream would pass the raw size). */
export function encodeLevels(
  values: Floats,
  planes: Planes,
  quantizer: Quantizer,
  mask: Uint8Array | undefined,
  search: LevelsSearch,
): LevelsStream | undefined {
  const { arena, memory } = levelsKernels.get();
  const mark = arena.mark();
  try {
    const wide = values instanceof Float64Array;
    const original = arena.alloc(values.byteLength);
    const place = (scale: number) => {
      const View = wide ? Float64Array : Float32Array;
      const to = new View(memory.buffer, original, values.length);
      to.set(values);
      if (scale !== 1) for (let i = 0; i < to.length; i++) to[i]! *= scale;
    };
    // Filters are the same at every scale.
    const scale = scaleForSums(values);
    place(scale);
    let fit: { order: Order; filters: Filter[]; bits: number } | undefined;
    for (const order of search.orders) {
      // A second order is worth its fit only where codes are so few that both time neighbours can pay.
      if (fit && fit.bits > values.length) break;
      const work = new Workspace(planes, { order, learns: false }, wide, mask);
      const { filters, bits } = inPhase("predict", () =>
        fitFilters(work, original, quantizer.step * scale, search.samples),
      );
      work.free();
      if (!fit || bits < fit.bits) fit = { order, filters, bits };
    }
    const { order, filters } = fit!;
    if (scale !== 1) place(1);
    const used = scaled(quantizer, fit!.bits / Math.max(1, values.length));
    const other = search.rival?.(fit!.bits) ?? Infinity;
    if (other === 0) return undefined;
    let best: LevelsStream | undefined;
    for (const learns of search.learning) {
      const work = new Workspace(planes, { order, learns }, wide, mask);
      const rival = Math.min(other, best ? byteLength(best) : Infinity);
      const stream = inPhase("predict_quantize_code", () =>
        codePlanes(work, { order, learns }, filters, original, values, used, rival),
      );
      work.free();
      if (stream && (!best || byteLength(stream) < byteLength(best))) best = stream;
    }
    return best;
  } finally {
    arena.release(mark);
  }
}

/** The power of two that brings values whose squares might leave the type's range to about 1; else 1. */
function scaleForSums(values: Floats): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]!));
  const tiny = largest > 0 && largest < 2 ** -20;
  if (!tiny && !(largest > 2 ** 40)) return 1;
  return 2 ** -Math.max(-1022, Math.min(1022, Math.floor(Math.log2(largest))));
}

/** Bits of a pattern. */
const MOST_BITS = 62;

/** Most bits below a code's leading ones are noise: `bits` is what a value is expected to take, in ulps. */
function scaled(quantizer: Quantizer, bits: number): Quantizer {
  if (quantizer.exactShift === undefined) return quantizer;
  // Sums over values near the type's limits may overflow: then nothing is known.
  const whole = Number.isFinite(bits) ? Math.min(MOST_BITS, Math.max(0, Math.round(bits))) : 0;
  const step = Math.min(1e300, quantizer.step * 2 ** Math.max(0, whole - 3));
  return { ...quantizer, step, exactShift: Math.max(0, whole - 14) };
}

function byteLength({ codes, escapes }: LevelsStream): number {
  return codes.length + escapes.length;
}

function codePlanes(
  work: Workspace,
  mode: Mode,
  filters: readonly Filter[],
  original: number,
  values: Floats,
  quantizer: Quantizer,
  rival: number,
): LevelsStream | undefined {
  const { exports, arena, memory } = work.kernels;
  const rawBytes = values.byteLength;
  const capacity = rawBytes + 65536 + Math.min(work.planes.width, MOST_AT_ONCE) * 256;
  const stream = arena.alloc(capacity);
  const escapes = arena.alloc(rawBytes + 64);
  const side = encodeFilters(work, filters, stream);
  let next = 0;
  forEachFilter(work, (klass, group, phase) => work.setFilter(klass, group, phase, filters[next++]!));
  exports.quantizer(quantizer.step, quantizer.bound, quantizer.whole ? 1 : 0);
  exports.exactly(quantizer.exactShift ?? -1);
  exports.restart();
  exports.encoderStart(stream);
  exports.encoderCapacity(capacity);
  exports.escapesStart(escapes, rawBytes);
  const encode = work.wide ? exports.encodePlaneF64 : exports.encodePlaneF32;
  let keyLength = 0;
  const early = Math.ceil(work.plan.planes.length / 6);
  let earlyLength = 0;
  let done = 0;
  for (const planned of work.plan.planes) {
    const { plane, klass } = planned;
    const table = work.select(work.decoded, planned);
    const from = original + plane * work.planeLength * work.elementBytes;
    const codes = work.codesOf(plane);
    if (!encode(table, from, work.maskOf(plane), codes, work.referenceCodes(planned), klass)) return undefined;
    if (planned === work.plan.planes[0]) keyLength = exports.encoderLength();
    if (++done === early) earlyLength = exports.encoderLength();
    // The first planes pay for what is new: the rate of those after them is compared with the rival's. Below two
    // bits a value coding is quick, and planes differ too much to tell early.
    if (done === 2 * early && mode.order === "forward") {
      const rate = (exports.encoderLength() - earlyLength) / early;
      if (rate * work.plan.planes.length > Math.max(1.05 * rival, values.length / 4)) return undefined;
    }
  }
  const length = exports.encoderFinish();
  // Addresses above 2 GiB come as negative numbers.
  const escapeBytes = (exports.escapesEnd() - escapes) >>> 0;
  return {
    quantizer,
    mode,
    side,
    codes: new Uint8Array(memory.buffer, stream, length).slice(),
    keyLength: Math.min(keyLength, length),
    escapes: new Uint8Array(memory.buffer, escapes, escapeBytes).slice(),
    decoded: work.values(work.decoded, values.length).slice(),
  };
}

export function decodeLevels(
  stream: Pick<LevelsStream, "side" | "escapes"> & { readonly codes: readonly Uint8Array[] },
  planes: Planes,
  mode: Mode,
  quantizer: Quantizer,
  wide: boolean,
  mask: Uint8Array | undefined,
): Floats {
  const { arena, exports, memory } = levelsKernels.get();
  const mark = arena.mark();
  try {
    const work = new Workspace(planes, mode, wide, mask);
    decodeFilters(work, stream.side);
    const length = stream.codes.reduce((sum, part) => sum + part.length, 0);
    const codes = arena.alloc(length);
    const escapes = arena.alloc(stream.escapes.length);
    let at = codes;
    for (const part of stream.codes) {
      new Uint8Array(memory.buffer, at, part.length).set(part);
      at += part.length;
    }
    new Uint8Array(memory.buffer, escapes, stream.escapes.length).set(stream.escapes);
    exports.quantizer(quantizer.step, quantizer.bound, quantizer.whole ? 1 : 0);
    exports.exactly(quantizer.exactShift ?? -1);
    exports.restart();
    exports.decoderStart(codes, length);
    exports.escapesStart(escapes, stream.escapes.length);
    const decode = wide ? exports.decodePlaneF64 : exports.decodePlaneF32;
    for (const planned of work.plan.planes) {
      const { plane, klass } = planned;
      const table = work.select(work.decoded, planned);
      decode(table, work.maskOf(plane), work.codesOf(plane), work.referenceCodes(planned), klass);
    }
    if (exports.isDamaged()) {
      throw new TempressError("corrupt", "the codes ask for more escapes than there are", {
        where: "section escapes",
        hint: "the file is damaged: fetch it again",
      });
    }
    return work.values(work.decoded, work.valueCount).slice();
  } finally {
    arena.release(mark);
  }
}
