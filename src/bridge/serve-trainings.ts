/** Trainings that tell the daemon how far they are, so that others can ask. They run in processes of their own. */
import { TempressError } from "../errors.ts";

export interface TrainReport {
  readonly name: string;
  readonly stage: "training" | "done" | "failed";
  readonly step: number;
  readonly steps: number;
  /** Of the latest step; null before the first. */
  readonly loss: number | null;
}

export type Training = Omit<TrainReport, "stage"> & {
  readonly stage: TrainReport["stage"] | "lost";
  readonly client: number;
  /** Seconds since the first report, and since the latest. */
  readonly seconds: number;
  readonly quiet: number;
};

const MOST = 64;
const MOST_TEXT = 4096;

interface Entry {
  report: TrainReport;
  lost: boolean;
  readonly client: number;
  readonly since: number;
  latest: number;
}

export class Trainings {
  /** The one reported last comes last. */
  private readonly entries = new Map<string, Entry>();

  /** @throws TempressError "protocol" for what is no report */
  report(client: number, text: string): void {
    const report = checked(text);
    const before = this.entries.get(report.name);
    const now = Date.now();
    const since = before && before.client === client ? before.since : now;
    this.entries.delete(report.name);
    this.entries.set(report.name, { report, lost: false, client, since, latest: now });
    for (const name of this.entries.keys()) if (this.entries.size > MOST) this.entries.delete(name);
  }

  /** The client's connection ended: what it did not report done will not be. */
  left(client: number): void {
    for (const entry of this.entries.values()) {
      if (entry.client === client && entry.report.stage === "training") entry.lost = true;
    }
  }

  list(): Training[] {
    const now = Date.now();
    return [...this.entries.values()].map(({ report, lost, client, since, latest }) => ({
      ...report,
      stage: lost ? "lost" : report.stage,
      client: client,
      seconds: (latest - since) / 1000,
      quiet: (now - latest) / 1000,
    }));
  }
}

function checked(text: string): TrainReport {
  const wrong = (what: string) =>
    new TempressError("protocol", `a training's report ${what}`, {
      where: "train_report",
      hint: '{"name": "era5", "stage": "training", "step": 10, "steps": 1000, "loss": 0.1}',
    });
  if (text.length > MOST_TEXT) throw wrong(`has more than ${MOST_TEXT} characters`);
  let given: Partial<Record<keyof TrainReport, unknown>>;
  try {
    given = JSON.parse(text);
  } catch {
    throw wrong("is no JSON");
  }
  if (typeof given !== "object" || given === null) throw wrong("is no object");
  const { name, stage, step, steps, loss } = given;
  const count = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
  if (typeof name !== "string" || name === "" || name.length > 200) throw wrong("has no name");
  if (stage !== "training" && stage !== "done" && stage !== "failed") throw wrong("has no known stage");
  if (!count(step) || !count(steps)) throw wrong("has no count of steps");
  if (loss !== null && typeof loss !== "number") throw wrong("has no loss");
  return { name, stage, step, steps, loss };
}
