/** Lists of tensors: one after the other, several at once, or each with results of the one before it. */
import { TempressError } from "../errors.ts";
import type { MetricResults } from "../metrics/metric.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Compressor } from "./compressor.ts";
import type { Node } from "./configure.ts";
import { inOrder } from "./pool.ts";

export interface Many {
  readonly self: Compressor;
  readonly tree: Node;
  readonly inputs: readonly Tensor[];
  /** Another compressor with the same options. */
  copy(): Promise<Compressor>;
  /** Takes the results: those of the last tensor, and all under "/i/". */
  results(all: MetricResults): void;
}

export async function compressMany({ self, tree, inputs, copy, results }: Many): Promise<Uint8Array[]> {
  const all: MetricResults = {};
  const note = (i: number, found: MetricResults) => {
    for (const [key, value] of Object.entries(found)) all[`/${i}/${key}`] = value;
    if (i === inputs.length - 1) Object.assign(all, found);
  };
  const files: Uint8Array[] = [];
  if (tree.codec.name === "many_independent_threaded") {
    const asked = tree.options["many_independent_threaded:nthreads"] as number;
    const work = async (input: Tensor) => {
      const own = await copy();
      return { bytes: await own.compress(input), found: own.getMetricsResults() };
    };
    for await (const { bytes, found } of inOrder(inputs, asked || 2, work)) {
      note(files.length, found);
      files.push(bytes);
    }
    results(all);
    return files;
  }
  const from = (tree.options["many_dependent:from_names"] ?? []) as readonly string[];
  const to = (tree.options["many_dependent:to_names"] ?? []) as readonly string[];
  if (from.length !== to.length) {
    throw new TempressError("invalid-argument", `${from.length} results go to ${to.length} options`, {
      where: "many_dependent:to_names",
      hint: "give as many to_names as from_names, in the same order",
    });
  }
  const worker = from.length > 0 ? await copy() : self;
  for (const [i, input] of inputs.entries()) {
    const bytes = await worker.compress(input);
    // Results of errors and values need what the reader will see.
    if (from.length > 0) await worker.decompress(bytes);
    const found = worker.getMetricsResults();
    note(i, found);
    files.push(bytes);
    const next = from.map((name, k) => [to[k]!, found[name]] as const);
    const missing = next.findIndex(([, value]) => value === undefined);
    if (missing >= 0) {
      throw new TempressError("invalid-argument", `there is no result "${from[missing]}"`, {
        where: "many_dependent:from_names",
        hint: `add its metric to pressio:metric; there are ${Object.keys(found).join(", ")}`,
      });
    }
    if (next.length > 0) await worker.configure(Object.fromEntries(next));
  }
  if (from.length > 0) results(all);
  else results({ ...self.getMetricsResults(), ...all });
  return files;
}
