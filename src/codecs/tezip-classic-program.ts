/** What TEZIP's program does with images: all of them in memory, its three files out, and back. */
import { prepareZstd } from "../entropy/lossless.ts";
import type { Model } from "../neural/model-file.ts";
import { predNetKernels } from "../neural/prednet-frames.ts";
import { type ArchiveBytes, type ClassicArchive, readArchive, writeArchive } from "./tezip-classic-archive.ts";
import { decodeFrames, encodeFrames } from "./tezip-classic-frames.ts";
import { channelsFor, narrow, networkOf, widen } from "./tezip-classic-network.ts";
import { type ClassicBound, excess } from "./tezip-classic-quantize.ts";
import type { Frames, Schedule } from "./tezip-classic-schedule.ts";

export { ARCHIVE_FILES, type ArchiveBytes } from "./tezip-classic-archive.ts";
export { ARITHMETICS, type Arithmetic, type ClassicBound, MODES, type Mode } from "./tezip-classic-quantize.ts";
export type { Frames, Schedule } from "./tezip-classic-schedule.ts";

export interface Images {
  /** One channel (grey) or three. */
  readonly frames: Frames;
  readonly names: readonly string[];
}

export interface Compressed {
  readonly files: ArchiveBytes;
  readonly keyFrames: number;
  /** Of what the files decode to, in levels. */
  readonly maxError: number;
  /** Values beyond the bound by more than nothing: by how many levels the worst one is. */
  readonly excess: number;
}

/** Must be awaited before the other two. */
export async function prepareProgram(): Promise<void> {
  await Promise.all([prepareZstd(), predNetKernels.ready()]);
}

/**
 * Compresses, decompresses again and compares.
 * @throws TempressError for what the archive or the published program cannot hold
 */
export function compressImages(
  { frames, names }: Images,
  model: Model | undefined,
  bound: ClassicBound,
  more: Schedule & { readonly ranked: boolean },
): Compressed {
  const channels = channelsFor(model, frames.channels);
  const wide = widen(frames, channels);
  const parts = encodeFrames(wide, networkOf(model), { ...more, bound });
  const { data, ...size } = wide;
  const files = writeArchive({ colour: frames.channels === 3, names, size, parts });
  // Published arithmetic may lose key frames; the repaired one is known to decode to what its encoder says.
  const decoded =
    bound.arithmetic === "published" ? decodeFrames(parts, size, networkOf(model), "published TEZIP") : parts.decoded;
  const each = size.height * size.width * channels;
  let [maxError, beyond] = [0, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < data.length; i++) maxError = Math.max(maxError, Math.abs(data[i]! - decoded[i]!));
  for (let at = 0; at < data.length; at += each) {
    for (let c = 0; c < channels; c++) {
      const [original, back] = [data.subarray(at + c, at + each), decoded.subarray(at + c, at + each)];
      beyond = Math.max(beyond, excess(original, back, channels, bound));
    }
  }
  return { files, keyFrames: parts.keyFrames, maxError, excess: beyond };
}

/** @throws TempressError for damage, or a network that does not fit */
export function decompressImages(files: ArchiveBytes, model: Model | undefined): Images {
  const archive: ClassicArchive = readArchive(files);
  const { colour, names, size, parts } = archive;
  channelsFor(model, size.channels);
  const data = decodeFrames(parts, size, networkOf(model), "entropy.dat");
  const channels = colour ? size.channels : 1;
  return { frames: { ...size, channels, data: narrow(data, size.channels, channels) }, names };
}
