/**
 * The package as people get it: packed, installed in an empty project away from this one, and used from there. Its
 * dependencies are taken from this checkout's node_modules, so that no network is needed.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "..");
const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  version: string;
  files: string[];
  exports: Record<string, unknown>;
  dependencies: Record<string, string>;
};

let folder: string;
let packed: { filename: string; size: number; unpackedSize: number; files: { path: string; size: number }[] };

const run = (program: string, args: string[], cwd = folder) =>
  execFileSync(program, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
const node = (...args: string[]) => run(process.execPath, args);
const installed = (path: string) => join(folder, "node_modules/tempress", path);

beforeAll(() => {
  if (!existsSync(join(ROOT, "dist/bin/tempress.js"))) throw new Error("dist/ is missing: npm run build");
  folder = mkdtempSync(join(tmpdir(), "tempress-package-"));
  const packing = ["pack", "--ignore-scripts", "--json", "--pack-destination", folder];
  packed = (JSON.parse(run("npm", packing, ROOT)) as [typeof packed])[0];
  const local = Object.keys(manifest.dependencies).map((name) => [name, `file:${join(ROOT, "node_modules", name)}`]);
  const dependencies = { tempress: `file:./${packed.filename}`, ...Object.fromEntries(local) };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module", dependencies }));
  run("npm", ["install", "--offline", "--install-links", "--ignore-scripts", "--no-audit", "--no-fund"]);
}, 300_000);

afterAll(() => {
  if (folder) rmSync(folder, { recursive: true, force: true });
});

describe("the tarball", () => {
  it("holds what package.json promises, and nothing to spare", () => {
    const paths = packed.files.map(({ path }) => path);
    expect(
      manifest.files.filter(
        (file) => !file.startsWith("!") && !paths.some((path) => path === file || path.startsWith(`${file}/`)),
      ),
    ).toEqual([]);
    const strange = paths.filter((path) => {
      const ours =
        /^(dist\/(bin|src)\/.+\.(js|d\.ts)|dist\/bin\/package\.json|docs\/.+\.(md|svg|png|ts)|bridge\/python\/.+\.py)$/.test(
          path,
        );
      return !(ours || /^(package\.json|LICENSE|NOTICE|[A-Z]+\.md)$/.test(path)) || /\.(test|reference)\./.test(path);
    });
    expect(strange).toEqual([]);
  });

  // The library, and the same once more as the program's bundle, which starts sooner.
  it("is under 8 MB unpacked", () => {
    console.info(
      `package: ${Math.round(packed.size / 1000)} KB packed, ${Math.round(packed.unpackedSize / 1000)} KB in ${packed.files.length} files`,
    );
    expect(packed.unpackedSize).toBeLessThan(8_000_000);
  });

  it("names no place on the machine that built it", () => {
    const texts = packed.files.filter(({ path }) => readFileSync(installed(path), "utf8").includes(ROOT));
    expect(texts).toEqual([]);
  });
});

describe("the command", () => {
  const command = () => join(folder, "node_modules/.bin/tempress");

  it("runs", () => {
    expect(run(command(), ["--version"])).toBe(`${manifest.version}\n`);
    expect(run(command(), ["list", "codecs"])).toContain("zstd");
  });

  it("compresses, verifies and restores, with threads too", () => {
    const values = Float32Array.from({ length: 40 * 50 * 60 }, (_, i) => Math.fround((i % 977) * (i % 31) * 0.01));
    const name = "field_40x50x60.f32";
    writeFileSync(join(folder, name), values);
    for (const threads of ["1", "2"]) {
      const flags = ["--abs", "0.01", "--threads", threads, "--window", "4", "--force", "--quiet"];
      run(command(), ["compress", name, "-o", `out${threads}.tpz`, ...flags]);
      run(command(), ["verify", name, `out${threads}.tpz`]);
    }
    expect(readFileSync(join(folder, "out1.tpz"))).toEqual(readFileSync(join(folder, "out2.tpz")));
    run(command(), ["decompress", "out2.tpz", "-o", "back_40x50x60.f32"]);
    const back = new Float32Array(new Uint8Array(readFileSync(join(folder, "back_40x50x60.f32"))).buffer);
    expect(back.length).toBe(values.length);
    expect(Math.max(...values.map((value, i) => Math.abs(value - back[i]!)))).toBeLessThanOrEqual(0.01);
  });
});

/** Names that code and types may import; a change here is a change for every user. */
const PUBLIC: Readonly<Record<string, readonly string[]>> = {
  ".": words(`
    Archive Bound ByteSink ByteSource ChunkInfo Codec CompressOptions CompressReport Compressor DEFAULT_CODEC
    DTYPE_NAMES DType Damage Declared DecodeTask DecompressOptions EFFORTS Effort EncodeTask Encoded ErrorCode
    Header InspectReport Introspection KeyState Metric MetricKind MetricResults OpenOptions OptionSchema OptionSpec
    PluginType PressioOption PressioOptions PressioType PressioValue Progress PromiseSpec SECTIONS SectionName Shape
    TempressError Tensor TensorSink TensorSource VerifyOptions VerifyReport WriteOptions addModel bool byteSource
    child children choice codecs compress compressTo compressor decompress float formats int introspect isDType
    isTempressError loadCompressor metrics numbers openArchive optionsFromJson optionsToJson string tensor
    tensorSource verifyArchive verifyBound`),
  "./io": words(`
    ClosableSink Format FormatEntry FormatHint SaveOptions TensorLike decodePng encodePng formatByName formats
    imageSource naturalCompare npyHeader npySource openTensor parseRawName rawExtension rawSink rawSource
    readNpyHeader registerFormat saveTensor`),
  "./metrics": words(`
    Call Described ErrorHistogram Fft FrameDrift GradientErrors Keeps LagSums Metric MetricKind MetricResults
    MetricSettings MetricValue ObserverSettings PowerPair composite correlationMap deviationOf errorHistogram
    evaluateMetrics forwardAll frameDrift gradientErrors gradientLength lagSums meanInside metrics powerSpectra
    radialSum ratioOf ssimMap`),
  "./zarr": words(`
    ChunkCodec ZarrRegistry chunkCodecNames registerZarrCodecs`),
  "./hdf5": words(`
    ChunkCodec Hdf5Chunks Hdf5Dataset TEMPRESS_FILTER hdf5Chunks isTempressDataset`),
  "./codecs/zfp": words(`
    ZfpFile ZfpKnown ZfpMode ZfpParameters ZfpType ZfpWriteOptions ZfpWriter ZfpyConfig openZfp prepareZfp
    zfpWriter zfpyDecode zfpyEncode`),
};

