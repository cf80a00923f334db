/**
 * TEZIP as published, in our file: the control that its successor is compared with. Its stages in order: schedule of
 * key frames and guesses, differences, its quantiser, its ranks, zstd.
 *
 *     side    u8: 0 no network, 1 embedded, 2 named; varint warm-up frames; varint entries of the table + 1, 0 without;
 *             the model's file, or its hash
 *     key     zstd of the key frames, zeros between them
 *     codes   zstd of int16: symbols, table
 *
 * Frames are the last two axes, or the last three where the last has three values: colours.
 */
import type { Codec } from "../compressor/codec.ts";
import { modelBytes } from "../compressor/models.ts";
import { bool, choice, float, int, string } from "../compressor/schema.ts";
import { prepareZstd, zstdCompress, zstdDecompress } from "../entropy/lossless.ts";
import { TempressError } from "../errors.ts";
import { hashText, type NamedModel, readModel } from "../neural/model-file.ts";
import { predNetKernels } from "../neural/prednet-frames.ts";
import type { Bound } from "../promise/spec.ts";
import type { Shape } from "../tensor/shape.ts";
import { type Place, readVarint, takeBytes, writeVarint } from "../tensor/varint.ts";
import { decodeFrames, encodeFrames } from "./tezip-classic-frames.ts";
import { channelsFor, narrow, networkOf, widen } from "./tezip-classic-network.ts";
import { ARITHMETICS, type Arithmetic, type ClassicBound } from "./tezip-classic-quantize.ts";
import type { Frames } from "./tezip-classic-schedule.ts";

const options = {
  "tezip_classic:model": string(
    "",
    "PredNet: path of a .tpm file, or a model's hash; empty: the last frame is the guess",
    {
      stored: false,
    },
  ),
  "tezip_classic:embed": bool(false, "store the model in each chunk; else the file names it by its hash", {
    stored: false,
  }),
  "tezip_classic:preprocess": int(0, "warm-up frames: stored as keys, and once more as residuals (TEZIP's -p)", {
    unit: "frames",
    min: 0,
    max: 32767,
  }),
  "tezip_classic:key_every": int(8, "a key frame every so many (TEZIP's -w)", { unit: "frames", min: 1 }),
  "tezip_classic:threshold": float(
    -1,
    "instead, a key frame where the mean square error gets above it, of values from 0 to 1 (TEZIP's -t); below 0: off",
  ),
  "tezip_classic:entropy": bool(true, "replace numbers by their ranks (TEZIP's -n says no)"),
  "tezip_classic:arithmetic": choice(
    ARITHMETICS,
    "repaired",
    "published: as TEZIP computes, which breaks bounds; what it breaks is corrected",
  ),
};

const ZSTD_LEVEL = 9;
const [NONE, EMBEDDED, NAMED] = [0, 1, 2];
const HASH_BYTES = 32;

