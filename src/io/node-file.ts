/**
 * Files on this machine: bytes read by range, and files that appear under their name only when they are whole.
 * Every failure of the system becomes a TempressError "io" that says what to do.
 */
import * as fs from "node:fs";
import { basename, dirname, join } from "node:path";
import { TempressError } from "../errors.ts";
import { nearestName } from "../nearest.ts";
import type { ByteSource } from "../tensor/source.ts";
import type { ClosableSink } from "./raw.ts";

/** From this size on, a read or write gives signals and timers a turn. */
const YIELD_BYTES = 1 << 20;
/** A range up to this size that is asked for again comes from memory: ranges are often scanned before they are used. */
const KEPT_BYTES = 16 << 20;
/** The system reads and writes less than 2 GiB at once. */
const LARGEST_CALL = 1 << 30;

/** The system's error as one of ours. */
export function ioError(cause: unknown, path: string, doing: "read" | "write"): TempressError {
  const code = (cause as { code?: string }).code ?? "";
  const reason = cause instanceof Error ? cause.message : String(cause);
  const [message, hint] = ((): [string, string?] => {
    switch (code) {
      case "ENOENT":
        if (doing === "read") return ["there is no such file", nearFile(path)];
        if (fs.existsSync(dirname(path))) return ["this folder takes no new files", "choose another folder"];
        return ["the folder to write into does not exist", `create it: mkdir -p ${dirname(path)}`];
      case "ENOTDIR":
        return ["a part of this path is a file, not a folder", "check the path"];
      case "EISDIR":
        return ["this is a folder, not a file", doing === "read" ? "name a file in it" : "name a file to write"];
      case "EACCES":
      case "EPERM":
      case "EROFS":
        return [
          `no permission to ${doing} here`,
          doing === "read" ? "check its owner and mode" : "choose another folder",
        ];
      case "ENOSPC":
      case "EDQUOT":
        return ["the disk is full", "free some space or choose another folder"];
      case "EMFILE":
      case "ENFILE":
        return ["too many files are open", "raise the limit (ulimit -n)"];
      case "ENAMETOOLONG":
        return ["the name is too long", "choose a shorter one"];
      default:
        return [`cannot ${doing} it (${reason})`];
    }
  })();
  return new TempressError("io", message, { where: path, cause, ...(hint === undefined ? {} : { hint }) });
}

/** What stands at a path, undefined when nothing does; a path the system refuses is a typed error. */
export function statOf(path: string, doing: "read" | "write"): fs.Stats | undefined {
  try {
    return fs.statSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    throw ioError(cause, path, doing);
  }
}

function nearFile(path: string): string {
  try {
    const near = nearestName(basename(path), fs.readdirSync(dirname(path)));
    if (near !== undefined) return `did you mean ${join(dirname(path), near)}?`;
  } catch {
    return `the folder ${dirname(path)} does not exist either`;
  }
  return "check the path";
}

/** Memory that is written before it is read. No Buffer: its `slice` is a view where all others copy. */
export function roomFor(byteLength: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(byteLength).buffer);
}

/** Fills `into` from a position; gives the bytes read, fewer only at the end of the file. */
function readAt(fd: number, into: Uint8Array, position: number): number {
  let done = 0;
  while (done < into.byteLength) {
    const length = Math.min(into.byteLength - done, LARGEST_CALL);
    const got = fs.readSync(fd, into, done, length, position + done);
    if (got === 0) break;
    done += got;
  }
  return done;
}

