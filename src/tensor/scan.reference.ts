import { DTYPES } from "./dtype.ts";
import { fillPattern, type Pattern } from "./fill.ts";
import type { Scan } from "./scan.ts";
import type { Tensor } from "./tensor.ts";

/** Smallest normal number by width in bytes. */
const NORMAL = { 4: 2 ** -126, 8: 2 ** -1022 } as const;

/** Whether a value keeps its bits under every promise; the slow definition that all fast passes follow. */
export function isSpecial(values: Tensor, at: number, fill: Pattern | undefined): boolean {
  const { kind, bytes } = DTYPES[values.dtype];
  const { low, high } = patternAt(values, at);
  if (fill && low === fill.low && high === fill.high) return true;
  if (kind !== "float") return false;
  const x = values.data[at] as number;
  if (Object.is(x, 0)) return false;
  return !(Number.isFinite(x) && Math.abs(x) >= NORMAL[bytes as 4 | 8]);
}

export function patternAt(values: Tensor, at: number): Pattern {
  const { bytes } = DTYPES[values.dtype];
  const one = new Uint8Array(8);
  one.set(new Uint8Array(values.data.buffer, values.data.byteOffset + at * bytes, bytes));
  const words = new Uint32Array(one.buffer);
  return { low: words[0]!, high: words[1]! };
}

/** Slow twin of scanValues. */
export function scanReference(values: Tensor, fill?: number): Scan {
  const pattern = fill === undefined ? undefined : fillPattern(values.dtype, fill);
  let min = Infinity;
  let max = -Infinity;
  let special = 0;
  for (let i = 0; i < values.data.length; i++) {
    if (isSpecial(values, i, pattern)) special++;
    else {
      min = Math.min(min, Number(values.data[i]));
      max = Math.max(max, Number(values.data[i]));
    }
  }
  return { min, max, ordinary: values.data.length - special, special };
}
