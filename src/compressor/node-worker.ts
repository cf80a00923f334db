/** A worker thread of `node-pool.ts`: encodes and decodes chunks that it is sent. */
import { parentPort } from "node:worker_threads";
import { type ChunkInfo, type EncodedChunk, readChunk } from "../container/chunk-record.ts";
import { type ErrorCode, TempressError } from "../errors.ts";
import type { Box } from "../tensor/box.ts";
import type { Arrays, DType } from "../tensor/dtype.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { decodeChunk, encodeSlab } from "./chunk.ts";
import type { Codec } from "./codec.ts";
import { withParts } from "./part.ts";
import type { DecodeJob, EncodeJob } from "./pool.ts";
import { codecs } from "./registry.ts";

export type Request =
  | { readonly kind: "encode"; readonly job: EncodeJob; readonly values: Tensor; readonly box: Box }
  | {
      readonly kind: "decode";
      readonly job: DecodeJob;
      readonly bytes: Uint8Array;
      readonly info: ChunkInfo;
      /** Shared memory for the values. */
      readonly into: Arrays[DType] | undefined;
    };

export type Answer =
  | { readonly kind: "chunks"; readonly chunks: EncodedChunk[] }
  | { readonly kind: "values"; readonly values: Tensor }
  | {
      readonly kind: "error";
      /** Absent for what is no TempressError. */
      readonly code?: ErrorCode;
      readonly message: string;
      readonly where?: string | undefined;
      readonly hint?: string | undefined;
    };

const prepared = new Map<string, Promise<Codec>>();

function prepare(name: string): Promise<Codec> {
  let codec = prepared.get(name);
  if (!codec) {
    codec = codecs.get(name).then(async (loaded) => {
      await loaded.prepare();
      return loaded;
    });
    prepared.set(name, codec);
  }
  return codec;
}

async function work(request: Request): Promise<{ answer: Answer; transfer: ArrayBuffer[] }> {
  const transfer: ArrayBuffer[] = [];
  if (request.kind === "encode") {
    const { job, values, box } = request;
    const codec = await prepare(job.codec);
    const encoded = await withParts(() => encodeSlab(values, box, { ...job, codec }));
    const chunks = encoded.map((chunk) => ({
      ...chunk,
      sections: chunk.sections.map(({ name, bytes }) => ({ name, bytes: movable(bytes, transfer) })),
    }));
    return { answer: { kind: "chunks", chunks }, transfer };
  }
  const { job, bytes, info, into } = request;
  const codec = await prepare(job.codec.name);
  const stored = readChunk(bytes, info);
  const decoded = await withParts(() => decodeChunk(stored, { ...job, codec, version: job.codec.version }, into));
  // A view of the stored bytes must not be left in memory that the next task gets.
  const kept = !into && decoded.data.buffer === bytes.buffer;
  const values = kept ? { ...decoded, data: decoded.data.slice() as Arrays[DType] } : decoded;
  const { buffer, byteLength } = values.data;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) transfer.push(buffer);
  return { answer: { kind: "values", values }, transfer };
}

/** Bytes in a buffer of their own, which moves to the caller: not shared, not a kernel's memory, not a part. */
function movable(bytes: Uint8Array, transfer: ArrayBuffer[]): Uint8Array {
  const whole = bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength;
  const moved = whole && !transfer.includes(bytes.buffer) ? bytes : bytes.slice();
  transfer.push(moved.buffer as ArrayBuffer);
  return moved;
}

parentPort?.on("message", async (request: Request) => {
  try {
    const { answer, transfer } = await work(request);
    parentPort!.postMessage(answer, transfer);
  } catch (error) {
    const typed = error instanceof TempressError;
    const { message } = error instanceof Error ? error : { message: String(error) };
    const answer: Answer = typed
      ? { kind: "error", code: error.code, message, where: error.where, hint: error.hint }
      : { kind: "error", message };
    parentPort!.postMessage(answer);
  }
});
