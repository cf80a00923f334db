/** The daemon as a verb; what it does is in bridge/serve.ts. */
import { isTempressError, TempressError } from "../errors.ts";
import { jsonLine, note, print } from "./output.ts";
import { pairs } from "./table.ts";
import { formatBytes, formatSeconds } from "./units.ts";
import { countOf, namesOf } from "./values.ts";
import type { Verb } from "./verb.ts";

/** Put in by scripts/build-cli.mjs from package.json. */
declare const TEMPRESS_VERSION: string;

type Flags = Readonly<Record<string, unknown>>;

export const serve: Verb = {
  define(command) {
    command
      .option("--socket <path>", "where to listen, or whom to ask; @NAME is an abstract name (Linux)")
      .option("--threads <n>", "requests worked on at once (default: the processors)", countOf("--threads"))
      .option("--max-bytes <n>", "bytes of tensors of one request, and of all that run", countOf("--max-bytes"))
      .option("--max-clients <n>", "connections at once (default: 4096)", countOf("--max-clients"))
      .option("--warm <codecs>", "codecs to load before the first request (default: tezip,zstd,noop)", namesOf)
      .option("--idle <seconds>", "stop after so long without a client", countOf("--idle"))
      .option("--grace <seconds>", "at the end, wait so long for running requests (default: 60)", countOf("--grace", 0))
      .option("--status", "show what the daemon does, and end")
      .option("--stop", "ask the daemon to finish and stop, and wait for it")
      .option("--json", "print one JSON object a line")
      .option("--quiet", "print nothing");
  },
  notes: async () =>
    [
      "Without --socket: $TEMPRESS_SOCKET, else $XDG_RUNTIME_DIR/tempress/daemon.sock, else ~/.cache/tempress/daemon.sock.",
      "Only your own processes can connect. SIGTERM or Ctrl-C finishes running requests first; a second one does not.",
    ].join("\n"),
  async run(_, flags) {
    const { defaultSocket } = await import("../bridge/serve-socket.ts");
    const socket = (flags.socket as string | undefined) ?? defaultSocket();
    if (flags.status) return await showStatus(socket, flags);
    return flags.stop ? await stopDaemon(socket, flags) : await runDaemon(socket, flags);
  },
};

async function runDaemon(socket: string, flags: Flags): Promise<number> {
  const { startDaemon } = await import("../bridge/serve.ts");
  const log = (text: string) => {
    if (!flags.quiet) note(`tempress serve: ${text}`);
  };
  const daemon = await startDaemon({
    socket,
    version: TEMPRESS_VERSION,
    threads: flags.threads as number | undefined,
    maxBytes: flags.maxBytes as number | undefined,
    maxClients: flags.maxClients as number | undefined,
    warm: flags.warm as string[] | undefined,
    idleSeconds: flags.idle as number | undefined,
    log,
  });
  if (flags.json) print(jsonLine({ socket, pid: process.pid }));
  else log(`listening on ${socket}, process ${process.pid}`);
  let asked = 0;
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    process.on(signal, () => {
      asked++;
      if (asked === 1) log("finishing running requests");
      if (asked > 1) process.exit(2);
      void daemon.stop((flags.grace as number | undefined) ?? 60);
    });
  }
  await daemon.stopped;
  return 0;
}

interface Status {
  readonly version: string;
  readonly pid: number;
  readonly socket: string;
  readonly uptime: number;
  readonly threads: number;
  readonly stopping: boolean;
  readonly clients: { readonly now: number; readonly ever: number };
  readonly requests: Readonly<Record<"running" | "queued" | "done" | "failed", number>>;
  readonly segments: number;
  readonly worker_restarts: number;
  readonly memory: { readonly rss: number };
  readonly trainings: readonly { name: string; stage: string; step: number; steps: number; loss: number | null }[];
}

async function askStatus(socket: string): Promise<Status> {
  const { connectDaemon } = await import("../bridge/client.ts");
  const client = await connectDaemon(socket);
  try {
    const { json } = await client.ask("status", {});
    return JSON.parse(json![0]!);
  } finally {
    client.close();
  }
}

async function showStatus(socket: string, flags: Flags): Promise<number> {
  const status = await askStatus(socket);
  if (flags.json) {
    print(jsonLine(status));
    return 0;
  }
  const { requests, clients, trainings } = status;
  const rows: [string, string][] = [
    ["process", `${status.pid}, tempress ${status.version}${status.stopping ? ", stopping" : ""}`],
    ["running for", formatSeconds(status.uptime)],
    ["clients", `${clients.now} now, ${clients.ever} ever`],
    [
      "requests",
      `${requests.running} running, ${requests.queued} queued, ${requests.done} done, ${requests.failed} failed`,
    ],
    ["segments", String(status.segments)],
    ["workers", `${status.threads} threads, ${status.worker_restarts} replaced`],
    ["memory", formatBytes(status.memory.rss)],
    ...trainings.map(({ name, stage, step, steps, loss }): [string, string] => {
      return [`training ${name}`, `${stage}, step ${step} of ${steps}${loss === null ? "" : `, loss ${loss}`}`];
    }),
  ];
  print(`${status.socket}\n${pairs(rows)}`);
  return 0;
}

async function stopDaemon(socket: string, flags: Flags): Promise<number> {
  const { isAlive } = await import("../bridge/shm-segments.ts");
  let pid: number;
  try {
    ({ pid } = await askStatus(socket));
  } catch (error) {
    if (isTempressError(error, "io")) {
      throw new TempressError("io", "no daemon serves here", { where: socket, hint: "there is nothing to stop" });
    }
    throw error;
  }
  process.kill(pid, "SIGTERM");
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
  if (!flags.quiet) print(flags.json ? jsonLine({ stopped: pid }) : `stopped process ${pid}`);
  return 0;
}
