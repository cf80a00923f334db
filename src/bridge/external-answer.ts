/**
 * One command line of LibPressio's external protocol, answered: words in, standard output, standard error and exit
 * status out. The verb `tempress external` prints the answer; the daemon gives it to `tempress-external`.
 */
import { openArchive } from "../compressor/archive.ts";
import { compressTo } from "../compressor/compress.ts";
import { compressOptions, type GivenOptions, PROMISE_KEYS } from "../compressor/generic-options.ts";
import { optionsFromJson, optionsToJson } from "../compressor/pressio-json.ts";
import { ERROR_NUMBERS, TempressError } from "../errors.ts";
import { rawSource } from "../io/raw.ts";
import { awaitPhase, type Profile, phaseResults, profilePhases } from "../phases.ts";
import { DTYPES } from "../tensor/dtype.ts";
import { elementCount, formatShape, type Shape } from "../tensor/shape.ts";
import type { ByteSource } from "../tensor/source.ts";
import { bytesOf } from "../tensor/tensor.ts";
import {
  type ExternalFile,
  type ExternalRequest,
  fromLpDType,
  type LpDType,
  parseArguments,
  toLpDType,
} from "./external-arguments.ts";
import { type Chosen, chooseOptions, lpConfigurationOf, lpDocumentationOf, lpOptionsOf } from "./external-options.ts";

export interface ExternalAnswer {
  readonly stdout: string;
  readonly stderr: string;
  /** 0, or the error's number (errors.ts): LibPressio takes numbers above 0 for errors. */
  readonly status: number;
}

/** Where inputs come from and outputs go to. A daemon gives memory for both and opens no path. */
export interface ExternalFiles {
  /** The input that the command line calls `path`. Closed when it is read. */
  open(path: string): ByteSource | Promise<ByteSource>;
  /**
   * Keeps output number `index` and gives the path that the answer announces for it.
   * @param wanted where the caller asked for it with `--output`
   * @param input path of the input it was made from
   */
  save(bytes: Uint8Array, index: number, wanted: string | undefined, input: string): string | Promise<string>;
  /**
   * A file of one byte that can be read, announced beside an error: LibPressio looks for outputs before it looks at
   * the exit status, and without any it hides the error behind "expected key output:0:path not found".
   */
  failed?(): string | undefined;
}

/** Never throws: errors are an answer. */
export async function answerExternal(words: readonly string[], files: ExternalFiles): Promise<ExternalAnswer> {
  let request: ExternalRequest | undefined;
  try {
    request = parseArguments(words);
    return { stdout: inJson(await resultOf(request, files)), stderr: "", status: 0 };
  } catch (error) {
    const known = error instanceof TempressError;
    const text = known ? error.describe() : `internal error: ${error instanceof Error ? error.message : error}`;
    const status = ERROR_NUMBERS[known ? error.code : "internal"];
    return { stdout: inJson(JSON.stringify(placeholders(request, files))), stderr: `tempress: ${text}\n`, status };
  }
}

/** The form of answers in which a list of one extent stays a list; LibPressio loses it in `key=value` lines. */
function inJson(json: string): string {
  return `external:api=json:1\n${json}\n`;
}

/** Keys of an answer to compress or decompress, as they stand in JSON. */
type Keys = Record<string, string | number | readonly number[]>;

/** One JSON object. */
async function resultOf(request: ExternalRequest, files: ExternalFiles): Promise<string> {
  const chosen = await chooseOptions(optionsFromJson(request.options ?? "{}", "--options"), request.name);
  switch (request.mode) {
    case "get_options":
      return optionsToJson(lpOptionsOf(chosen));
    case "get_configuration":
      return optionsToJson(lpConfigurationOf(chosen));
    case "get_documentation":
      return optionsToJson(lpDocumentationOf(chosen));
    case "set_options":
      return "{}";
    case "compress":
      return await eachInput(request, (input, index) => compressOne(input, index, request, chosen, files));
    case "decompress":
      return await eachInput(request, (input, index) => decompressOne(input, index, request, chosen.set, files));
  }
}

async function eachInput(
  { mode, inputs, outputs }: ExternalRequest,
  work: (input: ExternalFile, index: number) => Promise<Keys>,
): Promise<string> {
  if (inputs.length === 0) throw misuse(`--mode ${mode} needs an input`);
  if (outputs.length > inputs.length) throw misuse(`${outputs.length} outputs of ${inputs.length} inputs`);
  const all: Keys = {};
  // One after another: memory for one. Of metrics with the same name the last one's stays, as in LibPressio.
  for (const [index, input] of inputs.entries()) Object.assign(all, await work(input, index));
  return JSON.stringify(all);
}

