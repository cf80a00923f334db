import { type Archive, openArchive } from "../compressor/archive.ts";
import { errorName } from "../compressor/error-name.ts";
import type { InspectReport } from "../compressor/inspect.ts";
import { formats } from "../io/formats.ts";
import { listVariables } from "../io/node-open.ts";
import { openBytes } from "../io/node-stream.ts";
import { extensionOf } from "../io/raw-name.ts";
import type { VariableInfo } from "../io/variables.ts";
import { formatShape } from "../tensor/shape.ts";
import { jsonLine, print } from "./output.ts";
import { errorLabel, errorText, promiseText } from "./promise-text.ts";
import { pairs, table } from "./table.ts";
import { formatBytes, formatNumber } from "./units.ts";
import type { Verb } from "./verb.ts";

/** What the sections of chunks are, in the words of the guide. */
const STAGES: Readonly<Record<string, string>> = {
  key: "key frames",
  side: "side information",
  codes: "codes",
  escapes: "escapes",
  specials: "special values",
  corrections: "corrections",
  data: "data",
};

export const inspect: Verb = {
  define(command) {
    command
      .argument("<file>", "a .tpz file, - is standard input; or .nc, .h5, .zarr, ...: lists its variables")
      .option("--chunks", "list every chunk")
      .option("--json", "print one JSON object");
  },

  async run([file], flags) {
    const foreign = file === "-" || extensionOf(file!) === "tpz" ? undefined : await knownVariables(file!);
    if (foreign) {
      print(flags.json ? jsonLine({ variables: foreign }) : `${file}\n${variableTable(foreign)}`);
      return 0;
    }
    const archive = await openArchive(await openBytes(file!));
    try {
      const report = archive.inspect();
      const { bytes, maxError, ...rest } = report;
      if (flags.json) {
        const error = errorName(report.bound);
        const list = flags.chunks ? { chunkList: archive.chunks } : {};
        print(jsonLine({ ...sizesOf(archive), [error]: maxError, ...rest, bytes, ...list }));
      } else {
        print(`${file}\n${about(report)}\n\n${bytesByStage(report)}`);
        if (flags.chunks) {
          const rows = archive.chunks.map(({ frames, offset, byteLength, maxError }) => {
            return [`${frames[0]}:${frames[1]}`, offset, byteLength, formatNumber(maxError)];
          });
          print(`\n${table(["frames", "offset", "bytes", "max error"], rows)}`);
        }
      }
    } finally {
      await archive.close();
    }
    return 0;
  },
};

/** What a file of another format holds; undefined where it is none that holds variables. */
async function knownVariables(file: string): Promise<readonly VariableInfo[] | undefined> {
  const extension = extensionOf(file);
  const known = formats.list().some(({ extensions }) => extensions.includes(extension));
  return known ? await listVariables(file) : undefined;
}

function variableTable(variables: readonly VariableInfo[]): string {
  const rows = variables.map(({ name, shape, dtype, axes, units }) => {
    return [name, shape.length === 0 ? "scalar" : formatShape(shape), dtype, axes?.join(", ") ?? "", units ?? ""];
  });
  return table(["variable", "shape", "type", "axes", "units"], rows);
}

/** LibPressio's size metrics of the whole file. */
export function sizesOf(archive: Archive): Record<string, number> {
  const { bytes, "size:compression_ratio": ratio, "size:bit_rate": rate } = archive.inspect();
  return {
    "size:uncompressed_size": bytes.raw,
    "size:compressed_size": bytes.file,
    "size:compression_ratio": ratio,
    "size:bit_rate": rate,
  };
}

function about(report: InspectReport): string {
  const { shape, axes, codec, options, attributes, framesPerChunk } = report;
  const [fewest, most] = framesPerChunk;
  const list = Object.entries(options).map(([key, value]) => `${key}=${value}`);
  const { raw, file } = report.bytes;
  return pairs([
    ["shape", `${formatShape(shape)}${axes ? ` (${axes.join(", ")})` : ""}`],
    ["dtype", report.dtype],
    ["name", report.name],
    ["time axis", report.timeAxis === 0 ? undefined : report.timeAxis],
    ["promise", promiseText(report.promise)],
    ["fill value", report.fill === undefined ? undefined : formatNumber(report.fill)],
    [errorLabel(report.bound), errorText(report.maxError, report.bound, report.promise)],
    ["codec", `${codec.name}, stream version ${codec.version}, effort ${report.effort}`],
    ["options", list.length > 0 ? list.join(" ") : undefined],
    ["model", report.model ?? "none"],
    ["chunks", `${report.chunks} of ${fewest === most ? fewest : `${fewest} to ${most}`} frames`],
    ["ratio", `${formatNumber(report["size:compression_ratio"])} (${formatBytes(raw)} -> ${formatBytes(file)})`],
    ["bits per value", formatNumber(report["size:bit_rate"])],
    ["container", `version ${report.containerVersion}`],
    ...Object.entries(attributes ?? {}).map(([key, value]) => [key, value] as const),
  ]);
}

function bytesByStage({ bytes }: InspectReport): string {
  const sections = Object.entries(bytes.sections).map(([name, size]) => [STAGES[name] ?? name, size] as const);
  const rows = [["header", bytes.header] as const, ...sections, ["chunk headers", bytes.chunkHeaders] as const];
  rows.push(["index", bytes.index]);
  return table(
    ["stage", "bytes", "share"],
    rows.map(([name, size]) => [name, size, `${((100 * size) / bytes.file).toFixed(1)} %`]),
  );
}
