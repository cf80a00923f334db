/** Parts of a segment as sources and sinks of bytes. */
import * as fs from "node:fs";
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
      throw new TempressError("io", `shared memory cannot be written: ${(cause as NodeJS.ErrnoException).code}`, {
        where: "shared memory",
        hint: "is /dev/shm full?",
        cause,
      });
    }
  }
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

/** One for all copies of this thread. */
let copyBlock: Uint8Array | undefined;

/** From segment to segment through one block. */
export function copyPlace(from: Place, target: Target, stopIfAsked: () => void): Written {
  if (!target.grow && from.length > target.length) throw tooSmall(target.length, from.length);
  copyBlock ??= new Uint8Array(BLOCK_BYTES);
  const block = copyBlock;
  for (let at = 0; at < from.length; at += block.length) {
    stopIfAsked();
    const part = block.subarray(0, Math.min(block.length, from.length - at));
    readPlace(from, at, at + part.length, part);
    writeAt(target.fd, part, target.offset + at);
  }
  return { offset: target.offset, length: from.length };
}
