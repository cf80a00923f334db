/**
 * `external_compressor`: a codec that asks a program in any language, started for every call (LibPressio's external
 * protocol) or once (the persistent worker protocol). What it keeps of the promise is checked value by value like any
 * other codec's, and corrected.
 */
import { basename } from "node:path";
import type { Codec, DecodeTask, EncodeTask } from "../compressor/codec.ts";
import { bool, choice, float, type OptionValues, string, strings } from "../compressor/schema.ts";
import { TempressError } from "../errors.ts";
import type { Bound } from "../promise/spec.ts";
import { DTYPE_NAMES, DTYPES } from "../tensor/dtype.ts";
import { elementCount } from "../tensor/shape.ts";
import { bytesOf, tensorFromBytes } from "../tensor/tensor.ts";
import { toLpDType } from "./external-arguments.ts";
import { noProgram } from "./external-launch.ts";
import { type Conversation, callProgram, mustBe, type SideIo, sideIoOf } from "./external-program.ts";
import { readSide, type Side, writeSide } from "./external-side.ts";
import { type TrustedProgram, trustedProgram, trustProgram } from "./external-trust.ts";
import { isProgramName, type WorkerOptions } from "./worker-protocol.ts";
import { workerFor, workerResult } from "./worker-shared.ts";

const SECONDS_MS = 1000;

const options = {
  "external:commands": strings([], "the program and its first arguments; no shell sees them"),
  "external:workdir": string("", "folder to run it in; empty: this one", { stored: false }),
  "external_compressor:launch": choice(
    ["forkexec", "worker"],
    "forkexec",
    "forkexec: started for every call, LibPressio's external protocol; worker: started once, see docs/external.md",
    { stored: false },
  ),
  "external_compressor:options": string("{}", "options for the program, as one JSON object", { stored: false }),
  "external_compressor:config_name": string(
    "",
    "name under which files ask for the program; empty: the worker's own, or that of the program's file",
    { stored: false },
  ),
  "external_compressor:timeout": float(300, "time that one call may take", {
    unit: "s",
    min: 0.01,
    max: 1e6,
    stored: false,
  }),
  ...sideOptions("uncompressed"),
  ...sideOptions("compressed"),
};

function sideOptions<S extends "compressed" | "uncompressed">(side: S) {
  const key = <K extends string>(name: K) => `external_compressor:${side}_${name}` as const;
  return {
    [key("io")]: strings(["posix"], `how ${side} values stand in files: posix (alone) or numpy`),
    // The spelling is LibPressio's.
    [key("feild_names")]: strings([], `prefix of the flags for ${side} values`),
    [key("prefixes")]: strings([], `what names of files with ${side} values begin with; may hold a folder`),
    [key("suffixes")]: strings([], `what names of files with ${side} values end with`),
    [key("do_write")]: bool(false, `tell the program with --output where to write ${side} values`, { stored: false }),
  };
}

type Values = OptionValues<typeof options>;

export const externalCompressor: Codec<typeof options> = {
  name: "external_compressor",
  id: 32,
  version: 1,
  stability: "experimental",
  summary: "asks a program in any language; what it breaks of the promise is corrected",
  keeps: ["abs", "pw_rel", "lossless"],
  dtypes: DTYPE_NAMES,
  options,
  prepare: async () => undefined,

  encode(task, values) {
    const { side, bytes } =
      values["external_compressor:launch"] === "worker" ? byWorker(task, values) : byProgram(task, values);
    return {
      sections: [
        { name: "side", bytes: writeSide(side) },
        { name: "data", bytes },
      ],
    };
  },

  decode(task) {
    const side = readSide(task.section("side"));
    const program = trustedProgram(side.program);
    const bytes = side.launch === "worker" ? decodeByWorker(task, side, program) : decodeByProgram(task, side, program);
    return tensorFromBytes(task.dtype, task.shape, bytes);
  },
};

interface Made {
  readonly side: Side;
  readonly bytes: Uint8Array;
}

/** A program may make more of noise; beyond this it is at fault. */
const mostBytes = (raw: number) => 4 * raw + (1 << 20);

function byWorker({ frames, bound, effort }: EncodeTask, values: Values): Made {
  const words = values["external:commands"];
  const folder = values["external:workdir"] || undefined;
  const timeoutMs = SECONDS_MS * values["external_compressor:timeout"];
  const asked = workerOptions(values["external_compressor:options"]);
  const raw = bytesOf(frames);
  const request = { op: "encode", dtype: frames.dtype, shape: frames.shape, bound, effort, options: asked } as const;
  const { hello, payload } = workerResult(workerFor(words, folder), request, raw, mostBytes(raw.length), timeoutMs);
  const program = nameOf(values) ?? hello.name;
  trustProgram(program, words, { folder, timeoutMs });
  return { side: { launch: "worker", program, version: hello.version, options: asked }, bytes: payload };
}

