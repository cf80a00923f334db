/**
 * tezip's `levels` method: a chunk's planes in planned order, each predicted coarse to fine by fitted filters,
 * quantised in the closed loop and coded in mixed contexts. Here the stages are put in order; the loops are in
 * kernels/codecs/levels.ts.
 */
import { TempressError } from "../errors.ts";
import { chooseFilter, type Filter, LEVEL_GROUPS } from "../predict/filters.ts";
import type { Equations } from "../predict/normal-equations.ts";
import { type Order, type Plan, type Planes, type PlannedPlane, planOf } from "../predict/plan.ts";
import { centreTap, MAX_TAPS, PHASES, tapsOf } from "../predict/taps.ts";
import type { Floats } from "../quantize/working.ts";
import { type KernelModule, lazyModule } from "../wasm/instance.ts";
import type { LevelsExports } from "../wasm/levels.generated.ts";

export const levelsKernels = lazyModule<LevelsExports>(() => import("../wasm/levels.generated.ts"));

/** i32 taps, i32 centre, then i32 slot, dy, dx for each tap: as the kernel reads it. */
const TAP_TABLE_BYTES = 8 + 12 * MAX_TAPS;
/** Addresses of a plane and its references. */
const PLANE_TABLE_BYTES = 4 * 16;
/** Columns that the kernel takes at once; it stops that much before the end of its room. */
const MOST_AT_ONCE = 8192;
/** State of a filter that learns while it codes (kernels/predict/adaptive.ts). */
const LEARNING_BYTES = 512;

/** What the decoder must know beside the filters. */
export interface Mode {
  readonly order: Order;
  /** Filters keep learning while they code: slower, smaller. */
  readonly learns: boolean;
}

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

/** Everything in WebAssembly memory for one chunk; `free` gives it back. */
class Workspace {
  readonly kernels: KernelModule<LevelsExports>;
  readonly plan: Plan;
  readonly planes: Planes;
  readonly wide: boolean;
  readonly decoded: number;
  readonly codes: number;
  readonly #table: number;
  readonly #coefficients: number;
  readonly #mask: number;
  readonly #mark: number;

