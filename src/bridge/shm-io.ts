/** Parts of a segment as sources and sinks of bytes. */
import * as fs from "node:fs";
import { promisify } from "node:util";
import { TempressError } from "../errors.ts";
import type { ByteSink, ByteSource } from "../tensor/source.ts";

/** Bytes [offset, offset + length) of an open segment. */
export interface Place {
  readonly fd: number;
  readonly offset: number;
  readonly length: number;
}

/** Where an output may go. */
export interface Target extends Place {
  /** May become longer than `length`. */
  readonly grow: boolean;
  /** Goes into the answer instead where it has at most so many bytes. */
  readonly inline: number;
}

/** Copied and written in steps that stay in the processor's cache. */
const BLOCK_BYTES = 1 << 20;

function shrunk(): TempressError {
  return new TempressError("io", "the segment is shorter than the request says", {
    where: "shared memory",
    hint: "keep it as it is until the answer has come",
  });
}

/** @throws TempressError "io" where the segment ends before the part does */
export function checkPlace({ fd, offset, length }: Place): void {
  if (offset + length > fs.fstatSync(fd).size) throw shrunk();
}

export function readPlace(place: Place, start: number, end: number, into?: Uint8Array): Uint8Array {
  const bytes = into ?? new Uint8Array(end - start);
  for (let done = 0; done < bytes.length; ) {
    const got = fs.readSync(place.fd, bytes, done, bytes.length - done, place.offset + start + done);
    if (got === 0) throw shrunk();
    done += got;
  }
  return bytes;
}

export function placeSource(place: Place): ByteSource {
  return {
    byteLength: place.length,
    name: "shared memory",
    read: (start, end) => readPlace(place, start, end),
  };
}

export function writeAt(fd: number, bytes: Uint8Array, at: number): void {
  for (let done = 0; done < bytes.length; ) {
    try {
      done += fs.writeSync(fd, bytes, done, bytes.length - done, at + done);
    } catch (cause) {
      throw unwritable(cause);
    }
  }
}

function unwritable(cause: unknown): TempressError {
  return new TempressError("io", `shared memory cannot be written: ${(cause as NodeJS.ErrnoException).code}`, {
    where: "shared memory",
    hint: "is /dev/shm full?",
    cause,
  });
}

export function tooSmall(capacity: number, size?: number): TempressError {
  return new TempressError("limit", `the output does not fit into ${capacity} bytes`, {
    where: "output",
    hint: size === undefined ? "give more room, or let the segment grow" : `it has ${size} bytes`,
  });
}

export type Written = { readonly bytes: Uint8Array } | { readonly offset: number; readonly length: number };

/** Gathers an output; it stays in memory while it is small enough for the answer. */
export class TargetSink implements ByteSink {
  private block = new Uint8Array(4096);
  private held = 0;
  private written = 0;
  private readonly target: Target | undefined;
  private readonly mostInline: number;

  /** Without a target all goes into the answer, if it has at most `mostInline` bytes. */
  constructor(target: Target | undefined, mostInline: number) {
    this.target = target;
    this.mostInline = target ? target.inline : mostInline;
  }

  write(bytes: Uint8Array): void {
    const limit = this.written > 0 ? BLOCK_BYTES : this.mostInline;
    if (this.held + bytes.length <= limit) {
      this.keep(bytes);
      return;
    }
    this.flush();
    if (bytes.length >= BLOCK_BYTES) this.put(bytes);
    else this.keep(bytes);
  }

  finish(): Written {
    if (this.written === 0 && this.held <= this.mostInline) return { bytes: this.block.slice(0, this.held) };
    this.flush();
    return { offset: this.target!.offset, length: this.written };
  }

  private keep(bytes: Uint8Array): void {
    if (this.held + bytes.length > this.block.length) {
      const larger = new Uint8Array(Math.max(2 * this.block.length, this.held + bytes.length));
      larger.set(this.block.subarray(0, this.held));
      this.block = larger;
    }
    this.block.set(bytes, this.held);
    this.held += bytes.length;
  }

  private flush(): void {
    this.put(this.block.subarray(0, this.held));
    this.held = 0;
  }

  private put(bytes: Uint8Array): void {
    const { target } = this;
    if (target === undefined) throw tooSmall(this.mostInline);
    if (!target.grow && this.written + bytes.length > target.length) throw tooSmall(target.length);
    writeAt(target.fd, bytes, target.offset + this.written);
    this.written += bytes.length;
  }
}

/** What is smaller is copied by this thread; larger parts by two others at once. */
const ONE_LANE_BYTES = 4 << 20;
const LANES = 2;
const LANE_BLOCK_BYTES = 4 << 20;
const readAsync = promisify(fs.read);
const writeAsync = promisify(fs.write);
/** Kept for the next copies of this thread. */
const blocks: Uint8Array[] = [];

/** From segment to segment through blocks that stay in the cache. */
export async function copyPlace(from: Place, target: Target, stopIfAsked: () => void): Promise<Written> {
  if (!target.grow && from.length > target.length) throw tooSmall(target.length, from.length);
  if (from.length <= ONE_LANE_BYTES) {
    writeAt(target.fd, readPlace(from, 0, from.length), target.offset);
    return { offset: target.offset, length: from.length };
  }
  let next = 0;
  let failed = false;
  async function lane(): Promise<void> {
    const block = blocks.pop() ?? new Uint8Array(LANE_BLOCK_BYTES);
    try {
      while (next < from.length && !failed) {
        stopIfAsked();
        const at = next;
        const length = Math.min(block.length, from.length - at);
        next += length;
        const { bytesRead } = await readAsync(from.fd, block, 0, length, from.offset + at);
        if (bytesRead < length) throw shrunk();
        const { bytesWritten } = await writeAsync(target.fd, block, 0, length, target.offset + at);
        // Seldom less than all: the rest says why.
        if (bytesWritten < length) {
          writeAt(target.fd, block.subarray(bytesWritten, length), target.offset + at + bytesWritten);
        }
      }
    } catch (error) {
      failed = true;
      throw (error as NodeJS.ErrnoException).syscall === undefined ? error : unwritable(error);
    } finally {
      blocks.push(block);
    }
  }
  // Both are over before the segments are given back.
  const ends = await Promise.allSettled(Array.from({ length: LANES }, lane));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  return { offset: target.offset, length: from.length };
}
