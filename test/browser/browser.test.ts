/** The built library in Debian's Chromium: the same bytes and values as in Node, and files read by range. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { build, type Metafile } from "esbuild";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import type * as Library from "../../src/index.ts";
import { graphOf } from "../../src/neural/architecture.ts";
import { floatTensors, writeModel } from "../../src/neural/model-file.ts";
import { startWeights } from "../../src/neural/weights.ts";
import { needsProgram, pathOf } from "../optional.ts";
import type { Actions } from "./page.ts";
import { serve } from "./serve.ts";

const ROOT = join(import.meta.dirname, "../..");
const BUILT = join(ROOT, "dist/src/index.js");
const SHAPE = [24, 73, 144];
const WIND = new Uint8Array(readFileSync(join(ROOT, "data/wind_24x73x144.f32")));

/** Chromium starts nothing that asks the network. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const sha256 = (data: ArrayBufferView) =>
  createHash("sha256")
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest("hex");

/** Bundled as a page's author would, from what is published. */
async function bundle(): Promise<{ files: Map<string, Uint8Array>; sizes: string }> {
  if (!existsSync(BUILT)) throw new Error("dist/ is missing: npm run build");
  const both = { bundle: true, write: false, format: "esm", platform: "browser", minify: true } as const;
  const library = await build({
    ...both,
    entryPoints: [BUILT],
    splitting: true,
    metafile: true,
    outdir: "/bundle",
    absWorkingDir: ROOT,
  });
  const page = await build({ ...both, entryPoints: [join(import.meta.dirname, "page.ts")] });
  const files = new Map<string, Uint8Array>();
  files.set(
    "/index.html",
    new TextEncoder().encode('<!doctype html><title>Tempress</title><script type=module src="/page.js"></script>'),
  );
  files.set("/page.js", page.outputFiles[0]!.contents);
  for (const { path, contents } of library.outputFiles) files.set(`/bundle/${path.split(/[\\/]/).at(-1)}`, contents);
  return { files, sizes: sizesOf(library.metafile, files) };
}

/** Bytes over the wire before the first call, and of all that may follow. */
function sizesOf({ outputs }: Metafile, files: ReadonlyMap<string, Uint8Array>): string {
  const names = Object.keys(outputs);
  const first = new Set<string>();
  const visit = (name: string): void => {
    if (first.has(name)) return;
    first.add(name);
    for (const { path, kind } of outputs[name]!.imports) if (kind === "import-statement") visit(path);
  };
  visit(names.find((name) => name.endsWith("/index.js"))!);
  const kilobytes = (some: Iterable<string>) => {
    const all = [...some].map((name) => files.get(`/bundle/${name.split("/").at(-1)}`)!);
    const sum = (lengths: number[]) => Math.round(lengths.reduce((a, b) => a + b, 0) / 1000);
    return `${sum(all.map(({ length }) => length))} KB (${sum(all.map((bytes) => gzipSync(bytes).length))} KB gzipped)`;
  };
  return `bundle for pages: ${kilobytes(first)} at first, ${kilobytes(names)} with every codec and kernel`;
}

