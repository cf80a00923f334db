/**
 * Slow twin of kernels/codecs/levels.ts and tezip-levels.ts: one chunk of working values to sections and back. The
 * filters are given; how they are found does not concern the decoder.
 *
 * Every value goes the same way: predict it from what the decoder has too, count the whole steps to it (the code),
 * tell the code in the context of the codes around, and go on with the value that the decoder will have. Encoder and
 * decoder take the same walk through the chunk; only what they do at a value differs (`AtValue`).
 *
 *     entropy/binary.reference          one bit with a probability -> bytes
 *     entropy/logistic.reference        several guesses -> one probability
 *     entropy/codes.reference           a code -> bits
 *     predict/levels.reference          the walk from coarse to fine, and the prediction
 *     predict/adaptive.reference        what a filter learns on the way
 *     tezip-levels-values.reference     a value -> a code beside its prediction
 *     tezip-levels-contexts.reference   what the surroundings say about a code
 *     tezip-levels-filters.reference    the filters' own bytes
 */
import { BinaryDecoder, BinaryEncoder } from "../entropy/binary.reference.ts";
import { type CodeContext, CodeModel, ESCAPE } from "../entropy/codes.reference.ts";
import { TempressError } from "../errors.ts";
import { Learner } from "../predict/adaptive.reference.ts";
import type { Filter } from "../predict/filters.ts";
import {
  coarsestStride,
  coarseToFine,
  nearestEven,
  predict,
  type Round,
  rounding,
  type Surroundings,
  surroundingsOf,
} from "../predict/levels.reference.ts";
import { type Order, type Plan, type Planes, type PlannedPlane, planOf } from "../predict/plan.ts";
import { centreTap, tapsOf } from "../predict/taps.ts";
import type { Quantizer } from "./tezip-levels.ts";
import { contextOf, groupOf, roughnessOf, SMOOTH } from "./tezip-levels-contexts.reference.ts";
import { decodeFilters, encodeFilters, filterSlots, slotName } from "./tezip-levels-filters.reference.ts";
import { valueCoding } from "./tezip-levels-values.reference.ts";

/** What encoder and decoder both know. */
export interface ReferenceChunk {
  readonly planes: Planes;
  readonly order: Order;
  /** Filters keep learning while they code. */
  readonly learns: boolean;
  readonly quantizer: Quantizer;
  /** float64 working values instead of float32. */
  readonly wide: boolean;
  /** Not 0 where a value does not matter; as long as the values. */
  readonly mask?: Uint8Array | undefined;
}

export interface ReferenceStream {
  readonly side: Uint8Array;
  readonly codes: Uint8Array;
  readonly escapes: Uint8Array;
}

/** The stream of `values`, with a filter for each slot in stream order, and the values that the decoder will have. */
export function encodeLevelsReference(
  values: ArrayLike<number>,
  chunk: ReferenceChunk,
  filters: readonly Filter[],
): ReferenceStream & { readonly decoded: number[] } {
  const { quantizer, wide } = chunk;
  const encoder = new BinaryEncoder();
  const model = new CodeModel();
  const escaped: number[] = [];
  const { toCode, fromCode } = valueCoding(quantizer, wide);
  const decoded = walk(chunk, filters, (index, prediction, context) => {
    const value = values[index]!;
    const told = toCode(value, prediction);
    model.encode(encoder, told.code, context);
    if (told.code === ESCAPE) {
      escaped.push(value);
      return { code: ESCAPE, value };
    }
    for (const { bits, count } of told.low) encoder.encodeRaw(bits, count);
    return { code: told.code, value: fromCode(told, prediction) };
  });
  return { side: encodeFilters(filters), codes: encoder.finish(), escapes: bytesOfFloats(escaped, wide), decoded };
}

/** Throws `corrupt` where the codes ask for more escapes than there are, or a filter cannot be. */
export function decodeLevelsReference(stream: ReferenceStream, chunk: ReferenceChunk): number[] {
  const { planes, order, quantizer, wide } = chunk;
  const decoder = new BinaryDecoder(stream.codes);
  const model = new CodeModel();
  const escaped = floatsOfBytes(stream.escapes, wide);
  const { lowCounts, fromCode } = valueCoding(quantizer, wide);
  let next = 0;
  return walk(chunk, decodeFilters(stream.side, planOf(planes, order), planes), (_index, prediction, context) => {
    const code = model.decode(decoder, context);
    if (code !== ESCAPE) {
      const low = lowCounts.map((count) => ({ bits: decoder.decodeRaw(count), count }));
      return { code, value: fromCode({ code, low }, prediction) };
    }
    if (next === escaped.length) throw new TempressError("corrupt", "the codes ask for more escapes than there are");
    return { code, value: escaped[next++]! };
  });
}

