/** Programs in other languages as compressors: started for every call, and persistent workers. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { trustProgram } from "../../src/bridge/external-trust.ts";
import { closeWorkers, workerFor } from "../../src/bridge/worker-shared.ts";
import { setWorkerThreadFile } from "../../src/bridge/worker-sync.ts";
import { openArchive } from "../../src/compressor/archive.ts";
import { compress } from "../../src/compressor/compress.ts";
import { compressor } from "../../src/compressor/compressor.ts";
import { decompress } from "../../src/compressor/decompress.ts";
import { isTempressError } from "../../src/errors.ts";
import { DTYPE_NAMES } from "../../src/tensor/dtype.ts";
import { bytesOf, type Tensor } from "../../src/tensor/tensor.ts";
import { needsPython } from "../optional.ts";
import { fields, SHAPES } from "../support/fields.ts";
import { offence } from "../support/keeps-promise.ts";
import { bundled } from "../support/worker-file.ts";

const here = import.meta.dirname;
const python = (name: string) => ["python3", join(here, "../../bridge/python/examples", name)];
const worker = [process.execPath, join(here, "programs/worker.mjs")];
const zlib = (fault: string) => [process.execPath, join(here, "programs/zlib.mjs"), fault];
const scratch = mkdtempSync(join(tmpdir(), "tempress-external-compressor-"));
const temporary = mkdtempSync(join(tmpdir(), "tempress-external-compressor-"));
// Others make temporary files too.
process.env.TMPDIR = temporary;

let thread: Awaited<ReturnType<typeof bundled>>;
beforeAll(async () => {
  thread = await bundled("src/bridge/worker-thread.ts");
  setWorkerThreadFile(thread.file);
});
afterEach(closeWorkers);
afterAll(() => {
  thread.remove();
  for (const folder of [scratch, temporary]) rmSync(folder, { recursive: true, force: true });
});

const wave = (): Tensor => fields("float32", [6, 8, 10])[1]!.tensor;
const asWorker = (words: readonly string[], more: Record<string, unknown> = {}) => ({
  codec: "external_compressor",
  options: { "external:commands": words, "external_compressor:launch": "worker", ...more },
});
const asProgram = (words: readonly string[], more: Record<string, unknown> = {}) => ({
  codec: "external_compressor",
  options: { "external:commands": words, ...more },
});

async function failure(work: Promise<unknown>): Promise<{ code: string; text: string }> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isTempressError(error)) throw new Error(`no typed error: ${String(error)}`);
  return { code: error.code, text: error.describe() };
}

const leftOver = () => readdirSync(temporary);

describe("a program started for every call", () => {
  it.each([
    ["JSON, its own output", "", {}],
    ["lines, one extent", "lines", {}],
    [
      "the output that is named",
      "",
      { "external_compressor:compressed_do_write": true, "external_compressor:uncompressed_do_write": true },
    ],
    [
      "field names",
      "",
      { "external_compressor:uncompressed_feild_names": ["u"], "external_compressor:compressed_feild_names": ["c"] },
    ],
    [
      "a prefix and a suffix",
      "lines",
      {
        "external_compressor:uncompressed_prefixes": [join(scratch, "p")],
        "external_compressor:uncompressed_suffixes": [".f32"],
      },
    ],
  ])("%s", async (_, form, more) => {
    const values = wave();
    const bytes = await compress(values, { abs: 0.01, ...asProgram(zlib(form), more) });
    const back = await decompress(bytes);
    expect(bytesOf(back)).toEqual(bytesOf(values));
    expect(leftOver()).toEqual([]);
    expect(readdirSync(scratch)).toEqual([]);
  });

  it("has what it breaks corrected", async () => {
    const values = wave();
    const bytes = await compress(values, { abs: 0.01, ...asProgram(zlib("lossy")) });
    expect(offence(values, await decompress(bytes), { kind: "abs", abs: 0.01 })).toBeUndefined();
    const archive = await openArchive(bytes);
    expect(JSON.stringify(archive.inspect())).toContain("corrections");
  });

  it.each([
    ["fail", "io", "ended with status 3; standard error: no such luck"],
    ["killed", "io", "ended by SIGKILL"],
    ["babble", "protocol", 'answered "here you are"'],
    ["dims", "protocol", "bytes"],
  ])("%s is told", async (fault, code, text) => {
    const told = await failure(compress(wave(), { abs: 0.01, ...asProgram(zlib(fault)) }));
    expect(told.code).toBe(code);
    expect(told.text).toContain(text);
    expect(leftOver()).toEqual([]);
  });

  it("is ended when it takes too long, and a missing one is told", async () => {
    const slow = asProgram(zlib("hang"), { "external_compressor:timeout": 0.3 });
    expect(await failure(compress(wave(), { abs: 1, ...slow }))).toMatchObject({ code: "timeout" });
    const told = await failure(compress(wave(), { abs: 1, ...asProgram(["no-such-program; echo"]) }));
    expect(told.text).toContain("cannot be started");
    expect(await failure(compress(wave(), { abs: 1, ...asProgram([]) }))).toMatchObject({ code: "invalid-argument" });
  });

  it("runs for a file only when the caller named it", async () => {
    const bytes = await compress(wave(), {
      abs: 0.01,
      ...asProgram(zlib(""), { "external_compressor:config_name": "mine" }),
    });
    // What stands in the file is a name; another process has to say what it means.
    const unknown = replaced(bytes, '"program":"mine"', '"program":"your"');
    const told = await failure(decompress(unknown));
    expect(told.text).toMatch(/external program "your"|damaged|checksum/);
    trustProgram("mine", zlib(""));
    expect(bytesOf(await decompress(bytes))).toEqual(bytesOf(wave()));
  });

  it("works with npy files", async () => {
    const copy = [
      process.execPath,
      "-e",
      `
      const { readFileSync, writeFileSync } = require("fs");
      const words = process.argv.slice(1), at = (flag) => words[words.indexOf(flag) + 1];
      const bytes = readFileSync(at("--input")), out = require("os").tmpdir() + "/out";
      const packing = at("--mode") === "compress";
      if (packing && bytes.toString("latin1", 1, 6) !== "NUMPY") throw new Error("no npy");
      writeFileSync(out, bytes);
      const dims = packing ? [bytes.length] : words.flatMap((word, i) => (word === "--odim" ? [Number(words[i + 1])] : []));
      console.log("external:api=json:1");
      console.log(JSON.stringify({ "output:0:path": out, "output:0:dtype": packing ? "byte" : at("--otype"), "output:0:dims": dims }));`,
      "--",
    ];
    const options = { "external_compressor:uncompressed_io": ["numpy"], "external_compressor:config_name": "npy" };
    const bytes = await compress(wave(), { lossless: true, ...asProgram(copy, options) });
    expect(bytesOf(await decompress(bytes))).toEqual(bytesOf(wave()));
    const wrong = asProgram(copy, { "external_compressor:uncompressed_io": ["hdf5"] });
    expect((await failure(compress(wave(), { abs: 1, ...wrong }))).text).toContain("posix, numpy");
  });
});

/** Other text of the same length in a file's bytes. */
function replaced(bytes: Uint8Array, from: string, to: string): Uint8Array {
  const at = Buffer.from(bytes).indexOf(from);
  const changed = bytes.slice();
  changed.set(Buffer.from(to), at);
  return changed;
}

