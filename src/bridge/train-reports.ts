/** Tells the daemon, if one serves, how far a training of this process is: `tempress serve --status` shows it. */
import { basename } from "node:path";
import { connectDaemon } from "./client.ts";
import type { TrainReport } from "./serve-trainings.ts";

export interface TrainReports {
  send(report: Omit<TrainReport, "name">): void;
  close(): Promise<void>;
}

const SILENT: TrainReports = { send: () => {}, close: async () => {} };

/** `model`: the file that is written, which names the training. Without a daemon nothing is told, and nothing fails. */
export async function trainReports(model: string, socket?: string): Promise<TrainReports> {
  const client = await connectDaemon(socket).catch(() => undefined);
  if (!client) return SILENT;
  let last: Promise<unknown> = Promise.resolve();
  const name = basename(model);
  return {
    send(report) {
      // A daemon that stops meanwhile does not matter to the training.
      last = client.ask("train_report", { json: [JSON.stringify({ name, ...report })] }).catch(() => undefined);
    },
    async close() {
      await last;
      client.close();
    },
  };
}
