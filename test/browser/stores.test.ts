/** HDF5 and Zarr whose chunks are streams of ours, made in Node and read in Debian's Chromium, and the other way. */
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { build } from "esbuild";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openTensor, saveTensor } from "../../src/io/index.ts";
import { TEMPRESS_FILTER } from "../../src/stores/hdf5.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { needsProgram, pathOf } from "../optional.ts";
import { serve } from "./serve.ts";
import type { Actions } from "./stores-page.ts";

const ROOT = join(import.meta.dirname, "../..");
const SHAPE = [24, 73, 144];
const WIND = new Uint8Array(readFileSync(join(ROOT, "data/wind_24x73x144.f32")));
const CODEC = { name: "tempress.tezip", configuration: { abs: 0.1 } };

const sha256 = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  createHash("sha256")
    .update(new Uint8Array(buffer, byteOffset, byteLength))
    .digest("hex");

needsProgram("chromium").describe("stores in Chromium", () => {
  let browser: Browser;
  let page: Page;
  let server: Awaited<ReturnType<typeof serve>>;
  const folder = mkdtempSync(join(tmpdir(), "tempress-stores-"));
  const files = new Map<string, Uint8Array>();
  const complaints: string[] = [];

  async function save(name: string): Promise<Float32Array> {
    const t = tensor("float32", SHAPE, new Float32Array(WIND.slice().buffer));
    const sink = await saveTensor(join(folder, name), t, { codec: CODEC, variable: "v" });
    await sink.write(t);
    await sink.close();
    const source = await openTensor(join(folder, name));
    const { data } = await source.read(0, SHAPE[0]!);
    await source.close?.();
    return data as Float32Array;
  }

  beforeAll(async () => {
    const both = { bundle: true, write: false, format: "esm", platform: "browser" } as const;
    const built = (name: string) => join(ROOT, "dist/src/stores", name);
    const library = await build({
      ...both,
      entryPoints: [built("hdf5.js"), built("zarr.js")],
      splitting: true,
      outdir: "/bundle",
      absWorkingDir: ROOT,
    });
    const own = await build({ ...both, entryPoints: [join(import.meta.dirname, "stores-page.ts")] });
    files.set("/index.html", new TextEncoder().encode('<!doctype html><script type=module src="/page.js"></script>'));
    files.set("/page.js", own.outputFiles[0]!.contents);
    files.set("/favicon.ico", new Uint8Array(1));
    files.set("/wind.f32", WIND);
    for (const { path, contents } of library.outputFiles) files.set(`/bundle/${path.split(/[\\/]/).at(-1)}`, contents);
    server = await serve(files);
    browser = await chromium.launch({
      executablePath: pathOf("chromium")!,
      args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
    });
    page = await browser.newPage();
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(`${server.url}/index.html`);
    await page.waitForFunction("globalThis.stores !== undefined").catch((cause: unknown) => {
      throw new Error(`the page did not load: ${complaints.join("; ")}`, { cause });
    });
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function inPage<K extends keyof Actions>(name: K, ...args: Parameters<Actions[K]>) {
    return (await page.evaluate(`stores.${name}(...${JSON.stringify(args)})`)) as Awaited<ReturnType<Actions[K]>>;
  }

  it("reads HDF5 chunks by the filter's id", async () => {
    const data = await save("wind.h5");
    files.set("/wind.h5", new Uint8Array(readFileSync(join(folder, "wind.h5"))));
    expect(await inPage("readHdf5", "/wind.h5", "v")).toEqual({
      values: sha256(data),
      shape: SHAPE,
      filters: [TEMPRESS_FILTER],
    });
  });

  it("writes HDF5 chunks that Node reads", async () => {
    const bytes = await inPage("writeHdf5", "/wind.f32", SHAPE, { name: "tempress.zstd", configuration: {} });
    writeFileSync(join(folder, "page.h5"), Buffer.from(bytes, "base64"));
    const source = await openTensor(join(folder, "page.h5"));
    const { data } = await source.read(0, SHAPE[0]!);
    await source.close?.();
    expect(sha256(data)).toBe(sha256(WIND));
  });

  it("reads Zarr chunks from a server", async () => {
    const data = await save("wind.zarr");
    for (const name of readdirSync(join(folder, "wind.zarr"), { recursive: true, withFileTypes: true })) {
      const path = join(name.parentPath, name.name);
      if (name.isFile()) files.set(`/${relative(folder, path)}`, new Uint8Array(readFileSync(path)));
    }
    expect(await inPage("readZarr", `${server.url}/wind.zarr/v`)).toEqual({ values: sha256(data), shape: SHAPE });
    expect(complaints).toEqual([]);
  });
});