async function compressOne(
  { dtype, shape, path }: ExternalFile,
  index: number,
  { outputs }: ExternalRequest,
  { codec, set }: Chosen,
  files: ExternalFiles,
): Promise<Keys> {
  const profile = profilePhases();
  const source = rawSource(await awaitPhase("copy_in", () => files.open(path!)), { dtype: fromLpDType(dtype), shape });
  const promised = PROMISE_KEYS.some((key) => set[key] !== undefined);
  // A codec that keeps every bit needs no promise.
  const options = compressOptions(codec.name, promised || !codec.exactBits ? set : { ...set, "pressio:lossless": 5 });
  const parts: Uint8Array[] = [];
  // What is written is the writer's own again afterwards.
  const sink = { write: (bytes: Uint8Array) => void parts.push(bytes.slice()) };
  try {
    const report = await compressTo(source, sink, options);
    const bytes = joined(parts);
    const saved = await awaitPhase("copy_out", () => files.save(bytes, index, outputs[index]?.path, path!));
    const error =
      report["error_stat:max_error"] ?? report["error_stat:max_pw_rel_error"] ?? report["tempress:chunk_rmse"] ?? 0;
    return {
      ...announced(index, saved, "byte", [bytes.length]),
      "metric:tempress:max_error": error,
      "metric:tempress:bound": report.bound.value,
      "metric:tempress:chunks": report.chunks,
      "metric:tempress:time_compress": report["time:compress"],
      ...timesOf(profile),
    };
  } finally {
    profile.stop();
    await source.close?.();
  }
}

async function decompressOne(
  { path, dtype, shape }: ExternalFile,
  index: number,
  { outputs }: ExternalRequest,
  set: GivenOptions,
  files: ExternalFiles,
): Promise<Keys> {
  const started = performance.now();
  const profile = profilePhases();
  const source = await awaitPhase("copy_in", () => files.open(path!));
  try {
    const announcedBytes = elementCount(shape) * DTYPES[fromLpDType(dtype)].bytes;
    if (announcedBytes !== source.byteLength) {
      throw misuse(`${path} holds ${source.byteLength} bytes, not the ${announcedBytes} that --idim tells`);
    }
    const archive = await openArchive(source, { threads: set["pressio:nthreads"] as number | undefined });
    try {
      const asked = outputs[index];
      const given = announcedDType(archive.dtype, archive.shape, asked);
      const values = await archive.readFrames(0, archive.shape[archive.header.timeAxis]!);
      const saved = await awaitPhase("copy_out", () => files.save(bytesOf(values), index, asked?.path, path!));
      return {
        ...announced(index, saved, given, values.shape),
        "metric:tempress:time_decompress": performance.now() - started,
        ...timesOf(profile),
      };
    } finally {
      await archive.close();
    }
  } finally {
    profile.stop();
    await source.close?.();
  }
}

/** The file says what it holds; a caller that expects something else must hear of it before it reads past an end. */
function announcedDType(dtype: keyof typeof DTYPES, shape: Shape, asked: ExternalFile | undefined): LpDType {
  if (asked === undefined || asked.shape.length === 0) return toLpDType(dtype);
  if (fromLpDType(asked.dtype) === dtype && elementCount(asked.shape) === elementCount(shape)) return asked.dtype;
  throw new TempressError(
    "invalid-argument",
    `the file holds ${formatShape(shape)} ${dtype}, not ${formatShape(asked.shape)} ${asked.dtype}`,
    { where: "--odim", hint: "give an output of the type and extents that were compressed" },
  );
}

/** Keys of one output; extents fastest first, always as a list. */
function announced(index: number, path: string, dtype: LpDType, shape: Shape): Keys {
  return {
    [`output:${index}:path`]: path,
    [`output:${index}:dtype`]: dtype,
    [`output:${index}:dims`]: shape.toReversed(),
  };
}

/** Where the time went, as metrics of the caller. */
function timesOf(profile: Profile): Keys {
  const times = Object.entries(phaseResults(profile.stop()));
  return Object.fromEntries(times.map(([key, ms]) => [`metric:${key}`, ms]));
}

/** See `ExternalFiles.failed`. */
function placeholders(request: ExternalRequest | undefined, files: ExternalFiles): Keys {
  const works = request?.mode === "compress" || request?.mode === "decompress";
  const path = works ? files.failed?.() : undefined;
  if (path === undefined) return {};
  const count = Math.max(1, request!.outputs.length);
  return Object.assign({}, ...Array.from({ length: count }, (_, index) => announced(index, path, "byte", [1])));
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function misuse(message: string): TempressError {
  return new TempressError("protocol", message, { where: "tempress external", hint: "see docs/external.md" });
}
