/**
 * What surrounds a place, as the decisions about its index see it (entropy/decisions): sizes of what was not predicted
 * around it, how far apart the experts are, and how its neighbours lie to the prediction.
 */
import { setContext, setMixers } from "../entropy/decisions";
import { indexAt, offsetAt, pitch } from "./sequential-planes";

const BUCKETS: i32 = 47;

/** 0 below 2^-6, then two buckets for each doubling, up to 47. */
// @ts-ignore: decorator
@inline
function bucket(x: f32): i32 {
  return max(0, min(BUCKETS, <i32>(reinterpret<u32>(x) >>> 22) - 2 * 121 + 1));
}

// @ts-ignore: decorator
@inline
function hash(kind: i32, a: i32, b: i32, c: i32): u32 {
  return (((<u32>(kind * 131 + a)) * 0x9e3779b1 + <u32>b) * 0x85ebca6b + <u32>c) * 0xc2b2ae35;
}

/** 0: none; else small or large, up or down. */
// @ts-ignore: decorator
@inline
function signed(offset: i32): i32 {
  if (offset == 0) return 0;
  if (offset > 0) return offset > 2 ? 2 : 1;
  return offset < -2 ? 4 : 3;
}

/** Tells the coder what surrounds the place. */
// @ts-ignore: decorator
@inline
export function describe(plane: usize, first: usize, kind: i32, at: i32, centre: i32, fraction: f64, scale: f32, spread: f32): void {
  const w = indexAt(plane, at - 1);
  const n = indexAt(plane, at - pitch);
  const ne = indexAt(plane, at - pitch + 1);
  const past = first != 0 ? indexAt(first, at) : indexAt(plane, at - 2);
  const beside = first != 0 ? indexAt(first, at + 1) : indexAt(plane, at - 2 * pitch);
  const west = offsetAt(plane, at - 1);
  const north = offsetAt(plane, at - pitch);
  const around = abs(west) + abs(north) + abs(offsetAt(plane, at - pitch - 1)) + abs(offsetAt(plane, at - pitch + 1));
  let before = 0;
  let here = 0;
  if (first != 0) {
    here = offsetAt(first, at);
    before = 2 * abs(here) + abs(offsetAt(first, at + 1)) + abs(offsetAt(first, at - 1));
    before += abs(offsetAt(first, at + pitch)) + abs(offsetAt(first, at - pitch));
  }
  const size = bucket(scale);
  const wide = bucket(spread);
  // Which sixth of the step around the centre the prediction lies in.
  const sixth = max(0, min(5, <i32>((fraction + 0.5) * 6)));
  setContext(0, hash(kind, size, sixth, 0));
  setContext(1, hash(kind, bucket(<f32>around * 0.25), bucket(<f32>before * 0.1666666716337204), sixth));
  setContext(2, hash(kind, (signed(west) * 5 + signed(north)) * 5 + signed(here), size >> 1, 0));
  setContext(3, hash(kind, wide, size, sixth));
  setContext(4, hash(kind, w - centre, n - centre, 0));
  setContext(5, hash(kind, past - centre, beside - centre, 0));
  setContext(6, hash(kind, w - centre, past - centre, ne - centre));
  setMixers(size, sixth + 6 * (wide / 6));
}

