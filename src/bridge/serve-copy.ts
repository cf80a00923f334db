/**
 * A few bytes that are only copied (codec noop without a container). The daemon's main thread does it: to wake a worker
 * takes several times as long, and no codec runs that could fail or hang.
 */
import { DTYPES } from "../tensor/dtype.ts";
import { elementCount } from "../tensor/shape.ts";
import { bytesIn, put, sizeOf } from "./serve-payloads.ts";
import type { Result, Task } from "./serve-task.ts";
import { checkPlace } from "./shm-io.ts";

const MOST_BYTES = 64 << 10;

/** Undefined for all other work, and for what is not in order: a worker says what is wrong with it. */
export function copyAtOnce(task: Task): Result | undefined {
  if ((task.kind !== "compress" && task.kind !== "decompress") || !task.bare || task.codec !== "noop") return undefined;
  const { dtype, shape, options } = task;
  const [input, ...more] = task.inputs;
  if (!input || more.length > 0 || options.length > 0 || !dtype || !shape) return undefined;
  const size = elementCount(shape) * DTYPES[dtype].bytes;
  if (size > MOST_BYTES || sizeOf(input) !== size) return undefined;
  const started = performance.now();
  if (!("bytes" in input)) checkPlace(input);
  const output = put(task, bytesIn(input));
  const spent = performance.now() - started;
  const numbers: [string, number][] = [
    ["tempress:time_copy_in", 0],
    ["tempress:time_copy_out", spent],
    ["tempress:time_work", spent],
  ];
  if (task.kind === "decompress") return { outputs: [output], numbers, dtype, shape };
  return {
    outputs: [output],
    numbers: [
      ["size:uncompressed_size", size],
      ["size:compressed_size", size],
      ["size:compression_ratio", 1],
      ...numbers,
    ],
  };
}