function decodeByWorker(task: DecodeTask, side: Side, { words, folder, timeoutMs }: TrustedProgram): Uint8Array {
  const { dtype, shape, bound } = task;
  const size = elementCount(shape) * DTYPES[dtype].bytes;
  const request = { op: "decode", dtype, shape, bound, options: side.options } as const;
  const { payload } = workerResult(workerFor(words, folder), request, task.section("data"), size, timeoutMs);
  if (payload.length === size) return payload;
  throw new TempressError("protocol", `the worker gave ${payload.length} bytes, not ${size}`, { where: side.program });
}

function byProgram({ frames, bound }: EncodeTask, values: Values): Made {
  const words = values["external:commands"];
  const folder = values["external:workdir"] || undefined;
  const timeoutMs = SECONDS_MS * values["external_compressor:timeout"];
  if (words.length === 0) throw noProgram();
  const program = nameOf(values) ?? fileName(words);
  trustProgram(program, words, { folder, timeoutMs });
  const uncompressed = sideIo(values, "uncompressed");
  const compressed = sideIo(values, "compressed");
  const raw = bytesOf(frames);
  const asked = JSON.parse(objectText(values["external_compressor:options"])) as Side["options"];
  const conversation = {
    program: { words, folder, timeoutMs },
    configName: program,
    options: withPromise(asked, bound),
    from: uncompressed,
    to: compressed,
  };
  const input = { dtype: toLpDType(frames.dtype), shape: frames.shape, bytes: raw };
  const { bytes } = callProgram("compress", conversation, input, { dtype: "byte", shape: [] }, mostBytes(raw.length));
  const io = { uncompressed: kept(uncompressed), compressed: kept(compressed) };
  return { side: { launch: "forkexec", program, version: "", options: asked, io }, bytes };
}

function decodeByProgram(
  { dtype, shape, bound, section }: DecodeTask,
  side: Side,
  program: TrustedProgram,
): Uint8Array {
  const data = section("data");
  const plain: SideIo = { io: "posix", field: "", prefix: "", suffix: "", write: false };
  const conversation: Conversation = {
    program,
    configName: side.program,
    options: withPromise(side.options, bound),
    from: { ...plain, ...side.io?.compressed },
    to: { ...plain, ...side.io?.uncompressed },
  };
  const wanted = { dtype: toLpDType(dtype), shape };
  const size = elementCount(shape) * DTYPES[dtype].bytes;
  const input = { dtype: "byte", shape: [data.length], bytes: data } as const;
  const values = callProgram("decompress", conversation, input, wanted, size);
  mustBe(values, wanted.dtype, shape, side.program);
  return values.bytes;
}

/** The promise under LibPressio's names, beside the program's own options. */
function withPromise(asked: Side["options"], { kind, value }: Bound): string {
  if (kind === "lossless") return JSON.stringify({ ...asked, "pressio:lossless": { type: 1, value: 5 } });
  return JSON.stringify({ ...asked, [`pressio:${kind}`]: value });
}

/** What a file tells of a side: no paths. */
function kept({ io, field, write }: SideIo): { io: SideIo["io"]; field: string; write: boolean } {
  return { io, field, write };
}

function sideIo(values: Values, side: "compressed" | "uncompressed"): SideIo {
  const all = values as Readonly<Record<string, unknown>>;
  const of = (name: string) => all[`external_compressor:${side}_${name}`];
  const list = (name: string) => of(name) as readonly string[];
  return sideIoOf(`external_compressor:${side}_io`, {
    io: list("io"),
    field: list("feild_names"),
    prefix: list("prefixes"),
    suffix: list("suffixes"),
    write: of("do_write") === true,
  });
}

function nameOf(values: Values): string | undefined {
  const name = values["external_compressor:config_name"];
  if (name === "" || isProgramName(name)) return name || undefined;
  throw new TempressError("invalid-argument", `"${name}" cannot be a program's name`, {
    where: "external_compressor:config_name",
    hint: "use letters, digits, _ . and -",
  });
}

/** Of `python3 tools/quantise.py`: quantise. */
function fileName(words: readonly string[]): string {
  const file = words.find((word) => /\.\w+$/.test(word)) ?? words[0] ?? "";
  const name = basename(file).replace(/\.\w+$/, "");
  return isProgramName(name) ? name : "external";
}

function objectText(text: string): string {
  try {
    const read: unknown = JSON.parse(text);
    if (typeof read === "object" && read !== null && !Array.isArray(read)) return text;
  } catch {
    // Said below.
  }
  throw new TempressError("invalid-argument", "the program's options are no JSON object", {
    where: "external_compressor:options",
    hint: 'such as {"level": 9}',
  });
}

function workerOptions(text: string): WorkerOptions {
  const read = JSON.parse(objectText(text)) as Record<string, unknown>;
  const wrong = Object.entries(read).find(([, value]) => !["number", "string", "boolean"].includes(typeof value));
  if (!wrong) return read as WorkerOptions;
  throw new TempressError("invalid-argument", `a worker's option ${wrong[0]} is no number, text, true or false`, {
    where: "external_compressor:options",
  });
}
