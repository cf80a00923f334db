/**
 * TEZIP's three files: names of images, key frames, numbers. They hold neither mode nor bound nor the network's name,
 * and no checksum: a wrong network gives wrong frames, and nothing in them can tell.
 *
 *     filename.txt    1 or 0 (colour or grey), then a name a line
 *     key_frame.dat   zstd of 8-bit values [1, N, H, W, channels], zero where a frame is no key
 *     entropy.dat     zstd of int16: symbols, table, its length or -1, shape [1, N, H, W, channels], warm-up;
 *                     read from its end
 */
import { zstdCompress, zstdContentSize, zstdDecompress } from "../entropy/lossless.ts";
import { TempressError } from "../errors.ts";
import type { ClassicParts } from "./tezip-classic-frames.ts";
import type { Frames } from "./tezip-classic-schedule.ts";

export const ARCHIVE_FILES = ["filename.txt", "key_frame.dat", "entropy.dat"] as const;
export type ArchiveFile = (typeof ARCHIVE_FILES)[number];
export type ArchiveBytes = Readonly<Record<ArchiveFile, Uint8Array>>;

export interface ClassicArchive {
  /** Whether images are RGB; grey ones have three equal channels, or the one that the network has. */
  readonly colour: boolean;
  readonly names: readonly string[];
  readonly size: Omit<Frames, "data">;
  readonly parts: ClassicParts;
}

const LEVEL = 9;
/** The largest number of 16 bits. */
const MOST = 32767;
/** Larger files are refused before memory is taken for them. */
const MOST_BYTES = 2 ** 30;
/** Table's length, shape of five, warm-up. */
const TAIL = 7;

/** @throws TempressError "unsupported" for what 16 bits cannot hold or a name that is none */
export function writeArchive({ colour, names, size, parts }: ClassicArchive): ArchiveBytes {
  const { count, height, width, channels } = size;
  for (const [what, value] of Object.entries({ count, height, width, warmUp: parts.warmUp })) {
    if (value > MOST) {
      throw new TempressError("unsupported", `TEZIP's archive cannot hold ${what} ${value}, at most ${MOST}`, {
        where: "entropy.dat",
        hint: "use fewer or smaller frames, or a .tpz file with --codec tezip_classic",
      });
    }
  }
  for (const name of names) checkName(name);
  const { symbols, table, keys, warmUp } = parts;
  const tableLength = table?.length ?? 0;
  const numbers = new Int16Array(symbols.length + tableLength + TAIL);
  numbers.set(symbols);
  if (table) numbers.set(table, symbols.length);
  numbers.set([table ? tableLength : -1, 1, count, height, width, channels, warmUp], symbols.length + tableLength);
  return {
    "filename.txt": new TextEncoder().encode(`${[colour ? "1" : "0", ...names].join("\n")}\n`),
    "key_frame.dat": zstdCompress(keys, LEVEL),
    "entropy.dat": zstdCompress(bytesOf(numbers), LEVEL),
  };
}

/** @throws TempressError "corrupt", and "unsupported" for names that lead out of a folder */
export function readArchive(files: ArchiveBytes): ClassicArchive {
  const { colour, names } = readNames(files["filename.txt"]);
  const numbers = int16(unpack(files["entropy.dat"], "entropy.dat"));
  if (numbers.length < TAIL) throw damaged("entropy.dat", "it ends before the shape of the frames");
  const [tableLength, one, count, height, width, channels, warmUp] = numbers.subarray(-TAIL) as unknown as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (one !== 1 || [count, height, width, channels].some((extent) => extent < 1)) {
    throw damaged("entropy.dat", `frames of shape ${[one, count, height, width, channels].join("x")} cannot be`);
  }
  if (names.length !== count) throw damaged("filename.txt", `${names.length} names for ${count} frames`);
  if (warmUp < 0 || warmUp > count) throw damaged("entropy.dat", `${warmUp} warm-up frames of ${count}`);
  const values = count * height * width * channels;
  const entries = Math.max(0, tableLength);
  if (tableLength < -1 || numbers.length !== values + entries + TAIL) {
    throw damaged("entropy.dat", `${numbers.length} numbers are not those of ${values} values`);
  }
  const keys = unpack(files["key_frame.dat"], "key_frame.dat", values);
  return {
    colour,
    names,
    size: { count, height, width, channels },
    parts: {
      keys,
      warmUp,
      symbols: numbers.subarray(0, values),
      table: tableLength < 0 ? undefined : numbers.subarray(values, values + entries),
    },
  };
}

function readNames(bytes: Uint8Array): Pick<ClassicArchive, "colour" | "names"> {
  const where = "filename.txt";
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw damaged(where, "it is no text");
  }
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  if (lines.at(-1) === "") lines.pop();
  // Early versions wrote no flag: what is no digit there is a name.
  const flag = lines[0];
  const flagged = flag === "0" || flag === "1";
  const names = flagged ? lines.slice(1) : lines;
  for (const name of names) checkName(name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw damaged(where, `the name "${twice}" is there twice`);
  return { colour: !flagged || flag === "1", names };
}

/** A name of one file: nothing that leads elsewhere. */
function checkName(name: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what must not be in a name
  if (name !== "" && name !== "." && name !== ".." && !/[/\\\u0000-\u001f\u007f]|^[A-Za-z]:/.test(name)) return;
  throw new TempressError("unsupported", `"${name.slice(0, 80)}" is no name of an image`, {
    where: "filename.txt",
    hint: "names of files only, without folders: this archive may be meant to write elsewhere",
  });
}

function unpack(bytes: Uint8Array, where: string, expected?: number): Uint8Array {
  const length = zstdContentSize(bytes, where);
  if (length > MOST_BYTES) throw damaged(where, `it claims ${length} bytes, more than ${MOST_BYTES}`);
  return zstdDecompress(bytes, expected ?? length, where);
}

function int16(bytes: Uint8Array): Int16Array {
  if (bytes.length % 2 !== 0) throw damaged("entropy.dat", `${bytes.length} bytes are no 16-bit numbers`);
  return new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
}

function bytesOf(numbers: Int16Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

function damaged(where: string, what: string): TempressError {
  return new TempressError("corrupt", `the archive is damaged: ${what}`, {
    where,
    hint: "filename.txt, key_frame.dat and entropy.dat of one run belong together",
  });
}
