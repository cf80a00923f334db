/**
 * Shared memory between a client and the daemon: POSIX segments, which Linux shows as files in /dev/shm.
 *
 * The client makes a segment under a random name and sends the random part. The daemon opens the name and removes it at
 * once, so that it cannot outlive the two. Segments are read and written with the calls for files, never mapped: a client
 * that shortens its segment makes a read come short, where touching a mapping would kill the daemon. (A descriptor
 * cannot be passed instead of a name: Node has no SCM_RIGHTS.)
 */
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { TempressError } from "../errors.ts";

const FOLDER = "/dev/shm/";
export const NONCE_BYTES = 16;
/** Names without a living owner are removed after this time. */
const LEFT_OVER_MS = 60_000;

/** `tempress-<pid of the daemon>-<random>-`: what all names of one client begin with. */
export function newPrefix(): string {
  return `tempress-${process.pid}-${randomBytes(16).toString("hex")}-`;
}

export function segmentName(prefix: string, nonce: Uint8Array): string {
  return prefix + Buffer.from(nonce).toString("hex");
}

export interface Segment {
  readonly fd: number;
  /** Requests that use it. It is closed when nobody does and it is detached. */
  users: number;
  detached: boolean;
}

/** The segments of one client. */
export class Segments {
  readonly prefix = newPrefix();
  private readonly open = new Map<number, Segment>();
  private readonly most: number;

  constructor(most: number) {
    this.most = most;
  }

  get size(): number {
    return this.open.size;
  }

  /**
   * Opens what the client has made and removes its name.
   * @throws TempressError "invalid-argument", "limit", "io" when it is not there or not the client's own
   */
  attach(id: number, nonce: Uint8Array): void {
    const wrong = (code: "invalid-argument" | "limit" | "io", message: string, hint: string) =>
      new TempressError(code, message, { where: `segment ${id}`, hint });
    if (id === 0) throw wrong("invalid-argument", "0 is no number of a segment", "count from 1");
    if (nonce.length !== NONCE_BYTES) throw wrong("invalid-argument", "a nonce has 16 bytes", "use random ones");
    const path = FOLDER + segmentName(this.prefix, nonce);
    if (this.open.has(id) || this.open.size >= this.most) {
      fs.rmSync(path, { force: true });
      if (this.open.has(id)) throw wrong("invalid-argument", "the number is in use", "detach it first");
      throw wrong("limit", `more than ${this.most} segments`, "detach some, or use parts of one");
    }
    const { O_RDWR, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
    let fd: number;
    try {
      fd = fs.openSync(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK);
    } catch (cause) {
      const reason = (cause as NodeJS.ErrnoException).code;
      throw new TempressError("io", `the segment cannot be opened: ${reason}`, {
        where: `segment ${id}`,
        hint: "make it with shm_open, the prefix of the welcome and the nonce in hexadecimal digits",
        cause,
      });
    }
    try {
      const found = fs.fstatSync(fd);
      const own = found.uid === process.geteuid?.() && (found.mode & 0o077) === 0;
      if (!found.isFile() || !own || found.nlink !== 1) {
        throw wrong(
          "io",
          "the segment is not a file of this user alone",
          "make it with O_CREAT | O_EXCL and mode 0600",
        );
      }
    } catch (error) {
      fs.closeSync(fd);
      throw error;
    } finally {
      fs.rmSync(path, { force: true });
    }
    this.open.set(id, { fd, users: 0, detached: false });
  }

  detach(id: number): void {
    const segment = this.find(id);
    this.open.delete(id);
    segment.detached = true;
    if (segment.users === 0) fs.closeSync(segment.fd);
  }

  /** For a request; `release` when it is done. */
  use(id: number): Segment {
    const segment = this.find(id);
    segment.users++;
    return segment;
  }

  release(segment: Segment): void {
    segment.users--;
    if (segment.users === 0 && segment.detached) fs.closeSync(segment.fd);
  }

  /** Closes all, those in use when they no longer are. */
  close(): void {
    for (const id of [...this.open.keys()]) this.detach(id);
  }

  private find(id: number): Segment {
    const segment = this.open.get(id);
    if (segment) return segment;
    throw new TempressError("invalid-argument", `there is no segment ${id}`, { where: "segment", hint: "attach it" });
  }
}

/** Removes names that clients left when they died between making a segment and attaching it. */
export function sweepNames(prefixes: readonly string[]): void {
  if (prefixes.length === 0) return;
  for (const name of namesOf(() => true)) {
    if (prefixes.some((prefix) => name.startsWith(prefix))) fs.rmSync(FOLDER + name, { force: true });
  }
}

/** The same for clients of daemons that are no more. */
export function sweepLeftOvers(): void {
  const now = Date.now();
  for (const name of namesOf((pid) => !isAlive(pid))) {
    const found = fs.lstatSync(FOLDER + name, { throwIfNoEntry: false });
    if (found?.isFile() && found.uid === process.geteuid?.() && now - found.mtimeMs > LEFT_OVER_MS) {
      fs.rmSync(FOLDER + name, { force: true });
    }
  }
}

function namesOf(keep: (pid: number) => boolean): string[] {
  let names: string[];
  try {
    names = fs.readdirSync(FOLDER);
  } catch {
    return [];
  }
  return names.filter((name) => {
    const match = /^tempress-(\d+)-[0-9a-f]{32}-[0-9a-f]{32}$/.exec(name);
    return match !== null && keep(Number(match[1]));
  });
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
