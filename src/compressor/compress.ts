import type { Header } from "../container/header.ts";
import { ContainerWriter, MemorySink } from "../container/writer.ts";
import { TempressError } from "../errors.ts";
import { awaitPhase } from "../phases.ts";
import { resolveBound } from "../promise/bound.ts";
import { namedPromises, promiseFromOptions } from "../promise/from-options.ts";
import { EMPTY_RANGE, mergeRanges, neededScan, scanRange, type ValueRange } from "../promise/range.ts";
import type { Bound, PromiseSpec } from "../promise/spec.ts";
import { type Box, boxVolume } from "../tensor/box.ts";
import { DTYPES, isDType } from "../tensor/dtype.ts";
import { elementCount, frameLength } from "../tensor/shape.ts";
import type { ByteSink, TensorSource } from "../tensor/source.ts";
import { tensorSource } from "../tensor/source.ts";
import { plain, type Tensor, tensor } from "../tensor/tensor.ts";
import { type ChunkSettings, encodeSlab } from "./chunk.ts";
import type { Codec } from "./codec.ts";
import { configure, type Node, nodesOf, plainChildren } from "./configure.ts";
import { errorName } from "./error-name.ts";
import { type CompressOptions, checkCompressOptions } from "./options.ts";
import { withParts } from "./part.ts";
import { type Plan, planChunks } from "./plan.ts";
import { inOrder, openPool } from "./pool.ts";
import { storedOptions } from "./schema.ts";
import { SlabReader, timeFirstSource } from "./slabs.ts";

export const DEFAULT_CODEC = "tezip";

/** What a compression did, under LibPressio's names. Sizes in bytes, times in milliseconds. */
export interface CompressReport {
  readonly "size:uncompressed_size": number;
  readonly "size:compressed_size": number;
  readonly "size:compression_ratio": number;
  /** Bits of the file for each value. */
  readonly "size:bit_rate": number;
  /** Largest |x - y|; absent under a pointwise relative promise. */
  readonly "error_stat:max_error"?: number;
  /** Largest sqrt(mean (x - y)^2) of a chunk; only under a promise for all values together. */
  readonly "tempress:chunk_rmse"?: number;
  /** Largest |x - y| / |x|; only under a pointwise relative promise. */
  readonly "error_stat:max_pw_rel_error"?: number;
  readonly "time:compress": number;
  readonly promise: PromiseSpec;
  readonly bound: Bound;
  readonly chunks: number;
  /** What a search or other directing codec found: "opt:input", "opt:evaluations", "repeat:median". */
  readonly directed?: Readonly<Record<string, number>>;
}

/**
 * A whole `.tpz` file in memory.
 * @throws TempressError "invalid-argument", "unsupported" (the codec does not take this), "bound-broken" (a codec's
 * fault), "io"; or the signal's reason.
 */
export async function compress(input: Tensor | TensorSource, options: CompressOptions): Promise<Uint8Array> {
  const sink = new MemorySink();
  await compressTo(input, sink, options);
  return sink.bytes();
}

