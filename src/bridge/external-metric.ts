/**
 * Metric `external`: a program that is given the original and the decompressed values as files, by LibPressio's
 * protocol, and prints numbers. Where LibPressio refuses what its documents allow (answers of versions 6 and 7), this
 * reads it.
 */
import { randomUUID } from "node:crypto";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PressioOptions } from "../compressor/pressio-options.ts";
import { bool, float, type OptionValues, string, strings } from "../compressor/schema.ts";
import { TempressError } from "../errors.ts";
import type { Metric, MetricKind, MetricResults, MetricValue } from "../metrics/metric.ts";
import { bytesOf, type Tensor } from "../tensor/tensor.ts";
import { toLpDType } from "./external-arguments.ts";
import { type Ended, type Program, parseReply, runProgram } from "./external-launch.ts";
import { newFile, type SideIo, sideIoOf } from "./external-program.ts";

/** LibPressio's, which it does not read the answers of. */
const METRIC_API = "6";

/** The program's own state is apart from how it was reached, as LibPressio reports it. */
const ERROR_CODES = { fine: 0, notStarted: 3, notUnderstood: 4 } as const;

const OPTIONS = {
  "external:command": string("", "the program and its first arguments, separated by spaces; no shell sees them"),
  "external:commands": strings([], "the same as a list, for arguments with spaces in them"),
  "external:workdir": string("", "folder to run it in; empty: this one"),
  "external:config_name": string("external", "passed on as --config_name"),
  "external:io_format": strings(["posix"], "how values stand in files: posix (alone) or numpy"),
  "external:fieldnames": strings([], "prefix of the flags"),
  "external:prefix": strings([], "what names of files begin with; may hold a folder"),
  "external:suffix": strings([], "what names of files end with"),
  "external:write_inputs": bool(true, "whether the original is written and --input given"),
  "external:write_outputs": bool(true, "whether the decompressed values are written and --decompressed given"),
  "external:timeout": float(300, "time that one run may take", { unit: "s", min: 0.01, max: 1e6 }),
};
type Values = OptionValues<typeof OPTIONS>;

export const externalMetric: MetricKind<typeof OPTIONS> = {
  name: "external",
  summary: "what a program of one's own makes of the original and the decompressed values (Node)",
  options: OPTIONS,
  results: {
    "external:results:*": "what the program printed, by its own names",
    "external:return_code": "its exit status; 0: done",
    "external:error_code": "0: it ran; 3: it could not be started; 4: it answered what the protocol does not know",
    "external:stderr": "what it printed on standard error",
    "external:duration": "seconds that it took",
  },
  keeps: "values",
  create({ options }): Metric {
    const program = programOf(options);
    const io = sideIoOf("external:io_format", {
      io: options["external:io_format"],
      field: options["external:fieldnames"],
      prefix: options["external:prefix"],
      suffix: options["external:suffix"],
      write: false,
    });
    let found: MetricResults = {};
    return {
      compare(original, decoded) {
        found = measured(program, options, io, original, decoded);
      },
      results: () => found,
    };
  },
};

function programOf(options: Values): Program {
  const split = options["external:command"].split(/\s+/).filter((word) => word !== "");
  const words = options["external:commands"].length > 0 ? options["external:commands"] : split;
  if (words.length === 0) {
    throw new TempressError("invalid-argument", "the metric external runs a program, and none is named", {
      where: "external:command",
      hint: 'such as "external:command": "python3 mine.py"',
    });
  }
  return { words, folder: options["external:workdir"] || undefined, timeoutMs: 1000 * options["external:timeout"] };
}

function measured(program: Program, options: Values, io: SideIo, original: Tensor, decoded: Tensor): MetricResults {
  const folder = fs.mkdtempSync(join(tmpdir(), "tempress-call-"));
  const made = new Set<string>();
  const flag = (part: string) => (io.field === "" ? `--${part}` : `--${io.field}_${part}`);
  const file = ({ dtype, shape, data }: Tensor) =>
    newFile(folder, io, made, { dtype: toLpDType(dtype), shape, bytes: bytesOf({ dtype, shape, data }) });
  try {
    const dims = original.shape.toReversed().flatMap((extent) => [flag("dim"), String(extent)]);
    const words = [
      ...["--api", METRIC_API, "--config_name", options["external:config_name"], "--eval_uuid", randomUUID()],
      ...(options["external:write_inputs"] ? [flag("input"), file(original)] : []),
      ...(options["external:write_outputs"] ? [flag("decompressed"), file(decoded)] : []),
      ...[flag("type"), toLpDType(original.dtype), ...dims],
    ];
    const env = { TMPDIR: folder };
    // Without arguments it tells its results with the values that they have where it leaves them out.
    const defaults = answerOf(() => runProgram(program, [], env), program).results;
    const began = performance.now();
    const { results, code, ended } = answerOf(() => runProgram(program, words, env), program);
    return {
      ...defaults,
      ...results,
      "external:return_code": ended.status,
      "external:error_code": code,
      "external:stderr": ended.stderr,
      "external:duration": (performance.now() - began) / 1000,
    };
  } finally {
    for (const path of made) fs.rmSync(path, { force: true });
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** A program that fails is a result, not an error: the compression it looks at is done and good. */
function answerOf(run: () => Ended, program: Program): { results: MetricResults; code: number; ended: Ended } {
  let ended: Ended;
  try {
    ended = run();
  } catch (error) {
    if (!(error instanceof TempressError)) throw error;
    const failed = { stdout: "", stderr: error.message, status: -1 };
    return { results: {}, code: ERROR_CODES.notStarted, ended: failed };
  }
  try {
    const results = resultsOf(parseReply(ended.stdout, program.words.join(" ")));
    return { results, code: ERROR_CODES.fine, ended };
  } catch (error) {
    if (!(error instanceof TempressError)) throw error;
    return { results: {}, code: ERROR_CODES.notUnderstood, ended };
  }
}

function resultsOf(reply: PressioOptions): MetricResults {
  const results: MetricResults = {};
  for (const [key, { value }] of reply) {
    if (value === undefined) continue;
    const plain: MetricValue = typeof value === "bigint" || typeof value === "boolean" ? Number(value) : value;
    results[`external:results:${key}`] = plain;
  }
  return results;
}
