/**
 * Side information of a chunk coded by effort `fast`, in this order:
 *
 *     flags (1: contexts tell distances from the rounded prediction; 2: coarse filters; not both), scale of
 *         activities: one byte each
 *     lattice: base and step, 8 bytes each (float64; whole numbers of 64 bits for 64-bit integers)
 *     a filter for each kind of plane that the chunk has: 3 or more is a fixed filter, else it is the number of past
 *         planes, followed by its weights (zigzag varints)
 *     the group of each activity level (bytes), tables' weights (varint length, bytes)
 *     lengths of the parts of sections codes and escapes (varints)
 */
import type { ByteReader, ByteWriter } from "../container/cursor.ts";
import { LEVELS, MOST_SCALE } from "../entropy/contexts.ts";
import {
  type CausalPlanes,
  COARSE,
  FINE,
  FIXED_FILTERS,
  type Filter,
  KINDS,
  PLACES,
  pastOf,
  reach,
} from "../predict/causal.ts";
import type { Lattice } from "../quantize/lattice.ts";
import { DTYPES, type DType } from "../tensor/dtype.ts";

export interface FastSide {
  readonly fractions: boolean;
  readonly scale: number;
  /** Of the filters' weights: FINE or COARSE. */
  readonly shift: number;
  readonly lattice: Lattice;
  readonly filters: readonly (Filter | undefined)[];
  readonly groups: Uint8Array;
  readonly weights: Uint8Array;
  /** Bytes of codes, low bits and escapes of the even planes, then of the odd ones. */
  readonly lengths: readonly number[];
}

const LENGTHS = 6;
/** A filter starts with how many past planes it looks at, or with its number among the fixed ones above this. */
const FITTED = 2;

/** Groups are numbered in order of appearance. */
export function groupCount(groups: Uint8Array): number {
  return Math.max(...groups) + 1;
}

export function writeFastSide(side: ByteWriter, s: FastSide): void {
  side.u8((s.fractions ? 1 : 0) | (s.shift === COARSE ? 2 : 0));
  side.u8(s.scale);
  writeLattice(side, s.lattice);
  for (const filter of s.filters) {
    if (!filter) continue;
    side.u8(filter.fixed ? FITTED + 1 + FIXED_FILTERS.indexOf(filter) : filter.pasts);
    if (filter.fixed) continue;
    for (let k = 0; k < 9 * (1 + filter.pasts); k++) {
      const weight = filter.weights[k]!;
      side.varint(weight < 0 ? -2 * weight - 1 : 2 * weight);
    }
  }
  side.put(s.groups);
  side.varint(s.weights.length);
  side.put(s.weights);
  for (const length of s.lengths) side.varint(length);
}

export function writeLattice(side: ByteWriter, { base, step }: Lattice): void {
  if (typeof base === "bigint") {
    for (const whole of [base, BigInt(step)]) {
      side.u32(Number(BigInt.asUintN(32, whole)));
      side.u32(Number(BigInt.asUintN(32, whole >> 32n)));
    }
  } else {
    side.f64(base);
    side.f64(Number(step));
  }
}

export function readFastSide(side: ByteReader, dtype: DType, planes: CausalPlanes): FastSide {
  const flags = side.u8();
  if (flags >= 3) throw side.wrong("reserved bits are set");
  const scale = side.u8();
  if (scale > MOST_SCALE) throw side.wrong(`a scale of ${scale} is above ${MOST_SCALE}`);
  const lattice = readLattice(side, dtype);
  const filters = readFilters(side, planes);
  const groups = side.take(LEVELS);
  let made = 0;
  for (const group of groups) {
    if (group > made) throw side.wrong("groups of contexts are not numbered in order");
    if (group === made) made++;
  }
  const weights = side.take(side.varint());
  const lengths = Array.from({ length: LENGTHS }, () => side.varint());
  return {
    fractions: (flags & 1) !== 0,
    scale,
    shift: flags & 2 ? COARSE : FINE,
    lattice,
    filters,
    groups,
    weights,
    lengths,
  };
}

export function readLattice(side: ByteReader, dtype: DType): Lattice {
  const { kind, bytes } = DTYPES[dtype];
  if (bytes === 8 && kind !== "float") {
    const word = () => {
      const low = side.u32();
      return (BigInt(side.u32()) << 32n) | BigInt(low);
    };
    const base = word();
    const step = word();
    if ((step & 1n) === 0n) throw side.wrong(`a step of ${step} is not odd`);
    return { base: kind === "int" ? BigInt.asIntN(64, base) : base, step, bound: step >> 1n };
  }
  const base = side.f64();
  const step = side.f64();
  if (!Number.isFinite(base)) throw side.wrong(`a base of ${base} is not a number`);
  if (!(step > 0 && Number.isFinite(step))) throw side.wrong(`a step of ${step} is not a positive number`);
  return { base, step, bound: step };
}

/** The kinds of planes a chunk has: they appear before any past plane can be missing again. */
function kindsOf({ count, levels }: CausalPlanes): Set<number> {
  const kinds = new Set<number>();
  const last = Math.min(count, 2 * reach(levels) + 1);
  for (let plane = 0; plane < last; plane++) kinds.add(pastOf(plane, levels).kind);
  return kinds;
}

function readFilters(side: ByteReader, planes: CausalPlanes): (Filter | undefined)[] {
  const kinds = kindsOf(planes);
  return Array.from({ length: KINDS }, (_, kind) => (kinds.has(kind) ? readFilter(side, kind) : undefined));
}

function readFilter(side: ByteReader, kind: number): Filter {
  const available = (kind & 1) + (kind >> 1);
  const first = side.u8();
  const fixed = FIXED_FILTERS[first - FITTED - 1];
  const pasts = fixed ? fixed.pasts : first;
  if (pasts > available) throw side.wrong(`a filter of number ${first} is not one for ${available} past planes`);
  if (fixed) return fixed;
  const weights = new Int32Array(PLACES);
  for (let k = 0; k < 9 * (1 + pasts); k++) {
    const folded = side.varint();
    if (folded > 65535) throw side.wrong("a filter's weight is too large");
    weights[k] = folded % 2 === 1 ? -(folded + 1) / 2 : folded / 2;
  }
  return { fixed: false, pasts, weights };
}
