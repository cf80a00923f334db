/** Standard input and output, and pipes: bytes that come once, made readable by range. */
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { TempressError } from "../errors.ts";
import type { ByteSource } from "../tensor/source.ts";
import { byteSource } from "../tensor/source.ts";
import {
  createFile,
  descriptorSink,
  descriptorSource,
  ioError,
  openFile,
  roomFor,
  statOf,
  temporaryBeside,
  writeAll,
} from "./node-file.ts";
import type { ClosableSink } from "./raw.ts";

/** More than this goes to a temporary file instead of memory. */
const MEMORY_BYTES = 64 << 20;
const PIECE_BYTES = 1 << 20;

/**
 * `-` is standard input, a pipe is read to its end, anything else is a file.
 * @param limit bytes after which a stream is refused, where the caller knows how many must come.
 */
export async function openBytes(path: string, limit = Number.POSITIVE_INFINITY): Promise<ByteSource> {
  if (path === "-") {
    // `tempress ... - < file`: ranges of the file itself.
    const stat = fs.fstatSync(0);
    if (stat.isFile()) return descriptorSource(0, stat.size, "standard input");
    if (process.stdin.isTTY) {
      throw new TempressError("io", "nothing is piped into standard input", {
        where: "-",
        hint: "use a file name, or: other-program | tempress ... -",
      });
    }
    return await spool(0, "standard input", limit);
  }
  const stat = statOf(path, "read");
  if (!stat?.isFIFO() && !stat?.isSocket() && !stat?.isCharacterDevice()) return openFile(path);
  let fd: number;
  try {
    fd = await openLater(path, "r"); // a pipe opens when its writer comes
  } catch (cause) {
    throw ioError(cause, path, "read");
  }
  try {
    return await spool(fd, path, limit);
  } finally {
    fs.closeSync(fd);
  }
}

/** `-` is standard output, anything else a file that appears when it is whole. */
export function createBytes(path: string, options: { force?: boolean | undefined } = {}): ClosableSink {
  if (path !== "-") return createFile(path, options);
  if (process.stdout.isTTY) {
    throw new TempressError("io", "standard output is a terminal, which cannot show binary data", {
      where: "-",
      hint: "redirect it (> file), pipe it on, or use -o FILE",
    });
  }
  return descriptorSink(1, "standard output");
}

const openLater = promisify(fs.open) as (path: string, flags: string) => Promise<number>;
const readSome = promisify(fs.read) as (
  fd: number,
  buffer: Uint8Array,
  offset: number,
  length: number,
  position: null,
) => Promise<{ bytesRead: number }>;

/** Reads a stream to its end. Asynchronous, so that signals are served while nothing comes. */
async function spool(fd: number, name: string, limit: number): Promise<ByteSource> {
  const pieces: Uint8Array[] = [];
  let total = 0;
  let file: number | undefined;
  for (;;) {
    const piece = await nextPiece(fd, name);
    if (piece.length === 0) break;
    total += piece.length;
    if (total > limit) {
      throw new TempressError("invalid-argument", `more than the ${limit} bytes of shape and dtype came`, {
        where: name,
        hint: "check --shape and --dtype",
      });
    }
    pieces.push(piece);
    if (total > MEMORY_BYTES) {
      try {
        file ??= nameless();
        for (const part of pieces.splice(0)) writeAll(file, part);
      } catch (cause) {
        throw ioError(cause, tmpdir(), "write");
      }
    }
  }
  return file === undefined ? byteSource(joined(pieces), name) : descriptorSource(file, total, name);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const all = roomFor(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** One full piece; shorter only at the end of the stream. */
async function nextPiece(fd: number, name: string): Promise<Uint8Array> {
  const piece = roomFor(PIECE_BYTES);
  let filled = 0;
  while (filled < piece.length) {
    const got = await readOnce(fd, piece, filled, name);
    if (got === 0) break;
    filled += got;
  }
  return piece.subarray(0, filled);
}

async function readOnce(fd: number, piece: Uint8Array, at: number, name: string): Promise<number> {
  for (;;) {
    try {
      return (await readSome(fd, piece, at, piece.length - at, null)).bytesRead;
    } catch (cause) {
      const code = (cause as { code?: string }).code;
      if (code === "EOF") return 0;
      if (code !== "EAGAIN") throw ioError(cause, name, "read");
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/** A file that has no name any more: it goes when the process does. */
function nameless(): number {
  const { name, forget } = temporaryBeside(join(tmpdir(), "tempress-input"));
  const fd = fs.openSync(name, "wx+", 0o600);
  try {
    fs.unlinkSync(name);
    forget();
  } catch {
    // Where open files cannot be unlinked, the name stays remembered and is removed at the end.
  }
  return fd;
}