export function writeAll(fd: number, bytes: Uint8Array): void {
  let done = 0;
  while (done < bytes.byteLength) {
    try {
      done += fs.writeSync(fd, bytes, done, Math.min(bytes.byteLength - done, LARGEST_CALL));
    } catch (error) {
      if ((error as { code?: string }).code !== "EAGAIN") throw error;
      // A pipe that somebody made non-blocking is full: wait a little.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
    }
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Byte ranges of an open file descriptor, which `close` closes. What it gives must not be written to. */
export function descriptorSource(fd: number, byteLength: number, path: string): ByteSource {
  let kept: { readonly start: number; readonly bytes: Uint8Array } | undefined;
  const read = (start: number, end: number): Uint8Array => {
    if (start < 0 || end < start || end > byteLength) {
      throw new TempressError("truncated", `bytes ${start}..${end} lie outside the file (${byteLength} bytes)`, {
        where: path,
      });
    }
    if (kept?.start === start && kept.bytes.length === end - start) return kept.bytes;
    let got: number;
    let bytes: Uint8Array;
    try {
      bytes = roomFor(end - start);
      got = readAt(fd, bytes, start);
    } catch (cause) {
      throw ioError(cause, path, "read");
    }
    if (got < end - start) {
      throw new TempressError("truncated", "the file became shorter while it was read", { where: path });
    }
    kept = bytes.length <= KEPT_BYTES ? { start, bytes } : undefined;
    return bytes;
  };
  let open = true;
  return {
    byteLength,
    name: path,
    read: (start, end) => (end - start < YIELD_BYTES ? read(start, end) : turn().then(() => read(start, end))),
    close() {
      if (open && fd > 2) fs.closeSync(fd);
      open = false;
    },
  };
}

/** Opens a regular file. A folder, a missing file or one without permission is a typed error "io". */
export function openFile(path: string): ByteSource {
  let fd: number | undefined;
  try {
    fd = fs.openSync(path, "r");
    const stat = fs.fstatSync(fd);
    if (stat.isDirectory()) throw Object.assign(new Error("is a directory"), { code: "EISDIR" });
    return descriptorSource(fd, stat.size, path);
  } catch (cause) {
    if (fd !== undefined) fs.closeSync(fd);
    throw ioError(cause, path, "read");
  }
}

/** A file that is opened at each read, for folders with more frames than descriptors. */
export function unopenedFile(path: string): ByteSource {
  let byteLength: number;
  try {
    byteLength = fs.statSync(path).size;
  } catch (cause) {
    throw ioError(cause, path, "read");
  }
  return {
    byteLength,
    name: path,
    async read(start, end) {
      const file = openFile(path);
      try {
        return await file.read(start, end);
      } finally {
        await file.close?.();
      }
    },
  };
}

const temporaries = new Set<string>();
let made = 0;

/** Removes every file that is not finished. For the moment before a process dies; the library never calls it. */
export function removeTemporaryFiles(): void {
  for (const path of temporaries) fs.rmSync(path, { force: true, recursive: true });
  temporaries.clear();
}

/** A free name beside `path`, remembered for `removeTemporaryFiles` until `forget`. */
export function temporaryBeside(path: string): { name: string; forget(): void } {
  const name = join(
    dirname(path),
    `.${basename(path).slice(0, 80)}.${process.pid}-${++made}-${Math.random().toString(36).slice(2, 8)}.tmp`,
  );
  temporaries.add(name);
  return { name, forget: () => temporaries.delete(name) };
}

export function existsError(path: string): TempressError {
  return new TempressError("io", "the output exists already", { where: path, hint: "use --force to replace it" });
}

/**
 * A file that is written under a temporary name beside `path` and renamed on close; a failure before that leaves
 * nothing. Devices and pipes are written directly.
 * @throws TempressError "io" when it exists and `force` is not set, is a folder, or cannot be written.
 */
export function createFile(path: string, options: { force?: boolean | undefined } = {}): ClosableSink {
  const present = statOf(path, "write");
  if (present?.isDirectory()) throw ioError({ code: "EISDIR" }, path, "write");
  if (present && !present.isFile()) return direct(path);
  if (present && !options.force) throw existsError(path);
  const temporary = temporaryBeside(path);
  let fd: number;
  try {
    if (present) fs.accessSync(path, fs.constants.W_OK);
    fd = fs.openSync(temporary.name, "wx", present ? present.mode : 0o666);
  } catch (cause) {
    temporary.forget();
    throw ioError(cause, path, "write");
  }
  let open = true;
  const abort = (): void => {
    if (open) fs.closeSync(fd);
    open = false;
    fs.rmSync(temporary.name, { force: true });
    temporary.forget();
  };
  return {
    async write(bytes) {
      try {
        writeAll(fd, bytes);
      } catch (cause) {
        abort();
        throw ioError(cause, path, "write");
      }
      await turn();
    },
    close() {
      try {
        fs.closeSync(fd);
        open = false;
        place(temporary.name, path, options.force === true);
        temporary.forget();
      } catch (cause) {
        abort();
        if ((cause as { code?: string }).code === "EEXIST") throw existsError(path);
        throw ioError(cause, path, "write");
      }
    },
    abort,
  };
}

/** Gives a finished file its name; without `force` it never replaces one that appeared meanwhile. */
export function place(from: string, to: string, force: boolean): void {
  if (!force) {
    try {
      fs.linkSync(from, to);
      fs.unlinkSync(from);
      return;
    } catch (cause) {
      const code = (cause as { code?: string }).code ?? "";
      // Some file systems have no hard links.
      if (!["EPERM", "ENOTSUP", "ENOSYS", "EXDEV", "EMLINK", "EACCES"].includes(code)) throw cause;
      if (fs.existsSync(to)) throw Object.assign(new Error("exists"), { code: "EEXIST" });
    }
  }
  fs.renameSync(from, to);
}

function direct(path: string): ClosableSink {
  let fd: number;
  try {
    fd = fs.openSync(path, "w");
  } catch (cause) {
    throw ioError(cause, path, "write");
  }
  return descriptorSink(fd, path);
}

/** Writes to an open descriptor, which `close` closes unless it is standard output. */
export function descriptorSink(fd: number, name: string): ClosableSink {
  return {
    async write(bytes) {
      try {
        writeAll(fd, bytes);
      } catch (cause) {
        throw ioError(cause, name, "write");
      }
      await turn();
    },
    close() {
      if (fd > 2) fs.closeSync(fd);
    },
  };
}
