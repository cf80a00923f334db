/** Chunks to worker threads and back: what goes to them is passed in shared memory. */
import { TempressError } from "../errors.ts";
import type { Arrays, DType } from "../tensor/dtype.ts";
import { ask, closeShare, giveBack, openShare, takeShared } from "./node-threads.ts";
import type { Answer } from "./node-worker.ts";
import type { ChunkPool } from "./pool.ts";

/** A share of the process's threads, `threads` of them at most at once. */
export function nodePool(threads: number): ChunkPool {
  const share = openShare(threads);
  return {
    threads,
    encode: (
      { codec, options, children, bound, fill, effort, lead, cut, readBack },
      { dtype, shape, data },
      box,
      signal,
    ) =>
      withShared(data, async (shared) => {
        const job = { codec, options, children, bound, fill, effort, lead, cut, readBack };
        const values = { dtype, shape, data: shared };
        const answer = good(await ask(share, { kind: "encode", job, values, box }, signal));
        if (answer.kind !== "chunks") throw otherAnswer();
        return answer.chunks;
      }),
    decode: (job, bytes, info, into, signal) =>
      withShared(bytes, async (shared) => {
        const answer = good(await ask(share, { kind: "decode", job, bytes: shared, info, into }, signal));
        if (answer.kind !== "values") throw otherAnswer();
        return into ? { ...answer.values, data: into } : answer.values;
      }),
    async close() {
      closeShare(share, new TempressError("invalid-argument", "stopped before it was done", { where: "threads" }));
    },
  };
}

/** `work` with the numbers in memory that all threads see: where they are, or copied there. */
async function withShared<A extends Arrays[DType], R>(numbers: A, work: (shared: A) => Promise<R>): Promise<R> {
  if (numbers.buffer instanceof SharedArrayBuffer) return work(numbers);
  const { byteLength, length } = numbers;
  const buffer = takeShared(byteLength);
  new Uint8Array(buffer).set(new Uint8Array(numbers.buffer, numbers.byteOffset, byteLength));
  const Numbers = numbers.constructor as new (buffer: SharedArrayBuffer, at: number, length: number) => A;
  const result = await work(new Numbers(buffer, 0, length));
  giveBack(buffer);
  return result;
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
