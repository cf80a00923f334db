/** `tempress external` as LibPressio runs it: its command lines replayed, the answers read as it reads them. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { answerExternal } from "../../src/bridge/external-answer.ts";
import { diskFiles } from "../../src/bridge/external-files.ts";
import { codecs } from "../../src/compressor/registry.ts";
import { bytesOf } from "../../src/tensor/tensor.ts";
import { fields } from "../support/fields.ts";
import { type Data, ExternalCompressor, type Launch, parseAnswer } from "./libpressio.ts";

const scratch = mkdtempSync(join(tmpdir(), "tempress-external-test-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const command = join(import.meta.dirname, "../../dist/bin/tempress.js");

/** As forkexec does: no shell, standard input closed. */
const launched: Launch = async (words) => {
  const run = spawnSync(process.execPath, [command, "external", ...words], {
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
  });
  return { stdout: run.stdout, stderr: run.stderr, status: run.status ?? -1 };
};
const inProcess: Launch = (words) => answerExternal(words, diskFiles);

/** 5 frames of 4 x 3 values: dims 3, 4, 5. */
function wave(): Data {
  const values = Float32Array.from({ length: 60 }, (_, i) => Math.sin(i / 7) + i / 100);
  return { dtype: "float", dims: [3, 4, 5], bytes: new Uint8Array(values.buffer) };
}

const floats = (bytes: Uint8Array) => new Float32Array(new Uint8Array(bytes).buffer);

function worst(a: Uint8Array, b: Uint8Array): number {
  const [x, y] = [floats(a), floats(b)];
  return x.reduce((most, value, i) => Math.max(most, Math.abs(value - y[i]!)), 0);
}

describe("a round trip of the command line of pressio", () => {
  it("is seven launches, and comes back within the bound", async () => {
    const lp = new ExternalCompressor(launched, scratch);
    const early = {
      "external:commands": ["tempress", "external"],
      "external_compressor:launch": "forkexec",
      "tempress:codec": "sz3",
      "pressio:compressor": "external_compressor",
    };
    await lp.setOptions(early);
    // Types are read here to cast what the user wrote; unknown keys are errors of pressio.
    const known = await lp.settings("get_options");
    expect(known.get("pressio:abs")).toEqual([3, undefined]);
    expect(known.get("pressio:lossless")).toEqual([1, undefined]);
    expect(known.get("pressio:nthreads")).toEqual([0, undefined]);
    expect(known.get("tempress:codec")).toEqual([4, "sz3"]);
    expect(known.get("sz3:algorithm_str")?.[0]).toBe(4);
    await lp.setOptions({ ...early, "pressio:abs": 0.01 });
    expect((await lp.settings("get_options")).get("pressio:abs")).toEqual([3, 0.01]);
    const configuration = await lp.settings("get_configuration");
    expect(configuration.get("pressio:thread_safe")).toEqual([17, 2]);
    expect(configuration.get("tempress:codec")?.[1]).toEqual(codecs.names());
    const input = wave();
    const packed = await lp.work("compress", input, { dtype: "byte" });
    expect(packed.error).toBeUndefined();
    expect(packed.output).toMatchObject({ dtype: "byte", dims: [packed.output!.bytes.length] });
    expect(packed.metrics.get("tempress:max_error")).toBeLessThanOrEqual(0.01);
    const back = await lp.work("decompress", packed.output!, { dtype: "float", dims: [3, 4, 5] });
    expect(back.output).toMatchObject({ dtype: "float", dims: [3, 4, 5] });
    expect(worst(input.bytes, back.output!.bytes)).toBeLessThanOrEqual(0.01);
    expect(lp.launches).toHaveLength(7);
    expect([...packed.left, ...back.left]).toEqual([]);
  });
});