  constructor(planes: Planes, { order, learns }: Mode, wide: boolean, mask: Uint8Array | undefined) {
    this.kernels = levelsKernels.get();
    this.planes = planes;
    this.plan = planOf(planes, order);
    this.wide = wide;
    const { arena, exports, memory } = this.kernels;
    this.#mark = arena.mark();
    const elementBytes = wide ? 8 : 4;
    const classes = this.plan.classes;
    this.#table = arena.alloc(PLANE_TABLE_BYTES);
    const taps = arena.alloc(classes.length * PHASES * TAP_TABLE_BYTES);
    this.#coefficients = arena.alloc(classes.length * LEVEL_GROUPS * PHASES * MAX_TAPS * elementBytes);
    const scratch = arena.alloc(exports.scratchBytes(planes.width, elementBytes));
    this.decoded = arena.alloc(this.valueCount * elementBytes);
    this.codes = arena.alloc(this.valueCount * 2);
    this.#mask = mask ? arena.alloc(mask.length) : 0;
    if (mask) new Uint8Array(memory.buffer, this.#mask, mask.length).set(mask);
    classes.forEach(({ references, boxes }, klass) => {
      for (let phase = 0; phase < PHASES; phase++) {
        const list = tapsOf(references, boxes, phase);
        const words = new Int32Array(
          memory.buffer,
          taps + (klass * PHASES + phase) * TAP_TABLE_BYTES,
          2 + 3 * list.length,
        );
        words.set([list.length, centreTap(references, phase), ...list.flatMap(({ slot, dy, dx }) => [slot, dy, dx])]);
      }
    });
    if (learns) {
      const byteLength = classes.length * LEVEL_GROUPS * PHASES * LEARNING_BYTES;
      const state = arena.alloc(byteLength);
      new Uint8Array(memory.buffer, state, byteLength).fill(0);
      exports.learning(state);
    } else {
      exports.learning(0);
    }
    exports.configure(planes.height, planes.width, elementBytes, scratch, taps, this.#coefficients);
  }

  get planeLength(): number {
    return this.planes.height * this.planes.width;
  }

  get valueCount(): number {
    return this.planeLength * this.plan.planes.length;
  }

  get elementBytes(): number {
    return this.wide ? 8 : 4;
  }

  values(address: number, count: number): Floats {
    const { buffer } = this.kernels.memory;
    return this.wide ? new Float64Array(buffer, address, count) : new Float32Array(buffer, address, count);
  }

  setFilter(klass: number, group: number, phase: number, { shift, whole }: Filter): void {
    const set = (klass * LEVEL_GROUPS + group) * PHASES + phase;
    const to = this.values(this.#coefficients + set * MAX_TAPS * this.elementBytes, MAX_TAPS);
    to.fill(0);
    for (let k = 1; k < whole.length; k++) to[k] = whole[k]! / 2 ** shift;
  }

  /** Points the kernel at a plane of `base` and its references; returns the table's address. */
  select(base: number, { plane, references }: PlannedPlane): number {
    const stride = this.planeLength * this.elementBytes;
    const table = new Uint32Array(this.kernels.memory.buffer, this.#table, 16);
    table.fill(0);
    table[0] = base + plane * stride;
    references.forEach((from, slot) => {
      table[1 + slot] = base + from * stride;
    });
    return this.#table;
  }

  maskOf(plane: number): number {
    return this.#mask === 0 ? 0 : this.#mask + plane * this.planeLength;
  }

  codesOf(plane: number): number {
    return this.codes + plane * this.planeLength * 2;
  }

  referenceCodes({ references }: PlannedPlane): number {
    return references.length > 0 ? this.codesOf(references[0]!) : 0;
  }

  free(): void {
    this.kernels.arena.release(this.#mark);
  }
}

export interface LevelsSearch {
  /** Orders to compare by estimated bits; the first is taken without a look when it is alone. */
  readonly orders: readonly Order[];
  /** Whether filters learn; several are compared by coding. */
  readonly learning: readonly boolean[];
  /** Points summed for one filter. */
  readonly samples: number;
  /** Bytes that another method takes: coding stops where it is clear that this one takes more. */
  readonly rival?: number;
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
    const atScale = { ...quantizer, step: quantizer.step * scale };
    let fit: { order: Order; filters: Filter[]; bits: number } | undefined;
    for (const order of search.orders) {
      // A second order is worth its fit only where codes are so few that both time neighbours can pay.
      if (fit && fit.bits > values.length) break;
      const work = new Workspace(planes, { order, learns: false }, wide, mask);
      const { filters, bits } = fitFilters(work, original, atScale, search.samples);
      work.free();
      if (!fit || bits < fit.bits) fit = { order, filters, bits };
    }
    const { order, filters } = fit!;
    if (scale !== 1) place(1);
    const used = scaled(quantizer, fit!.bits / Math.max(1, values.length));
    let best: LevelsStream | undefined;
    for (const learns of search.learning) {
      const work = new Workspace(planes, { order, learns }, wide, mask);
      const rival = Math.min(search.rival ?? Infinity, best ? byteLength(best) : Infinity);
      const stream = codePlanes(work, { order, learns }, filters, original, values, used, rival);
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

/** Calls back for every filter of the plan, in stream order, with the strides that it serves. */
function forEachFilter(
  { plan, planes }: Workspace,
  visit: (klass: number, group: number, phase: number, strides: readonly number[]) => void,
): void {
  const extent = Math.max(planes.height, planes.width);
  const strides: number[][] = Array.from({ length: LEVEL_GROUPS }, () => []);
  for (let s = 1, group = 0; s < extent; s *= 2, group++) strides[Math.min(group, LEVEL_GROUPS - 1)]!.push(s);
  plan.classes.forEach((_, klass) => {
    for (let group = 0; group < LEVEL_GROUPS; group++) {
      for (let phase = 0; phase < PHASES; phase++) {
        const used = strides[group]!.filter((s) => pointsOf(planes, s, phase) > 0);
        if (used.length > 0) visit(klass, group, phase, used);
      }
    }
  });
}

/** Points of one plane predicted at this stride and phase. */
function pointsOf({ height, width }: Planes, s: number, phase: number): number {
  return axisPoints(height, s, phase !== 1) * axisPoints(width, s, phase !== 2);
}

function axisPoints(extent: number, s: number, odd: boolean): number {
  return odd ? (extent > s ? Math.floor((extent - 1 - s) / (2 * s)) + 1 : 0) : Math.floor((extent - 1) / (2 * s)) + 1;
}

function fitFilters(
  work: Workspace,
  original: number,
  { step }: Quantizer,
  samples: number,
): { filters: Filter[]; bits: number } {
  let total = 0;
  const { arena, exports, memory } = work.kernels;
  const mark = arena.mark();
  const gramAddress = arena.alloc(MAX_TAPS * MAX_TAPS * 8);
  const fit = work.wide ? exports.fitPlaneF64 : exports.fitPlaneF32;
  const filters: Filter[] = [];
  forEachFilter(work, (klass, _group, phase, strides) => {
    const kind = work.plan.classes[klass]!;
    const taps = tapsOf(kind.references, kind.boxes, phase).length;
    const members = work.plan.planes.filter((planned) => planned.klass === klass);
    const gram = new Float64Array(memory.buffer, gramAddress, taps * taps);
    gram.fill(0);
    let points = 0;
    let population = 0;
    for (const s of strides) {
      const all = pointsOf(work.planes, s, phase) * members.length;
      population += all;
      const every = Math.max(1, Math.floor(all / samples));
      members.forEach((planned, i) => {
        const table = work.select(original, planned);
        points += fit(table, work.maskOf(planned.plane), klass, s, phase, (i * 7) % every, every, gramAddress);
      });
    }
    const equations: Equations = { gram, taps, points };
    const { filter, bits } = chooseFilter(kind, phase, equations, population, step);
    filters.push(filter);
    total += bits;
  });
  arena.release(mark);
  return { filters, bits: total };
}

function encodeFilters(work: Workspace, filters: readonly Filter[], stream: number): Uint8Array {
  const { arena, exports, memory } = work.kernels;
  const mark = arena.mark();
  const integers = filters.flatMap(({ shift, whole }) => [shift, ...whole.subarray(1)]);
  const address = arena.alloc(integers.length * 4);
  new Int32Array(memory.buffer, address, integers.length).set(integers);
  exports.restart();
  exports.encoderStart(stream);
  let at = address;
  for (const { whole } of filters) {
    exports.encodeIntegers(at, whole.length);
    at += whole.length * 4;
  }
  const length = exports.encoderFinish();
  arena.release(mark);
  return new Uint8Array(memory.buffer, stream, length).slice();
}

function decodeFilters(work: Workspace, side: Uint8Array): void {
  const { arena, exports, memory } = work.kernels;
  const mark = arena.mark();
  const stream = arena.alloc(side.length);
  const address = arena.alloc(MAX_TAPS * 4);
  new Uint8Array(memory.buffer, stream, side.length).set(side);
  exports.restart();
  exports.decoderStart(stream, side.length);
  forEachFilter(work, (klass, group, phase) => {
    const kind = work.plan.classes[klass]!;
    const taps = tapsOf(kind.references, kind.boxes, phase).length;
    exports.decodeIntegers(address, taps);
    const [shift = 0, ...rest] = new Int32Array(memory.buffer, address, taps);
    if (shift < 0 || shift > 30) {
      throw new TempressError("corrupt", `a filter's precision of ${shift} bits is not in 0..30`, {
        where: "section side",
        hint: "the file is damaged: fetch it again",
      });
    }
    work.setFilter(klass, group, phase, { shift, whole: Int32Array.from([0, ...rest]) });
  });
  arena.release(mark);
}
