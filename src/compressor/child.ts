/** How a codec that wraps another hands values to it, and gets them back: a chunk in a chunk. */
import { type ChildRecord, readChild, writeChild } from "../container/child-record.ts";
import { TempressError } from "../errors.ts";
import { resolveBound } from "../promise/bound.ts";
import type { Bound } from "../promise/spec.ts";
import type { DType } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { decodeValues, encodeValues } from "./chunk.ts";
import type { Codec, ConfiguredCodec, DecodeTask, EncodeTask, SectionName } from "./codec.ts";
import { MAX_DEPTH } from "./configure.ts";
import { PartNotLoaded } from "./part.ts";
import { codecs } from "./registry.ts";

export const LOSSLESS: Bound = { kind: "lossless", value: 0 };

/** The bound of `value` in `dtype`; lossless where nothing is left of it. */
export function absolute(value: number, dtype: DType): Bound {
  return value > 0 ? resolveBound({ kind: "abs", abs: value }, undefined, dtype) : LOSSLESS;
}

export interface ChildResult {
  /** Stands for itself: which codec, its bound, its sections. */
  readonly bytes: Uint8Array;
  /** What the decoder will get. */
  readonly decoded: Tensor;
}

export interface ChildMore {
  /** 1 where a value does not matter: the wrapping codec gives it anew. The decoder must know the same mask. */
  readonly mask?: Uint8Array | undefined;
  /** A value that must come back exactly wherever it stands. */
  readonly fill?: number | undefined;
  /** Where `values` begin; by default where the task's do. */
  readonly origin?: readonly number[];
}

/** Encodes `values` under `bound` with the codec that the option names. */
export function encodeChild(
  task: EncodeTask,
  child: ConfiguredCodec,
  values: Tensor,
  bound: Bound,
  more: ChildMore = {},
): ChildResult {
  const codec = ready(child.name);
  refuse(codec, values.dtype, bound);
  const { sections, decoded } = encodeValues(values, {
    codec,
    options: child.options,
    children: child.children,
    bound,
    fill: more.fill,
    mask: more.mask,
    effort: task.effort,
    // The whole is read back where that is asked for, and this with it. What stands under a mask is known to the decoder
    // alone, and a codec around this one may predict from it.
    readBack: more.mask !== undefined,
    origin: more.origin ?? originOf(task),
  });
  const record: ChildRecord = { codec: { id: codec.id, name: codec.name, version: codec.version }, bound, sections };
  return { bytes: writeChild(record), decoded };
}

export function originOf({ origin, frames }: EncodeTask): readonly number[] {
  return origin ?? frames.shape.map(() => 0);
}

/** Promises that a codec can make. */
export const keepsOf = (name: string): Codec["keeps"] => ready(name).keeps;

/** The one child that an option names. */
export function childOf(task: EncodeTask, key: string): ConfiguredCodec {
  return task.children![key]![0]!;
}

/** The reverse; dtype, shape and mask are those that the encoder had. */
export function decodeChild(
  task: DecodeTask,
  bytes: Uint8Array,
  values: { readonly dtype: DType; readonly shape: Shape; readonly mask?: Uint8Array | undefined },
): Tensor {
  const depth = (task.depth ?? 0) + 1;
  if (depth > MAX_DEPTH) {
    throw new TempressError("corrupt", `codecs wrap each other more than ${MAX_DEPTH} deep`, {
      where: "wrapped codec",
    });
  }
  const { codec: named, bound, sections } = readChild(bytes, "wrapped codec");
  const { codec, version } = readyFor(named);
  const byName = new Map<SectionName, Uint8Array>(sections.map(({ name, bytes: stored }) => [name, stored]));
  return decodeValues({ ...values, codec, version, bound, sections: byName, depth });
}

function refuse(codec: Codec, dtype: DType, bound: Bound): void {
  if (!codec.dtypes.includes(dtype)) {
    throw new TempressError("unsupported", `codec "${codec.name}" does not take ${dtype}`, {
      where: "wrapped codec",
      hint: `it takes ${codec.dtypes.join(", ")}; wrap another, such as zstd`,
    });
  }
  if (!codec.keeps.includes(bound.kind)) {
    throw new TempressError("unsupported", `codec "${codec.name}" cannot keep the bound ${bound.kind}`, {
      where: "wrapped codec",
      hint: `it keeps ${codec.keeps.join(", ")}; wrap another, such as zstd`,
    });
  }
}

/** Codecs that are loaded and prepared in this thread. Codecs are synchronous: who meets another asks for it. */
const loaded = new Map<string, Codec>();

function ready(name: string): Codec {
  const codec = loaded.get(name);
  if (codec) return codec;
  throw new PartNotLoaded(async () => {
    const found = await codecs.get(name);
    await found.prepare();
    loaded.set(name, found);
  });
}

function readyFor(named: ChildRecord["codec"]): { codec: Codec; version: number } {
  const codec = [...loaded.values()].find(({ id, name }) => id === named.id && (id < 128 || name === named.name));
  if (codec && named.version >= 1 && named.version <= codec.version) return { codec, version: named.version };
  throw new PartNotLoaded(async () => {
    const found = await codecs.forFile(named);
    await found.prepare();
    loaded.set(found.name, found);
  });
}
