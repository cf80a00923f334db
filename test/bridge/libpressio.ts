/**
 * LibPressio's side of the external protocol, as its 1.0.7 behaves, written apart from src/bridge: which command
 * lines it issues, how it reads the answers, in which order it looks at what, and which files it removes.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Result {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number;
}
export type Launch = (words: readonly string[]) => Promise<Result>;

/** Element types with their JSON codes and bytes. */
const DTYPES = [
  "double",
  "float",
  "uint8",
  "uint16",
  "uint32",
  "uint64",
  "int8",
  "int16",
  "int32",
  "int64",
  "byte",
  "bool",
];
const BYTES = [8, 4, 1, 2, 4, 8, 1, 2, 4, 8, 1, 1];

/** An option as LibPressio holds it: the number of its type, and its value. */
export type Option = readonly [type: number, value: unknown];

/** Standard output as `parse_result` reads it: `key=value` lines or JSON. */
export function parseAnswer(stdout: string): Map<string, Option> | undefined {
  const at = stdout.indexOf("\n");
  const first = at < 0 ? stdout : stdout.slice(0, at);
  const found = /^external:api=(.+)$/.exec(first);
  if (!found) return undefined;
  if (found[1] === "json:1") return readOptions(stdout.slice(at + 1));
  // Versions 6 and 7 stand in its documents, and are refused.
  if (!["1", "2", "3", "4", "5"].includes(found[1]!)) return undefined;
  const all = new Map<string, (string | number)[]>();
  for (const line of stdout.slice(at + 1).split("\n")) {
    const equals = line.indexOf("=");
    if (equals < 0) continue;
    const text = line.slice(equals + 1);
    const number = Number.parseFloat(text);
    const key = line.slice(0, equals);
    all.set(key, [...(all.get(key) ?? []), Number.isNaN(number) ? text : number]);
  }
  return new Map(
    [...all].map(([key, values]): [string, Option] => {
      const texts = typeof values[0] === "string";
      if (values.length === 1) return [key, [texts ? 4 : 3, values[0]]];
      return [key, texts ? [7, values] : [8, { dims: [values.length], dtype: 0, values }]];
    }),
  );
}

export function readOptions(json: string): Map<string, Option> {
  const entries = Object.entries(JSON.parse(json) as Record<string, unknown>);
  return new Map(entries.map(([key, value]) => [key, readOption(value)]));
}

function readOption(value: unknown): Option {
  if (typeof value === "number") return [3, value];
  if (typeof value === "boolean") return [15, value];
  if (typeof value === "string") return [4, value];
  if (Array.isArray(value)) {
    if (value.length === 0) return [6, undefined];
    if (value.every((item) => typeof item === "string")) return [7, value];
    return [8, { dims: [value.length], dtype: 0, values: value }];
  }
  const { type, value: held } = value as { type: number; value: unknown };
  if (!Number.isInteger(type) || type < 0 || type > 17) throw new Error(`type ${type} is unknown`);
  return [type, held ?? undefined];
}

export interface Data {
  readonly dtype: string;
  /** Fastest first. */
  readonly dims: readonly number[];
  readonly bytes: Uint8Array;
}

export interface Outcome {
  readonly output?: Data;
  readonly metrics: Map<string, unknown>;
  /** Message that the user sees, where it failed. */
  readonly error?: string;
  /** Files of the call that are left when it is over. */
  readonly left: string[];
}

/** One object of LibPressio's `external_compressor`. */
export class ExternalCompressor {
  /** The last batch only, which is a defect. */
  options: Record<string, unknown> = {};
  readonly launches: string[][] = [];
  readonly #launch: Launch;
  readonly #name: string;
  readonly #folder: string;

  constructor(launch: Launch, folder: string, name = "") {
    this.#launch = launch;
    this.#folder = folder;
    this.#name = name;
  }

  async #run(words: readonly string[]): Promise<Result> {
    this.launches.push([...words]);
    return this.#launch(words);
  }

  #head(mode: string): string[] {
    const name = this.#name === "" ? [] : ["--name", this.#name];
    const options = Object.keys(this.options).length === 0 ? [] : ["--options", JSON.stringify(this.options)];
    return ["--api", "5", "--mode", mode, "--config_name", "external", ...name, ...options];
  }

  async settings(mode: string): Promise<Map<string, Option>> {
    const answer = await this.#run(this.#head(mode));
    const options = parseAnswer(answer.stdout);
    if (!options) throw new Error(`format error: ${answer.stdout}${answer.stderr}`);
    if (answer.status !== 0) throw new Error(answer.stderr);
    return options;
  }

  async setOptions(options: Record<string, unknown>): Promise<void> {
    this.options = options;
    await this.settings("set_options");
  }

  async work(
    mode: "compress" | "decompress",
    input: Data,
    output: Partial<Data> & { dtype: string },
    where = "",
  ): Promise<Outcome> {
    const folder = mkdtempSync(join(this.#folder, "call-"));
    const path = join(folder, `.pressioin${Math.random().toString(36).slice(2, 8).padEnd(6, "x")}`);
    writeFileSync(path, input.bytes);
    const left: string[] = [];
    const words = [
      ...this.#head(mode),
      ...["--itype", input.dtype, ...input.dims.flatMap((dim) => ["--idim", String(dim)]), "--input", path],
      ...["--otype", output.dtype, ...(output.dims ?? []).flatMap((dim) => ["--odim", String(dim)])],
      ...(where === "" ? [] : ["--output", where]),
    ];
    try {
      const { stdout, stderr, status } = await this.#run(words);
      const answer = parseAnswer(stdout) ?? new Map<string, Option>();
      const [pathType, announced] = answer.get("output:0:path") ?? [];
      if (pathType !== 4) return { error: "expected key output:0:path not found", metrics: new Map(), left };
      const [dimsType, held] = answer.get("output:0:dims") ?? [];
      if (dimsType !== 8) return { error: "expected key output:0:dims not found", metrics: new Map(), left };
      const dims = (held as { values: number[] }).values;
      const [, dtype] = answer.get("output:0:dtype") ?? [];
      const code = DTYPES.indexOf(dtype as string);
      if (code < 0) return { error: "expected key output:0:dtype not found", metrics: new Map(), left };
      const size = dims.reduce((product, dim) => product * dim, BYTES[code]!);
      const bytes = readFileSync(announced as string).subarray(0, size);
      if (bytes.length !== size) throw new Error(`${bytes.length} bytes are there, ${size} announced`);
      const metrics = new Map<string, unknown>();
      for (const [key, [, value]] of answer) if (key.startsWith("metric:")) metrics.set(key.slice(7), value);
      rmSync(path);
      if (where !== "") rmSync(where);
      if (existsSync(announced as string)) left.push(announced as string);
      // Only now does it look at the exit status.
      if (status !== 0) return { error: stderr, metrics, left };
      return { output: { dtype: dtype as string, dims, bytes }, metrics, left };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}