it("is a compressor in LibPressio's manner, and its phases are seen", async () => {
  const codec = await compressor("external_compressor");
  codec.setOptions({ "pressio:abs": 0.01, "pressio:metric": "size,phases", ...asWorker(worker).options });
  const bytes = await codec.compress(wave());
  for (const phase of ["start", "copy_in", "queue", "external", "copy_out"]) {
    expect(codec.getMetricsResults()).toHaveProperty(`tempress:time_${phase}`);
  }
  expect(bytesOf(await codec.decompress(bytes))).toEqual(bytesOf(wave()));
  codec.setOptions({ "external:commands": [], "external_compressor:launch": "forkexec" });
  expect((await failure(codec.compress(wave()))).text).toContain("no program is named");
});

describe("a persistent worker", () => {
  it("is started once, and every type and shape comes back", async () => {
    for (const dtype of DTYPE_NAMES) {
      for (const shape of SHAPES) {
        const { tensor } = fields(dtype, shape)[1]!;
        const bytes = await compress(tensor, { lossless: true, ...asWorker(worker) });
        expect(bytesOf(await decompress(bytes))).toEqual(bytesOf(tensor));
      }
    }
    const { version } = workerFor(worker).hello(10_000);
    expect(workerFor(worker).hello(10_000).version).toBe(version);
  });

  it("is started again after a crash, and asked again", async () => {
    const marker = join(scratch, "crashed");
    const options = { "external_compressor:options": JSON.stringify({ fault: "crash once", marker }) };
    const bytes = await compress(wave(), { lossless: true, ...asWorker(worker, options) });
    expect(existsSync(marker)).toBe(true);
    expect(bytesOf(await decompress(bytes))).toEqual(bytesOf(wave()));
    rmSync(marker);
  });

  it.each([
    ["crash", "io", "crashed twice: it ended with exit status 3; standard error: out of cheese"],
    ["hang", "timeout", "no answer in 0.5 s"],
    ["refuse", "unsupported", "the worker refused: not today"],
    ["babble", "protocol", "no JSON"],
    ["flood", "protocol", "no JSON"],
    ["huge", "protocol", "announced 1000000000000000 bytes"],
    ["beyond", "protocol", "bytes and wrote"],
  ])("that does this is told, and the next request works: %s", async (fault, code, text) => {
    const options = { "external_compressor:options": JSON.stringify({ fault }), "external_compressor:timeout": 0.5 };
    // Starting Node takes part of the time that is given.
    if (fault === "hang") workerFor(worker).hello(10_000);
    else options["external_compressor:timeout"] = 20;
    const told = await failure(compress(wave(), { abs: 0.01, ...asWorker(worker, options) }));
    expect(told.text).toContain(text);
    expect(told.code).toBe(code);
    const bytes = await compress(wave(), { abs: 0.01, ...asWorker(worker) });
    expect(bytesOf(await decompress(bytes))).toEqual(bytesOf(wave()));
  });

  it("has what it breaks corrected", async () => {
    const options = { "external_compressor:options": '{"fault":"lossy"}' };
    const bytes = await compress(wave(), { abs: 0.01, ...asWorker(worker, options) });
    expect(offence(wave(), await decompress(bytes), { kind: "abs", abs: 0.01 })).toBeUndefined();
  });

  it("that is none is told", async () => {
    const told = await failure(compress(wave(), { abs: 1, ...asWorker(["no-such-worker"]) }));
    expect(told).toMatchObject({ code: "io" });
    expect(told.text).toContain("cannot be started");
    const deaf = [process.execPath, "-e", "process.exit(4)"];
    expect((await failure(compress(wave(), { abs: 1, ...asWorker(deaf) }))).text).toContain("exit status 4");
  });

  it("leaves no shared memory and no process behind", async () => {
    const segments = () =>
      existsSync("/dev/shm") ? readdirSync("/dev/shm").filter((name) => name.startsWith("tempress-")) : [];
    await compress(wave(), { abs: 1, ...asWorker(worker) });
    const pid = Number(workerFor(worker).hello(10_000).version);
    expect(segments()).toEqual([]);
    await closeWorkers();
    for (let tries = 0; tries < 200 && isAlive(pid); tries++) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(isAlive(pid)).toBe(false);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // One that ended and was not waited for yet is no process any more.
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

describe("the Python module", () => {
  const numpy = needsPython("numpy");

  numpy.it("makes a compressor of 20 lines that keeps every promise", async () => {
    const lines = readFileSync(python("quantise.py")[1]!, "utf8").trim().split("\n");
    expect(lines.length).toBeLessThanOrEqual(20);
    for (const dtype of ["float32", "float64", "int16", "uint8", "bool"] as const) {
      for (const { tensor, fill } of fields(dtype, [5, 6, 7])) {
        for (const { spec, ...promise } of [
          { abs: 0.75, spec: { kind: "abs", abs: 0.75 } as const },
          { pwRel: 0.01, spec: { kind: "pw_rel", pwRel: 0.01 } as const },
          { lossless: true, spec: { kind: "lossless" } as const },
        ]) {
          const bytes = await compress(tensor, { ...promise, fill, ...asWorker(python("quantise.py")) });
          expect(offence(tensor, await decompress(bytes), spec, fill)).toBeUndefined();
        }
      }
    }
  });

  numpy.it("declares its options", async () => {
    const hello = workerFor(python("quantise.py")).hello(30_000);
    expect(hello).toMatchObject({
      name: "quantise",
      version: "1.0",
      options: { level: { type: "int", default: 6, min: 1 } },
    });
    const wrong = { "external_compressor:options": '{"levl":3}' };
    const told = await failure(compress(wave(), { abs: 0.1, ...asWorker(python("quantise.py"), wrong) }));
    expect(told.text).toContain('there is no option "levl"; there are: level');
    const small = { "external_compressor:options": '{"level":9}' };
    const bytes = await compress(wave(), { abs: 0.1, ...asWorker(python("quantise.py"), small) });
    expect(offence(wave(), await decompress(bytes), { kind: "abs", abs: 0.1 })).toBeUndefined();
  });

  needsPython("json").it("works without NumPy, and what it prints spoils nothing", async () => {
    const program = `
import sys
sys.modules["numpy"] = None
sys.path.append(${JSON.stringify(join(here, "../../bridge/python"))})
from tempress_worker import Compressor, serve
class Plain(Compressor):
    name = "plain"
    def load(self, options):
        print("loading")
    def encode(self, array, bound, options):
        print("shape", array.shape)
        return array
    def decode(self, data, dtype, shape, bound, options):
        return data
serve(Plain())`;
    const bytes = await compress(wave(), { abs: 0.1, ...asWorker(["python3", "-c", program]) });
    expect(bytesOf(await decompress(bytes))).toEqual(bytesOf(wave()));
  });

  numpy.it("wraps PyTorch where it is installed, and says where it is not", async () => {
    const run = compress(wave(), { abs: 0.1, ...asWorker(python("torch_autoencoder.py")) });
    if (needsPython("torch").present) {
      expect(offence(wave(), await decompress(await run), { kind: "abs", abs: 0.1 })).toBeUndefined();
    } else expect((await failure(run)).text).toContain("PyTorch is not installed");
  });
});