/** The same, written front to back with a few chunks in memory at a time. */
export async function compressTo(
  input: Tensor | TensorSource,
  sink: ByteSink,
  options: CompressOptions,
): Promise<CompressReport> {
  const started = performance.now();
  const source = "data" in input ? tensorSource(checkedTensor(input)) : input;
  if (!isDType(source.dtype)) {
    throw new TempressError("invalid-argument", `dtype "${source.dtype}" is unknown`, { where: "dtype" });
  }
  const count = elementCount(source.shape);
  checkCompressOptions(options, source.shape.length);
  const {
    codec: name = DEFAULT_CODEC,
    fill = source.fill,
    effort = "balanced",
    threads = 1,
    timeAxis = 0,
    signal,
  } = options;
  const target = targetOf(options);
  if (target) return await compressTo(input, sink, target);
  const tree = await awaitPhase("load", () => configure(name, options.options));
  if (tree.codec.direct) {
    const run = async (other: CompressOptions, values = source) =>
      await compress(values, { ...other, onProgress: undefined });
    const directed = await tree.codec.direct(source, options, tree, run);
    return { ...(await compressTo(input, sink, directed.options)), ...found(directed.results) };
  }
  const promise = promiseFromOptions(withOwnPromise(options, tree));
  const { codec, options: values } = tree;
  const children = plainChildren(tree.children);
  refuseWhatCodecCannot(codec, source, promise);
  signal?.throwIfAborted();
  const [pool] = await awaitPhase("load", () => Promise.all([openPool(threads, name, children), codec.prepare()]));
  try {
    const stored = timeAxis === 0 ? source : timeFirstSource(source, timeAxis);
    const plan = planChunks(stored.shape, DTYPES[source.dtype].bytes, options.window ?? windowOf(tree));
    const reader = new SlabReader(stored, plan.lead);
    const needed = neededScan(promise);
    const scanned = "data" in input ? input : { reader, plan };
    const rms = needed === "rms";
    const range = needed ? await awaitPhase("scan", () => rangeOf(scanned, fill, rms, signal)) : undefined;
    const bound = resolveBound(promise, range, source.dtype);
    // A field without a range is constant: chunks of one value never reach the codec.
    if (range === undefined || range.min < range.max) refuseBound(codec, bound);
    const cut = codec.cuts !== undefined && !plan.split;
    const readBack = options.readBack ?? effort === "max";
    const shared = { codec, options: values, children, bound, fill, effort };
    const settings: ChunkSettings = { ...shared, lead: plan.lead, cut, readBack };
    const writer = new ContainerWriter(sink, {
      dtype: source.dtype,
      shape: source.shape,
      timeAxis,
      ...(source.axes ? { axes: source.axes } : {}),
      ...(source.name ? { name: source.name } : {}),
      promise,
      bound,
      ...(fill === undefined ? {} : { fill }),
      codec: { id: codec.id, name: codec.name, version: codec.version },
      effort,
      options: recordedOptions(tree),
      ...(source.attributes ? { attributes: source.attributes } : {}),
    });
    await writer.begin();

    async function* slabs(): AsyncGenerator<{ box: Box; values: Tensor }> {
      for (const box of plan.boxes()) {
        signal?.throwIfAborted();
        yield { box, values: await awaitPhase("copy_in", () => reader.read(box)) };
      }
    }
    const job = { ...settings, codec: name, fill };
    const encoded = inOrder(slabs(), pool ? pool.threads + 2 : 1, ({ box, values }) =>
      pool ? pool.encode(job, plain(values), box, signal) : withParts(() => encodeSlab(values, box, settings)),
    );
    const frame = frameLength(stored.shape);
    let done = 0;
    let maxError = 0;
    let chunks = 0;
    for await (const slab of encoded) {
      for (const chunk of slab) {
        await awaitPhase("copy_out", () => writer.chunk(chunk));
        maxError = Math.max(maxError, chunk.maxError);
        done += boxVolume(chunk.box);
        chunks++;
      }
      options.onProgress?.({
        frames: Math.floor(done / frame),
        totalFrames: stored.shape[0]!,
        bytesIn: done * DTYPES[source.dtype].bytes,
        bytesOut: writer.byteLength,
      });
    }
    signal?.throwIfAborted();
    const compressed = await awaitPhase("copy_out", () => writer.finish());
    const uncompressed = count * DTYPES[source.dtype].bytes;
    return {
      "size:uncompressed_size": uncompressed,
      "size:compressed_size": compressed,
      "size:compression_ratio": uncompressed / compressed,
      "size:bit_rate": (8 * compressed) / count,
      [errorName(bound)]: maxError,
      "time:compress": performance.now() - started,
      promise,
      bound,
      chunks,
    };
  } finally {
    await pool?.close();
  }
}

const found = (directed: Readonly<Record<string, number>> | undefined) => (directed ? { directed } : {});

/** Targets by the results that they are of, with what is near enough. */
const TARGETS = {
  targetRatio: ["size:compression_ratio", 0.01],
  targetPsnr: ["error_stat:psnr", 0.002],
  targetSsim: ["ssim:ssim", 0.001],
} as const;

/** A target as options of codec `opt`, which stands around the codec that was asked for. */
function targetOf(options: CompressOptions): CompressOptions | undefined {
  const { targetRatio, targetPsnr, targetSsim, ...others } = options;
  const named = Object.entries({ targetRatio, targetPsnr, targetSsim }).filter(([, value]) => value !== undefined);
  const [first] = named;
  if (first === undefined) return undefined;
  const [key, target] = first as [keyof typeof TARGETS, number];
  const promises = [...named.map(([name]) => name), ...namedPromises(options)];
  if (promises.length > 1 || !(Number.isFinite(target) && target > 0)) {
    const what = promises.length > 1 ? `${promises.length} goals at once: ${promises.join(", ")}` : `${key} ${target}`;
    throw new TempressError("invalid-argument", `${what} cannot be kept`, {
      where: "options",
      hint: "give one target above 0, or one promise",
    });
  }
  const { codec = DEFAULT_CODEC, options: inner } = others;
  const [output, tolerance] = TARGETS[key];
  const search = { "opt:output": [output], "opt:target": target, "opt:global_rel_tolerance": tolerance };
  return { ...others, codec: "opt", options: { ...inner, ...search, "opt:compressor": codec } };
}

