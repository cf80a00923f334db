/**
 * Slow twin of the filters' way through section `side`: for each class of planes, group of levels and phase that
 * occurs, the filter's shift and coefficients as small integers, told by the same model as the codes.
 */
import { BinaryDecoder, BinaryEncoder } from "../entropy/binary.reference.ts";
import { bitLength, type CodeContext, CodeModel } from "../entropy/codes.reference.ts";
import { TempressError } from "../errors.ts";
import type { Filter } from "../predict/filters.ts";
import { coarsestStride, firstPoint } from "../predict/levels.reference.ts";
import type { Plan, Planes } from "../predict/plan.ts";
import { PHASES, tapsOf } from "../predict/taps.ts";
import { groupOf } from "./tezip-levels-contexts.reference.ts";

/** Points that share a filter. */
export interface FilterSlot {
  readonly klass: number;
  readonly group: number;
  readonly phase: number;
}

export function slotName({ klass, group, phase }: FilterSlot): string {
  return `class ${klass}, group ${group}, phase ${phase}`;
}

/** The slots that hold points, in stream order: by class, then from fine to coarse, then by phase. */
export function filterSlots(plan: Plan, grid: Planes): FilterSlot[] {
  const slots = new Map<string, FilterSlot>();
  plan.classes.forEach((_, klass) => {
    for (let stride = 1; stride < coarsestStride(grid); stride *= 2) {
      for (let phase = 0; phase < PHASES; phase++) {
        const { y, x } = firstPoint(stride, phase);
        if (y >= grid.height || x >= grid.width) continue;
        const slot = { klass, group: groupOf(stride), phase };
        slots.set(slotName(slot), slot);
      }
    }
  });
  return [...slots.values()].sort((a, b) => a.klass - b.klass || a.group - b.group || a.phase - b.phase);
}

/** Each number in the context of its place in the filter and the size of the number before. */
function contextOf(place: number, last: number): CodeContext {
  const size = Math.min(20, bitLength(Math.abs(last)));
  return { views: [size, Math.min(place, 100), 0], set: 0, guess: Math.max(1, size), sign: 0 };
}

export function encodeFilters(filters: readonly Filter[]): Uint8Array {
  const encoder = new BinaryEncoder();
  const model = new CodeModel();
  for (const { shift, whole } of filters) {
    const numbers = [shift, ...whole.slice(1)];
    for (const [k, number] of numbers.entries()) model.encode(encoder, number, contextOf(k, numbers[k - 1] ?? 0));
  }
  return encoder.finish();
}

/** One filter a slot. Throws `corrupt` for a shift that cannot be. */
export function decodeFilters(side: Uint8Array, plan: Plan, grid: Planes): Filter[] {
  const decoder = new BinaryDecoder(side);
  const model = new CodeModel();
  return filterSlots(plan, grid).map(({ klass, phase }) => {
    const { references, boxes } = plan.classes[klass]!;
    const numbers: number[] = [];
    const count = tapsOf(references, boxes, phase).length;
    for (let k = 0; k < count; k++) numbers.push(model.decode(decoder, contextOf(k, numbers[k - 1] ?? 0)));
    const [shift = 0, ...coefficients] = numbers;
    if (shift < 0 || shift > 30) throw new TempressError("corrupt", `a filter's precision of ${shift} bits`);
    return { shift, whole: Int32Array.from([0, ...coefficients]) };
  });
}
