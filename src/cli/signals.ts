/** A verb that is stopped removes its unfinished files, then dies of the signal it was sent. */
import { removeTemporaryFiles } from "../io/node-file.ts";

export function cleanUpOnSignals(): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      removeTemporaryFiles();
      process.kill(process.pid, signal);
    });
  }
  process.once("exit", removeTemporaryFiles);
}