/** A codec's own option "<name>:window" means the same as `window`; 0 leaves it to the chunk size. */
function windowOf({ codec, options }: Node): number | undefined {
  const asked = codec.window?.(options as never);
  if (asked !== undefined) return asked;
  const frames = options[`${codec.name}:window`];
  return typeof frames === "number" && frames > 0 ? frames : undefined;
}

/** What the file says of the tree; options of one codec at several places carry their place. */
function recordedOptions(tree: Node): Header["options"] {
  const recorded: Record<string, number | boolean | string> = {};
  const owners = new Map<string, number>();
  for (const { codec } of nodesOf(tree)) owners.set(codec.name, (owners.get(codec.name) ?? 0) + 1);
  for (const { codec, path, options } of nodesOf(tree)) {
    const several = owners.get(codec.name)! > 1;
    for (const [key, value] of Object.entries(storedOptions(codec.options, options))) {
      recorded[several ? `/${path}:${key}` : key] = value;
    }
  }
  return recorded;
}

function checkedTensor(t: Tensor): Tensor {
  if (!isDType(t.dtype)) {
    throw new TempressError("invalid-argument", `dtype "${String(t.dtype)}" is unknown`, { where: "dtype" });
  }
  if (!(t.data instanceof DTYPES[t.dtype].Array)) {
    throw new TempressError("invalid-argument", `the values of a ${t.dtype} tensor are no ${t.dtype} array`, {
      where: "tensor",
      hint: `give a ${DTYPES[t.dtype].Array.name}`,
    });
  }
  tensor(t.dtype, t.shape, t.data);
  return t;
}

async function rangeOf(
  input: Tensor | { readonly reader: SlabReader; readonly plan: Plan },
  fill: number | undefined,
  withRms: boolean,
  signal: AbortSignal | undefined,
): Promise<ValueRange> {
  if ("data" in input) return scanRange(input, fill, withRms);
  let range: ValueRange = EMPTY_RANGE;
  for (const box of input.plan.boxes()) {
    signal?.throwIfAborted();
    range = mergeRanges(range, scanRange(await input.reader.read(box), fill, withRms));
  }
  return range;
}

/** The options with the promise that a codec's own options make; a second promise stays an error. */
function withOwnPromise(options: CompressOptions, tree: Node): CompressOptions {
  const own = [...nodesOf(tree)].flatMap(({ codec, options: values }) => {
    const promise = codec.promise?.(values as never);
    return promise === undefined ? [] : [{ name: codec.name, promise }];
  });
  const named = namedPromises(options);
  const [first] = own;
  if (first === undefined) return options;
  if (named.length === 0 && own.length === 1) return { ...options, ...first.promise };
  const all = [...named, ...own.map(({ name }) => `that of ${name}'s options`)];
  throw new TempressError(
    "invalid-argument",
    `${all.length === 2 ? "two" : all.length} promises: ${all.join(" and ")}`,
    {
      where: "options",
      hint: "give one of them",
    },
  );
}

/** Kinds of bound that a promise can resolve to, before the range is known. */
const MADE_OF = {
  abs: "abs",
  rel: "abs",
  abs_and_rel: "abs",
  pw_rel: "pw_rel",
  eps: "rmse",
  rmse: "rmse",
  psnr: "rmse",
  lossless: "lossless",
} as const;

function refuseWhatCodecCannot(codec: Codec, source: TensorSource, promise: PromiseSpec): void {
  if (!codec.dtypes.includes(source.dtype)) {
    throw new TempressError("unsupported", `codec "${codec.name}" does not take ${source.dtype}`, {
      where: "codec",
      hint: `it takes ${codec.dtypes.join(", ")}; zstd takes every type`,
    });
  }
  if (!codec.exactBits && !codec.keeps.includes(MADE_OF[promise.kind])) {
    throw new TempressError("unsupported", `codec "${codec.name}" cannot keep the promise ${promise.kind}`, {
      where: "codec",
      hint: `it keeps ${codec.keeps.join(", ")}; ${MADE_OF[promise.kind] === "rmse" ? "tthresh keeps eps, rmse and psnr" : "zstd keeps every promise by keeping every bit"}`,
    });
  }
}

function refuseBound(codec: Codec, bound: Bound): void {
  if (codec.exactBits || codec.keeps.includes(bound.kind)) return;
  throw new TempressError("unsupported", `the promise asks to keep every bit, which codec "${codec.name}" cannot`, {
    where: "codec",
    hint: "a bound of 0 (and one below 1 for whole numbers) is lossless; choose a larger bound or codec zstd",
  });
}
