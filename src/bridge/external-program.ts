/** `external_compressor` with a program that is started for every call: LibPressio's side of its external protocol. */
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { TempressError } from "../errors.ts";
import { ioError, roomFor } from "../io/node-file.ts";
import { npyHeader } from "../io/npy.ts";
import { inPhase } from "../phases.ts";
import { DTYPES } from "../tensor/dtype.ts";
import { elementCount, formatShape, type Shape } from "../tensor/shape.ts";
import {
  API_VERSION,
  type ExternalFile,
  formatArguments,
  fromLpDType,
  LP_DTYPES,
  type LpDType,
} from "./external-arguments.ts";
import { extentsOf, launch, type Program, parseReply, textOf } from "./external-launch.ts";

/** How one side's values stand in files, under LibPressio's names. */
export interface SideIo {
  /** posix: the values alone; numpy: a .npy file. */
  readonly io: "posix" | "numpy";
  /** Prefix of its flags. */
  readonly field: string;
  /** What temporary files' names begin and end with; may hold a folder. */
  readonly prefix: string;
  readonly suffix: string;
  /** Whether the program is told where to write. */
  readonly write: boolean;
}

export interface Conversation {
  readonly program: Program;
  readonly configName: string;
  /** LibPressio's JSON. */
  readonly options: string;
  readonly from: SideIo;
  readonly to: SideIo;
}

export interface Values {
  readonly dtype: LpDType;
  readonly shape: Shape;
  readonly bytes: Uint8Array;
}

/**
 * One call. Files that it makes are removed, and so is the output that the program announces if it was written
 * during the call.
 * @param wanted what the caller knows of the output
 * @param most bytes that the output may have
 * @throws TempressError of `launch`; "protocol" for another answer
 */
export function callProgram(
  mode: "compress" | "decompress",
  { program, configName, options, from, to }: Conversation,
  input: Values,
  wanted: { readonly dtype: LpDType; readonly shape: Shape },
  most: number,
): Values {
  const where = program.words.join(" ");
  const folder = fs.mkdtempSync(join(tmpdir(), "tempress-call-"));
  const made = new Set<string>();
  const began = Date.now();
  try {
    const inputPath = inPhase("copy_in", () => newFile(folder, from, made, input));
    const outputPath = to.write ? newFile(folder, to, made) : undefined;
    const files = {
      inputs: [{ field: from.field, dtype: input.dtype, shape: input.shape, path: inputPath }],
      outputs: [{ field: to.field, ...wanted, ...(outputPath === undefined ? {} : { path: outputPath }) }],
    } satisfies { inputs: ExternalFile[]; outputs: ExternalFile[] };
    const words = formatArguments({ api: API_VERSION, mode, configName, options, ...files });
    // Programs that make temporary files make them where they are removed.
    const reply = parseReply(
      inPhase("external", () => launch(program, words, { TMPDIR: folder })),
      where,
    );
    const path = resolve(program.folder ?? ".", textOf(reply, "output:0:path", where));
    const name = textOf(reply, "output:0:dtype", where);
    const dtype = LP_DTYPES.find((each) => each === name);
    if (dtype === undefined) throw broken(where, `it announces the type "${name}"`);
    const shape = extentsOf(reply, "output:0:dims", where);
    const size = elementCount(shape, where) * DTYPES[fromLpDType(dtype)].bytes;
    if (size > most) throw broken(where, `it announces ${size} bytes where at most ${most} can be`);
    if (isOfThisCall(path, began)) made.add(path);
    return { dtype, shape, bytes: inPhase("copy_out", () => readOutput(path, size, to.io, where)) };
  } finally {
    for (const path of made) fs.rmSync(path, { force: true });
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** A file for one side, named as LibPressio names it; in the call's own folder unless a prefix says otherwise. */
export function newFile(folder: string, side: SideIo, made: Set<string>, values?: Values): string {
  const random = randomBytes(3).toString("hex");
  const name = `${side.prefix}.pressioin${random}${side.suffix}`;
  const path = side.prefix === "" ? join(folder, name) : resolve(name);
  try {
    const fd = fs.openSync(path, "wx", 0o600);
    made.add(path);
    try {
      if (values && side.io === "numpy") {
        fs.writeSync(fd, npyHeader({ dtype: fromLpDType(values.dtype), shape: values.shape }));
      }
      if (values) for (let done = 0; done < values.bytes.length; ) done += fs.writeSync(fd, values.bytes, done);
    } finally {
      fs.closeSync(fd);
    }
  } catch (cause) {
    throw ioError(cause, path, "write");
  }
  return path;
}

/** A plain file of this user, written since the call began: nothing that was there before is removed. */
function isOfThisCall(path: string, began: number): boolean {
  const found = fs.lstatSync(path, { throwIfNoEntry: false });
  // Times of some file systems are whole seconds.
  return (
    found?.isFile() === true && found.nlink === 1 && found.mtimeMs >= began - 1000 && found.birthtimeMs >= began - 1000
  );
}

function readOutput(path: string, size: number, io: SideIo["io"], where: string): Uint8Array {
  let fd: number;
  try {
    fd = fs.openSync(path, "r");
  } catch (cause) {
    throw ioError(cause, path, "read");
  }
  try {
    const found = fs.fstatSync(fd);
    if (!found.isFile()) throw broken(where, `its output ${path} is no plain file`);
    const start = io === "numpy" ? npyStart(fd, where) : 0;
    if (found.size - start !== size) throw broken(where, `${path} holds ${found.size - start} bytes, not ${size}`);
    const into = roomFor(size);
    for (let done = 0; done < size; ) {
      const got = fs.readSync(fd, into, done, size - done, start + done);
      if (got === 0) throw broken(where, `${path} became shorter`);
      done += got;
    }
    return into;
  } finally {
    fs.closeSync(fd);
  }
}

/** Where the values of a .npy file begin; type and extents are those of the answer. */
function npyStart(fd: number, where: string): number {
  const head = new Uint8Array(12);
  fs.readSync(fd, head, 0, 12, 0);
  const view = new DataView(head.buffer);
  if (view.getUint32(0) !== 0x934e554d) throw broken(where, "its output is no .npy file");
  return head[6] === 1 ? 10 + view.getUint16(8, true) : 12 + view.getUint32(8, true);
}

/** @throws TempressError "protocol" where an output is not what was asked for */
export function mustBe(values: Values, dtype: LpDType, shape: Shape, where: string): void {
  const same = fromLpDType(values.dtype) === fromLpDType(dtype) && elementCount(values.shape) === elementCount(shape);
  if (same) return;
  throw broken(where, `it gave ${formatShape(values.shape)} ${values.dtype} for ${formatShape(shape)} ${dtype}`);
}

function broken(where: string, message: string): TempressError {
  return new TempressError("protocol", `the program broke the protocol: ${message}`, {
    where,
    hint: "see docs/external.md",
  });
}

const IO: readonly string[] = ["posix", "numpy"];

/** One side's files from options in LibPressio's manner: lists with one entry a file, of which there is one. */
export function sideIoOf(
  key: string,
  given: Readonly<Record<"io" | "field" | "prefix" | "suffix", readonly string[]>> & { readonly write: boolean },
): SideIo {
  const [io = "posix"] = given.io;
  if (!IO.includes(io)) {
    throw new TempressError("invalid-argument", `values cannot be written by io "${io}"`, {
      where: key,
      hint: `choose from ${IO.join(", ")}`,
    });
  }
  const { field, prefix, suffix, write } = given;
  return { io: io as SideIo["io"], field: field[0] ?? "", prefix: prefix[0] ?? "", suffix: suffix[0] ?? "", write };
}
