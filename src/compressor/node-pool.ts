/** Chunks to worker threads and back: values are passed in shared memory, encoded bytes move. */
import { TempressError } from "../errors.ts";
import { type Arrays, DTYPES, type DType } from "../tensor/dtype.ts";
import { bytesOf, type Tensor } from "../tensor/tensor.ts";
import { ask, closeShare, openShare } from "./node-threads.ts";
import type { Answer } from "./node-worker.ts";
import type { ChunkPool } from "./pool.ts";

/** A share of the process's threads, `threads` of them at most at once. */
export function nodePool(threads: number): ChunkPool {
  const share = openShare(threads);
  /** Shared memory of finished encodings, for the next ones. */
  const spare: SharedArrayBuffer[] = [];

  /** The values in memory that all threads see: where they are, or a copy. */
  async function withShared<R>(values: Tensor, work: (shared: Tensor) => Promise<R>): Promise<R> {
    const { dtype, shape, data } = values;
    if (data.buffer instanceof SharedArrayBuffer) return work({ dtype, shape, data });
    const found = spare.findIndex((buffer) => buffer.byteLength >= data.byteLength);
    const buffer = found >= 0 ? spare.splice(found, 1)[0]! : new SharedArrayBuffer(data.byteLength);
    new Uint8Array(buffer).set(bytesOf(values));
    const shared = new DTYPES[dtype].Array(buffer, 0, data.length) as Arrays[DType];
    const result = await work({ dtype, shape, data: shared });
    // Not after a failure: a thread that is about to end may still read it.
    spare.push(buffer);
    return result;
  }

  return {
    threads,
    encode: (job, values, box, signal) =>
      withShared(values, async (shared) => {
        const { codec, options, bound, fill, effort, lead, cut, readBack } = job;
        const plain = { codec, options, bound, fill, effort, lead, cut, readBack };
        const answer = good(await ask(share, { kind: "encode", job: plain, values: shared, box }, [], signal));
        if (answer.kind !== "chunks") throw otherAnswer();
        return answer.chunks;
      }),
    async decode(job, bytes, info, into, signal) {
      // A copy of just these bytes, which moves: `bytes` may be a view of the whole file.
      const shared = bytes.buffer instanceof SharedArrayBuffer;
      const own = shared ? bytes : bytes.slice();
      const request = { kind: "decode", job, bytes: own, info, into } as const;
      const answer = good(await ask(share, request, shared ? [] : [own.buffer as ArrayBuffer], signal));
      if (answer.kind !== "values") throw otherAnswer();
      return into ? { ...answer.values, data: into } : answer.values;
    },
    async close() {
      closeShare(share, new TempressError("invalid-argument", "stopped before it was done", { where: "threads" }));
    },
  };
}

/** The answer, or the error that it is. */
function good(answer: Answer): Exclude<Answer, { readonly kind: "error" }> {
  if (answer.kind !== "error") return answer;
  const { code, message, where, hint } = answer;
  if (code === undefined) throw new Error(message);
  throw new TempressError(code, message, {
    ...(where === undefined ? {} : { where }),
    ...(hint === undefined ? {} : { hint }),
  });
}

function otherAnswer(): TypeError {
  return new TypeError("a worker gave another answer");
}
