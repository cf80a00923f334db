/** The daemon: a process that stays, with codecs warm, and compresses for programs in any language. */
import * as net from "node:net";
import { availableParallelism, totalmem } from "node:os";
import { codecs } from "../compressor/registry.ts";
import { TempressError } from "../errors.ts";
import { suggestion } from "../nearest.ts";
import { VERSIONS } from "./protocol.ts";
import { type ClientLimits, Connection, type Host } from "./serve-connection.ts";
import { WorkQueue } from "./serve-queue.ts";
import { type Listening, listenOn } from "./serve-socket.ts";
import { Trainings } from "./serve-trainings.ts";
import { sweepLeftOvers, sweepNames } from "./shm-segments.ts";

export interface DaemonSettings {
  /** Path of the socket, or "@name" for an abstract one. */
  readonly socket: string;
  /** Of this program, for clients to see. */
  readonly version: string;
  /** Requests worked on at once; default: as many as there are processors. */
  readonly threads?: number | undefined;
  /** Connections at once; default 4096. More are closed at once. */
  readonly maxClients?: number | undefined;
  /** Requests of one client that are not answered yet; default 64. */
  readonly maxRequests?: number | undefined;
  /** Segments of one client; default 64. */
  readonly maxSegments?: number | undefined;
  /** Bytes of tensors of one request, and of all that run; default: a quarter of the memory. */
  readonly maxBytes?: number | undefined;
  /** Codecs to load before the first request; default tezip, zstd and noop. */
  readonly warm?: readonly string[] | undefined;
  /** Stops after so many seconds without a client; default never. */
  readonly idleSeconds?: number | undefined;
  readonly log?: ((text: string) => void) | undefined;
  /** Built code of a worker thread. */
  readonly workerFile?: URL | undefined;
}

export interface Daemon {
  readonly socket: string;
  status(): object;
  /** Refuses new requests, finishes those that were taken, for at most so long; then all is closed and removed. */
  stop(graceSeconds?: number): Promise<void>;
  /** Resolves when it has stopped. */
  readonly stopped: Promise<void>;
}

/** Seconds within which a client sends its first packet, and the rest of a frame that it began. */
const OWING_MS = 20_000;
/** Of unfinished frames of all clients. */
const MOST_HELD = 256 << 20;
const LOOK_MS = 1000;
const FLUSH_MS = 2000;

/** @throws TempressError "io" when it cannot listen there */
export async function startDaemon(settings: DaemonSettings): Promise<Daemon> {
  const log = settings.log ?? (() => undefined);
  const started = Date.now();
  const { maxClients = 4096, threads = availableParallelism(), warm = ["tezip", "zstd", "noop"] } = settings;
  const bytes = settings.maxBytes ?? Math.floor(totalmem() / 4);
  const limits: ClientLimits = { requests: settings.maxRequests ?? 64, segments: settings.maxSegments ?? 64, bytes };
  const connections = new Set<Connection>();
  const trainings = new Trainings();
  const counts = { done: 0, failed: 0, clients: 0, refused: 0 };
  /** Prefixes of names that clients who left may have left behind. */
  const toSweep: string[] = [];
  let idleSince = Date.now();
  let stopping: Promise<void> | undefined;
  let stopped: () => void;
  const whenStopped = new Promise<void>((resolve) => {
    stopped = resolve;
  });

  for (const name of warm) {
    if (codecs.names().includes(name)) continue;
    const hint = suggestion(name, codecs.names());
    throw new TempressError("invalid-argument", `there is no codec "${name}"`, { where: "warm", hint });
  }
  const server = net.createServer({ allowHalfOpen: false });
  let listening: Listening;
  try {
    listening = await listenOn(server, settings.socket);
  } catch (error) {
    server.close();
    throw error;
  }
  sweepLeftOvers();
  const workerFile = settings.workerFile ?? new URL("./serve-worker.js", import.meta.url);
  const queue = new WorkQueue({ workerFile, threads, mostBytes: bytes, warm, log });

  const status = () => ({
    version: settings.version,
    protocol: [VERSIONS.lowest, VERSIONS.highest],
    pid: process.pid,
    socket: settings.socket,
    uptime: (Date.now() - started) / 1000,
    stopping: stopping !== undefined,
    threads,
    warm,
    clients: { now: connections.size, ever: counts.clients, refused: counts.refused },
    requests: { running: queue.running, queued: queue.queued, done: counts.done, failed: counts.failed },
    segments: [...connections].reduce((sum, { segments }) => sum + segments.size, 0),
    worker_restarts: queue.restarts,
    memory: process.memoryUsage(),
    limits: { clients: maxClients, ...limits },
    trainings: trainings.list(),
  });

  const host: Host = {
    version: settings.version,
    secret: listening.secret,
    limits,
    get stopping() {
      return stopping !== undefined;
    },
    submit: (job) => queue.submit(job),
    giveUp: (job, reason) => queue.giveUp(job, reason),
    status,
    trainings,
    count(what) {
      counts[what]++;
    },
    left(connection) {
      connections.delete(connection);
      trainings.left(connection.id);
      toSweep.push(connection.segments.prefix);
      if (connections.size === 0) idleSince = Date.now();
    },
  };

  server.on("connection", (socket) => {
    if (connections.size >= maxClients) {
      counts.refused++;
      socket.on("error", () => undefined);
      socket.destroy();
      return;
    }
    connections.add(new Connection(++counts.clients, socket, host));
  });
  // Such as too many open files: those who are connected go on.
  server.on("error", (error) => log(`socket: ${error.message}`));

  const watch = setInterval(() => {
    sweepNames(toSweep.splice(0));
    const now = Date.now();
    let held = 0;
    for (const connection of connections) {
      held += connection.held;
      const owes = connection.owingSince !== undefined && now - connection.owingSince > OWING_MS;
      if (owes || held > MOST_HELD) connection.destroy();
    }
    const idle = settings.idleSeconds ?? 0;
    if (idle > 0 && connections.size === 0 && now - idleSince > idle * 1000) {
      log(`no client for ${idle} s`);
      void stop(0);
    }
  }, LOOK_MS);

  function stop(graceSeconds = 60): Promise<void> {
    stopping ??= shutDown(graceSeconds);
    return stopping;
  }

  async function shutDown(graceSeconds: number): Promise<void> {
    // The name goes first: who comes now finds no daemon and starts another one.
    listening.remove();
    server.close();
    const grace = new Promise<void>((resolve) => setTimeout(resolve, graceSeconds * 1000).unref());
    await Promise.race([queue.drained(), grace]);
    for (const connection of connections) connection.end();
    const until = Date.now() + FLUSH_MS;
    while (connections.size > 0 && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 10));
    for (const connection of connections) connection.destroy();
    await queue.close();
    clearInterval(watch);
    await new Promise((resolve) => setImmediate(resolve));
    sweepNames(toSweep.splice(0));
    log("stopped");
    stopped();
  }

  return { socket: settings.socket, status, stop, stopped: whenStopped };
}
