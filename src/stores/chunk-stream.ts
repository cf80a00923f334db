/** One chunk of somebody else's store as one stream of ours: a whole `.tpz` file, zfp's stream or SZ3's. */
import { type ZfpyConfig, zfpyDecode, zfpyEncode } from "../codecs/zfp-index.ts";
import { openArchive } from "../compressor/archive.ts";
import { compressBare, decompressBare } from "../compressor/bare.ts";
import { compress } from "../compressor/compress.ts";
import type { CompressOptions } from "../compressor/options.ts";
import { codecs } from "../compressor/registry.ts";
import { TempressError } from "../errors.ts";
import type { DType } from "../tensor/dtype.ts";
import { elementCount, formatShape, type Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** A codec as Zarr's metadata hold it. */
export interface ChunkCodec {
  /** "tempress.tezip", "tempress.zstd", ...; "zfpy"; "sz3". */
  readonly name: string;
  readonly configuration: Readonly<Record<string, unknown>>;
}

export interface ChunkKind {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** Streams that say what they are: `.tpz` files, made by any of our codecs. */
export const OWN_PREFIX = "tempress.";

/** Every name that is known. */
export function chunkCodecNames(): string[] {
  return [...codecs.names().map((name) => OWN_PREFIX + name), "zfpy", "numcodecs.zfpy", "sz3"];
}

/** Names in the configuration beside the codec's own options. */
const SETTINGS = { abs: "abs", rel: "rel", pw_rel: "pwRel", abs_and_rel: "absAndRel", lossless: "lossless" } as const;
const OTHERS = ["effort", "fill", "options"] as const;

function unknownName(name: string): TempressError {
  return new TempressError("unsupported", `there is no chunk codec "${name}"`, {
    where: "codec",
    hint: `there are ${chunkCodecNames().join(", ")}`,
  });
}

/** The configuration as options of ours. Without a promise every bit is kept. A relative bound is one of each chunk. */
function optionsOf(codec: string | undefined, configuration: Readonly<Record<string, unknown>>): CompressOptions {
  const found: Record<string, unknown> = codec === undefined ? {} : { codec };
  let promised = false;
  for (const [key, value] of Object.entries(configuration)) {
    if (Object.hasOwn(SETTINGS, key)) {
      found[SETTINGS[key as keyof typeof SETTINGS]] = value;
      promised = true;
    } else if ((OTHERS as readonly string[]).includes(key)) found[key] = value;
    else {
      throw new TempressError("invalid-argument", `"${key}" is no setting of a chunk codec`, {
        where: "codec",
        hint: `there are ${[...Object.keys(SETTINGS), ...OTHERS].join(", ")}`,
      });
    }
  }
  if (!promised && found.options === undefined) found.lossless = true;
  return found as CompressOptions;
}

/**
 * @param values of one chunk, C order
 * @throws TempressError "unsupported" for an unknown name or what the codec does not take, "invalid-argument" for its
 * configuration
 */
export async function encodeChunk(codec: ChunkCodec, values: Tensor): Promise<Uint8Array> {
  const { name, configuration } = codec;
  if (name === "zfpy" || name === "numcodecs.zfpy") return await zfpyEncode(values, zfpyConfig(configuration));
  if (name === "sz3") {
    const { options, effort, fill, codec: none, ...promise } = optionsOf(undefined, configuration);
    return await compressBare("sz3", values, promise, options);
  }
  if (!name.startsWith(OWN_PREFIX)) throw unknownName(name);
  const own = name.slice(OWN_PREFIX.length);
  if (!codecs.names().includes(own)) throw unknownName(name);
  return await compress(values, optionsOf(own, configuration));
}

/**
 * @param kind what the store says of the chunk; a stream of another kind is an error before anything is decoded
 * @throws TempressError "corrupt", "truncated" for damage
 */
export async function decodeChunk(
  { name, configuration }: ChunkCodec,
  bytes: Uint8Array,
  kind: ChunkKind,
): Promise<Tensor> {
  if (name === "zfpy" || name === "numcodecs.zfpy") return await zfpyDecode(bytes, kind);
  if (name === "sz3") {
    const { options = {} } = optionsOf(undefined, configuration);
    return checked(await decompressBare("sz3", bytes, { ...kind, options, where: "sz3" }), kind);
  }
  if (!name.startsWith(OWN_PREFIX)) throw unknownName(name);
  const archive = await openArchive(bytes);
  try {
    checked(archive, kind);
    return await archive.readFrames(0, kind.shape[archive.header.timeAxis]!);
  } finally {
    await archive.close();
  }
}

function checked<T extends ChunkKind>(found: T, { dtype, shape }: ChunkKind): T {
  if (found.dtype === dtype && formatShape(found.shape) === formatShape(shape)) return found;
  const message = `the stream holds ${formatShape(found.shape)} ${found.dtype}, the chunk is ${formatShape(shape)} ${dtype}`;
  throw new TempressError("corrupt", message, { where: "chunk" });
}

/** numcodecs writes -1 for what a mode does not use. */
function zfpyConfig({ id, ...config }: Readonly<Record<string, unknown>>): ZfpyConfig {
  const numbers = Object.entries(config).filter(([, value]) => typeof value === "number");
  return { mode: 5, ...Object.fromEntries(numbers) } as ZfpyConfig;
}

/** A chunk without axes has one value. */
export function kindOf(dtype: DType, shape: Shape): ChunkKind {
  const extents = shape.length === 0 ? [1] : shape;
  elementCount(extents, "chunk");
  return { dtype, shape: extents };
}
