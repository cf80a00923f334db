/**
 * The command line of LibPressio's external protocol, version 5: read as a program that is asked, written as one that
 * asks. Extents stand fastest first on it, and slowest first everywhere else.
 *
 *     --api 5 --mode compress --config_name external [--name N] [--options JSON]
 *     for each input   --itype T --idim D ... --input PATH
 *     for each output  --otype T [--odim D ...] [--output PATH]
 *
 * Flags of a file that has a field name F are `--F_input` and so on.
 */

import { PRESSIO_DTYPES } from "../compressor/pressio-types.ts";
import { TempressError } from "../errors.ts";
import { suggestion } from "../nearest.ts";
import type { DType } from "../tensor/dtype.ts";
import { elementCount, type Shape } from "../tensor/shape.ts";

export const API_VERSION = 5;

type PressioDType = (typeof PRESSIO_DTYPES)[number];
export type LpDType = Exclude<PressioDType, "float64" | "float32"> | "double" | "float";

/** LibPressio's names of element types, in the order of their codes; `byte` is what it calls compressed bytes. */
export const LP_DTYPES: readonly LpDType[] = PRESSIO_DTYPES.map((name) =>
  name === "float64" ? "double" : name === "float32" ? "float" : name,
);

export const MODES = [
  "get_options",
  "set_options",
  "get_configuration",
  "get_documentation",
  "compress",
  "decompress",
] as const;
export type Mode = (typeof MODES)[number];

/** One input or output. */
export interface ExternalFile {
  /** Prefix of its flags; "" for none. */
  readonly field: string;
  readonly dtype: LpDType;
  /** Slowest first; empty where nothing is known of an output. */
  readonly shape: Shape;
  /** Always there for inputs; for an output the place it has to be written to, if one is named. */
  readonly path?: string | undefined;
}

export interface ExternalRequest {
  readonly api: number;
  readonly mode: Mode;
  readonly configName: string;
  /** Hierarchical name of the caller's object, such as "pressio/external_compressor". */
  readonly name?: string | undefined;
  /** LibPressio's JSON. */
  readonly options?: string | undefined;
  readonly inputs: readonly ExternalFile[];
  readonly outputs: readonly ExternalFile[];
}

const FILE_FLAG = /^--(?:(.+)_)?(itype|idim|input|otype|odim|output)$/;

type Draft = { field: string; dtype?: LpDType; dims: number[]; path?: string };

/**
 * Flags may stand in any order but those of one file, as LibPressio says. What a later version adds is passed over.
 * @throws TempressError "protocol"
 */
export function parseArguments(words: readonly string[]): ExternalRequest {
  const plain = new Map<string, string>();
  const drafts = { i: [] as Draft[], o: [] as Draft[] };
  for (let at = 0; at < words.length; at++) {
    // `--api=5` means the same as `--api 5`.
    const [, flag, joined] = /^(--[^=]+)(?:=([\s\S]*))?$/.exec(words[at]!) ?? [];
    if (flag === undefined) throw wrong(`"${words[at]}" is no flag`);
    const value = joined ?? words[++at];
    if (value === undefined) throw wrong(`${flag} has no value`);
    const [, field = "", part] = FILE_FLAG.exec(flag) ?? [];
    if (part === undefined) plain.set(flag, value);
    else addPart(part.startsWith("i") ? drafts.i : drafts.o, field, part, value, flag);
  }
  const mode = plain.get("--mode");
  if (mode === undefined) throw wrong("--mode is missing");
  if (!(MODES as readonly string[]).includes(mode)) throw wrong(`there is no mode "${mode}"`, suggestion(mode, MODES));
  const api = Number(plain.get("--api") ?? API_VERSION);
  if (!Number.isInteger(api) || api < 1) throw wrong(`--api cannot be "${plain.get("--api")}"`);
  return {
    api,
    mode: mode as Mode,
    configName: plain.get("--config_name") ?? "external",
    name: plain.get("--name"),
    options: plain.get("--options"),
    inputs: drafts.i.map(inputOf),
    outputs: drafts.o.map(outputOf),
  };
}

/** Adds to the file at hand; a part that it has already, or another field name, starts the next file. */
function addPart(files: Draft[], field: string, part: string, value: string, flag: string): void {
  const kind = part.slice(1);
  let file = files.at(-1);
  const full = kind === "type" ? file?.dtype !== undefined : kind !== "dim" && file?.path !== undefined;
  if (file === undefined || file.field !== field || full) {
    file = { field, dims: [] };
    files.push(file);
  }
  if (kind === "type") file.dtype = dtypeOf(value, flag);
  else if (kind === "dim") file.dims.push(extentOf(value, flag));
  else file.path = value;
}

function inputOf({ field, dtype, dims, path }: Draft): ExternalFile {
  const prefix = field === "" ? "--" : `--${field}_`;
  if (dtype === undefined || path === undefined || dims.length === 0) {
    throw wrong(`an input needs ${prefix}itype, ${prefix}idim and ${prefix}input`);
  }
  const shape = dims.toReversed();
  elementCount(shape, `${prefix}idim`);
  return { field, dtype, shape, path };
}

function outputOf({ field, dtype, dims, path }: Draft): ExternalFile {
  const shape = dims.toReversed();
  if (shape.length > 0) elementCount(shape, "--odim");
  return { field, dtype: dtype ?? "byte", shape, ...(path === undefined ? {} : { path }) };
}

/** The words of a request, in the order LibPressio writes them. */
export function formatArguments(request: ExternalRequest): string[] {
  const words = ["--api", String(request.api), "--mode", request.mode, "--config_name", request.configName];
  if (request.name !== undefined) words.push("--name", request.name);
  if (request.options !== undefined) words.push("--options", request.options);
  for (const file of request.inputs) words.push(...fileWords(file, "itype", "idim", "input"));
  for (const file of request.outputs) words.push(...fileWords(file, "otype", "odim", "output"));
  return words;
}

function fileWords({ field, dtype, shape, path }: ExternalFile, type: string, dim: string, place: string): string[] {
  const flag = (part: string) => (field === "" ? `--${part}` : `--${field}_${part}`);
  const dims = shape.toReversed().flatMap((extent) => [flag(dim), String(extent)]);
  return [flag(type), dtype, ...dims, ...(path === undefined ? [] : [flag(place), path])];
}

function dtypeOf(text: string, flag: string): LpDType {
  const found = LP_DTYPES.find((name) => name === text);
  if (found !== undefined) return found;
  throw wrong(`${flag} cannot be "${text}"`, suggestion(text, LP_DTYPES));
}

function extentOf(text: string, flag: string): number {
  const extent = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(extent)) return extent;
  throw wrong(`${flag} cannot be "${text}"`, "write a whole number");
}

/** Our element type; `byte` is uint8 with another name. */
export function fromLpDType(dtype: LpDType): DType {
  if (dtype === "float") return "float32";
  if (dtype === "double") return "float64";
  return dtype === "byte" ? "uint8" : dtype;
}

export function toLpDType(dtype: DType): LpDType {
  if (dtype === "float32") return "float";
  return dtype === "float64" ? "double" : dtype;
}

function wrong(message: string, hint = "this verb speaks LibPressio's external protocol; see docs/external.md") {
  return new TempressError("protocol", message, { where: "tempress external", hint });
}
