/** A daemon of one's own for a test, and requests to it. */
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectDaemon, type DaemonClient } from "../../src/bridge/client.ts";
import type { Message } from "../../src/bridge/protocol.ts";
import { type Daemon, type DaemonSettings, startDaemon } from "../../src/bridge/serve.ts";
import { bundled } from "../support/worker-file.ts";

export interface TestDaemon {
  readonly daemon: Daemon;
  readonly folder: string;
  client(): Promise<DaemonClient>;
  close(): Promise<void>;
}

let worker: Promise<{ readonly file: URL; readonly remove: () => void }> | undefined;

export async function testDaemon(settings: Partial<DaemonSettings> = {}): Promise<TestDaemon> {
  worker ??= bundled("test/bridge/failing-worker.ts");
  const { file } = await worker;
  const folder = mkdtempSync(join(tmpdir(), "tempress-daemon-"));
  const daemon = await startDaemon({
    socket: join(folder, "socket"),
    version: "test",
    threads: 2,
    warm: ["noop"],
    workerFile: file,
    ...settings,
  });
  const clients: DaemonClient[] = [];
  return {
    daemon,
    folder,
    async client() {
      const client = await connectDaemon(daemon.socket);
      clients.push(client);
      return client;
    },
    async close() {
      for (const client of clients) client.close();
      await daemon.stop(5);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function removeWorker(): Promise<void> {
  (await worker)?.remove();
  worker = undefined;
}

/** Values of a smooth field, as bytes. */
export function field(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => Math.fround(20 * Math.sin(i / 40) + (i % 7) * 0.01));
}

export const bytesOfField = (values: Float32Array) => new Uint8Array(values.buffer, 0, values.byteLength);

/** A request of a small tensor, inline. */
export function compressRequest(codec: string, more: Message = {}): Message {
  const values = field(1024);
  return {
    codec,
    dtype: 1,
    shape: [4, 16, 16],
    option: [["pressio:abs", "0.01"]],
    input: [{ bytes: bytesOfField(values) }],
    ...more,
  };
}

export function numbersOf(message: Message): Record<string, number> {
  return Object.fromEntries(message.number ?? []);
}

/** Names of segments of this process' daemons. */
export function segmentNames(): string[] {
  return readdirSync("/dev/shm").filter((name) => name.startsWith(`tempress-${process.pid}-`));
}

/** Descriptors of this process that lead to segments, and all of them. */
export function descriptors(): { readonly segments: number; readonly all: number } {
  const links = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return "";
    }
  });
  return { segments: links.filter((link) => link.startsWith("/dev/shm/tempress-")).length, all: links.length };
}

export function residentBytes(): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))![1]) * 1024;
}

/** Waits until something holds; fails after a time that only a fault takes. */
export async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    if (await what()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("it did not come about");
}
