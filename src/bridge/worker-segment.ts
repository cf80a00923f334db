/**
 * Memory shared with a worker process: a file in memory without a name, inherited as a descriptor. Its name was random,
 * only this user could open it, and it is gone before the worker starts: nothing can be left behind.
 */
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TempressError } from "../errors.ts";
import { ioError, roomFor } from "../io/node-file.ts";

/** A file system in memory, where there is one. Elsewhere the system's cache of files does the same, less surely. */
const FOLDERS = ["/dev/shm", tmpdir()];

export class Segment {
  readonly fd: number;

  constructor() {
    this.fd = openNameless();
  }

  /** Puts bytes at the start; the file only grows, so that nobody's mapping of it ends before it does. */
  write(bytes: Uint8Array): void {
    try {
      for (let done = 0; done < bytes.length; ) done += fs.writeSync(this.fd, bytes, done, bytes.length - done, done);
    } catch (cause) {
      throw ioError(cause, "shared memory", "write");
    }
  }

  /** A copy of the first bytes. @throws TempressError "protocol" where there are fewer */
  read(length: number): Uint8Array {
    const { size } = fs.fstatSync(this.fd);
    const into = size < length ? undefined : roomFor(length);
    for (let done = 0; into && done < length; ) {
      const got = fs.readSync(this.fd, into, done, length - done, done);
      if (got === 0) return this.#short(length, done);
      done += got;
    }
    return into ?? this.#short(length, size);
  }

  close(): void {
    fs.closeSync(this.fd);
  }

  #short(length: number, present: number): never {
    throw new TempressError("protocol", `the worker announced ${length} bytes and wrote ${present}`, {
      where: "shared memory",
    });
  }
}

function openNameless(): number {
  let failure: unknown;
  for (const folder of FOLDERS) {
    const path = join(folder, `tempress-${randomBytes(16).toString("hex")}`);
    try {
      const fd = fs.openSync(path, "wx+", 0o600);
      fs.unlinkSync(path);
      return fd;
    } catch (cause) {
      failure = cause;
    }
  }
  throw ioError(failure, tmpdir(), "write");
}