describe("the library", () => {
  const imports = (path: string) => `tempress${path.slice(1)}`;
  const libraries = Object.keys(manifest.exports).filter((path) => path !== "./package.json");

  it("has these public names", () => {
    expect(libraries).toEqual(Object.keys(PUBLIC));
    for (const path of libraries) {
      const declared = (manifest.exports[path] as { types: string }).types;
      expect({ [path]: exportedNames(readFileSync(installed(declared), "utf8")) }).toEqual({ [path]: PUBLIC[path] });
    }
  });

  it("exports its values from every path", () => {
    for (const path of libraries) {
      const print = `import(${JSON.stringify(imports(path))}).then((all) => console.log(Object.keys(all).join(" ")))`;
      const names = node("-e", print).trim().split(" ");
      expect(names.length).toBeGreaterThan(0);
      expect(names.filter((name) => !PUBLIC[path]!.includes(name))).toEqual([]);
    }
    node("-e", 'if (require("tempress/package.json").name !== "tempress") process.exit(1)');
    expect(() => node("-e", 'import("tempress/dist/src/index.js")')).toThrow("ERR_PACKAGE_PATH_NOT_EXPORTED");
  });

  it("compresses and restores, on worker threads too", () => {
    const program = `
      import { compress, decompress, tensor } from "tempress";
      const data = Float64Array.from({ length: 20 * 30 * 40 }, (_, i) => (i % 997) * 0.1);
      const options = { abs: 0.05, window: 5 };
      const input = tensor("float64", [20, 30, 40], data);
      const one = await compress(input, options);
      const two = await compress(input, { ...options, threads: 2 });
      const back = await decompress(two, { threads: 2 });
      const same = Buffer.compare(one, two) === 0;
      const kept = data.every((value, i) => Math.abs(value - back.data[i]) <= 0.05);
      console.log(JSON.stringify({ same, kept, shape: back.shape }));
    `;
    writeFileSync(join(folder, "program.js"), program);
    expect(JSON.parse(node("program.js"))).toEqual({ same: true, kept: true, shape: [20, 30, 40] });
  });

  it("type-checks in a strict project without Node's types", () => {
    const program = `
      import { type Archive, type CompressOptions, compress, codecs, openArchive, TempressError, tensor } from "tempress";
      import { npySource, type Format } from "tempress/io";
      import { evaluateMetrics, type MetricResults } from "tempress/metrics";
      const options: CompressOptions = { abs: 0.01, effort: "fast" };
      const bytes: Uint8Array = await compress(tensor("float32", [2], new Float32Array(2)), options);
      const archive: Archive = await openArchive(bytes);
      export const shape: readonly number[] = archive.shape;
      export const results: MetricResults = await evaluateMetrics(["size"], await archive.readFrames(0, 1), 10, await archive.readFrames(0, 1));
      export const names: string[] = codecs.names();
      export const format = (given: Format) => [given.name, npySource] as const;
      // @ts-expect-error an effort that there is none of
      export const wrong: CompressOptions = { abs: 1, effort: "quick" };
      export const error = new TempressError("io", "no");
    `;
    mkdirSync(join(folder, "typed"), { recursive: true });
    writeFileSync(join(folder, "typed/program.ts"), program);
    const compilerOptions = {
      ...{ target: "ES2022", module: "NodeNext", strict: true, noEmit: true, skipLibCheck: false, types: [] },
      ...{ lib: ["ES2022", "DOM", "DOM.Iterable"], exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
    };
    writeFileSync(join(folder, "typed/tsconfig.json"), JSON.stringify({ compilerOptions, include: ["program.ts"] }));
    const tsc = join(ROOT, "node_modules/typescript/lib/tsc.js");
    const said = () => {
      try {
        return node(tsc, "-p", "typed");
      } catch (error) {
        return String((error as { stdout?: string }).stdout);
      }
    };
    expect(said()).toBe("");
  });

  it("bundles for pages without anything of Node", async () => {
    const program = `export * from "tempress"; export * as io from "tempress/io"; export * as metrics from "tempress/metrics";`;
    writeFileSync(join(folder, "page.js"), program);
    const { outputFiles } = await build({
      ...{ entryPoints: [join(folder, "page.js")], outdir: join(folder, "bundle"), write: false, logLevel: "silent" },
      ...{ bundle: true, splitting: true, format: "esm", platform: "browser" },
    });
    expect(outputFiles.filter(({ text }) => /["']node:/.test(text)).map(({ path }) => path)).toEqual([]);
  });
});

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

/** Names in a declaration file's own exports, values and types. */
function exportedNames(text: string): string[] {
  const lists = [...text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, list]) => list!.split(","));
  const renamed = lists.map((name) =>
    name
      .trim()
      .split(/\s+as\s+/)
      .at(-1)!
      .replace(/^type\s+/, ""),
  );
  const declared = [...text.matchAll(/^export (?:declare )?(?:const|function|class|interface|type) (\w+)/gm)];
  return [...new Set([...renamed, ...declared.map(([, name]) => name!)])].filter((name) => name !== "").sort();
}
