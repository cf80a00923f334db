/** The frames that `tempress train` is given, and what a decoder would make of them. */
import { openArchive } from "../compressor/archive.ts";
import type { Effort } from "../compressor/codec.ts";
import { compress } from "../compressor/compress.ts";
import { TempressError } from "../errors.ts";
import { openTensor } from "../io/node-open.ts";
import type { Recording } from "../neural/recordings.ts";
import { type Decoder, type InputBound, recordingsOf } from "../neural/train-data.ts";
import { byteSource } from "../tensor/source.ts";
import { frames as sliceFrames } from "../tensor/tensor.ts";

/** More values than this of one recording are left out, from its end. */
const MOST_VALUES = 1 << 26;

export interface DataFlags {
  readonly bounds: readonly InputBound[];
  readonly effort: Effort;
  readonly fill?: number | undefined;
  readonly together: boolean | undefined;
  readonly flags: Readonly<Record<string, unknown>>;
}

export async function openRecordings(
  paths: readonly string[],
  { bounds, effort, fill, together, flags }: DataFlags,
  say: (what: string) => void,
): Promise<Recording[]> {
  const recordings: Recording[] = [];
  for (const path of paths) {
    const source = await openTensor(path, flags);
    try {
      const each = source.shape.slice(1).reduce((a, b) => a * b, 1);
      const frames = Math.min(source.shape[0]!, Math.max(2, Math.floor(MOST_VALUES / each)));
      if (frames < source.shape[0]!) say(`${path}: only the first ${frames} frames are used`);
      say(`decoding ${path} at ${bounds.length === 1 ? "its bound" : `${bounds.length} bounds`}`);
      const whole = await source.read(0, frames);
      // TEZIP's frames are [time, height, width, colour], and may be of several recordings.
      const hickle = path.endsWith(".hkl") && whole.shape.length === 4;
      const axes = source.axes ?? (hickle ? ["t", "y", "x", "rgb"] : undefined);
      const parts = (hickle ? await partsOfHickle(path, source.shape[0]!) : undefined) ?? [[0, frames]];
      const more = { bounds, fill, together: together ?? axes?.at(-1) === "rgb", decode: decoder(effort, fill) };
      for (const [first, end] of parts) {
        if (end - first < 2 || end > frames) continue;
        const part = { ...sliceFrames(whole, first, end), ...(axes ? { axes } : {}) };
        const name = parts.length === 1 ? path : `${path}, frames ${first} to ${end - 1}`;
        recordings.push(...(await recordingsOf(part, { ...more, name })));
      }
    } finally {
      await source.close?.();
    }
  }
  return recordings;
}

/** What is written beside a hickle file is read only if there is one. */
async function partsOfHickle(path: string, frames: number): Promise<[number, number][] | undefined> {
  const { recordingsInHickle } = await import("../io/node-hickle-sources.ts");
  return await recordingsInHickle(path, frames);
}

function decoder(effort: Effort, fill: number | undefined): Decoder {
  return async (original, bound) => {
    const archive = await openArchive(byteSource(await compress(original, { ...bound, effort, fill })));
    const abs = archive.header.bound;
    const decoded = await archive.readFrames(0, original.shape[0]!);
    return { decoded, abs: abs.kind === "abs" ? abs.value : 0 };
  };
}

/** Bounds of `--abs` and `--rel`; without any 1e-3 of the range. */
export function boundsOf(flags: Readonly<Record<string, unknown>>): InputBound[] {
  const of = (kind: "abs" | "rel") =>
    ((flags[kind] ?? []) as number[]).map((value) => ({ [kind]: value }) as InputBound);
  const bounds = [...of("abs"), ...of("rel")];
  return bounds.length > 0 ? bounds : [{ rel: 1e-3 }];
}

/** "1e-2,1e-3" as numbers above zero. */
export function boundList(flag: string): (text: string) => number[] {
  return (text) =>
    text.split(",").map((part) => {
      const value = Number(part);
      if (part.trim() !== "" && Number.isFinite(value) && value > 0) return value;
      throw new TempressError("invalid-argument", `"${part}" is not a bound`, {
        where: flag,
        hint: "write one or several numbers above 0: 1e-2,1e-3",
      });
    });
}
