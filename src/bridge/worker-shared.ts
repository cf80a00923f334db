/** Workers of this thread, one for each command and folder: started when first asked, warm ever after. */
import { addPhase } from "../phases.ts";
import { noProgram } from "./external-launch.ts";
import type { WorkRequest } from "./worker-protocol.ts";
import { SyncWorker, type WorkResult } from "./worker-sync.ts";

const workers = new Map<string, SyncWorker>();

export function workerFor(words: readonly string[], folder?: string): SyncWorker {
  if (words.length === 0) throw noProgram();
  const key = JSON.stringify([words, folder ?? process.cwd()]);
  let worker = workers.get(key);
  if (!worker) {
    worker = new SyncWorker(words, folder);
    workers.set(key, worker);
  }
  return worker;
}

/** Ends every worker of this thread; the next request starts anew. */
export async function closeWorkers(): Promise<void> {
  const all = [...workers.values()];
  workers.clear();
  await Promise.all(all.map((worker) => worker.close()));
}

/** `worker.work`, its times added to the profile of the call. */
export function workerResult(
  worker: SyncWorker,
  request: Omit<WorkRequest, "bytes">,
  payload: Uint8Array,
  most: number,
  timeoutMs: number,
): WorkResult {
  const result = worker.work(request, payload, most, timeoutMs);
  const { start, load, work } = result.ms;
  addPhase("start", start);
  addPhase("load", load);
  addPhase("copy_in", result.copyIn);
  addPhase("external", work);
  addPhase("queue", Math.max(0, result.asked - start - load - work));
  addPhase("copy_out", result.copyOut);
  return result;
}