/** Tells (encoder) or hears (decoder) the value at `index`: its code, and what the decoder has for it. */
type AtValue = (index: number, prediction: number, context: CodeContext) => { code: number; value: number };

/** All planes in planned order; returns the decoded values. */
function walk(chunk: ReferenceChunk, filters: readonly Filter[], atValue: AtValue): number[] {
  const plan = planOf(chunk.planes, chunk.order);
  const filterOf = new Map(filterSlots(plan, chunk.planes).map((slot, i) => [slotName(slot), filters[i]!]));
  const length = chunk.planes.height * chunk.planes.width;
  const learners = new Map<string, Learner>();
  const zeros = () => Array.from(plan.planes, () => new Array<number>(length).fill(0));
  const values = zeros();
  const codes = zeros();
  for (const planned of plan.planes) walkPlane(chunk, plan, planned, filterOf, learners, values, codes, atValue);
  return values.flat();
}

/** Fills in `values` and `codes` of one plane; those of its references are there. */
function walkPlane(
  { planes: grid, learns, quantizer, wide, mask }: ReferenceChunk,
  plan: Plan,
  { plane, klass, references }: PlannedPlane,
  filterOf: ReadonlyMap<string, Filter>,
  learners: Map<string, Learner>,
  values: readonly number[][],
  codes: readonly number[][],
  atValue: AtValue,
): void {
  const round = rounding(wide);
  const whole = (prediction: number) => (quantizer.whole ? nearestEven(prediction) : prediction);
  const known = [plane, ...references].map((index) => values[index]!);
  const knownCodes = [plane, ...references.slice(0, 1)].map((index) => codes[index]!);
  const visit = (at: number, prediction: number, context: () => CodeContext, standIn: () => number) => {
    const index = plane * grid.height * grid.width + at;
    if (mask && mask[index] !== 0) {
      known[0]![at] = whole(standIn());
      return false;
    }
    const { code, value } = atValue(index, whole(prediction), context());
    known[0]![at] = value;
    knownCodes[0]![at] = code === ESCAPE ? 0 : Math.max(-32767, Math.min(32767, code));
    return true;
  };

  // The one point of the coarsest grid has no neighbours: the first reference's value there, or 0.
  const origin = { y: 0, x: 0, stride: coarsestStride(grid), phase: 0 };
  const start = references.length > 0 ? known[1]![0]! : 0;
  visit(
    0,
    start,
    () => contextOf(grid, origin, knownCodes, SMOOTH),
    () => start,
  );
  for (const point of coarseToFine(grid)) {
    const { y, x, stride, phase } = point;
    const slot = slotName({ klass, group: groupOf(stride), phase });
    const { shift, whole: coefficients } = filterOf.get(slot)!;
    const taps = tapsOf(references.length, plan.classes[klass]!.boxes, phase);
    const around = surroundingsOf(known, grid, taps, point, round);
    const filter = Array.from(coefficients, (c) => round(c / 2 ** shift));
    const prediction = predict(around, filter, round);
    const centre = centreTap(references.length, phase);
    const at = y * grid.width + x;
    const learner = learners.get(slot) ?? new Learner();
    learners.set(slot, learner);
    const matters = visit(
      at,
      learns ? round(prediction + round(learner.adapt(around))) : prediction,
      () => contextOf(grid, point, knownCodes, roughnessOf(around, prediction, centre, quantizer.step, round)),
      () => meanOfFour(around, round),
    );
    if (learns && matters) learner.learn(around, known[0]![at]! - prediction, quantizer.step);
  }
}

/**
 * Stands in for a value that does not matter: the mean of the four nearest stays inside their range, where filters
 * fed with their own guesses would drift.
 */
function meanOfFour({ base, differences: [, a, b, c] }: Surroundings, round: Round): number {
  return round(base + round(0.25 * round(round(a! + b!) + c!)));
}

/** Little-endian, as the escapes section has them. */
function bytesOfFloats(values: readonly number[], wide: boolean): Uint8Array {
  return new Uint8Array((wide ? Float64Array.from(values) : Float32Array.from(values)).buffer);
}

function floatsOfBytes(bytes: Uint8Array, wide: boolean): ArrayLike<number> {
  const width = wide ? 8 : 4;
  const { buffer } = bytes.slice(0, bytes.length - (bytes.length % width));
  return wide ? new Float64Array(buffer) : new Float32Array(buffer);
}
