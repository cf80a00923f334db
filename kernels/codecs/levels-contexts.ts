/**
 * In which contexts a code is told: how large the codes around it are (this plane's and the first reference's), how
 * far the nearest neighbours and the reference are from the prediction, and where in the hierarchy it is.
 */
import { codesContext } from "../entropy/codes";
import { drifts, height, LEVEL_GROUPS, pitch, predictions, rows, spreads, step, width } from "./levels-state";

/** Contexts of each mixing input, and weight sets. */
export const CONTEXTS: i32 = 31 * 22;
export const SETS: i32 = 16;

/** What the neighbours say about the sign and the bit length of the code at hand; set by `contexts`. */
export let signNode: i32 = 0;
export let lengthGuess: i32 = 1;

/** Half-octave bucket of v >= 0: 0, 1, 2, 3, 4, 4, 5, 5, ... */
// @ts-ignore: decorator
@inline
function bucket(v: i32): i32 {
  if (v < 2) return v;
  const top = 31 - clz(v);
  return 2 * top + ((v >> (top - 1)) & 1);
}

/** Half-octave bucket of x / step from the float's own bits, 0..30. */
// @ts-ignore: decorator
@inline
function spreadBucket(x: f32): i32 {
  const e = <i32>(reinterpret<u32>(x) >> 22) - 2 * 127 + 12; // x = 2^-6 -> 0
  return max(0, min(30, e));
}

/** How rough each place of the row is (`spreads`), and how far the reference is (`drifts`), in steps. */
export function features<T>(n: i32, centre: i32): void {
  const inverse = <f32>(1.0 / step);
  for (let j = 0; j < n; j++) {
    const at = rows + <usize>j * sizeof<T>();
    const line = <usize>pitch * sizeof<T>();
    const p = load<T>(predictions + <usize>j * sizeof<T>()) - load<T>(at);
    const d = <f32>abs(p) + <f32>abs(load<T>(at + line) - p) + <f32>abs(load<T>(at + 2 * line) - p) + <f32>abs(load<T>(at + 3 * line) - p);
    store<u8>(spreads + <usize>j, <u8>spreadBucket(d * inverse));
    const drift = centre > 0 ? spreadBucket(<f32>abs(load<T>(at + <usize>centre * line) - p) * inverse) : 0;
    store<u8>(drifts + <usize>j, <u8>drift);
  }
}

// @ts-ignore: decorator
@inline
function codeAt(plane: usize, y: i32, x: i32): i32 {
  if (y < 0 || y >= height || x < 0 || x >= width) return 0;
  return <i32>load<i16>(plane + <usize>((y * width + x) << 1));
}

export function contexts(codes: usize, refCodes: usize, y: i32, x: i32, s: i32, phase: i32, j: i32): void {
  let near0: i32, near1: i32, near2: i32, near3: i32, west: i32, north: i32, corners: i32;
  let ref = 0;
  if (x >= 2 * s && x + 2 * s < width && y >= 2 * s && y + s < height) {
    // Inside: the same neighbours without a check for each.
    const at = codes + <usize>((y * width + x) << 1);
    const across = <usize>(s << 1);
    const down = <usize>((s * width) << 1);
    if (phase == 0) {
      near0 = load<i16>(at - down - across);
      near1 = load<i16>(at - down + across);
      near2 = load<i16>(at + down - across);
      near3 = load<i16>(at + down + across);
    } else {
      near0 = load<i16>(at - down);
      near1 = load<i16>(at + down);
      near2 = load<i16>(at - across);
      near3 = load<i16>(at + across);
    }
    const above = at - 2 * down;
    west = load<i16>(at - 2 * across);
    north = load<i16>(above);
    corners = abs(<i32>load<i16>(above - 2 * across)) + abs(<i32>load<i16>(above + 2 * across));
    if (refCodes != 0) {
      const past = refCodes + (at - codes);
      ref = 2 * abs(<i32>load<i16>(past)) + abs(<i32>load<i16>(past - down)) + abs(<i32>load<i16>(past + down)) + abs(<i32>load<i16>(past - across)) + abs(<i32>load<i16>(past + across));
    }
  } else {
    near0 = phase == 0 ? codeAt(codes, y - s, x - s) : codeAt(codes, y - s, x);
    near1 = phase == 0 ? codeAt(codes, y - s, x + s) : codeAt(codes, y + s, x);
    near2 = phase == 0 ? codeAt(codes, y + s, x - s) : codeAt(codes, y, x - s);
    near3 = phase == 0 ? codeAt(codes, y + s, x + s) : codeAt(codes, y, x + s);
    west = codeAt(codes, y, x - 2 * s);
    north = codeAt(codes, y - 2 * s, x);
    corners = abs(codeAt(codes, y - 2 * s, x - 2 * s)) + abs(codeAt(codes, y - 2 * s, x + 2 * s));
    if (refCodes != 0) {
      ref = 2 * abs(codeAt(refCodes, y, x)) + abs(codeAt(refCodes, y - s, x)) + abs(codeAt(refCodes, y + s, x)) + abs(codeAt(refCodes, y, x - s)) + abs(codeAt(refCodes, y, x + s));
    }
  }
  const near = abs(near0) + abs(near1) + abs(near2) + abs(near3);
  const same = 2 * (abs(west) + abs(north)) + corners;
  const group = min(LEVEL_GROUPS - 1, ctz(s));
  const spread = <i32>load<u8>(spreads + <usize>j);
  const drift = <i32>load<u8>(drifts + <usize>j);
  const bs = bucket(same);
  const br = bucket(ref);
  // Weights sum to 12 * 2 + 12 (+ 12): the mean magnitude of a code around here, times 32.
  const sum = refCodes != 0 ? (2 * same + 3 * near + 2 * ref) * 8 / 9 : (2 * same + 3 * near) * 4 / 3;
  const all = bucket(sum);
  lengthGuess = max(1, min(27, 32 - clz(sum >> 5)));
  codesContext(
    min(40, all) * 9 + min(2, group) * 3 + phase,
    spread * 22 + min(21, bs),
    drift * 22 + min(21, br),
    group * 3 + phase,
  );
  const v = west + north;
  const u = near0 + near1 + near2 + near3;
  signNode = (v > 0 ? 2 : v < 0 ? 1 : 0) * 3 + (u > 0 ? 2 : u < 0 ? 1 : 0);
}