describe("what LibPressio asks", () => {
  it.each(codecs.names().filter((name) => name !== "external_compressor"))("works with codec %s", async (name) => {
    const codec = await codecs.get(name);
    const input = wave();
    const range = Math.max(...floats(input.bytes)) - Math.min(...floats(input.bytes));
    for (const [key, value] of [
      ["pressio:abs", 0.01],
      ["pressio:rel", 0.001],
      ["pressio:pw_rel", 0.01],
      ["pressio:lossless", { type: 1, value: 9 }],
    ] as const) {
      const lp = new ExternalCompressor(inProcess, scratch);
      const kind = key === "pressio:rel" ? "abs" : key.slice("pressio:".length);
      const set = lp.setOptions({ "tempress:codec": name, [key]: value });
      if (!(codec.keeps as readonly string[]).includes(kind)) {
        await expect(set).rejects.toThrow(`codec "${name}" cannot keep`);
        continue;
      }
      await set;
      expect((await lp.settings("get_options")).get(key)?.[1]).toBe(key === "pressio:lossless" ? 9 : value);
      const packed = await lp.work("compress", input, { dtype: "byte" });
      if (!codec.dtypes.includes("float32")) {
        expect(packed.error).toContain("float32");
        continue;
      }
      expect(packed.error, `${name} ${key}`).toBeUndefined();
      const back = await lp.work("decompress", packed.output!, { dtype: "float", dims: input.dims });
      if (key === "pressio:abs") expect(worst(input.bytes, back.output!.bytes)).toBeLessThanOrEqual(0.01);
      if (key === "pressio:rel") expect(worst(input.bytes, back.output!.bytes)).toBeLessThanOrEqual(0.001 * range);
      if (key === "pressio:lossless") expect(back.output!.bytes).toEqual(Buffer.from(input.bytes));
      const [x, y] = [floats(input.bytes), floats(back.output!.bytes)];
      if (key === "pressio:pw_rel")
        x.forEach((v, i) => void expect(Math.abs(v - y[i]!)).toBeLessThanOrEqual(0.01 * Math.abs(v)));
    }
  });

  it("needs no options for the three that describe", async () => {
    for (const mode of ["get_options", "get_configuration", "get_documentation"]) {
      const options = await new ExternalCompressor(inProcess, scratch).settings(mode);
      expect(options.size).toBeGreaterThan(5);
      if (mode === "get_documentation") expect(options.get("tempress:effort")?.[0]).toBe(4);
    }
  });

  it("takes texts, as early options are", async () => {
    const lp = new ExternalCompressor(inProcess, scratch);
    await lp.setOptions({ "tempress:codec": "tezip", "tezip:window": "3", "pressio:abs": "1e-2" });
    const options = await lp.settings("get_options");
    expect(options.get("tezip:window")).toEqual([1, 3]);
    expect(options.get("pressio:abs")).toEqual([3, 0.01]);
  });

  it("finds options by hierarchical names, the nearest first", async () => {
    const lp = new ExternalCompressor(inProcess, scratch, "pressio/external_compressor");
    await lp.setOptions({
      "tempress:codec": "zstd",
      "/pressio:tempress:codec": "noop",
      "/pressio/external_compressor:tempress:codec": "gzip",
      "/pressio/other:gzip:level": { type: 1, value: 3 },
      "/pressio:gzip:level": { type: 1, value: 7 },
    });
    const options = await lp.settings("get_options");
    expect(options.get("tempress:codec")).toEqual([4, "gzip"]);
    expect(options.get("gzip:level")).toEqual([1, 7]);
  });

  it("passes over options of others, and refuses wrong ones of ours by their nearest name", async () => {
    const lp = new ExternalCompressor(inProcess, scratch);
    await lp.setOptions({ "sz:abs_err_bound": 1, "io:path": "x", "zfp:rate": 3, "pressio:metric": "time" });
    await expect(lp.setOptions({ "tempress:codek": "sz3" })).rejects.toThrow('did you mean "tempress:codec"?');
    await expect(lp.setOptions({ "tempress:codec": "sz33" })).rejects.toThrow('did you mean "sz3"?');
    await expect(lp.setOptions({ "tezip:windw": 3 })).rejects.toThrow('did you mean "tezip:window"?');
    await expect(lp.setOptions({ "pressio:abs": "1e-3abc" })).rejects.toThrow("cannot be");
    await expect(lp.setOptions({ "pressio:abs": 1, "pressio:rel": 1 })).rejects.toThrow("2 promises at once");
    await expect(lp.setOptions({ "pressio:abs": { type: 99, value: 1 } })).rejects.toThrow("type code 99");
  });

  it("gets our message where something is wrong, and not that of a missing key", async () => {
    const lp = new ExternalCompressor(inProcess, scratch);
    expect((await lp.work("compress", wave(), { dtype: "byte" })).error).toContain("promise");
    lp.options = { "pressio:abs": 0.1 };
    const short = { ...wave(), bytes: new Uint8Array(10) };
    expect((await lp.work("compress", short, { dtype: "byte" })).error).toContain("10 bytes");
    expect((await lp.work("decompress", { ...short, dtype: "byte", dims: [10] }, { dtype: "float" })).error).toContain(
      "not a Tempress file",
    );
    const packed = (await lp.work("compress", wave(), { dtype: "byte" })).output!;
    expect((await lp.work("decompress", packed, { dtype: "float", dims: [3, 4, 6] })).error).toContain("5x4x3");
    const damaged = {
      ...packed,
      bytes: packed.bytes.map((byte, i) => (i === packed.bytes.length - 20 ? byte ^ 1 : byte)),
    };
    expect((await lp.work("decompress", damaged, { dtype: "float", dims: [3, 4, 5] })).error).not.toBe("");
  });

  it("may name the output, and leaves nothing behind either way", async () => {
    const lp = new ExternalCompressor(inProcess, scratch);
    lp.options = { "pressio:abs": 0.1 };
    const where = join(scratch, "named");
    const packed = await lp.work("compress", wave(), { dtype: "byte" }, where);
    expect(packed.error).toBeUndefined();
    expect(packed.left).toEqual([]);
    expect(existsSync(where)).toBe(false);
  });

  it("takes several inputs, with and without field names", async () => {
    const memory = new Map([
      ["a", wave().bytes],
      ["b", wave().bytes.subarray(0, 48)],
    ]);
    const saved: Uint8Array[] = [];
    const files = {
      open: (path: string) => ({
        byteLength: memory.get(path)!.length,
        read: (s: number, e: number) => memory.get(path)!.subarray(s, e),
      }),
      save: (bytes: Uint8Array, index: number) => {
        saved[index] = bytes.slice();
        return `out${index}`;
      },
    };
    for (const [f, g] of [
      ["", ""],
      ["u_", "v_"],
    ]) {
      const words = [
        "--api",
        "5",
        "--mode",
        "compress",
        "--config_name",
        "external",
        "--options",
        '{"pressio:abs":0.01}',
      ];
      words.push(`--${f}itype`, "float", `--${f}idim`, "3", `--${f}idim`, "4", `--${f}idim`, "5", `--${f}input`, "a");
      words.push(`--${g}itype`, "float", `--${g}idim`, "12", `--${g}input`, "b");
      words.push(`--${f}otype`, "byte", `--${g}otype`, "byte");
      const answer = await answerExternal(words, files);
      expect(answer).toMatchObject({ status: 0, stderr: "" });
      const keys = parseAnswer(answer.stdout)!;
      expect(keys.get("output:0:path")).toEqual([4, "out0"]);
      expect(keys.get("output:1:path")).toEqual([4, "out1"]);
      expect(keys.get("output:1:dims")?.[1]).toMatchObject({ values: [saved[1]!.length] });
    }
  });

  it("keeps every element type and rank", async () => {
    const names = { float32: "float", float64: "double" } as Record<string, string>;
    for (const dtype of ["float32", "float64", "int8", "int64", "uint16", "uint8", "bool"] as const) {
      for (const shape of [[24], [4, 6], [2, 3, 2, 2, 1]]) {
        const { tensor } = fields(dtype, shape)[1]!;
        const type = names[dtype] ?? dtype;
        const lp = new ExternalCompressor(inProcess, scratch);
        lp.options = { "tempress:codec": "zstd" };
        const input = { dtype: type, dims: shape.toReversed(), bytes: bytesOf(tensor) };
        const packed = await lp.work("compress", input, { dtype: "byte" });
        const back = await lp.work("decompress", packed.output!, {
          dtype: dtype === "uint8" ? "byte" : type,
          dims: input.dims,
        });
        expect(back.output?.bytes).toEqual(Buffer.from(input.bytes));
        expect(back.output).toMatchObject({ dims: input.dims, dtype: dtype === "uint8" ? "byte" : type });
      }
    }
  });

  it("answers any words without an exception", async () => {
    const word = fc.oneof(
      fc.constantFrom(
        "--api",
        "5",
        "--mode",
        "compress",
        "decompress",
        "--options",
        "{}",
        "--idim",
        "--itype",
        "float",
      ),
      fc.constantFrom("--input", "--u_input", "nowhere", "--odim", "18446744073709551615", "--output", "[]", "-1"),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 14 }), async (words) => {
        const files = {
          open: () => {
            throw new Error("opened");
          },
          save: () => "x",
        };
        const { status, stdout } = await answerExternal(words, files);
        expect(parseAnswer(stdout)).toBeDefined();
        expect(Number.isInteger(status)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
