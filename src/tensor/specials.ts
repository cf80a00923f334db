import { DTYPES, type DType } from "./dtype.ts";
import { fillPattern } from "./fill.ts";
import { scanValues } from "./scan.ts";
import { elementCount, type Shape } from "./shape.ts";
import { decodeMap, encodeMap, MOST_SYMBOLS, mapShape } from "./specials-map.ts";
import { type Taken, takeSpecials } from "./specials-take.ts";
import { bytesOf, type Tensor } from "./tensor.ts";
import { damaged, type Place, readVarint, takeBytes, writeVarint } from "./varint.ts";

/**
 * Special values keep their bits under every promise: floats that are NaN, infinite, -0 or denormal, and in any
 * type the named fill. They are taken out before a lossy codec sees the frames and put back after it.
 *
 * Section "specials":
 *
 *     u8      number of patterns in the dictionary (0 to 62); bit 7: others follow raw; bit 6 is 0
 *     varint  how many values are special, 1 or more
 *     values  the dictionary, as many bytes each as the type has, little-endian
 *     varint  length of the map
 *     bytes   the map (kernels/tensor/specials.ts): 0 ordinary, k the k-th pattern, 1 + their number a raw one
 *     values  the raw patterns in C order, to the end
 */
export interface Specials {
  /** The frames with something harmless in place of special values; the input itself when there are none. */
  readonly frames: Tensor;
  /** 1 where a value is special. */
  readonly mask: Uint8Array | undefined;
  /** The section; undefined when there are none. */
  readonly bytes: Uint8Array | undefined;
}

const RAW_FOLLOW = 128;

/**
 * Takes the special values out. A codec that keeps every bit needs none of this: with `lossless` nothing is
 * special. Throws `invalid-argument` for a fill value that the type cannot hold.
 */
export function findSpecials(frames: Tensor, fill?: number, lossless = false): Specials {
  const none = { frames, mask: undefined, bytes: undefined };
  const named = fill === undefined ? undefined : fillPattern(frames.dtype, fill);
  if (lossless || (named === undefined && DTYPES[frames.dtype].kind !== "float")) return none;
  const count = scanValues(frames, fill).special;
  if (count === 0) return none;
  const taken = takeSpecials(frames, named);
  const symbols = taken.dictionary.length / DTYPES[frames.dtype].bytes + (taken.rawCount > 0 ? 1 : 0);
  return {
    frames: taken.frames,
    mask: maskOf(taken.map, symbols),
    bytes: encodeSpecials(frames, taken, symbols, count),
  };
}

/** Reads the section. Throws `corrupt` or `truncated` on damage; takes no more memory than the shape needs. */
export function readSpecials(
  bytes: Uint8Array,
  dtype: DType,
  shape: Shape,
): { mask: Uint8Array; restore(into: Tensor): void } {
  const place: Place = { bytes, at: 0, part: "specials" };
  const width = DTYPES[dtype].bytes;
  const [head] = takeBytes(place, 1);
  const known = head! & 127;
  const rawFollow = (head! & RAW_FOLLOW) !== 0;
  const symbols = known + (rawFollow ? 1 : 0);
  if (symbols < 1 || symbols > MOST_SYMBOLS) throw damaged(place, `has ${symbols} patterns, not 1 to ${MOST_SYMBOLS}`);
  const count = readVarint(place, elementCount(shape));
  if (count === 0) throw damaged(place, "holds no special value");
  const dictionary = takeBytes(place, known * width);
  const mapBytes = takeBytes(place, readVarint(place, bytes.length));
  const raw = takeBytes(place, bytes.length - place.at);
  if (raw.length > count * width || raw.length % width !== 0 || rawFollow !== raw.length > 0) {
    throw damaged(place, `has ${raw.length} bytes of raw patterns`);
  }
  const { map, count: found } = decodeMap(mapBytes, mapShape(shape), symbols);
  if (found !== count) throw damaged(place, `has ${found} special values where ${count} are told`);
  if (rawFollow) {
    let rawSeen = 0;
    for (const symbol of map) if (symbol === symbols) rawSeen++;
    if (rawSeen * width !== raw.length) throw damaged(place, `has ${raw.length} bytes for ${rawSeen} raw patterns`);
  }
  return {
    mask: maskOf(map, symbols),
    restore: (into) => restoreSpecials(into, map, known, dictionary, raw),
  };
}

function maskOf(map: Uint8Array, symbols: number): Uint8Array {
  if (symbols === 1) return map;
  const mask = new Uint8Array(map.length);
  for (let i = 0; i < map.length; i++) if (map[i] !== 0) mask[i] = 1;
  return mask;
}

function encodeSpecials(
  original: Tensor,
  { map, dictionary, rawCount }: Taken,
  symbols: number,
  count: number,
): Uint8Array {
  const width = DTYPES[original.dtype].bytes;
  const coded = encodeMap(map, mapShape(original.shape), symbols);
  const head: number[] = [dictionary.length / width + (rawCount > 0 ? RAW_FOLLOW : 0)];
  writeVarint(head, count);
  head.push(...dictionary);
  writeVarint(head, coded.length);
  const section = new Uint8Array(head.length + coded.length + rawCount * width);
  section.set(head);
  section.set(coded, head.length);
  if (rawCount > 0) {
    const from = bytesOf(original);
    let at = head.length + coded.length;
    for (let i = 0; i < map.length; i++) {
      if (map[i] !== symbols) continue;
      for (let k = 0; k < width; k++) section[at++] = from[i * width + k]!;
    }
  }
  return section;
}

/** Puts patterns back: numbers 1 to `known` from the dictionary, the next one from `raw` in order. */
function restoreSpecials(into: Tensor, map: Uint8Array, known: number, dictionary: Uint8Array, raw: Uint8Array): void {
  const width = DTYPES[into.dtype].bytes;
  const to = bytesOf(into);
  if (width === 4 && raw.length === 0) {
    // The common case, a word at a time.
    const words = new Uint32Array(to.buffer, to.byteOffset, map.length);
    const patterns = new Uint32Array(1 + known);
    new Uint8Array(patterns.buffer).set(dictionary, 4);
    for (let i = 0; i < map.length; i++) if (map[i] !== 0) words[i] = patterns[map[i]!]!;
    return;
  }
  let rawAt = 0;
  for (let i = 0; i < map.length; i++) {
    const symbol = map[i]!;
    if (symbol === 0) continue;
    const from = symbol > known ? raw : dictionary;
    let at = (symbol - 1) * width;
    if (symbol > known) {
      at = rawAt;
      rawAt += width;
    }
    for (let k = 0; k < width; k++) to[i * width + k] = from[at + k]!;
  }
}
