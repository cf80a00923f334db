import type { ChunkInfo, EncodedChunk } from "../container/chunk-record.ts";
import type { Bound } from "../promise/spec.ts";
import type { Box } from "../tensor/box.ts";
import type { Arrays, DType } from "../tensor/dtype.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Children, Effort } from "./codec.ts";
import { codecs } from "./registry.ts";

/** `ChunkSettings` with the codec by name, as it crosses to a worker. */
export interface EncodeJob {
  readonly codec: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly children: Children;
  readonly bound: Bound;
  readonly fill: number | undefined;
  readonly effort: Effort;
  readonly lead: number;
  readonly cut: boolean;
  readonly readBack: boolean;
}

/** `DecodeSettings` with the codec by name. */
export interface DecodeJob {
  readonly codec: { readonly id: number; readonly name: string; readonly version: number };
  readonly dtype: DType;
  readonly bound: Bound;
  readonly lead: number;
}

/**
 * Threads that work on chunks. Calls may overlap; each gives its own result or typed error, or throws its signal's
 * reason as soon as that fires.
 */
export interface ChunkPool {
  readonly threads: number;
  encode(job: EncodeJob, values: Tensor, box: Box, signal?: AbortSignal): Promise<EncodedChunk[]>;
  /** With `into`, a part of a tensor in shared memory, the values are written there. */
  decode(
    job: DecodeJob,
    bytes: Uint8Array,
    info: ChunkInfo,
    into?: Arrays[DType],
    signal?: AbortSignal,
  ): Promise<Tensor>;
  /** Gives up what is still under way. The threads stay for the next call. */
  close(): Promise<void>;
}

/**
 * Threads where they are asked for and there are any: in Node, for codecs that workers can load. Undefined
 * otherwise: the caller's own thread does the work, with the same result.
 */
export async function openPool(
  threads: number,
  codec: string,
  children: Children = {},
): Promise<ChunkPool | undefined> {
  const node = typeof process !== "undefined" && process.versions?.node !== undefined;
  if (threads <= 1 || !node || !allBuiltIn(codec, children)) return undefined;
  return (await import("./node-pool.ts")).nodePool(threads);
}

function allBuiltIn(name: string, children: Children): boolean {
  const inside = Object.values(children).flat();
  return codecs.isBuiltIn(name) && inside.every((child) => allBuiltIn(child.name, child.children));
}

/** Runs `work` for each item with at most `limit` at once; results come in the items' order. */
export async function* inOrder<A, B>(
  items: AsyncIterable<A> | Iterable<A>,
  limit: number,
  work: (item: A) => Promise<B> | B,
): AsyncGenerator<B> {
  const waiting: Promise<B>[] = [];
  for await (const item of items) {
    const result = Promise.resolve(work(item));
    // A failure is thrown when its turn comes; until then it is no unhandled rejection.
    result.catch(() => undefined);
    waiting.push(result);
    if (waiting.length >= limit) yield (await waiting.shift())!;
  }
  for (const result of waiting) yield await result;
}
