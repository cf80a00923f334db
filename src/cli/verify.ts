import { type Archive, openArchive } from "../compressor/archive.ts";
import { errorName } from "../compressor/error-name.ts";
import { type VerifyReport, verifyArchive } from "../compressor/verify.ts";
import { openTensor } from "../io/node-open.ts";
import { openBytes } from "../io/node-stream.ts";
import type { MetricResults } from "../metrics/metric.ts";
import { metrics } from "../metrics/registry.ts";
import { parseShape } from "../tensor/shape.ts";
import { sizesOf } from "./inspect.ts";
import { jsonLine, print } from "./output.ts";
import { progressBar } from "./progress.ts";
import { errorLabel, errorText, promiseText } from "./promise-text.ts";
import { pairs, table } from "./table.ts";
import { formatNumber, formatSeconds } from "./units.ts";
import { countOf, dtypeOf, namesOf } from "./values.ts";
import type { Verb } from "./verb.ts";

export const verify: Verb = {
  define(command) {
    command
      .argument("<original>", "the frames that were compressed; - is raw values on standard input")
      .argument("<file>", "the .tpz file")
      .option("--variable <name>", "which variable of a file that holds several; or FILE.nc:NAME")
      .option("--shape <extents>", "extents of raw values; by default the file's own", (text) => parseShape(text))
      .option("--dtype <name>", "type of raw values; by default the file's own", dtypeOf)
      .option("--threads <N>", "how many threads work on chunks", countOf("--threads"))
      .option("--metrics <names>", "what to measure: error_stat,pearson,... or none (default: error_stat)", namesOf)
      .option("--json", "print the result as one JSON object")
      .option("--quiet", "print nothing but errors");
  },

  async run([original, file], flags) {
    const started = performance.now();
    const archive = await openArchive(await openBytes(file!), { threads: flags.threads as number });
    const bar = progressBar("verify", flags.json !== true && flags.quiet !== true);
    try {
      const { dtype, shape } = archive;
      const source = await openTensor(original!, { ...flags, otherwise: { shape, dtype } });
      const observer = await metrics.observe((flags.metrics ?? ["error_stat"]) as string[], {
        fill: archive.header.fill,
      });
      observer.beforeCompare?.(archive);
      const report = await verifyArchive(source, archive, {
        watch: (x, y) => observer.compare?.(x, y),
        onProgress: ({ frames, totalFrames }) => bar.update(frames, totalFrames),
      });
      await source.close?.();
      bar.end();
      const seconds = (performance.now() - started) / 1000;
      if (flags.json) print(jsonLine({ ...asObject(report, archive, seconds), ...observer.results() }));
      else if (!flags.quiet) print(asText(report, archive, seconds, observer.results()));
      return report.broken > 0 ? 1 : 0;
    } finally {
      bar.end();
      await archive.close();
    }
  },
};

function asObject(report: VerifyReport, archive: Archive, seconds: number): object {
  const { maxError, bound, values, broken, worst } = report;
  const error = bound.kind === "rmse" ? "error_stat:rmse" : errorName(bound);
  const { promise } = archive.header;
  return {
    kept: broken === 0,
    [error]: maxError,
    promise,
    bound,
    values,
    broken,
    worst,
    "time:verify": seconds * 1000,
    ...sizesOf(archive),
  };
}

function asText(report: VerifyReport, archive: Archive, seconds: number, measured: MetricResults): string {
  const { maxError, bound, values, broken, worst } = report;
  const { promise } = archive.header;
  const psnr = measured["error_stat:psnr"];
  const rows: [string, string | number][] = [
    ["promise", promiseText(promise)],
    [errorLabel(bound), errorText(maxError, bound, promise)],
    ["values", values],
    ...(psnr === undefined ? [] : [["psnr", `${formatNumber(psnr as number)} dB`] as [string, string]]),
    ["time", formatSeconds(seconds)],
  ];
  if (broken === 0) return `the promise is kept on every value\n${pairs(rows)}`;
  rows.splice(2, 0, ["broken on", `${broken} values (${formatNumber((100 * broken) / values)} %)`]);
  const list = worst.map(({ index, original, decoded, error }) => {
    return [index.join(","), String(original), String(decoded), formatNumber(error)];
  });
  return `THE PROMISE IS BROKEN\n${pairs(rows)}\n\n${table(["worst at", "original", "decoded", "error"], list)}`;
}
