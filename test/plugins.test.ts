/**
 * Every plug-in of LibPressio 1.0.7 is accounted for in docs/libpressio.md: here, with a test that names it, or named in
 * docs/limitations.md.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { codecs } from "../src/compressor/registry.ts";
import { WRAPPERS } from "../src/compressor/wrap/entries.ts";
import { formats } from "../src/io/formats.ts";
import { metrics } from "../src/metrics/registry.ts";

const ROOT = join(import.meta.dirname, "..");
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const words = (text: string) => text.trim().split(/\s+/);

/** The plug-ins of LibPressio 1.0.7 and of its satellites. */
const PLUGINS = {
  compressors: words(`
    sz3 zfp tthresh sz sz_threadsafe sz_omp SZauto qoz szx szx_cuda szp cusz cuszp cuda_device_selector mgard mgardx
    fpzip ndzip blosc blosc2 bzip2 magick bit_grooming digit_rounding arc sperr frsz nvcomp dctz hlrcompress
    lc_framework errorinjector rmetric jit tezip pressio manifest noop cast transpose resize delta_encoding
    linear_quantizer log_transform pw_rel threshold_small remove_background binning mask_binning mask_interpolation
    roibin sample chunking many_independent many_independent_threaded many_dependent switch pipeline repeat opt
    lambda_fn external_compressor`),
  metrics: words(`
    noop composite size time error_stat max_error kth_error clipping out_of_bounds spatial_error pearson ks_test
    kl_divergence entropy autocorr diff_pdf data_gap ssim gradlength qcatsobolevp2 region_of_interest mask input_stats
    memory historian printer print_options write_debug_inputs external`),
  io: words(`
    posix by_extension numpy csv hdf5 netcdf grib matio petsc mmap cufile select copy_template iota empty noop adios2`),
  launch: words(`forkexec python remote mpispawn`),
};
const HERE = {
  compressors: [...codecs.names(), ...codecs.wrappers(), ...codecs.outside()],
  metrics: metrics.names(),
  io: formats.list().map(({ name }) => name),
  launch: codecs.outside(),
};

const page = read("docs/libpressio.md");
const limits = read("docs/limitations.md");

/** Rows behind `<!-- plugins: KIND -->`: plug-ins, what they are here, the test. */
function rowsOf(kind: string): { plugins: string[]; here: string; test: string }[] {
  const [, table] = new RegExp(`<!-- plugins: ${kind} -->\n((?:\\|.*\n)+)`).exec(page) ?? [];
  return table!
    .trim()
    .split("\n")
    .slice(2)
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .map(([, plugins, here, test]) => ({ plugins: plugins!.split(", "), here: here!, test: test! }));
}

describe.each(Object.keys(PLUGINS) as (keyof typeof PLUGINS)[])("LibPressio's %s", (kind) => {
  const rows = rowsOf(kind);

  it("are all in the table, once", () => {
    expect(rows.flatMap(({ plugins }) => plugins).sort()).toEqual([...PLUGINS[kind]].sort());
  });

  it("are here with a test that names them", () => {
    for (const { plugins, here, test } of rows.filter((row) => row.here !== "no")) {
      expect(existsSync(join(ROOT, test)), `${plugins}: ${test}`).toBe(true);
      const names = [...here.matchAll(/`(\w+)`/g)].map(([, name]) => name!);
      expect(names.filter((name) => !HERE[kind].includes(name))).toEqual([]);
      const text = read(test);
      // These go through whole registries.
      const every = {
        // Files are told by their endings there.
        "test/interop/formats.test.ts": ["hdf5", "netcdf"],
        "src/io/formats.test.ts": ["matlab"],
        // It compares with all of LibPressio's results that were recorded.
        "src/metrics/golden.test.ts": words(read("test/libpressio/metrics.json").replace(/\W+/g, " ")),
        "test/wrap/keeps.test.ts": WRAPPERS.map(({ name }) => name) as string[],
      };
      const known = test.startsWith("test/conformance")
        ? codecs.names()
        : ((every as Record<string, string[]>)[test] ?? []);
      expect(
        names.filter((name) => !text.includes(name) && !known.includes(name)),
        test,
      ).toEqual([]);
    }
  });

  it("or are named among the limitations", () => {
    const missing = rows.filter(({ here }) => here === "no").flatMap(({ plugins }) => plugins);
    expect(missing.filter((name) => !limits.includes(`\`${name}\``))).toEqual([]);
  });
});
