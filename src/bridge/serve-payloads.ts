/** Payloads of a request: bytes that came with it, or a place in a segment. */
import { LIMITS } from "./protocol.ts";
import type { Input, Task } from "./serve-task.ts";
import { readPlace, TargetSink, tooSmall, type Written } from "./shm-io.ts";

/** An answer without a place for its output holds at most so much. */
export const MOST_INLINE = LIMITS.body - (64 << 10);

export const sizeOf = (input: Input) => ("bytes" in input ? input.bytes.length : input.length);
export const bytesIn = (input: Input) => ("bytes" in input ? input.bytes : readPlace(input, 0, input.length));

export function put({ targets }: Task, bytes: Uint8Array): Written {
  const [target] = targets;
  if (bytes.length <= (target ? target.inline : MOST_INLINE)) return { bytes };
  if (target && !target.grow && bytes.length > target.length) throw tooSmall(target.length, bytes.length);
  if (target === undefined) throw tooSmall(MOST_INLINE, bytes.length);
  const sink = new TargetSink(target, 0);
  sink.write(bytes);
  return sink.finish();
}
