/** The filters of a chunk of the `levels` method: which there are, fitted to the values, and as bytes of section `side`. */
import { TempressError } from "../errors.ts";
import { chooseFilter, type Filter, LEVEL_GROUPS } from "../predict/filters.ts";
import type { Equations } from "../predict/normal-equations.ts";
import type { Planes } from "../predict/plan.ts";
import { MAX_TAPS, PHASES, tapsOf } from "../predict/taps.ts";
import type { Workspace } from "./tezip-levels-workspace.ts";

/** Calls back for every filter of the plan, in stream order, with the strides that it serves. */
export function forEachFilter(
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

/** A filter for each slot, fitted to about `samples` points at `original`; `step` is the quantiser's. Bits: estimated. */
export function fitFilters(
  work: Workspace,
  original: number,
  step: number,
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

export function encodeFilters(work: Workspace, filters: readonly Filter[], stream: number): Uint8Array {
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

export function decodeFilters(work: Workspace, side: Uint8Array): void {
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