needsProgram("chromium").describe("in Chromium", () => {
  let library: typeof Library;
  let browser: Browser;
  let page: Page;
  let server: Awaited<ReturnType<typeof serve>>;
  const files = new Map<string, Uint8Array>();
  const complaints: string[] = [];

  beforeAll(async () => {
    const bundled = await bundle();
    console.info(bundled.sizes);
    for (const [path, bytes] of bundled.files) files.set(path, bytes);
    files.set("/wind.f32", WIND);
    files.set("/favicon.ico", new Uint8Array(1));
    library = (await import(pathToFileURL(BUILT).href)) as typeof Library;
    server = await serve(files);
    browser = await chromium.launch({ executablePath: pathOf("chromium")!, args: FLAGS });
    page = await browser.newPage();
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => complaints.push(message.text()));
    await page.goto(`${server.url}/index.html`);
    await page.waitForFunction("globalThis.tempress !== undefined").catch((cause: unknown) => {
      throw new Error(`the page did not load the library: ${complaints.join("; ")}`, { cause });
    });
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  /** Runs one of the page's actions there. */
  async function inPage<K extends keyof Actions>(
    name: K,
    ...args: Parameters<Actions[K]>
  ): Promise<Awaited<ReturnType<Actions[K]>>> {
    return (await page.evaluate(`tempress.${name}(...${JSON.stringify(args)})`)) as Awaited<ReturnType<Actions[K]>>;
  }

  function field(bytes: Uint8Array, dtype = "float32"): Library.Tensor {
    if (dtype === "uint8") return library.tensor("uint8", SHAPE, bytes.slice(0, bytes.length / 4));
    return library.tensor("float32", SHAPE, new Float32Array(bytes.slice().buffer));
  }

  it("finds the codecs that Node finds", async () => {
    expect(await inPage("codecs")).toEqual(library.codecs.names());
  });

  it("makes and reads the same files as Node with every codec", async () => {
    const holes = WIND.slice();
    new Float32Array(holes.buffer).fill(Number.NaN, 1000, 1100);
    files.set("/holes.f32", holes);
    for (const name of library.codecs.names()) {
      const { keeps, exactBits, dtypes } = await library.codecs.get(name);
      const dtype = dtypes.includes("float32") ? "float32" : "uint8";
      const promises: Library.CompressOptions[] = [
        ...(keeps.includes("lossless") ? [{ lossless: true }] : []),
        ...(keeps.includes("abs") ? [{ rel: 1e-3 }] : []),
      ];
      for (const promise of promises) {
        for (const effort of exactBits ? (["balanced"] as const) : library.EFFORTS) {
          const options = { codec: name, effort, window: 8, ...promise };
          const inputs = [["/wind.f32", WIND] as const, ["/holes.f32", holes] as const];
          for (const [path, bytes] of effort === "max" ? inputs.slice(1) : inputs) {
            const file = await library.compress(field(bytes, dtype), options);
            const { data } = await library.decompress(file);
            const here = { file: sha256(file), values: sha256(data), shape: SHAPE, dtype };
            const there = await inPage("roundTrip", path, SHAPE, options, dtype);
            expect({ path, options, ...there }).toEqual({ path, options, ...here });
          }
        }
      }
    }
  });

  it("a PredNet guesses the same bits as in Node", async () => {
    const architecture = { kind: "prednet", stack: [1, 6, 9], recurrent: [1, 6, 9], shortcut: false } as const;
    const graph = graphOf(architecture);
    const tensors = floatTensors(graph, startWeights(graph, 1));
    const model = writeModel({ architecture, normalisation: "range", tensors, plan: {}, recipe: {} });
    files.set("/prednet.tpm", model);
    const hash = library.addModel(model);
    expect(await inPage("addModel", "/prednet.tpm")).toBe(hash);
    const options = { codec: "tezip_classic", lossless: true, options: { "tezip_classic:model": hash } } as const;
    const file = await library.compress(field(WIND, "uint8"), options);
    const { data } = await library.decompress(file);
    const there = await inPage("roundTrip", "/wind.f32", SHAPE, options, "uint8");
    expect(there).toEqual({ file: sha256(file), values: sha256(data), shape: SHAPE, dtype: "uint8" });
  });

  it("reads frames of a file made by Node from a server, by byte ranges", async () => {
    const file = await library.compress(field(WIND), { codec: "zstd", lossless: true, window: 2 });
    files.set("/wind.tpz", file);
    const got = await inPage("readFrames", "/wind.tpz", 9, 13);
    const frame = 4 * 73 * 144;
    expect(got).toMatchObject({
      shape: [4, 73, 144],
      size: file.length,
      values: sha256(WIND.subarray(9 * frame, 13 * frame)),
    });
    // Three of twelve chunks, and what the index takes.
    expect(got.read).toBeLessThan(file.length / 3);
  });

  it("says that a page has no files", async () => {
    expect(await inPage("openFiles")).toBe("TempressError: files and worker threads need Node");
  });

  it("logs nothing", () => {
    expect(complaints).toEqual([]);
  });
});