export const tezipClassic: Codec<typeof options> = {
  name: "tezip_classic",
  id: 14,
  version: 1,
  stability: "stable",
  summary: "TEZIP as published, step by step, for comparison: PredNet, open loop, ranks, zstd",
  keeps: ["abs", "pw_rel", "lossless"],
  dtypes: ["uint8"],
  options,

  async prepare() {
    await Promise.all([prepareZstd(), predNetKernels.ready()]);
  },

  encode({ frames, bound }, values) {
    const model = modelNamed(values["tezip_classic:model"]);
    const given: Frames = { ...sizeOf(frames.shape), data: frames.data as Uint8Array };
    const channels = channelsFor(model, given.channels);
    const arithmetic: Arithmetic = values["tezip_classic:arithmetic"];
    const threshold = values["tezip_classic:threshold"];
    const encoded = encodeFrames(widen(given, channels), networkOf(model), {
      warmUp: Math.min(values["tezip_classic:preprocess"], given.count),
      ...(threshold < 0 ? { window: values["tezip_classic:key_every"] } : { threshold }),
      bound: classicBound(bound, arithmetic),
      ranked: values["tezip_classic:entropy"],
    });
    const { keys, symbols, table, warmUp, decoded } = encoded;
    const kind = !model ? NONE : values["tezip_classic:embed"] ? EMBEDDED : NAMED;
    const head: number[] = [kind];
    writeVarint(head, warmUp);
    writeVarint(head, table ? table.length + 1 : 0);
    const rest =
      kind === NONE ? new Uint8Array() : kind === NAMED ? model!.hash : modelBytes(values["tezip_classic:model"]);
    const side = new Uint8Array(head.length + rest.length);
    side.set(head);
    side.set(rest, head.length);
    const numbers = new Int16Array(symbols.length + (table?.length ?? 0));
    numbers.set(symbols);
    if (table) numbers.set(table, symbols.length);
    return {
      sections: [
        { name: "side", bytes: side },
        { name: "key", bytes: zstdCompress(keys, ZSTD_LEVEL) },
        { name: "codes", bytes: zstdCompress(new Uint8Array(numbers.buffer), ZSTD_LEVEL) },
      ],
      // The published encoder does not know of the keys that its decoder will miss.
      ...(arithmetic === "published"
        ? {}
        : { decoded: { ...frames, data: narrow(decoded, channels, given.channels) as Uint8Array<ArrayBuffer> } }),
    };
  },

  decode({ dtype, shape, section }) {
    const size = sizeOf(shape);
    const { model, warmUp, tableLength } = readSide(section("side"));
    const channels = channelsFor(model, size.channels);
    const count = size.count * size.height * size.width * channels;
    if (warmUp > size.count) throw damaged(`${warmUp} warm-up frames of ${size.count}`);
    const keys = zstdDecompress(section("key"), count, "section key");
    const packed = zstdDecompress(section("codes"), 2 * (count + (tableLength ?? 0)), "section codes");
    const numbers = new Int16Array(packed.buffer, packed.byteOffset, packed.length / 2);
    const parts = {
      keys,
      warmUp,
      symbols: numbers.subarray(0, count),
      table: tableLength === undefined ? undefined : numbers.subarray(count),
    };
    const data = decodeFrames(parts, { ...size, channels }, networkOf(model), "section codes");
    return { dtype, shape, data: narrow(data, channels, size.channels) as Uint8Array<ArrayBuffer> };
  },
};

function sizeOf(shape: Shape): Omit<Frames, "data"> {
  const colours = shape.length > 3 && shape.at(-1) === 3;
  const channels = colours ? 3 : 1;
  const axes = colours ? shape.slice(0, -1) : shape;
  if (axes.length === 1) return { count: 1, height: 1, width: axes[0]!, channels };
  const height = axes.slice(1, -1).reduce((a, b) => a * b, 1);
  return { count: axes[0]!, height, width: axes.at(-1)!, channels };
}

function classicBound({ kind, value }: Bound, arithmetic: Arithmetic): ClassicBound {
  if (kind === "lossless") return { mode: "abs", values: [0], arithmetic };
  return { mode: kind === "pw_rel" ? "pwrel" : "abs", values: [value], arithmetic };
}

/** The last model opened: chunks follow each other. */
let opened: { readonly bytes: Uint8Array; readonly model: NamedModel } | undefined;

function open(bytes: Uint8Array, name: string): NamedModel {
  if (opened?.bytes !== bytes) opened = { bytes, model: readModel(bytes, name) };
  return opened.model;
}

function modelNamed(wanted: string): NamedModel | undefined {
  return wanted === "" ? undefined : open(modelBytes(wanted), wanted);
}

interface Side {
  readonly model: NamedModel | undefined;
  readonly warmUp: number;
  readonly tableLength: number | undefined;
}

function readSide(bytes: Uint8Array): Side {
  const place: Place = { bytes, at: 0, part: "side" };
  const [kind] = takeBytes(place, 1) as unknown as [number];
  const warmUp = readVarint(place, 32767);
  const entries = readVarint(place, 1022);
  const rest = bytes.subarray(place.at);
  const told = { warmUp, tableLength: entries === 0 ? undefined : entries - 1 };
  if (kind === EMBEDDED) return { ...told, model: readModel(rest, "section side") };
  if (kind === NAMED && rest.length === HASH_BYTES) {
    const hash = hashText(rest);
    const model = open(modelBytes(hash), hash);
    if (hashText(model.hash) === hash) return { ...told, model };
  }
  if (kind === NONE && rest.length === 0) return { ...told, model: undefined };
  throw damaged("it does not say which network was used");
}

function damaged(what: string): TempressError {
  return new TempressError("corrupt", `the chunk is damaged: ${what}`, { where: "section side" });
}
