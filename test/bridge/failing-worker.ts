/** The daemon's worker with codecs that fail in ways which no input should bring about: for tests of what follows. */
import { parentPort } from "node:worker_threads";
import type { Task } from "../../src/bridge/serve-task.ts";

parentPort!.on("message", (task: Task) => {
  if (task.kind !== "compress") return;
  if (task.codec === "crash") process.exit(3);
  if (task.codec === "throw") throw new Error("thrown");
  if (task.codec === "hang") for (;;);
  if (task.codec === "slow") {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
    Object.assign(task, { codec: "noop" });
  }
});

await import("../../src/bridge/serve-worker.ts");
