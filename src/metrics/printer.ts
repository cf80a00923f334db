import type { Metric, MetricKind } from "./metric.ts";

export const printer: MetricKind = {
  name: "printer",
  summary: "a log of what was called, in order",
  options: {},
  results: { "printer:log": "one line a call" },
  keeps: "sums",
  create(): Metric {
    const lines: string[] = [];
    const log = (line: string): void => {
      lines.push(line);
    };
    const shown = ({ dtype, shape }: { dtype: string; shape: readonly number[] }) => `${shape.join("x")} ${dtype}`;
    let [slabs, values] = [0, 0];
    return {
      beforeCompress: (input) => log(`begin_compress ${shown(input)}`),
      afterCompress: (_, bytes) => log(`end_compress ${bytes} bytes`),
      beforeDecompress: (bytes) => log(`begin_decompress ${bytes} bytes`),
      afterDecompress: (output) => log(`end_decompress ${shown(output)}`),
      before: (call) => log(`begin_${call}`),
      after: (call) => log(`end_${call}`),
      compare(original) {
        slabs++;
        values += original.data.length;
      },
      results: () => ({
        "printer:log": slabs === 0 ? [...lines] : [...lines, `compared ${values} values in ${slabs} slabs`],
      }),
    };
  },
};
